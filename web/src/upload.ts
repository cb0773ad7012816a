import { API } from "./base";
import { ApiError, parseError } from "./connection";
import type { Clip } from "./types";

export interface Upload {
  done: Promise<Clip>;
  cancel: () => void;
}

/** Upload a file as a clip. ``onPart`` gets the share sent so far, which fetch cannot report. */
export function upload(file: File, onPart: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<Clip>((resolve, reject) => {
    request.open("POST", `${API}/clips`);
    request.setRequestHeader("X-Segue", "1");
    request.upload.onprogress = (event) => event.lengthComputable && onPart(event.loaded / event.total);
    request.onload = () => {
      if (request.status >= 300) return reject(parseError(request.responseText, request.status));
      try {
        resolve((JSON.parse(request.responseText) as { clip: Clip }).clip);
      } catch {
        reject(parseError(request.responseText, request.status)); // of a proxy, perhaps
      }
    };
    request.onerror = () => reject(new ApiError("Upload failed: Segue is not responding.", "offline", 0));
    request.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
  });
  const form = new FormData();
  form.append("file", file, file.name);
  request.send(form);
  return { done, cancel: () => request.abort() };
}
