"""Ten files whose tags, tempo, length and place are known as they are made so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.library import Library
from tests.conftest import SR, tag


@dataclass(frozen=True)
class Made:
    """A file, and what is true of it."""

    title: str
    folder: str
    genre: str
    artist: str
    album: str
    year: str
    bpm: int
    duration_s: float
    album_artist: str = ""


MADE = (
    Made("a", "one", "Metal", "Björk", "Début", "1990", 80, 4),
    Made("b", "one", "Black Metal; Folk", "björk", "Post", "1994-05-01", 80, 5),
    Made("c", "one/été & more", "Metal/Folk", "The Nons", "Post", "1999", 100, 6),
    Made("d", "one/été & more", "Folk, Metal", "The Nons", "début", "2000", 100, 7),
    Made("e", "one two", "Chanson française", "Édith", "Post", "", 125, 8),
    Made("f", "one two", "", "Édith", "Live", "0000", 125, 4, "BJORK"),
    Made("g", "100%_[a]", "CHANSON FRANÇAISE", "", "", "1990", 160, 5),
    Made("h", "100%_[a]", "Electro", "Kraft", "Live", "2005", 160, 6),
    Made("i", "'; DROP TABLE tracks; --", "Electro", "Kraft", "Live", "1985", 160, 7),
    Made("j", "'; DROP TABLE tracks; --", "Post-Metal", "Kraft", "Live", "1990", 125, 6.5),
)


def write(made: Made, top: Path, seed: int) -> None:
    """Bursts of noise at the beats."""
    (top / made.folder).mkdir(parents=True, exist_ok=True)
    path = top / made.folder / f"{made.title}.flac"
    t = np.arange(round(made.duration_s * SR)) / SR
    noise = np.random.default_rng(seed).standard_normal(len(t))
    soundfile.write(path, 0.03 * noise * np.exp(-20 * (t % (60 / made.bpm))), SR)
    tags = {name: getattr(made, name) for name in ("title", "genre", "artist", "album")}
    tags |= {"date": made.year, "albumartist": made.album_artist}
    tag(path, **{name: value for name, value in tags.items() if value})


def write_all(top: Path) -> Path:
    for i, made in enumerate(MADE):
        write(made, top, i)
    return top


def library_fixtures():
    """For a test module: the folder of the files, ``top``, and a library of them, ``root``."""

    @pytest.fixture(scope="module")
    def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
        return write_all(tmp_path_factory.mktemp("made"))

    @pytest.fixture(scope="module")
    def root(top: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        root = tmp_path_factory.mktemp("filtered") / "library"
        with Library.open(root, create=True, embedders=["descriptors"]) as library:
            library.scan(top)
        return root

    return top, root
