import { useLayoutEffect, useState } from "preact/hooks";
import * as api from "../api";
import { EmptyState, Grip, LoadError, PageHeader, IconButton, LoadingRows } from "../components/common";
import { Dialog } from "../components/dialog";
import { Icon } from "../components/icons";
import { moveChoices } from "../components/menu";
import { TrackRow } from "../components/trackrow";
import { TracksBar } from "../components/tracksbar";
import { dragLine } from "../dragsort";
import { count, formatDuration } from "../format";
import { useLoad } from "../hooks";
import { session } from "../person";
import * as player from "../player";
import { changeTracks, inTurn, playlistChanges, putBack, rearrange } from "../playlists";
import { startRadio } from "../radio";
import { navigate } from "../router";
import { announceSeed, seedFromPlaylist } from "../seeds";
import { rowsOf } from "../selection";
import { attempt, showToast } from "../toast";
import type { Playlist, Track } from "../types";

export function PlaylistPage({ id }: { id: string }) {
  const { data, error, retry } = useLoad((stop) => api.playlist(id, stop), [id, playlistChanges.value]);
  if (error && !data) return <><PageHeader title="Playlist" /><LoadError error={error} retry={retry} /></>;
  if (!data) return <><PageHeader title="Playlist" /><LoadingRows label="Loading playlist" /></>;
  return data.owner ? <Others list={data} owner={data.owner} /> : <PlaylistEditor list={data} onShared={retry} />;
}

const summary = (tracks: readonly Track[]) => `${count(tracks.length, "track")}, ${formatDuration(tracks.reduce((sum, track) => sum + track.duration_s, 0))}`;

/** A playlist that somebody else lets everybody see. */
function Others({ list, owner }: { list: Playlist; owner: string }) {
  const { name, tracks } = list;
  const at = rowsOf(`playlist ${list.id}`, tracks);
  return (
    <>
      <PageHeader title={name} lead={`${summary(tracks)}. By ${owner}, who shares it.`} />
      {tracks.length > 0 && <TracksBar tracks={tracks} name={name}><StartsFrom list={list} name={name} n={tracks.length} /></TracksBar>}
      <ol class="matches" aria-label={name}>
        {tracks.map((track, i) => (
          <li key={`${track.id}-${i}`}><TrackRow track={track} at={at(i)} compact onPlay={() => player.playTracks(tracks, i)} /></li>
        ))}
      </ol>
    </>
  );
}

/** What starts from a playlist: a radio, or a search for what sounds like all of it. */
function StartsFrom({ list, name, n }: { list: Playlist; name: string; n: number }) {
  const seed = seedFromPlaylist(list, name, n);
  return (
    <>
      <button type="button" class="button" onClick={() => void startRadio({ seeds: [seed.id], minus: [], name: `like “${name}”`, steer: [], reach: 0.5 })}>
        <Icon name="sound" size={18} />Start radio
      </button>
      <button type="button" class="button" onClick={() => announceSeed(seed)}><Icon name="similar" size={18} />More like this</button>
    </>
  );
}

function PlaylistEditor({ list, onShared }: { list: Playlist; onShared: () => void }) {
  const [name, setName] = useState(list.name);
  const [tracks, setTracks] = useState<readonly Track[]>(list.tracks);
  const [renaming, setRenaming] = useState(false);
  useLayoutEffect(() => (setName(list.name), setTracks(list.tracks)), [list]); // now: the next change may already be made
  const rename = async (title: string) => {
    setName(title);
    if (!(await inTurn(() => api.renamePlaylist(list.id, title)))) setName(name);
  };
  const show = async (nextTracks: readonly Track[]) => {
    setTracks(nextTracks);
    if (!(await rearrange(list.id, tracks.map((one) => one.id), nextTracks.map((one) => one.id)))) setTracks(tracks);
  };
  const moveTrack = (from: number, by: number) => {
    const moved = [...tracks];
    const [track] = moved.splice(from, 1);
    moved.splice(from + by, 0, track as Track);
    void show(moved);
  };
  const remove = (places: readonly number[]) => {
    const removed = [...places].sort((a, b) => a - b).map((i) => [i, (tracks[i] as Track).id] as const);
    void show(tracks.filter((_, i) => !places.includes(i)));
    const what = places.length === 1 ? `“${tracks[places[0] as number]?.title}”` : count(places.length, "track");
    showToast(`Removed ${what} from “${name}”`, { action: { label: "Undo", run: () => void changeTracks(list.id, (now) => putBack(now, removed)) } });
  };
  const at = rowsOf(`playlist ${list.id}`, tracks, remove);
  const deleteList = async () => {
    if ((await attempt(api.deletePlaylist(list.id).then(() => true))) === undefined) return;
    navigate("/playlists");
    showToast(`Deleted “${name}”`, { action: { label: "Undo", run: () => void attempt(api.savePlaylist(name, tracks.map((t) => t.id)).then((made) => navigate(`/playlists/${made.id}`))) } });
  };
  return (
    <>
      <PageHeader title={name} lead={summary(tracks)}>
        <IconButton icon="edit" label="Rename" onClick={() => setRenaming(true)} />
        <IconButton icon="trash" label="Delete playlist" onClick={() => void deleteList()} />
      </PageHeader>
      {session.value?.by_name && (
        <label class="check share">
          <input type="checkbox" checked={list.public} onChange={(event) => void attempt(api.sharePlaylist(list.id, event.currentTarget.checked).then(onShared))} />
          Everybody may see and play it
        </label>
      )}
      {tracks.length > 0 && (
        <TracksBar tracks={tracks} name={name} saved>
          <StartsFrom list={list} name={name} n={tracks.length} />
          <a class="button" href={`/compare?list=${encodeURIComponent(list.id)}`}><Icon name="compare" size={18} />Compare</a>
        </TracksBar>
      )}
      {tracks.length === 0 ? <EmptyState icon="playlist" title="This playlist is empty"><p>Add tracks from their menus: “Add to a playlist”.</p></EmptyState> : (
        <ol class="matches" aria-label={name}>
          {tracks.map((track, i) => (
            <li key={`${track.id}-${i}`}>
              <TrackRow track={track} at={at(i)} compact onPlay={() => player.playTracks(tracks, i)} extra={
                <span class="row-order">
                  <Grip onPress={(event, grip) => dragLine(event, grip.closest("li") as HTMLElement, (by) => moveTrack(i, by))} />
                  <IconButton icon="arrowUp" label={`Move ${track.title} up`} small disabled={i === 0} onClick={() => moveTrack(i, -1)} />
                  <IconButton icon="arrowDown" label={`Move ${track.title} down`} small disabled={i === tracks.length - 1} onClick={() => moveTrack(i, 1)} />
                </span>
              } more={[
                ...moveChoices(i > 0, i < tracks.length - 1, (by) => moveTrack(i, by)),
                { icon: "close", text: "Remove from this playlist", run: () => remove([i]) },
              ]} />
            </li>
          ))}
        </ol>
      )}
      {renaming && <RenameDialog name={name} onClose={() => setRenaming(false)} onName={(title) => void rename(title)} />}
    </>
  );
}

function RenameDialog({ name, onClose, onName }: { name: string; onClose: () => void; onName: (name: string) => void }) {
  const [text, setText] = useState(name);
  return (
    <Dialog title="Rename" onClose={onClose}>
      <form class="save-new" onSubmit={(event) => (event.preventDefault(), onName(text.trim()), onClose())}>
        <label class="field"><span class="hidden-text">Name</span>
          <input value={text} maxLength={120} onInput={(event) => setText(event.currentTarget.value)} /></label>
        <button class="button main" disabled={!text.trim()}>Rename</button>
      </form>
    </Dialog>
  );
}
