"""The protocol's methods by their names."""

from __future__ import annotations

from collections.abc import Callable

from segue.serve.scans import queue_scan, resolve_scan_roots
from segue.serve.subsonic import browsing, extras, recommendations, user_data
from segue.serve.subsonic.call import Call, SubsonicError
from segue.serve.subsonic.encoding import Tree

_EXTENSIONS = ("apiKeyAuthentication", "formPost", "songLyrics", "sonicSimilarity", "transcodeOffset")
_REFUSED = ("createUser", "updateUser", "deleteUser", "changePassword", "createShare", "jukeboxControl")
OPEN = frozenset(("getOpenSubsonicExtensions",))  # asked before anybody logs in


def _ping(_: Call) -> Tree:
    return {}


def _license(_: Call) -> Tree:
    return {"license": {"valid": True}}


def _extensions(_: Call) -> Tree:
    return {"openSubsonicExtensions": [{"name": name, "versions": [1]} for name in _EXTENSIONS]}


def _scan_status(call: Call) -> Tree:
    running = any(j.kind == "scan" and j.state in ("queued", "running") for j in call.service.jobs.all())
    return {"scanStatus": {"scanning": running, "count": len(call.service.library)}}


def _start_scan(call: Call) -> Tree:
    service = call.service
    if not call.is_admin:
        raise SubsonicError(extras.NOT_ALLOWED, "only an administrator of this library may scan")
    queue_scan(service.jobs, service.library, resolve_scan_roots(None, service.scanned_folders(), ()))
    return _scan_status(call)


def _nothing(name: str, child: str) -> Callable[[Call], Tree]:
    """What this service has none of."""
    return lambda _: {name: {child: []}}


METHODS: dict[str, Callable[[Call], Tree]] = {
    "ping": _ping,
    "getLicense": _license,
    "getOpenSubsonicExtensions": _extensions,
    "getUser": extras.user,
    "getUsers": extras.users,
    "tokenInfo": extras.token_info,
    "getScanStatus": _scan_status,
    "startScan": _start_scan,
    "getMusicFolders": browsing.folders,
    "getIndexes": browsing.indexes,
    "getMusicDirectory": browsing.directory,
    "getArtists": browsing.artists,
    "getArtist": browsing.artist,
    "getAlbum": browsing.album,
    "getSong": browsing.song,
    "getGenres": browsing.genres,
    "getAlbumList": browsing.album_list,
    "getAlbumList2": browsing.album_list_2,
    "getRandomSongs": browsing.random_songs,
    "getSongsByGenre": browsing.songs_by_genre,
    "search2": browsing.search_2,
    "search3": browsing.search_3,
    "getSimilarSongs": recommendations.similar_songs,
    "getSimilarSongs2": recommendations.similar_songs_2,
    "getSonicSimilarTracks": recommendations.sonic_similar,
    "findSonicPath": recommendations.sonic_path,
    "getTopSongs": recommendations.top_songs,
    "getArtistInfo": recommendations.artist_info,
    "getArtistInfo2": recommendations.artist_info_2,
    "getAlbumInfo": lambda _: {"albumInfo": {}},
    "getAlbumInfo2": lambda _: {"albumInfo": {}},
    "getPlaylists": user_data.playlists,
    "getPlaylist": user_data.playlist,
    "createPlaylist": user_data.create_playlist,
    "updatePlaylist": user_data.update_playlist,
    "deletePlaylist": user_data.delete_playlist,
    "star": user_data.star,
    "unstar": user_data.unstar,
    "getStarred": user_data.starred,
    "getStarred2": user_data.starred_2,
    "scrobble": user_data.scrobble,
    "getPlayQueue": user_data.play_queue,
    "savePlayQueue": user_data.save_play_queue,
    "setRating": extras.set_rating,
    "getNowPlaying": extras.now_playing,
    "getLyrics": extras.lyrics,
    "getLyricsBySongId": extras.lyrics_by_song,
    "getShares": _nothing("shares", "share"),
    "getVideos": _nothing("videos", "video"),
    "getVideoInfo": extras.video_info,
    "getChatMessages": _nothing("chatMessages", "chatMessage"),
    "getNewestPodcasts": _nothing("newestPodcasts", "episode"),
    **dict.fromkeys(_REFUSED, extras.refuse),
    "getPodcasts": _nothing("podcasts", "channel"),
    "getBookmarks": user_data.bookmarks,
    "createBookmark": user_data.create_bookmark,
    "deleteBookmark": user_data.delete_bookmark,
    "getInternetRadioStations": _nothing("internetRadioStations", "internetRadioStation"),
}
