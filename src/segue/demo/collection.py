"""The collection: which pieces there are, their files and tags."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from mutagen.flac import FLAC

from segue.demo.artists import ARTISTS, Artist
from segue.demo.mixing import finish
from segue.demo.sound import DEMO_SR
from segue.demo.styles import COMPOSERS
from segue.demo.titles import invent_titles
from segue.errors import UsageError

STYLES: tuple[str, ...] = tuple(COMPOSERS)
PIECES_PER_ALBUM = 4
LEVEL_DB = -14.0  # dBFS RMS


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the collection: what its tags say and the seed it is composed from."""

    style: str
    artist: int
    number: int
    title: str
    seed: int

    @property
    def by(self) -> Artist:
        """The artist."""
        return ARTISTS[self.style][self.artist]

    def path(self, folder: Path) -> Path:
        """Where the piece lies: ``artist/album/nn title.flac`` in `folder`."""
        return folder / self.by.name / self.by.album / f"{self.number:02d} {self.title}.flac"


def render(style: str, seed: int, *, artist: int | None = None) -> npt.NDArray[np.float32]:
    """One piece of 12 to 16 s, float32 (n_samples, 2) at `DEMO_SR`, |y| < 1, about -14 dBFS.

    Parameters
    ----------
    style : one of `STYLES`.
    seed : the same seed gives the same samples.
    artist : 0, 1 or 2, whose habits to follow; drawn from the seed by default.

    Raises
    ------
    UsageError
        There is no such style or artist.
    """
    if style not in COMPOSERS:
        raise UsageError(f"no style {style!r}; choose one of: {', '.join(STYLES)}")
    artists = ARTISTS[style]
    if artist is not None and not 0 <= artist < len(artists):
        raise UsageError(f"no artist {artist} of {style}; choose 0 to {len(artists) - 1}")
    rng = np.random.default_rng((seed, STYLES.index(style)))
    drawn = int(rng.integers(len(artists)))
    habits = artists[drawn if artist is None else artist]
    level_db = LEVEL_DB + float(rng.uniform(-0.5, 0.5))
    return finish(COMPOSERS[style](rng, habits), bright=habits.bright, level_db=level_db)


def pieces(seed: int) -> list[Piece]:
    """All pieces of the collection that `seed` stands for, style by style, album by album."""
    rng = np.random.default_rng(seed)
    taken: set[str] = set()
    collection = []
    for style in STYLES:
        for artist in range(len(ARTISTS[style])):
            titles = invent_titles(rng, style, PIECES_PER_ALBUM, taken)
            for number, title in enumerate(titles, 1):
                collection.append(Piece(style, artist, number, title, int(rng.integers(2**31))))
    return collection


def write_demo(
    folder: Path,
    *,
    seed: int = 0,
    per_artist: int = PIECES_PER_ALBUM,
    on_piece: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the pieces as FLAC files with tags; returns their paths in order.

    Pieces that are already there are left alone: a file gets its name only once it is complete,
    until then it ends in ``.part``. An interrupted run can hence be repeated.

    Parameters
    ----------
    folder : is made if need be; each artist gets a folder in it, each album one in that.
    seed : another seed gives other pieces by the same artists.
    per_artist : only the first of each of the 24 artists' four pieces
    on_piece : called after each piece with how many are done, and of how many.

    Raises
    ------
    UsageError
        Where nothing can be written there.
    """
    collection = [piece for piece in pieces(seed) if piece.number <= per_artist]
    pool = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1))
    paths: list[Path] = []
    try:
        for path in pool.map(lambda piece: _write_piece(piece, folder), collection):
            paths.append(path)
            if on_piece is not None:
                on_piece(len(paths), len(collection))
    except (OSError, soundfile.LibsndfileError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"the folder {folder} cannot be written: {why}; choose another") from error
    finally:
        pool.shutdown(cancel_futures=True)
    return paths


def _write_piece(piece: Piece, folder: Path) -> Path:
    path = piece.path(folder)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    y = render(piece.style, piece.seed, artist=piece.artist)
    soundfile.write(part, np.round(y * 32767).astype(np.int16), DEMO_SR, format="FLAC", subtype="PCM_16")
    _tag(part, piece)
    part.replace(path)
    return path


def _tag(path: Path, piece: Piece) -> None:
    open_tags: Callable[[Path], Any] = FLAC  # only some releases of mutagen are typed
    tags = open_tags(path)
    tags["title"] = piece.title
    tags["artist"] = tags["albumartist"] = piece.by.name
    tags["album"] = piece.by.album
    tags["genre"] = piece.style
    tags["date"] = str(piece.by.year)
    tags["tracknumber"], tags["tracktotal"] = str(piece.number), str(PIECES_PER_ALBUM)
    tags["comment"] = "Synthesised by Segue"
    tags.save()
