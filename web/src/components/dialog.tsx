import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "./bits";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  kind?: string;
}

/** A dialog of the browser's own: it keeps the focus, closes on Escape and on a click beside it. */
export function Dialog({ title, onClose, children, kind = "" }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog ref={ref} class={`dialog ${kind}`} aria-label={title} onClose={onClose}
      onClick={(event) => event.target === ref.current && onClose()}>
      <div class="dialog-inner">
        <div class="dialog-head">
          <h2>{title}</h2>
          <IconButton icon="close" label="Close" onClick={onClose} small />
        </div>
        {children}
      </div>
    </dialog>
  );
}
