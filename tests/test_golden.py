"""Libraries that released versions wrote must open, whatever this version writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from tests.conftest import write_music

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def v1(tmp_path: Path) -> Iterator[Library]:
    shutil.copytree(GOLDEN / "v1", tmp_path / "v1")
    with Library.open(tmp_path / "v1") as library:
        yield library


def test_format_1_opens_and_is_whole(v1: Library):
    assert len(v1) == 12
    assert v1.verify() == 3
    assert [failure.path for failure in v1.failures()] == ["/music/broken.mp3"]
    track = v1.find("Low number 2")
    assert (track.path, track.artist, track.tags.album) == ("/music/low2.flac", "The Lows", "low")
    assert track.id == "c38211693754e91e"


def test_format_1_answers(v1: Library):
    for seed in ("Low number 0", "High number 3", "Noise number 1"):
        matches = v1.similar(seed, k=3).matches
        assert {match.track.artist for match in matches} == {v1.find(seed).artist}


def test_format_1_can_be_added_to(v1: Library, tmp_path: Path):
    write_music(tmp_path / "music")
    before = {track.id: np.array(vector) for track, vector in zip(v1, v1.vectors()[1], strict=True)}
    report = v1.scan(tmp_path / "music")
    # The same content at new paths, the old paths being gone: every track keeps its id and its row.
    assert (report.moved, report.added) == (12, 0)
    ids, vectors = v1.vectors()
    assert all((before[track_id] == vector).all() for track_id, vector in zip(ids, vectors, strict=True))
