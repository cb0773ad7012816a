import { ApiError, explain } from "./connection";
import type { Clip } from "./types";

export interface Upload {
  done: Promise<Clip>;
  cancel: () => void;
}

/** Send a file as a clip; ``onPart`` hears what share of it has left. Fetch cannot tell that, so this is the older way. */
export function upload(file: File, onPart: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<Clip>((resolve, reject) => {
    request.open("POST", "/api/v1/clips");
    request.setRequestHeader("X-Segue", "1");
    request.upload.onprogress = (event) => event.lengthComputable && onPart(event.loaded / event.total);
    request.onload = () => {
      if (request.status >= 300) return reject(explain(request.responseText, request.status));
      resolve((JSON.parse(request.responseText) as { clip: Clip }).clip);
    };
    request.onerror = () => reject(new ApiError("The clip could not be sent: the service does not answer.", "offline", 0));
    request.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
  });
  const form = new FormData();
  form.append("file", file, file.name);
  request.send(form);
  return { done, cancel: () => request.abort() };
}
