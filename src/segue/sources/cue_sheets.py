"""Cue sheets, which say that one file holds several tracks: such a file is one track, and a scan says so."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable
from pathlib import Path

from segue.tags.text import Decoder
from segue.track import readable

ENDING = ".cue"
_MOST_BYTES = 1 << 18  # of a sheet; a hundred tracks take a few KiB
_NAMED = 3  # files in a note
_FILE = re.compile(r'\s*FILE\s+(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_TRACK = re.compile(r"\s*TRACK\s+\d+\s+AUDIO\b", re.IGNORECASE)


def tracks_by_file(sheet: str) -> dict[str, int]:
    """How many tracks a sheet says are in each file that it names, by path; none if unreadable."""
    try:
        with Path(sheet).open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError:
        return {}
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode()
    decoder = Decoder([data])
    counts: dict[str, int] = {}
    current = None
    for line in data.splitlines():
        text = decoder.text(line)
        if match := _FILE.match(text):
            name = (match[1] or match[2] or "").replace("\\", "/").rsplit("/", 1)[-1]
            current = str(Path(sheet).with_name(name)) if name else None
        elif current and _TRACK.match(text):
            counts[current] = counts.get(current, 0) + 1
    return counts


def note_on(sheets: Iterable[str], paths: Iterable[str]) -> str | None:
    """What to tell of the files at some paths that hold several tracks each; nothing where none does."""
    path_by_stem = {_without_ending(path): path for path in paths}
    folders = {os.path.dirname(path) for path in path_by_stem.values()}  # noqa: PTH120 - many
    several = {}
    for sheet in sheets:
        if os.path.dirname(sheet) in folders:  # noqa: PTH120
            for path, n in tracks_by_file(sheet).items():
                if n > 1 and _without_ending(path) in path_by_stem:
                    several[path_by_stem[_without_ending(path)]] = n
    if not several:
        return None
    named = [f"{readable(Path(path).name)} ({n} tracks)" for path, n in list(several.items())[:_NAMED]]
    rest = [f"{len(several) - _NAMED} more"] if len(several) > _NAMED else []
    return f"cue sheets are not read, so that a whole album counts as one track: {', '.join([*named, *rest])}"


def _without_ending(path: str) -> str:
    """Sheets often name the file from which theirs was made: Album.wav, where Album.flac lies."""
    return os.path.splitext(path)[0]  # noqa: PTH122 - many
