"""What is said of how a library finds near tracks, without opening its index."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from segue import Library
from segue.index.options import IndexOptions
from segue.sources.vectors import Vectors
from segue.views.index_facts import IndexFacts


def vectors_library(folder: Path, n: int, exact_below: int) -> Library:
    rng = np.random.default_rng(3)
    np.save(folder / "x.npy", rng.standard_normal((n, 8), np.float32))
    library = Library.open(folder / "l", create=True)
    library.recommender.indexes.options = IndexOptions(exact_below=exact_below)
    library.import_from(Vectors(folder / "x.npy", name="x"))
    return library


def test_small_libraries_compare_every_track(tmp_path: Path):
    with vectors_library(tmp_path, 50, 1000) as library:
        assert library.index_facts() == IndexFacts(50, 0, 50, 1.0, None)
        assert str(library.index_facts()) == "exact: compares all 50 tracks"


def test_large_libraries_say_how_far_they_look_and_what_that_finds(tmp_path: Path):
    with vectors_library(tmp_path, 3000, 1000) as library:
        facts, point = library.index_facts(), library.view_index().index.operating_point()
        assert facts is not None
        assert (facts.n_probe, facts.n_candidates) == (point.n_probe, point.n_candidates)
        assert facts.recall == point.measured >= 0.95
        assert f"of 3,000 tracks, and finds {facts.recall:.1%} of the 10 nearest" in str(facts)


def test_there_are_no_facts_before_the_index_is_made_or_when_its_file_is_damaged(
    scanned: Path, tmp_path: Path
):
    shutil.copytree(scanned, tmp_path / "l")
    path = tmp_path / "l/index/default.index"
    with Library.open(tmp_path / "l") as library:
        assert library.index_facts() is not None
        damaged = bytearray(path.read_bytes())
        damaged[-5] ^= 1  # in the header
        path.write_bytes(damaged)
        assert library.index_facts() is None
        path.write_bytes(b"short")
        assert library.index_facts() is None
        path.unlink()
        assert library.index_facts() is None


def test_the_command_tells_how_near_tracks_are_found(
    scanned: Path, segue: Callable[..., tuple[int, str, str]]
):
    told = segue("-l", str(scanned), "info")[1]
    assert "index     exact: compares all" in told
