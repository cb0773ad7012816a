import type { ComponentChildren } from "preact";
import { useSize } from "../hooks";
import { LoadError, LoadingRows } from "./common";
import { VirtualList } from "./virtuallist";

interface WallProps<T> {
  listKey: string; // changes when the request does
  label: string;
  load: (limit: number, offset: number, stop: AbortSignal) => Promise<{ items: T[]; total: number }>;
  render: (item: T) => ComponentChildren;
  onTotal?: (total: number) => void;
  whenEmpty: ComponentChildren;
}

const GAP = 20; // px
const LEAST = 148; // px, of a card
const TEXT = 58; // px below a cover
const ROWS = 8; // asked for at once

/** Cards in rows that fill the page, of any number: only those near the visible part are loaded. */
export function Wall<T>({ listKey, label, load, render, onTotal, whenEmpty }: WallProps<T>) {
  const { ref, width } = useSize<HTMLDivElement>();
  const columns = Math.max(2, Math.floor((width + GAP) / (LEAST + GAP)));
  const card = Math.floor((width - (columns - 1) * GAP) / columns);
  return (
    <div ref={ref} class="wall">
      {width > 0 && (
        <VirtualList<T[]> listKey={`${listKey} ${columns}`} label={label} pageSize={ROWS} itemHeight={card + TEXT + GAP}
          load={async (row, stop) => {
            const { items, total } = await load(ROWS * columns, row * columns, stop);
            onTotal?.(total);
            const rows = Array.from({ length: Math.ceil(items.length / columns) }, (_, i) => items.slice(i * columns, (i + 1) * columns));
            return { items: rows, total: Math.ceil(total / columns) };
          }}
          render={(row) => (
            <div class="wall-row" ref={(line) => line?.style.setProperty("grid-template-columns", `repeat(${columns}, minmax(0, 1fr))`)}>
              {row.map((item, i) => <div key={i}>{render(item)}</div>)}
            </div>
          )}
          skeleton={<LoadingRows n={6} label={`Loading ${label.toLowerCase()}`} />}
          whenFailed={(error, retry) => <LoadError error={error} retry={retry} />} whenEmpty={whenEmpty} />
      )}
    </div>
  );
}
