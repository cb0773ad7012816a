import { dragLine } from "../dragsort";
import { dropTarget } from "../dragtracks";
import { count, formatDuration } from "../format";
import { queueOpen } from "../shortcuts";
import * as player from "../player";
import { at, upcoming } from "../queue";
import type { Track } from "../types";
import { Cover, EmptyState, Grip, IconButton } from "./common";
import { Menu, moveChoices } from "./menu";
import { Continuation } from "./radiobar";
import { saving } from "./savedialog";

const SHOWN = 200; // rows; nobody scrolls further

export function QueuePanel() {
  if (!queueOpen.value) return null;
  const queue = player.queue.value;
  const rest = upcoming(queue);
  const left_s = rest.reduce((sum, track) => sum + track.duration_s, 0);
  return (
    <aside class="queue" aria-label="Queue" {...dropTarget((tracks, event) => player.enqueueAt(tracks, placeUnder(event)), markPlace)} onKeyDown={(event) => event.key === "Escape" && (queueOpen.value = false)}>
      <div class="queue-head">
        <h2>Queue</h2>
        <IconButton icon="save" label="Save queue as a playlist" small disabled={!queue.tracks.length}
          onClick={() => (saving.value = { tracks: queue.order.map((index) => queue.tracks[index] as Track), name: "" })} />
        <IconButton icon="trash" label="Clear queue" small disabled={!queue.tracks.length} onClick={player.clear} />
        <IconButton icon="close" label="Close queue" small onClick={() => (queueOpen.value = false)} />
      </div>
      {queue.tracks.length === 0 ? (
        <EmptyState icon="queue" title="The queue is empty"><p>Play a track, or add one from its menu.</p></EmptyState>
      ) : (
        <>
          <p class="quiet queue-sum">{rest.length ? `${count(rest.length, "track")} left, ${formatDuration(left_s)}` : "Last track"}</p>
          <ol class="queue-list">
            {queue.order.slice(Math.max(0, queue.at), queue.at + SHOWN).map((index, i) => (
              <Line key={`${index}-${queue.at + i}`} place={queue.at + i} />
            ))}
          </ol>
          <Continuation />
        </>
      )}
    </aside>
  );
}

/** The place of the queue at which tracks would be put that are held over it. */
function placeUnder(event: DragEvent): number {
  const lines = [...(event.currentTarget as HTMLElement).querySelectorAll(".queue-list > li")];
  const above = lines.filter((line) => {
    const { top, height } = line.getBoundingClientRect();
    return top + height / 2 < event.clientY;
  });
  return Math.max(0, player.queue.value.at) + above.length;
}

function markPlace(event: DragEvent | null): void {
  for (const line of document.querySelectorAll(".queue .drop-here")) line.classList.remove("drop-here");
  if (!event) return;
  const lines = (event.currentTarget as HTMLElement).querySelectorAll(".queue-list > li");
  lines[placeUnder(event) - Math.max(0, player.queue.value.at)]?.classList.add("drop-here");
}

/** Alt with an arrow moves a line; the focus goes with it. */
function moveByKey(event: KeyboardEvent, place: number): void {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by || !event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  const { at, order } = player.queue.value;
  const to = Math.min(order.length - 1, Math.max(at + 1, place + by));
  const list = (event.currentTarget as HTMLElement).closest("ol");
  player.moveTo(place, to);
  requestAnimationFrame(() => list?.querySelectorAll<HTMLElement>(".queue-play")[to - Math.max(0, at)]?.focus());
}

function Line({ place }: { place: number }) {
  const queue = player.queue.value;
  const track = at(queue, place);
  if (!track) return null;
  const current = place === queue.at;
  return (
    <li class={`queue-line ${current ? "active" : ""}`} aria-current={current ? "true" : undefined}>
      {!current && (
        <Grip onPress={(event, grip) => dragLine(event, grip.parentElement as HTMLElement, (by) => player.moveTo(place, Math.max(queue.at + 1, place + by)))} />
      )}
      <button type="button" class="queue-play" aria-keyshortcuts={current ? undefined : "Alt+ArrowUp Alt+ArrowDown"}
        onKeyDown={(event) => !current && moveByKey(event, place)}
        onClick={() => (current ? player.toggle() : player.jump(place))}>
        <span class="hidden-text">Play </span>
        <Cover id={track.id} size={40} />
        <span class="row-name"><span class="clip">{track.title}</span><span class="clip quiet">{track.artist}</span></span>
      </button>
      {!current && (
        <span class="queue-more">
          <Menu label={`More actions for ${track.title}`} choices={() => [
            ...moveChoices(place > queue.at + 1, place + 1 < queue.order.length, (by) => player.moveTo(place, place + by)),
            { icon: "close", text: "Remove from the queue", run: () => player.removeAt(place) },
          ]} />
        </span>
      )}
      {!current && (
        <span class="queue-actions">
          <IconButton icon="arrowUp" label={`Move ${track.title} up`} small disabled={place <= queue.at + 1}
            onClick={() => player.moveTo(place, place - 1)} />
          <IconButton icon="arrowDown" label={`Move ${track.title} down`} small disabled={place + 1 >= queue.order.length}
            onClick={() => player.moveTo(place, place + 1)} />
          <IconButton icon="close" label={`Remove ${track.title}`} small onClick={() => player.removeAt(place)} />
        </span>
      )}
    </li>
  );
}
