"""Libraries of format 2, which kept the best labels only, open and get the scores of all."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import schema
from segue.embed.descriptors import Descriptors
from segue.embed.published_network import audioset_classes
from segue.errors import SpecMismatchError
from segue.library import Library
from segue.sound import Excerpts
from segue.spec import Embedding, decode_scores
from tests.conftest import write_music
from tests.golden.make_v2 import LabelsByBrightness

GOLDEN = Path(__file__).parent / "golden"


class ScoresByBrightness(LabelsByBrightness):
    """The same vectors and labels as in the golden library, and all scores."""

    label_names = audioset_classes()

    def embed(self, sound: Excerpts) -> Embedding:
        made = super().embed(sound)
        scores = np.full(len(self.label_names), 0.01, np.float32)
        scores[self.label_names.index(made.labels[0].name)] = made.labels[0].score
        return Embedding(made.pooled, made.windows, made.labels, scores)


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN / "v2", tmp_path / "v2"))


def test_format_2_opens_with_its_vectors_and_labels_and_no_scores(v2: Path):
    with Library.open(v2) as library:
        assert (len(library), library.verify()) == (6, 6)
        assert library.labels(library.find("Low number 1")) == {"mn04-1": {"Tuning fork": 0.25}}
        assert {match.track.artist for match in library.similar("Low number 0", k=1)} == {"The Lows"}
        space = library.snapshot().spaces["mn04-1"]
        assert (space.label_names, space.scores, space.has_scores().any()) == ((), None, False)


def test_format_2_in_a_read_only_folder_is_read_and_stays_as_it_is(v2: Path, monkeypatch):
    before = (v2 / schema.FILE_NAME).read_bytes()
    monkeypatch.setattr(schema.os, "access", lambda *_: False)
    with Library.open(v2) as library:
        assert library.snapshot().spaces["mn04-1"].label_names == ()
        library.verify()
    assert (v2 / schema.FILE_NAME).read_bytes() == before


def test_a_scan_gives_the_tracks_of_format_2_their_scores_and_keeps_their_vectors(v2: Path, tmp_path: Path):
    music = shutil.copytree(GOLDEN / "v2_music", tmp_path / "music")
    with Library.open(v2, embedders=[Descriptors(), ScoresByBrightness()]) as library:
        before = {track.title: np.array(vector) for track, vector in library.rows("mn04-1")}
        keys = library.tracks.keys_of([track.id for track in library])
        first = library.scan(music)
        assert (first.moved, first.added) == (2, 0)
        report = library.scan(music)
        assert (report.completed, report.unchanged) == (2, 0)
        assert library.tracks.keys_of(keys) == keys
        snapshot, after = library.snapshot(), dict(library.rows("mn04-1"))
        assert library.scan(music).unchanged == 2
        library.verify()
    for track, vector in after.items():
        np.testing.assert_array_equal(vector, before[track.title])
    space = snapshot.spaces["mn04-1"]
    assert space.label_names == audioset_classes()
    for title, label, score in (
        ("Low number 0", "Tuning fork", 0.25),
        ("Noise number 0", "White noise", 0.5),
    ):
        track = next(track for track in after if track.title == title)
        scores = decode_scores(space.scores[snapshot.row_of(keys[track.id])])
        best = int(scores.argmax())
        assert (audioset_classes()[best], scores[best]) == (label, pytest.approx(score, rel=0.05))


def test_pruning_keeps_each_tracks_scores_with_its_track(v2: Path, tmp_path: Path):
    paths = write_music(tmp_path / "music")
    with Library.open(v2, embedders=[Descriptors(), ScoresByBrightness()]) as library:
        library.scan(tmp_path / "music")
        library.scan(tmp_path / "music")
        paths["high0"].unlink()
        library.scan(tmp_path / "music")
        assert library.prune() == 1
        library.verify()
        snapshot = library.snapshot()
        space, low = snapshot.spaces["mn04-1"], audioset_classes().index("Tuning fork")
        for track in library:
            row = snapshot.row_of(library.tracks.keys_of([track.id])[track.id])
            assert (decode_scores(space.scores[row])[low] > 0.1) == (track.artist == "The Lows")


def test_scores_of_other_labels_are_refused(v2: Path, tmp_path: Path):
    write_music(tmp_path / "music")
    other = ScoresByBrightness()
    with Library.open(v2, embedders=[ScoresByBrightness()]) as library:
        library.scan(tmp_path / "music")
    other.label_names = audioset_classes()[::-1]
    with (
        Library.open(v2, embedders=[other]) as library,
        pytest.raises(SpecMismatchError, match="scores of 527"),
    ):
        library.scan(tmp_path / "music")
