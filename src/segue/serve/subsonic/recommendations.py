"""Similar songs, and the extension ``sonicSimilarity``."""

from __future__ import annotations

from segue.recommend import Recommendations
from segue.serve.seen_playlists import find_playlist
from segue.serve.subsonic.call import NOT_FOUND, Call, SubsonicError
from segue.serve.subsonic.encoding import Tree
from segue.serve.subsonic.entries import Entries
from segue.track import Track

_SEEDS = 12  # tracks that stand for an album or an artist
_SPARE = 20  # more than asked for: tracks without files are no songs


def similar_songs(call: Call) -> Tree:
    return {"similarSongs": {"song": _songs(call)}}


def similar_songs_2(call: Call) -> Tree:
    return {"similarSongs2": {"song": _songs(call)}}


def _songs(call: Call) -> list[Tree]:
    count = call.number("count", 50)
    return [match["entry"] for match in _matches(call, _similar(call, _seeds(call), count), count)]


def _seeds(call: Call) -> list[Track]:
    """A song, or some of those of an album, an artist or a playlist that one sees."""
    name, service = call.need("id"), call.service
    discography, playlist = service.library.discography(), find_playlist(service, name)
    if name in discography.albums:
        ids = discography.albums[name].tracks
    elif name in discography.artists:
        ids = discography.artists[name].tracks
    elif playlist:
        ids = playlist.tracks()
    else:
        return [service.track(name)]
    return service.library.tracks.by_ids(ids[:: max(1, len(ids) // _SEEDS)][:_SEEDS])


def _similar(call: Call, seeds: list[Track], count: int) -> Recommendations:
    return call.service.library.similar(seeds, k=max(1, count) + _SPARE)


def _matches(call: Call, recommendations: Recommendations, count: int) -> list[Tree]:
    entries = Entries.of(call.service)
    playable = [match for match in recommendations.matches if match.track.has_file][:count]
    return [
        {"entry": entries.song(match.track), "similarity": round(min(1.0, max(0.0, match.score)), 4)}
        for match in playable
    ]


def sonic_similar(call: Call) -> Tree:
    count = call.number("count", 10)
    seed = call.service.track(call.need("id"))
    return {"sonicMatch": _matches(call, _similar(call, [seed], count), count)}


def sonic_path(call: Call) -> Tree:
    """From one song to another in small steps; the similarity is to the start."""
    count = call.number("count", 25)
    start = call.service.track(call.need("startSongId"))
    end = call.service.track(call.need("endSongId"))
    if count < 2:
        raise SubsonicError(0, "a path has a start and an end: count must be 2 or more")
    recommendations = call.service.library.journey(start, end, k=count)
    return {"sonicMatch": _matches(call, recommendations, count)}


def top_songs(call: Call) -> Tree:
    """An artist's songs, the most played first."""
    entries = Entries.of(call.service)
    artist_name = call.need("artist")
    artist = next((a for a in entries.discography.artists.values() if a.name == artist_name), None)
    played = entries.plays
    ids = sorted(artist.tracks if artist else [], key=lambda name: -played.get(name, (0, 0.0))[0])
    tracks = call.service.library.tracks.by_ids(ids[: call.number("count", 50)])
    return {"topSongs": {"song": [entries.song(track) for track in tracks]}}


def artist_info(call: Call) -> Tree:
    return {"artistInfo": _info(call)}


def artist_info_2(call: Call) -> Tree:
    return {"artistInfo2": _info(call)}


def _info(call: Call) -> Tree:
    """The artists whose songs sound like this one's."""
    entries, name = Entries.of(call.service), call.need("id")
    if name not in entries.discography.artists:
        raise SubsonicError(NOT_FOUND, "no such artist")
    count = call.number("count", 20)
    similar = call.service.library.similar(_seeds(call), k=10 * count + 1, same_artist=False) if count else ()
    albums = [entries.discography.album_of.get(match.track.id) for match in similar]
    ids = dict.fromkeys(entries.discography.albums[album].artist_id for album in albums if album)
    return {
        "similarArtist": [
            entries.artist(entries.discography.artists[one]) for one in list(ids)[:count] if one != name
        ]
    }
