"""The index of a library that is large enough for lists, or is taken to be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import Snapshot, SpaceVectors
from segue.embed.descriptors import Descriptors
from segue.errors import IndexFormatError
from segue.index import Index, IndexOptions
from segue.index.file import IndexFile, write_sections
from segue.library import Library
from segue.spec import SpaceSettings
from segue.views.view_index import EXACT_BELOW, ViewIndex, ViewIndexes
from tests.index_data import clustered
from tests.sounds import clips

SPEC = Descriptors().spec
N = 2_000


def lists_from(n):
    """Options that take libraries of n tracks for large."""
    return IndexOptions(exact_below=n, filter_exact_below=1)


@pytest.fixture(scope="module")
def vectors():
    return clustered(N + 250, SPEC.dim, seed=4)[0]


def snapshot(vectors, *, dead=(), missing=(), stamp="first"):
    """Tracks by their rows: the key of each is its row and a thousand."""
    n = len(vectors)
    space = SpaceVectors(
        SPEC, (), SpaceSettings(), vectors, np.zeros((0, SPEC.dim), np.float16), np.zeros(n, np.int64)
    )
    keys = np.arange(n) + 1000
    keys[list(dead)] = -1
    gone = np.zeros(n, np.bool_)
    gone[list(missing)] = True
    return Snapshot(keys, gone, {SPEC.space: space}, stamp)


def neighbors(found, vectors, k=10):
    """Rows of the catalog nearest to each vector of the catalog, in the index's own view."""
    return found.rows[found.query(found.transform([vectors]), k)[0]]


def agreement(one, other):
    return np.mean([np.isin(a, b).mean() for a, b in zip(one, other, strict=True)])


@pytest.fixture
def changed(vectors):
    """A later snapshot: rows that died, tracks that went missing or have no vector, and new ones."""
    later = vectors.copy()
    later[50:60] = np.nan
    rng = np.random.default_rng(6)
    gone = rng.choice(np.arange(60, N), 180, replace=False)
    return snapshot(later, dead=gone[:120], missing=gone[120:], stamp="second")


@pytest.fixture(scope="module")
def built(vectors, tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "a.index"
    ViewIndex.build(snapshot(vectors[:N]), {}, options=lists_from(1_500)).save(path, [SPEC])
    return path


@pytest.fixture
def before(built):
    return ViewIndex.load(built, [SPEC])


def test_a_library_has_its_own_number_of_tracks_below_which_all_are_compared(vectors, tmp_path):
    assert ViewIndexes(tmp_path, dict).options.exact_below == EXACT_BELOW > IndexOptions().exact_below
    index = ViewIndex.build(snapshot(vectors), {}).index
    assert len(index) == N + 250 > IndexOptions().exact_below
    assert index.exact
    assert index.options.exact_below == EXACT_BELOW


def rebuild(snapshot):
    return ViewIndex.build(snapshot, {}, options=lists_from(1_500))


@pytest.mark.slow
def test_a_large_library_that_has_hardly_changed_keeps_its_view(before, changed, vectors, tmp_path):
    assert not before.index.exact
    transform = before.transform
    updated = before.update(changed, {})
    assert updated.transform is transform
    assert updated.stamp == "second"
    rebuilt = rebuild(changed)
    assert set(updated.rows) == set(rebuilt.rows)
    np.testing.assert_array_equal(updated.keys, changed.keys[updated.rows])
    space = [np.asarray(changed.spaces[SPEC.space].vectors)[updated.rows]]
    np.testing.assert_allclose(updated.vectors, transform(space), atol=1e-6)
    queries = vectors[::9]
    mine = neighbors(updated, queries)
    assert np.isin(mine, rebuilt.rows).all()
    assert agreement(neighbors(rebuilt, queries), mine) >= 0.9
    updated.save(tmp_path / "a.index", [SPEC])
    loaded = ViewIndex.load(tmp_path / "a.index", [SPEC])
    assert (loaded.stamp, loaded.rows.tolist()) == ("second", updated.rows.tolist())
    np.testing.assert_array_equal(neighbors(loaded, queries), neighbors(updated, queries))


def test_a_track_that_comes_back_is_found_again(before, changed, vectors):
    rows = before.rows
    updated = before.update(changed, {}).update(snapshot(vectors[:N], stamp="third"), {})
    assert sorted(updated.rows) == rows.tolist()
    assert (neighbors(updated, vectors[:N:7], 1)[:, 0] == np.arange(0, N, 7)).mean() > 0.95


def test_a_row_that_is_another_track_now_gets_its_own_vector(before, vectors):
    later = snapshot(vectors[:N], stamp="second")
    later.keys[10:20] += 10**6
    updated = before.update(later, {})
    np.testing.assert_array_equal(updated.keys, later.keys[updated.rows])
    assert set(range(10, 20)) == set(updated.rows[-10:])


@pytest.mark.slow
@pytest.mark.parametrize("why", ["small", "much has gone", "much is new"])
def test_after_large_changes_the_view_is_fitted_again(before, built, changed, vectors, why):
    if why == "small":
        before = replace(before, index=Index.open(built, options=lists_from(EXACT_BELOW)))
        later = changed
    elif why == "much has gone":
        later = snapshot(vectors[:N], missing=range(0, N, 4), stamp="second")
    else:
        later = snapshot(np.concatenate([vectors[:N], vectors[:800] + 1]), stamp="second")
    updated, rebuilt = before.update(later, {}), rebuild(later)
    assert updated.index.exact == (why == "small")
    np.testing.assert_array_equal(updated.transform.projection, rebuilt.transform.projection)
    np.testing.assert_array_equal(updated.rows, rebuilt.rows)
    assert not np.array_equal(updated.transform.projection, before.transform.projection)


def test_a_library_without_any_track_left_is_answered_with_nothing(before, vectors, tmp_path):
    empty = before.update(snapshot(vectors[:N], dead=range(N), stamp="second"), {})
    empty.save(tmp_path / "a.index", [SPEC])
    for one in (empty, ViewIndex.load(tmp_path / "a.index", [SPEC])):
        assert len(one.rows) == 0
        assert one.query(np.ones((2, one.index.dim), np.float32), 5)[0].shape == (2, 0)


@pytest.mark.parametrize("missing", ["mean", "projection", "rows", "keys", "stamp", "specs"])
def test_an_index_of_no_library_is_refused(before, tmp_path, missing):
    path = tmp_path / "a.index"
    before.save(path, [SPEC])
    file = IndexFile(path)
    contents = {name: file.array(name).copy() for name in file.sections if name != f"note.{missing}"}
    note = {name: value for name, value in file.header["note"].items() if name != missing}
    path = tmp_path / "b.index"
    write_sections(path, file.header | {"note": note}, contents)
    with pytest.raises(IndexFormatError):
        ViewIndex.load(path, [SPEC])


@pytest.mark.parametrize("name", ["rows", "keys", "mean"])
def test_an_index_of_other_tracks_than_it_has_vectors_is_refused(before, tmp_path, name):
    path = tmp_path / "a.index"
    before.save(path, [SPEC])
    file = IndexFile(path)
    contents = {section: file.array(section).copy() for section in file.sections}
    contents[f"note.{name}"] = contents[f"note.{name}"][:-1]
    path = tmp_path / "b.index"
    write_sections(path, file.header, contents)
    with pytest.raises(IndexFormatError):
        ViewIndex.load(path, [SPEC])


def assert_answers_are_nearest(library, names):
    """The tracks that come back have the largest scores, but for some; ``names`` are all there are."""
    assert {Path(track.path).name for track in library} == names
    ids, vectors = library.vectors()
    found = library.recommender.indexes.get(library.snapshot())
    assert not found.index.exact
    assert any(point.recall >= 0.95 for point in found.index.operating_points)
    units, same = found.transform([vectors]), []
    for i in range(0, len(ids), 5):
        matches = library.similar(ids[i], k=2).matches
        scores = found.scores(units[i : i + 1], units)[0]
        scores[i] = -2
        assert Path(matches[0].track.path).name in names
        assert ids[i] not in [match.track.id for match in matches]
        for match in matches:
            # Other tracks came and went since the scales of most were measured.
            assert match.score == pytest.approx(scores[list(ids).index(match.track.id)], abs=0.05)
        same.append(np.isin(np.array(ids)[np.argsort(-scores)[:2]], [m.track.id for m in matches]).mean())
    assert np.mean(same) >= 0.9


@pytest.mark.slow
def test_a_library_is_scanned_and_asked_through_lists_through_all_its_changes(tmp_path):
    paths = clips(tmp_path / "music", 230)
    later = [path.rename(tmp_path / path.name) for path in paths[::11]]
    with Library.open(tmp_path / "library", create=True) as library:
        library.recommender.indexes.options = lists_from(8)
        library.scan(tmp_path / "music")
        names = {path.name for path in paths} - {path.name for path in later}
        assert_answers_are_nearest(library, names)
        view = library.recommender.indexes.get(library.snapshot()).transform
        for path in later:
            path.rename(tmp_path / "music" / path.name)
        library.scan(tmp_path / "music")
        names |= {path.name for path in later}
        assert_answers_are_nearest(library, names)
        np.testing.assert_array_equal(
            library.recommender.indexes.get(library.snapshot()).transform.projection, view.projection
        )
    for path in paths[5::13]:
        path.unlink()
        names.remove(path.name)
    with Library.open(tmp_path / "library") as library:
        library.recommender.indexes.options = lists_from(8)
        library.scan(tmp_path / "music")
        library.prune()
        assert_answers_are_nearest(library, names)
