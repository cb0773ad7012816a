"""Lyrics, users, what plays now, and what this service has none of."""

from __future__ import annotations

import html
import json
import time
from pathlib import Path
from typing import Any

from starlette.responses import Response

from segue.audio.lyrics import Lyrics, read_lyrics
from segue.errors import SegueError
from segue.files import replacing
from segue.serve.http.errors import ApiError
from segue.serve.http.security import PLAIN_POLICY
from segue.serve.subsonic.call import NOT_FOUND, Call, SubsonicError
from segue.serve.subsonic.encoding import Tree
from segue.serve.subsonic.entries import Entries
from segue.track import Track, folded

NOT_ALLOWED = 50
_NOW_S = 600.0  # for so long a song of unknown length counts as playing now
_LATE_S = 60.0  # and any song after its end: it may have been paused
_RIGHTS = (
    "scrobblingEnabled", "downloadRole", "playlistRole", "streamRole", "coverArtRole", "commentRole",
)  # fmt: skip
_DENIED = (
    "adminRole", "settingsRole", "uploadRole", "jukeboxRole", "shareRole", "podcastRole",
    "videoConversionRole",
)  # fmt: skip


def _account(name: str, *, admin: bool = False) -> Tree:
    return {
        "username": name, **dict.fromkeys(_RIGHTS, True), **dict.fromkeys(_DENIED, False),
        "adminRole": admin, "folder": [1],
    }  # fmt: skip


def user(call: Call) -> Tree:
    name = call.get("username") or call.user_name
    if call.user is None:
        return {"user": _account(name)}
    accounts = call.service.guard.accounts()
    other = accounts and accounts.named(name)
    if not other or (other.id != call.user.id and not call.user.admin):
        raise SubsonicError(NOT_ALLOWED, "this is for the user and for administrators")
    return {"user": _account(other.name, admin=other.admin)}


def users(call: Call) -> Tree:
    accounts = call.service.guard.accounts() if call.user and call.user.admin else None
    visible = accounts.users.values() if accounts else [call.user] if call.user else []
    records = [_account(one.name, admin=one.admin) for one in visible] or [_account(call.user_name)]
    return {"users": {"user": records}}


def token_info(call: Call) -> Tree:
    return {"tokenInfo": {"username": call.user_name}}


def refuse(_: Call) -> Tree:
    raise SubsonicError(NOT_ALLOWED, "users are managed by Segue itself: on its page, or with segue users")


# Lyrics


def lyrics_by_song(call: Call) -> Tree:
    track = call.service.track(call.need("id"))
    lyrics = _lyrics_of(call, track)
    structured = [] if lyrics is None else [_structured(track, lyrics)]
    return {"lyricsList": {"structuredLyrics": structured}}


def lyrics(call: Call) -> Tree:
    """Of a song by its artist and title, as older players ask."""
    artist, title = call.get("artist") or "", call.get("title") or ""
    named = [
        track
        for track in call.service.library.tracks.by_name(title)
        if not artist or folded(artist) in map(folded, track.artists)
    ]
    for track in named[:5]:
        lyrics = _lyrics_of(call, track)
        if lyrics is not None:
            return {"lyrics": {"artist": track.artist or artist, "title": track.title, "value": lyrics.text}}
    return {"lyrics": {"artist": artist, "title": title, "value": ""}}


def _lyrics_of(call: Call, track: Track) -> Lyrics | None:
    try:
        _, path = call.service.track_file(track.id)
    except (ApiError, SegueError):
        return None
    return read_lyrics(path)


def _structured(track: Track, lyrics: Lyrics) -> Tree:
    lines = [
        {"value": line.text} | ({"start": round(1000 * (line.start_s or 0))} if lyrics.synced else {})
        for line in lyrics.lines
    ]
    shown = {"displayArtist": track.artist, "displayTitle": track.title}
    return {"lang": lyrics.language, "synced": lyrics.synced, "offset": 0, "line": lines} | {
        name: text for name, text in shown.items() if text
    }


# What plays now: in a file, so that all workers know


def note_playing(call: Call, ids: list[str]) -> None:
    """Note what a player has begun, in place of what it played before."""
    path = _now_file(call)
    playing = _playing(path)
    name, client = call.user_name, call.get("c") or ""
    playing[f"{name} {client}"] = {"id": ids[-1], "at": time.time(), "user": name, "player": client}
    with replacing(path) as part:
        part.write_text(json.dumps(dict(list(playing.items())[-100:])), "utf-8")


def now_playing(call: Call) -> Tree:
    entries, records = Entries.of(call.service), []
    for i, one in enumerate(_playing(_now_file(call)).values()):
        track = call.service.library.tracks.by_id(one["id"])
        passed_s = time.time() - one["at"]
        if track is not None and passed_s < (track.duration_s or _NOW_S) + _LATE_S:
            names = {"username": one["user"], "playerName": one["player"]}
            records.append({**entries.song(track), **names, "minutesAgo": int(passed_s // 60), "playerId": i})
    return {"nowPlaying": {"entry": records}}


def _now_file(call: Call) -> Path:
    """Of this user: what others play is theirs."""
    user = f"-{call.user.id}" if call.user else ""
    return Path(call.service.settings.scratch) / f"now-playing{user}.json"


def _playing(path: Path) -> dict[str, Any]:
    try:
        playing = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return playing if isinstance(playing, dict) else {}


# Pictures


async def avatar(call: Call) -> Response:
    """A drawn letter: nobody has a picture here."""
    letter = html.escape((call.get("username") or call.user_name)[:1].upper())
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128">'
        '<rect width="128" height="128" fill="#2b4a45"/>'
        f'<text x="64" y="84" font-size="60" text-anchor="middle" fill="#f6f7f5">{letter}</text></svg>'
    )
    return Response(picture, headers={"content-security-policy": PLAIN_POLICY}, media_type="image/svg+xml")


def video_info(call: Call) -> Tree:
    call.need("id")
    raise SubsonicError(NOT_FOUND, "there are no videos")


# Ratings


def set_rating(call: Call) -> Tree:
    """Give 1 to 5 stars to a song, an album or an artist; 0 takes them back."""
    name, rating = call.need("id"), call.numbers("rating")
    if not rating or not 0 <= rating[0] <= 5:
        raise SubsonicError(0, "rating must be a number from 0 to 5")
    discography = call.service.library.discography()
    if name not in discography.albums and name not in discography.artists:
        call.service.track(name)
    call.service.library.feedback.rate(name, rating[0])
    return {}
