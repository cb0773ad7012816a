"""What a track is, and the names of the arrays that are made from it."""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NewType, overload

import numpy as np
from numpy.typing import NDArray

from segue.texts import escape_text, one_line

JOINED = "; "  # between several artists or genres of one track
_PART_OF_ALBUM = re.compile(
    r"(?:cd|dis[ck]|vol(?:ume)?|side|part|lp)[\s._-]*(?:\d{1,2}|[a-d]|one|two|three)\b.*"
)

_NUMBERS = re.compile(r"(\d{1,18})")

TrackId = NewType("TrackId", str)
"""Sixteen hexadecimal digits, made from the content when the track is first seen, then kept."""

Float32 = NDArray[np.float32]
"""float32 of the shape that a docstring states; the aliases below name the usual shapes."""

Waveform = NDArray[np.float32]
"""float32 (n_samples,), mono, nominally in [-1, 1]."""

Frames = NDArray[np.uint8]
"""uint8 (n_frames, 128): VGGish's 8-bit frames."""

Vector = NDArray[np.float32]
"""float32 (dim,)."""

Vectors = NDArray[np.float32]
"""float32 (n, dim)."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What a file says about itself; ``None`` where it is silent."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    album_artist: str | None = None
    genre: str | None = None
    year: int | None = None
    track_number: int | None = None
    disc_number: int | None = None


TAG_COLUMNS = tuple(field.name for field in fields(Tags))


@dataclass(frozen=True, slots=True, repr=False)
class Track:
    """One track of a library, as the catalog holds it.

    Attributes
    ----------
    path : of its file; ``source:source_id`` where there is none
    sr, channels, codec, size : of the file; 0 or empty where there is none
    duration_s : 0 where it is not known
    content_hash : the same for copies of one sound
    source : the name of what it was imported from, if it was
    url : of a page that plays it
    details : what else the source says
    """

    id: TrackId
    path: str
    tags: Tags
    duration_s: float
    sr: int  # Hz, of the file
    channels: int
    codec: str
    size: int  # bytes
    content_hash: str
    added_at: float  # s since the epoch
    missing_since: float | None = None
    warning: str | None = None
    source: str | None = None
    source_id: str | None = None
    url: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        return f"<Track {self.id}: {one_line(self.display_name)}>"

    def _repr_html_(self) -> str:
        tags = {field.name.replace("_", " "): getattr(self.tags, field.name) for field in fields(Tags)}
        length = f"{self.duration_s:.1f} s" if self.duration_s else None
        facts = {**tags, "length": length, "file": readable(self.path), "id": self.id}
        cells = {name: escape_text(str(value)) for name, value in facts.items() if value}
        rows = "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in cells.items())
        return f"<table>{rows}</table>"

    @property
    def has_file(self) -> bool:
        """Whether there is a file of audio, and not a record alone."""
        return bool(self.codec)

    @property
    def title(self) -> str:
        """The title, or the file's name without its ending."""
        if self.tags.title:
            return self.tags.title
        if not self.has_file and self.source_id:
            return self.source_id
        # A path from Windows has no other separators; elsewhere, a name may have backslashes.
        name = self.path.rsplit("/" if "/" in self.path else "\\", 1)[-1]
        return name.rsplit(".", 1)[0] or name

    @property
    def artist(self) -> str | None:
        """The artist, else the album's artist."""
        return self.tags.artist or self.tags.album_artist

    @property
    def artists(self) -> tuple[str, ...]:
        """Each artist's name; in ``artist`` they stand with ``; `` between them."""
        return split_artists(self.artist)

    @property
    def display_name(self) -> str:
        """``artist - title`` for one line of text."""
        return f"{self.artist} - {self.title}" if self.artist else self.title


def split_artists(text: str | None) -> tuple[str, ...]:
    """The names in a text that may hold several."""
    return tuple(filter(None, (name.strip() for name in (text or "").split(";"))))


def album_folder(path: str) -> str:
    """The folder of a file's album: that above its own, where that is one disc of several."""
    return _above_discs(path.rpartition(os.sep)[0])


@functools.lru_cache(maxsize=1 << 12)  # files of a folder are asked for one after the other
def _above_discs(folder: str) -> str:
    above, _, name = folder.rpartition(os.sep)
    return above if _PART_OF_ALBUM.fullmatch(name.lower()) else folder


def readable(path: str) -> str:
    """The path as text that any program takes; bytes that are no text become \\x escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def path_to_db(path: str) -> str | bytes:
    """SQLite keeps only valid Unicode as text; other names of files are kept as their bytes.

    ``os.fsdecode`` gives the path again.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def normal_form(path: str) -> str:
    """The same for all ways of writing a path's letters with accents: as NFC."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)


@overload
def clean(text: str) -> str: ...
@overload
def clean(text: None) -> None: ...
def clean(text: str | None) -> str | None:
    """Text without what JSON and SQLite cannot hold."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()


def folded(text: str) -> str:
    """Without case and accents, for comparing what people type."""
    if text.isascii():
        return text.lower().strip()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip()


def natural_key(text: str) -> tuple[tuple[bool, int, str], ...]:
    """What sorts names as people do: ``Track2`` before ``Track10``, without case and accents."""
    parts = filter(None, map(str.strip, _NUMBERS.split(folded(text))))
    return tuple([(False, int(part), part) if part.isdecimal() else (True, 0, part) for part in parts])
