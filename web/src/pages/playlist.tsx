import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import { Empty, Failure, Head, IconButton, Rows } from "../components/bits";
import { Dialog } from "../components/dialog";
import { Icon } from "../components/icons";
import { TrackRow } from "../components/trackrow";
import { TracksBar } from "../components/tracksbar";
import { count, length } from "../format";
import { useLoad } from "../hooks";
import * as player from "../player";
import { go } from "../router";
import { attempt, say } from "../toast";
import type { Playlist, Track } from "../types";

export function PlaylistPage({ id }: { id: string }) {
  const { data, error, again } = useLoad((stop) => api.playlist(id, stop), [id]);
  if (error && !data) return <><Head title="Playlist" /><Failure error={error} again={again} /></>;
  if (!data) return <><Head title="Playlist" /><Rows what="Opening the playlist" /></>;
  return <Open list={data} />;
}

function Open({ list }: { list: Playlist }) {
  const [name, setName] = useState(list.name);
  const [tracks, setTracks] = useState<readonly Track[]>(list.tracks);
  const [naming, setNaming] = useState(false);
  useEffect(() => (setName(list.name), setTracks(list.tracks)), [list]);
  const keep = async (title: string, wanted: readonly Track[]) => {
    const before = [name, tracks] as const;
    setName(title);
    setTracks(wanted);
    const done = await attempt(api.changePlaylist(list.id, title, wanted.map((track) => track.id)));
    if (!done) setName(before[0]), setTracks(before[1]);
  };
  const shift = (from: number, by: number) => {
    const moved = [...tracks];
    const [track] = moved.splice(from, 1);
    moved.splice(from + by, 0, track as Track);
    void keep(name, moved);
  };
  const discard = async () => {
    if ((await attempt(api.deletePlaylist(list.id).then(() => true))) === undefined) return;
    go("/playlists");
    say(`“${name}” is gone`, { action: { label: "Undo", run: () => void attempt(api.savePlaylist(name, tracks.map((t) => t.id)).then((made) => go(`/playlists/${made.id}`))) } });
  };
  return (
    <>
      <Head title={name} lead={`${count(tracks.length, "track")}, ${length(tracks.reduce((sum, track) => sum + track.duration_s, 0))}`}>
        <IconButton icon="edit" label="Rename" onClick={() => setNaming(true)} />
        <IconButton icon="trash" label="Delete this playlist" onClick={() => void discard()} />
      </Head>
      {tracks.length > 0 && (
        <div class="tracks-line">
          <TracksBar tracks={tracks} name={name} saved />
          <a class="button" href={`/matrix?list=${encodeURIComponent(list.id)}`}><Icon name="matrix" size={18} />How alike</a>
        </div>
      )}
      {tracks.length === 0 ? <Empty icon="playlist" title="Nothing in it yet"><p>Save tracks here from their menus.</p></Empty> : (
        <ol class="matches" aria-label={name}>
          {tracks.map((track, i) => (
            <li key={`${track.id}-${i}`}>
              <TrackRow track={track} plain onPlay={() => player.playTracks(tracks, i)} extra={
                <span class="row-order">
                  <IconButton icon="up" label={`${track.title}: sooner`} small disabled={i === 0} onClick={() => shift(i, -1)} />
                  <IconButton icon="under" label={`${track.title}: later`} small disabled={i === tracks.length - 1} onClick={() => shift(i, 1)} />
                </span>
              } more={[{ icon: "close", text: "Take out of this playlist", run: () => void keep(name, tracks.filter((_, n) => n !== i)) }]} />
            </li>
          ))}
        </ol>
      )}
      {naming && <Naming name={name} onClose={() => setNaming(false)} onName={(title) => void keep(title, tracks)} />}
    </>
  );
}

function Naming({ name, onClose, onName }: { name: string; onClose: () => void; onName: (name: string) => void }) {
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
