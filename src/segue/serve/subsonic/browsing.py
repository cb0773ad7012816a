"""What there is: folders, artists, albums, songs, genres; lists of albums; search."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.library import ARTICLES, Album, AlbumSort, Artist, Where, sort_albums, sort_name
from segue.serve.subsonic.call import NOT_FOUND, Call, SubsonicError
from segue.serve.subsonic.encoding import Tree
from segue.serve.subsonic.entries import Entries
from segue.track import Track, folded

_FOLDER = {"id": 1, "name": "Music"}
_SPARE = 20  # more than asked for: tracks without files are no songs
_SORTS: dict[str, AlbumSort] = {
    "newest": "added",
    "frequent": "often",
    "recent": "played",
    "alphabeticalByName": "name",
    "alphabeticalByArtist": "artist",
}


def folders(_: Call) -> Tree:
    return {"musicFolders": {"musicFolder": [_FOLDER]}}


def artists(call: Call) -> Tree:
    entries = Entries.of(call.service)
    index = [
        {"name": name, "artist": [entries.artist(a) for a in group]}
        for name, group in _by_first_letter(entries)
    ]
    return {"artists": {"ignoredArticles": ARTICLES, "index": index}}


def indexes(call: Call) -> Tree:
    """The same for players that browse by folders."""
    entries = Entries.of(call.service)
    index = [
        {"name": name, "artist": [{"id": a.id, "name": a.name} for a in group]}
        for name, group in _by_first_letter(entries)
    ]
    return {"indexes": {"lastModified": 0, "ignoredArticles": ARTICLES, "index": index}}


def _by_first_letter(entries: Entries) -> list[tuple[str, list[Artist]]]:
    groups: dict[str, list[Artist]] = {}
    for artist in sorted(entries.discography.artists.values(), key=lambda artist: sort_name(artist.name)):
        first = sort_name(artist.name)[:1].upper()
        groups.setdefault(first if first.isalpha() else "#", []).append(artist)
    return sorted(groups.items())


def artist(call: Call) -> Tree:
    entries = Entries.of(call.service)
    artist = entries.discography.artists.get(call.need("id"))
    if artist is None:
        raise SubsonicError(NOT_FOUND, "no such artist")
    albums = sorted(artist.albums, key=lambda album: (album.year or 9999, album.name))
    return {"artist": entries.artist(artist) | {"album": [entries.album(album) for album in albums]}}


def album(call: Call) -> Tree:
    entries = Entries.of(call.service)
    album = _album(entries, call.need("id"))
    return {"album": entries.album(album) | {"song": _songs(call, entries, album.tracks)}}


def directory(call: Call) -> Tree:
    """An artist's albums or an album's songs, as folders."""
    entries, name = Entries.of(call.service), call.need("id")
    artist = entries.discography.artists.get(name)
    if artist:
        children = [entries.album(album) for album in artist.albums]
        return {"directory": {"id": artist.id, "name": artist.name, "child": children}}
    album = _album(entries, name)
    children = _songs(call, entries, album.tracks)
    return {"directory": {"id": album.id, "parent": album.artist_id, "name": album.name, "child": children}}


def _album(entries: Entries, name: str) -> Album:
    album = entries.discography.albums.get(name)
    if album is None:
        raise SubsonicError(NOT_FOUND, "no such album")
    return album


def _songs(call: Call, entries: Entries, ids: Sequence[str]) -> list[Tree]:
    return [entries.song(track) for track in call.service.library.tracks.by_ids(ids)]


def song(call: Call) -> Tree:
    return {"song": Entries.of(call.service).song(call.service.track(call.need("id")))}


def genres(call: Call) -> Tree:
    counts = sorted(call.service.library.discography().genres.items(), key=lambda pair: -pair[1][0])
    return {"genres": {"genre": [{"value": g, "songCount": s, "albumCount": a} for g, (s, a) in counts]}}


def album_list(call: Call) -> Tree:
    return {"albumList": {"album": _albums(call)}}


def album_list_2(call: Call) -> Tree:
    return {"albumList2": {"album": _albums(call)}}


def _albums(call: Call) -> list[Tree]:
    entries = Entries.of(call.service)
    albums = _sort_albums(call, entries, list(entries.discography.albums.values()))
    offset, size = call.number("offset", 0, 10_000_000), call.number("size", 10)
    return [entries.album(album) for album in albums[offset : offset + size]]


def _sort_albums(call: Call, entries: Entries, albums: list[Album]) -> list[Album]:
    kind = call.need("type")
    if kind == "random":
        random.shuffle(albums)
        return albums
    if kind == "byYear":
        low, high = call.number("fromYear", 0, 9999), call.number("toYear", 9999, 9999)
        dated = [album for album in albums if album.year and min(low, high) <= album.year <= max(low, high)]
        return sorted(dated, key=lambda album: album.year or 0, reverse=low > high)
    if kind == "byGenre":
        genre = folded(call.need("genre"))
        return [album for album in albums if genre in map(folded, album.genres)]
    if kind == "starred":
        stars = entries.stars["album"]
        return sorted((a for a in albums if a.id in stars), key=lambda album: -stars[album.id])
    if kind == "highest":
        ratings = entries.ratings
        return sorted((a for a in albums if a.id in ratings), key=lambda album: -ratings[album.id])
    if kind not in _SORTS:
        raise SubsonicError(0, f"no list of albums is called {kind[:40]!r}")
    return sort_albums(albums, _SORTS[kind], entries.plays)


def random_songs(call: Call) -> Tree:
    """Songs that chance gives, of a genre and of some years where a player asks for such."""
    genre, years, size = call.get("genre"), _years(call), call.number("size", 10)
    if genre or years:
        keys = _keys(call, Where(genre=genre or None, years=years))
        tracks, _ = call.service.library.tracks.sample(keys, random.getrandbits(32), size + _SPARE)
        return {"randomSongs": {"song": _entries(call, tracks)[:size]}}
    entries = Entries.of(call.service)
    ids = list(entries.discography.album_of)
    chosen = random.sample(ids, min(len(ids), size))
    return {"randomSongs": {"song": _songs(call, entries, chosen)}}


def _years(call: Call) -> tuple[int, int] | None:
    """The years that a player asks for, in whichever order; none where it asks for no years."""
    if not (call.get("fromYear") or call.get("toYear")):
        return None
    low, high = call.number("fromYear", 0, 9999), call.number("toYear", 9999, 9999)
    return min(low, high), max(low, high)


def _keys(call: Call, where: Where) -> NDArray[np.int64]:
    """Of the tracks that meet all conditions; none where no track could."""
    try:
        keys: NDArray[np.int64] = call.service.library.keys_matching(where)
    except UsageError:
        return np.zeros(0, np.int64)
    return keys


def songs_by_genre(call: Call) -> Tree:
    keys = _keys(call, Where(genre=call.need("genre")))
    size, offset = call.number("count", 10), call.number("offset", 0, 10_000_000)
    tracks, _ = call.service.library.tracks.page(keys, "artist", size, offset)
    return {"songsByGenre": {"song": _entries(call, tracks)}}


def _entries(call: Call, tracks: Sequence[Track]) -> list[Tree]:
    entries = Entries.of(call.service)
    return [entries.song(track) for track in tracks if _is_there(track)]


def _is_there(track: Track) -> bool:
    """Whether a player can play it: what has no file, or one that is gone, is no song."""
    return track.has_file and track.missing_since is None


def search_2(call: Call) -> Tree:
    return {"searchResult2": _search(call)}


def search_3(call: Call) -> Tree:
    return {"searchResult3": _search(call)}


def _search(call: Call) -> Tree:
    """What a text finds; where there is none, everything a page at a time, for players that keep a copy."""
    entries = Entries.of(call.service)
    words = folded((call.get("query") or "").strip('" ')).removesuffix("*").split()

    def page(what: str) -> tuple[int, int]:
        return call.number(f"{what}Offset", 0, 10_000_000), call.number(f"{what}Count", 20)

    def fits(name: str) -> bool:
        text = folded(name)
        return all(word in text for word in words)

    artists = [a for a in entries.discography.artists.values() if fits(a.name)]
    albums = [a for a in entries.discography.albums.values() if fits(f"{a.name} {a.artist}")]
    (first_artist, n_artists), (first_album, n_albums) = page("artist"), page("album")
    offset, size = page("song")
    if words:
        matches = call.service.library.search(" ".join(words), limit=size, offset=offset) if size else ()
        tracks = [match.track for match in matches]
    else:
        tracks = call.service.library.tracks.by_ids(
            list(entries.discography.album_of)[offset : offset + size]
        )
    return {
        "artist": [entries.artist(a) for a in artists[first_artist : first_artist + n_artists]],
        "album": [entries.album(a) for a in albums[first_album : first_album + n_albums]],
        "song": [entries.song(track) for track in tracks if _is_there(track)],
    }
