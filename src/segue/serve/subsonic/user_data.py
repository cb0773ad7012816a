"""What a listener keeps: playlists, stars, plays."""

from __future__ import annotations

import time
from typing import get_args

from segue.library import StarKind
from segue.serve.seen_playlists import SeenPlaylist, all_playlists, find_playlist
from segue.serve.subsonic.call import MISSING, NOT_FOUND, Call, SubsonicError
from segue.serve.subsonic.encoding import Tree
from segue.serve.subsonic.entries import Entries, date
from segue.serve.subsonic.extras import NOT_ALLOWED, note_playing

_PARAMETERS: dict[StarKind, str] = {"track": "id", "album": "albumId", "artist": "artistId"}


def playlists(call: Call) -> Tree:
    seen = all_playlists(call.service)
    return {"playlists": {"playlist": [_entry(call, playlist) for playlist in seen]}}


def playlist(call: Call) -> Tree:
    return {"playlist": _whole(call, call.need("id"))}


def _entry(call: Call, seen: SeenPlaylist) -> Tree:
    playlist = seen.playlist
    return {
        "id": playlist.id,
        "name": playlist.name,
        "comment": playlist.comment,
        "owner": seen.owner.name if seen.owner else call.user_name,
        "public": seen.public,
        "songCount": playlist.n,
        "duration": round(playlist.duration_s),
        "created": date(playlist.created_at),
        "changed": date(playlist.changed_at),
        "coverArt": playlist.id,
    }


def _whole(call: Call, name: str) -> Tree:
    seen = _need(call, name)
    entries = Entries.of(call.service)
    tracks = call.service.library.tracks.by_ids(seen.tracks())
    return _entry(call, seen) | {"entry": [entries.song(track) for track in tracks]}


def _need(call: Call, name: str) -> SeenPlaylist:
    seen = find_playlist(call.service, name)
    if seen is None:
        raise SubsonicError(NOT_FOUND, "no such playlist")
    return seen


def _need_own(call: Call, name: str) -> SeenPlaylist:
    seen = _need(call, name)
    if seen.owner:
        raise SubsonicError(NOT_ALLOWED, f"this playlist is {seen.owner.name}'s")
    return seen


def create_playlist(call: Call) -> Tree:
    """Make one, or give one other songs."""
    tables, songs = call.service.library.playlists, _need_songs(call, "songId")
    name = call.get("playlistId")
    if name is None:
        title = call.get("name")
        if not title:
            raise SubsonicError(MISSING, "the parameter 'name' is missing")
        name = tables.create(title, songs)
    else:
        _need_own(call, name)
        tables.change(name, name=call.get("name") or None, tracks=songs)
    return {"playlist": _whole(call, name)}


def update_playlist(call: Call) -> Tree:
    """Another name or comment, songs added at the end or taken out by their places; whether all see it."""
    tables, name = call.service.library.playlists, call.need("playlistId")
    _need_own(call, name)
    added = _need_songs(call, "songIdToAdd")
    removed_places = set(call.numbers("songIndexToRemove"))
    tracks = None
    if added or removed_places:
        # Places are counted among the songs that a player is shown.
        shown = [track.id for track in call.service.library.tracks.by_ids(tables.tracks(name))]
        tracks = [track for place, track in enumerate(shown) if place not in removed_places] + added
    title, comment = call.get("name"), call.get("comment")
    tables.change(name, name=title or None, comment=comment, tracks=tracks)
    if call.user and call.get("public") is not None:  # without users, everybody is one person
        call.service.share(name, call.flag("public", default=False))
    return {}


def delete_playlist(call: Call) -> Tree:
    seen = _need_own(call, call.need("id"))
    call.service.library.playlists.delete(seen.playlist.id)
    if seen.public:
        call.service.share(seen.playlist.id, False)
    return {}


def _need_songs(call: Call, parameter: str) -> list[str]:
    ids = call.all(parameter)
    existing = {track.id for track in call.service.library.tracks.by_ids(list(dict.fromkeys(ids)))}
    for name in ids:
        if name not in existing:
            raise SubsonicError(NOT_FOUND, f"no song {name[:40]!r}")
    return ids


def star(call: Call) -> Tree:
    return _set_stars(call, starred=True)


def unstar(call: Call) -> Tree:
    return _set_stars(call, starred=False)


def _set_stars(call: Call, *, starred: bool) -> Tree:
    discography = call.service.library.discography()
    albums, artists = discography.albums, discography.artists
    feedback = call.service.library.feedback
    ids_by_kind: dict[StarKind, list[str]] = {kind: [] for kind in get_args(StarKind)}
    for kind, parameter in _PARAMETERS.items():
        for name in call.all(parameter):
            # Players that browse by folders send albums and artists as ids too.
            own: StarKind = "album" if name in albums else "artist" if name in artists else kind
            ids_by_kind[own].append(name)
    if not any(ids_by_kind.values()):
        raise SubsonicError(MISSING, "nothing to star: give id, albumId or artistId")
    for name in ids_by_kind["track"]:
        call.service.track(name)
    for kind, ids in ids_by_kind.items():
        if kind != "track" and any(name not in albums and name not in artists for name in ids):
            raise SubsonicError(NOT_FOUND, f"no such {kind}")
        if ids:
            feedback.star(kind, ids, starred=starred)
    return {}


def starred(call: Call) -> Tree:
    return {"starred": _starred(call)}


def starred_2(call: Call) -> Tree:
    return {"starred2": _starred(call)}


def _starred(call: Call) -> Tree:
    entries = Entries.of(call.service)
    albums, artists = entries.discography.albums, entries.discography.artists
    stars = entries.stars
    tracks = call.service.library.tracks.by_ids(list(stars["track"]))
    return {
        "artist": [entries.artist(artists[name]) for name in stars["artist"] if name in artists],
        "album": [entries.album(albums[name]) for name in stars["album"] if name in albums],
        "song": [entries.song(track) for track in tracks],
    }


def scrobble(call: Call) -> Tree:
    """Note what was played, or what plays now."""
    ids, times = call.all("id"), call.numbers("time")  # ms since the epoch
    if not ids:
        raise SubsonicError(MISSING, "the parameter 'id' is missing")
    for name in ids:
        call.service.track(name)
    if call.flag("submission", default=True):
        at = [ms / 1000 for ms in times[: len(ids)]] + [time.time()] * (len(ids) - len(times))
        call.service.library.feedback.record_plays(zip(ids, at, strict=False))
    else:
        note_playing(call, ids)
    return {}


def bookmarks(call: Call) -> Tree:
    library = call.service.library
    own_bookmarks = library.bookmarks.all()
    entries = Entries.of(call.service)
    tracks = {track.id: track for track in library.tracks.by_ids([one.track for one in own_bookmarks])}
    return {
        "bookmarks": {
            "bookmark": [
                {
                    "position": one.position_ms,
                    "username": call.user_name,
                    "comment": one.comment,
                    "created": date(one.created_at),
                    "changed": date(one.changed_at),
                    "entry": entries.song(tracks[one.track]),
                }
                for one in own_bookmarks
                if one.track in tracks
            ]
        }
    }


def create_bookmark(call: Call) -> Tree:
    """Mark a place within a song, in place of the one before."""
    track, position_ms = call.service.track(call.need("id")), call.numbers("position")
    if not position_ms:
        raise SubsonicError(MISSING, "the parameter 'position' is missing")
    call.service.library.bookmarks.save(track.id, max(0, position_ms[0]), call.get("comment") or "")
    return {}


def delete_bookmark(call: Call) -> Tree:
    if not call.service.library.bookmarks.delete(call.need("id")):
        raise SubsonicError(NOT_FOUND, "no such bookmark")
    return {}


def play_queue(call: Call) -> Tree:
    """What a player left, the page among them; nothing where no queue was saved."""
    library = call.service.library
    queue = library.play_queue.get()
    if not queue.tracks:
        return {}
    entries, tracks = Entries.of(call.service), library.tracks.by_ids(queue.tracks)
    return {
        "playQueue": {
            "current": queue.tracks[queue.current],
            "position": round(queue.position_s * 1000),
            "username": call.user_name,
            "changed": date(queue.changed_at),
            "changedBy": queue.player or "segue",
            "entry": [entries.song(track) for track in tracks],
        }
    }


def save_play_queue(call: Call) -> Tree:
    """Keep the songs of a player, which of them plays, and where in it; without songs, clear the queue."""
    songs = _need_songs(call, "id")
    current = call.get("current")
    if current is not None and current not in songs:
        raise SubsonicError(NOT_FOUND, f"the current song {current[:40]!r} is not in the queue")
    place = songs.index(current) if current is not None else 0
    position_ms = next(iter(call.numbers("position")), 0)
    player = call.get("c") or ""
    call.service.library.play_queue.save(songs, current=place, position_s=position_ms / 1000, player=player)
    return {}
