import { count, formatDuration } from "../format";
import { queueOpen } from "../shortcuts";
import * as player from "../player";
import { at, upcoming } from "../queue";
import type { Track } from "../types";
import { Cover, EmptyState, IconButton } from "./common";
import { Continuation } from "./radiobar";
import { saving } from "./savedialog";

const SHOWN = 200; // rows; nobody scrolls further

export function QueuePanel() {
  if (!queueOpen.value) return null;
  const queue = player.queue.value;
  const rest = upcoming(queue);
  const left_s = rest.reduce((sum, track) => sum + track.duration_s, 0);
  return (
    <aside class="queue" aria-label="Queue" onKeyDown={(event) => event.key === "Escape" && (queueOpen.value = false)}>
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

function Line({ place }: { place: number }) {
  const queue = player.queue.value;
  const track = at(queue, place);
  if (!track) return null;
  const current = place === queue.at;
  return (
    <li class={`queue-line ${current ? "active" : ""}`} aria-current={current ? "true" : undefined}>
      <button type="button" class="queue-play" onClick={() => (current ? player.toggle() : player.jump(place))}>
        <span class="hidden-text">Play </span>
        <Cover id={track.id} size={40} />
        <span class="row-name"><span class="clip">{track.title}</span><span class="clip quiet">{track.artist}</span></span>
      </button>
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
