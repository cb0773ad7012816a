"""The words of a song: from an .lrc file beside it, or from its tags."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from segue.tags import find_burden

_LONGEST = 1 << 20  # bytes of a file, and letters of a tag
_MOST_LINES = 10_000
_LISTED = 20_000  # files of a folder that are looked at
_STAMP = re.compile(r"\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]")
_HEAD = re.compile(r"\[([a-zA-Z]+):([^\]]*)\]\s*")
_KEYS = ("lyrics", "unsyncedlyrics", "syncedlyrics", "\xa9lyr", "wm/lyrics")  # of Vorbis, APEv2, MP4, ASF


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a song, and when it begins, in s; ``None`` where that is not known."""

    text: str
    start_s: float | None = None


@dataclass(frozen=True, slots=True)
class Lyrics:
    """The words of a song, in their order.

    Attributes
    ----------
    language : of three letters; ``und`` where the file does not say
    """

    lines: tuple[Line, ...]
    language: str = "und"

    @property
    def synced(self) -> bool:
        """Whether all lines say when they begin."""
        return all(line.start_s is not None for line in self.lines)

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def read_lyrics(path: Path) -> Lyrics | None:
    """The words of a song; none where there are none."""
    for text, language in (*_beside(path), *_embedded_texts(path)):
        lines = parse_lyrics(text)
        if any(line.text for line in lines):
            return Lyrics(lines, language)
    return None


def parse_lyrics(text: str) -> tuple[Line, ...]:
    """Lines in their order; of an LRC text each with its time, as often as it is sung.

    ``[offset:N]`` of such a text says how many ms its lines come earlier.
    """
    plain = [line.strip() for line in islice(text.splitlines(), _MOST_LINES)]
    if not any(_STAMP.match(line) for line in plain):
        return tuple(Line(line) for line in _without_empty_ends(plain))
    offset_s, lines = 0.0, []
    for line in plain:
        head = _HEAD.fullmatch(line)
        if head and head[1].lower() == "offset" and re.fullmatch(r"[+-]?\d{1,6}", head[2].strip()):
            offset_s = int(head[2]) / 1000
        starts, rest = [], line
        while stamp := _STAMP.match(rest):
            fraction = float(f"0.{stamp[3]}") if stamp[3] else 0.0
            starts.append(60 * int(stamp[1]) + int(stamp[2]) + fraction)
            rest = rest[stamp.end() :].lstrip()
        lines += [Line(rest, start) for start in starts[:_MOST_LINES]]
    return tuple(
        Line(line.text, max(0.0, (line.start_s or 0.0) - offset_s))
        for line in sorted(lines[:_MOST_LINES], key=lambda line: line.start_s or 0.0)
    )


def _without_empty_ends(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return lines


def _beside(path: Path) -> Iterator[tuple[str, str]]:
    """The text of ``song.lrc`` beside ``song.flac``, whatever the case of its ending."""
    try:
        with os.scandir(path.parent) as listing:
            for entry in islice(listing, _LISTED):
                stem, _, ending = entry.name.rpartition(".")
                if stem == path.stem and ending.lower() == "lrc" and entry.is_file(follow_symlinks=False):
                    if entry.stat().st_size <= _LONGEST:
                        yield _decode(Path(entry.path).read_bytes()), "und"
                    return
    except OSError:
        return


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _embedded_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Texts of the file's tags, with their languages."""
    try:
        with path.open("rb") as file:
            burden = find_burden(file)
        if burden.inside or burden.start:
            return
        import mutagen

        tags: Any = mutagen.File(path)
    except Exception:  # what a damaged file holds is anything
        return
    for name, value in list(tags.items()) if tags else ():
        key = str(name).lower()
        if key.startswith("uslt"):
            yield str(value.text)[:_LONGEST], str(value.lang) or "und"
        elif key.startswith("sylt") and getattr(value, "format", 0) == 2:  # ms
            stamped = (f"[{ms // 60_000}:{ms % 60_000 / 1000:06.3f}]{text}" for text, ms in value.text)
            yield "\n".join(islice(stamped, _MOST_LINES)), str(value.lang) or "und"
        elif key in _KEYS:
            first = value[0] if isinstance(value, list) and value else value
            yield str(first)[:_LONGEST], "und"
