"""Uploads: how they are outlined, and that their vectors are those that a scan makes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.errors import AudioError
from segue.library import Library
from segue.serve.clips import Clips
from segue.serve.http.errors import ApiError
from segue.serve.http.thread_pool import Pool

SR = 8_000
LONGEST_S = 200.0


@pytest.fixture
def clips(library: Library, tmp_path: Path) -> Iterator[Clips]:
    pool = Pool("analyze", 1)
    yield Clips(tmp_path / "clips", LONGEST_S, library, pool)
    assert pool.close(library.close)


def wav(y: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    soundfile.write(file, y, SR, format="WAV", subtype="FLOAT")
    file.seek(0)
    return file


def swelling(seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * SR)) / SR
    return (np.sin(2 * np.pi * 440 * t) * t / seconds).astype(np.float32)


@pytest.mark.parametrize("name", ["High number 0", "Noise number 0"])
def test_the_vectors_of_an_upload_are_those_of_a_scan(clips: Clips, library: Library, name: str):
    track = library.find(name)
    with Path(track.path).open("rb") as file:
        seed = clips.seed(clips.add(file, "sound.flac").id)
    snapshot = library.snapshot()
    row = snapshot.row_of(library.tracks.key_of(track.id))
    assert row is not None
    for space, vectors in snapshot.spaces.items():
        np.testing.assert_array_equal(seed.pooled[space], vectors.vectors[row])


def test_vectors_are_begun_before_anybody_asks_and_are_those_of_the_file(clips: Clips, library: Library):
    clip = clips.add(wav(swelling(4)), "a/b/swelling.wav")
    seed = clips.seed(clip.id)
    assert clips.is_analyzed(clip.id)
    assert clips.seed(clip.id) is seed
    assert seed.name == "swelling.wav"
    by_file = library.analyze(clips.path(clip.id))
    for space, pooled in by_file.pooled.items():
        np.testing.assert_array_equal(seed.pooled[space], pooled)


def test_a_worker_that_did_not_take_the_upload_analyzes_its_file(clips: Clips, library: Library):
    clip = clips.add(wav(swelling(2)), "x.wav")
    other = Clips(clips.path(clip.id).parents[1], LONGEST_S, library, Pool("other", 1))
    assert not other.is_analyzed(clip.id)
    np.testing.assert_array_equal(
        other.seed(clip.id).pooled["descriptors-1"], clips.seed(clip.id).pooled["descriptors-1"]
    )


@pytest.mark.parametrize("seconds", [4, 130])  # taken whole, and in excerpts
def test_the_outline_follows_the_sound(clips: Clips, seconds: int):
    clip = clips.add(wav(swelling(seconds)), "x.wav")
    assert clip.duration_s == pytest.approx(seconds, abs=0.01)
    expected = np.linspace(0, 1, len(clip.peaks))
    assert np.abs(np.array(clip.peaks) - expected).max() < 0.02


def test_what_is_too_long_or_silent_is_refused_and_leaves_nothing(clips: Clips, tmp_path: Path):
    with pytest.raises(ApiError, match="at most 200 s are taken"):
        clips.add(wav(swelling(LONGEST_S + 1)), "long.wav")
    with pytest.raises(AudioError, match="silence"):
        clips.add(wav(np.zeros(2 * SR, np.float32)), "silent.wav")
    assert list((tmp_path / "clips").iterdir()) == []
