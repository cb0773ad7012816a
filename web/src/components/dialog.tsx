import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./common";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A native dialog: it keeps the focus and closes on Escape or a click outside. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => { // now: the next key may already be pressed
    const before = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog ref={ref} class="dialog" aria-label={title} onClose={onClose}
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
