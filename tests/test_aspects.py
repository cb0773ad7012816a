"""Three scores of a pair: timbre, harmony and melody, rhythm."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segue.embed.descriptors import Descriptors
from segue.recommend.aspects import compare_aspects
from segue.sound import Excerpts

NAMES = Descriptors().dimensions
SR = 22_050


@pytest.fixture
def rows(rng) -> np.ndarray:
    return np.abs(rng.standard_normal((200, len(NAMES))) + 3)


def scores(a, b, rows) -> dict[str, float]:
    return {aspect.name: aspect.score for aspect in compare_aspects(NAMES, a, b, rows)}


def change(row: np.ndarray, rows: np.ndarray, begin: str) -> np.ndarray:
    """A row that is another one's where a dimension's name begins so."""
    changed = row.copy()
    columns = [i for i, name in enumerate(NAMES) if name.startswith(begin)]
    changed[columns] = rows[7][columns]
    return changed


def test_the_same_sound_is_the_same_in_all(rows):
    assert scores(rows[0], rows[0], rows) == {"timbre": 1, "harmony and melody": 1, "rhythm": 1}


@pytest.mark.parametrize(
    ("begin", "own"), [("mfcc_", "timbre"), ("chroma_", "harmony and melody"), ("pulse_", "rhythm")]
)
def test_a_change_moves_its_own_score(rows, begin: str, own: str):
    found = scores(rows[0], change(rows[0], rows, begin), rows)
    assert found.pop(own) < 0.7
    assert set(found.values()) == {1}


def test_two_tracks_are_usually_about_zero(rows):
    found = [scores(a, b, rows) for a, b in zip(rows[:100], rows[100:], strict=True)]
    for name in found[0]:
        assert np.median([each[name] for each in found]) == pytest.approx(0, abs=0.1)


def test_a_key_louder_or_lower_is_no_other_harmony():
    t = np.arange(8 * SR) / SR
    chord = sum(np.sin(2 * np.pi * 220 * 2 ** (n / 12) * t) for n in (0, 4, 7)) / 4

    def row(x) -> np.ndarray:
        pooled = Descriptors().embed(Excerpts.from_waveform(x.astype(np.float32), SR)).pooled
        return np.asarray(pooled, np.float64)

    noise = np.random.default_rng(0).standard_normal(len(t))
    library = np.stack(
        [row(chord), row(noise / 8), row(np.sin(2 * np.pi * 330 * t) / 2), row(chord * noise / 8)]
    )
    assert scores(row(chord), row(chord / 3), library)["harmony and melody"] > 0.95


def test_what_measures_no_aspects_gives_none(rows):
    assert compare_aspects(("energy", "tempo"), np.zeros(2), np.ones(2), rows[:9, :2]) == []
    assert compare_aspects(NAMES, rows[0], rows[1] * np.nan, rows) == []
    assert compare_aspects(NAMES, rows[0], rows[1], rows[:1]) == []


def test_the_command_prints_them(segue, scanned: Path):
    line = ("-l", scanned, "why", "Low number 0", "Low number 1")
    code, out, _ = segue(*line)
    assert code == 0
    assert all(name in out for name in ("timbre", "harmony and melody", "rhythm"))
    found = json.loads(segue(*line, "--json")[1])["aspects"]
    assert [aspect["name"] for aspect in found] == ["timbre", "harmony and melody", "rhythm"]
    assert all(-1 <= aspect["score"] <= 1 for aspect in found)
