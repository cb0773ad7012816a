"""Covers and short clips of tracks, inside the HTML itself: a notebook's page may open no files."""

from __future__ import annotations

import base64
from contextlib import closing
from pathlib import Path

from segue.display.html import Markup
from segue.track import Track

_COVER = 48  # pixels, as shown; kept at twice that for sharp screens
_COVER_BYTES = 24_000
_BIT_RATE = 48_000  # bit/s
_NOTHING = Markup("")


def cover(track: Track) -> Markup:
    """The track's cover, small, or a made one where it has none."""
    from segue.audio.covers import cover_image
    from segue.audio.placeholder_covers import placeholder_cover

    image = cover_image(Path(track.path), 2 * _COVER) if track.has_file else None
    if image is None or len(image[0]) > _COVER_BYTES:  # one that nothing could scale down
        image = placeholder_cover(track, _COVER), "image/svg+xml"
    return Markup(f'<img src="{_data_uri(*image)}" width="{_COVER}" height="{_COVER}" alt="">')


def clip(track: Track, seconds: float) -> Markup:
    """A player of some seconds from the track's middle; nothing where there is no file or no sound."""
    path = Path(track.path)
    sound = _clip(path, track.duration_s, seconds) if seconds > 0 and track.has_file else b""
    if not sound:
        return _NOTHING
    style = "height:32px;width:220px;vertical-align:middle"
    return Markup(
        f'<audio controls preload="none" style="{style}" src="{_data_uri(sound, "audio/mpeg")}"></audio>'
    )


def _clip(path: Path, duration_s: float, seconds: float) -> bytes:
    """MP3 of at most ``seconds``."""
    from segue.audio.transcode import transcode

    if not path.is_file():
        return b""
    n, data = int(seconds * _BIT_RATE / 8), b""
    with closing(transcode(path, "mp3", max(0.0, (duration_s - seconds) / 2), _BIT_RATE)) as pieces:
        for piece in pieces:
            data += piece
            if len(data) >= n:
                break
    return data[:n]


def _data_uri(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
