"""Two versions of a network in one library: one is compared, and a track's labels are of the newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import Snapshot, SpaceVectors
from segue.embed.descriptors import Descriptors
from segue.library import Library
from segue.recommend.explanation import shared_labels
from segue.recommend.label_evidence import label_evidence, spaces_with_all_scores
from segue.sound import Excerpts
from segue.spec import (
    Embedder,
    EmbedderSpec,
    Embedding,
    Label,
    SpaceSettings,
    by_family,
    encode_scores,
    family_of,
    newer_versions,
)
from segue.views.spec import ViewSpec, parse_view
from segue.views.versions import compared_spaces
from tests.conftest import write_music

SPEC = EmbedderSpec("ears", 1, "waveform", 2, 8000, 1.0, 1.0, "float32", "none", "none")


class Ears:
    """Brightness and level; the later version hears one more label."""

    prior = None
    dimensions = ("bright", "loud")
    label_names = ("Bright", "Dark")

    def __init__(self, version: int) -> None:
        self.spec = replace(SPEC, version=version)

    def embed(self, sound: Excerpts) -> Embedding:
        y = sound.at(8000)[0]
        loud = float(np.abs(y).mean())
        bright = float(np.abs(np.diff(y)).mean() / loud / 2)
        row = np.array([bright, loud], np.float32)
        scores = np.array([bright, 1 - bright], np.float32) / self.spec.version
        labels = (Label("Bright", round(float(scores[0]), 4)), Label("Dark", round(float(scores[1]), 4)))
        return Embedding(row, np.stack([row, 1.1 * row]).astype(np.float16), labels, scores)


def embedders(*versions: int) -> list[Embedder]:
    return [Descriptors(), *(Ears(version) for version in versions)]


# Which version is compared


def snapshot(spaces: dict[str, Sequence[bool]], missing: Sequence[bool] | None = None) -> Snapshot:
    """Rows of which each space has a vector or not."""
    n = len(next(iter(spaces.values())))

    def vectors(name: str, has: Sequence[bool]) -> SpaceVectors:
        kind, version = name.rsplit("-", 1)
        spec = replace(SPEC, name=kind, version=int(version))
        x = np.where(np.array(has)[:, None], np.float32(1), np.float32(np.nan)).repeat(2, 1)
        return SpaceVectors(
            spec, ("a", "b"), SpaceSettings(), x, np.zeros((0, 2), np.float16), np.zeros(n, np.int64)
        )

    gone = np.array(missing if missing is not None else [False] * n)
    return Snapshot(np.arange(n), gone, {name: vectors(name, has) for name, has in spaces.items()}, "x")


@pytest.mark.parametrize("keys", [[4, 5, 9], [5, -1, 9, 4, -1], [-1, 4, 5, 9], [-1, -1], []])
def test_rows_are_found_by_keys_in_any_order_and_beside_dead_rows(keys: list[int]):
    moment = Snapshot(np.array(keys, np.int64), np.zeros(len(keys), np.bool_), {}, "x")
    wanted = [9, 7, 4, 0, 5, 10**12, -1]
    rows = [keys.index(key) if key in keys and key >= 0 else -1 for key in wanted]
    assert moment.rows_of(np.array(wanted)).tolist() == rows
    assert [moment.row_of(key) for key in wanted] == [None if row < 0 else row for row in rows]


ALL, NONE = [True] * 20, [False] * 20
HALF, MOST, NEARLY = [True] * 10 + [False] * 10, [True] * 18 + [False] * 2, [True] * 19 + [False]


@pytest.mark.parametrize(
    ("spaces", "compared"),
    [
        ({"ears-1": ALL}, ["ears-1"]),
        ({"ears-1": ALL, "ears-2": ALL}, ["ears-2"]),
        ({"ears-1": ALL, "ears-2": NEARLY}, ["ears-2"]),
        ({"ears-1": ALL, "ears-2": MOST}, ["ears-1"]),
        ({"ears-1": ALL, "ears-2": NONE}, ["ears-1"]),
        ({"ears-1": NONE, "ears-2": NONE}, ["ears-2"]),
        ({"ears-9": ALL, "ears-10": ALL}, ["ears-10"]),  # by number, not by letter
        ({"ears-1": HALF, "ears-2": HALF}, ["ears-2"]),  # the rest has neither
        ({"ears-1": HALF, "ears-2": MOST[::-1]}, ["ears-2"]),  # neither has nearly all: the one of more
        ({"ears-1": ALL, "eyes-1": HALF, "ears-2": HALF}, ["ears-1", "eyes-1"]),
        ({"ears-1": ALL, "ears-int8-1": ALL, "ears-int8-2": ALL}, ["ears-1", "ears-int8-2"]),
    ],
)
def test_one_version_is_compared_the_newest_that_nearly_all_tracks_have(spaces, compared):
    assert sorted(compared_spaces(snapshot(spaces))) == sorted(compared)
    assert sorted(ViewSpec().spaces_of(snapshot(spaces))) == sorted(compared)


def test_tracks_whose_files_are_gone_hold_no_version_back():
    tracks = snapshot({"ears-1": ALL, "ears-2": HALF}, missing=[not has for has in HALF])
    assert list(compared_spaces(tracks)) == ["ears-2"]


def test_a_view_without_a_version_means_the_one_that_is_compared():
    tracks = snapshot({"ears-1": ALL, "ears-2": HALF})
    assert parse_view("ears", tracks).spaces == ("ears-1",)
    assert parse_view("ears-2", tracks).spaces == ("ears-2",)


def test_versions_of_one_space_are_a_family():
    assert family_of("vggish-int8-1") == "vggish-int8"
    assert by_family(["b-2", "a-10", "b-1", "a-9"]) == [["b-1", "b-2"], ["a-9", "a-10"]]
    assert newer_versions("a-9", ["a-8", "a-10", "b-11"]) == ["a-10"]


# A library that gets a second version


@pytest.fixture
def music(tmp_path: Path) -> Path:
    write_music(tmp_path / "music")
    return tmp_path / "music"


def compared(library: Library) -> set[str]:
    return set(library.view_index().spaces)


@pytest.mark.slow
def test_while_a_second_version_comes_the_view_changes_once_and_never_mixes(music: Path, tmp_path: Path):
    root = tmp_path / "library"
    with Library.open(root, create=True, embedders=embedders(1)) as library:
        library.scan(music, jobs=1)
        assert compared(library) == {"descriptors-1", "ears-1"}
        before = [match.track.id for match in library.similar("low number 1", k=11).matches]
    files = sorted(str(path) for path in music.iterdir())
    with Library.open(root, embedders=embedders(1, 2)) as library:
        library.scan(music, jobs=1, only=set(files[:6]))
        assert compared(library) == {"descriptors-1", "ears-1"}
        assert [match.track.id for match in library.similar("low number 1", k=11).matches] == before
        library.scan(music, jobs=1)
        assert compared(library) == {"descriptors-1", "ears-2"}
        index = library.view_index()
        assert len(index.transform.mean) == 103 + 2
        assert len(library.similar("low number 1", k=11).matches) == 11
        outside = library.similar(music / "low1.flac", k=1, view="ears-1")  # the old one, if asked for
        assert outside.matches[0].score == pytest.approx(1, abs=1e-3)
    with Library.open(root, embedders=embedders(1, 2)) as library:  # the index file is of the new view
        assert library.view_index().stamp == library.snapshot().stamp
        assert compared(library) == {"descriptors-1", "ears-2"}


@pytest.mark.slow
def test_each_track_has_the_labels_of_the_newest_version_that_heard_it(music: Path, tmp_path: Path):
    root, files = tmp_path / "library", sorted(str(path) for path in music.iterdir())
    with Library.open(root, create=True, embedders=embedders(1)) as library:
        library.scan(music, jobs=1)
    with Library.open(root, embedders=embedders(1, 2)) as library:
        library.scan(music, jobs=1, only=set(files[:6]))
        spaces = {str(track.path): set(library.labels(track)) for track in library}
        assert spaces == {path: {"ears-2"} if path in files[:6] else {"ears-1"} for path in files}
        shared = shared_labels({"ears-1": {"Bright": 0.5}}, {"ears-2": {"Bright": 0.4}})
        assert [(label.name, label.a, label.b) for label in shared] == [("Bright", 0.5, 0.4)]
    with Library.open(root, embedders=embedders(1)) as library:  # an older Segue's labels do not come back
        (music / "new.flac").write_bytes((music / "low1.flac").read_bytes())
        library.scan(music, jobs=1)
        assert set(library.labels(library.find("high number 0"))) == {"ears-2"}


def test_scores_of_labels_are_those_of_the_newest_version_that_heard_a_track(tmp_path: Path, music: Path):
    tracks = snapshot({"ears-1": [True, True], "ears-2": [True, True]})
    scores = np.array([[0.81, 0.09], [0.81, 0.09]], np.float32)
    later = np.array([[0.25, 0.09], [np.nan, np.nan]], np.float32)
    labels = ("Bright", "Dark")
    spaces = {
        "ears-1": replace(tracks.spaces["ears-1"], label_names=labels, scores=encode_scores(scores)),
        "ears-2": replace(tracks.spaces["ears-2"], label_names=labels, scores=encode_scores(later)),
    }
    both = replace(tracks, spaces=spaces)
    assert spaces_with_all_scores(both) == ["ears-1", "ears-2"]
    with Library.open(tmp_path / "library", create=True, embedders=embedders(1)) as library:
        evidence = label_evidence({"Bright": 1.0}, library.catalog, both)
    np.testing.assert_allclose(evidence, [0.5, 0.9], atol=0.02)
