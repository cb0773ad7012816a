"""What the writer changes is whole, and found again by ids, words, vectors and clusters."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.catalog import Cluster, Failure, SeenFile, SeenKeys, Writer
from segue.catalog.clusters import ClusterRun, Tally
from segue.errors import SourceError, SpecMismatchError
from segue.library import Library
from segue.sources.contract import ImportBatch, SpaceRows
from tests.written_library import SPEC, Song, analyzed, new_library, song, write_songs

SPACE = SPEC.space
LOUD, ROCK = (("loud", 1.5),), (("Rock", 0.5),)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with new_library(tmp_path / "library") as library:
        yield library


def records(
    names: Sequence[str], values: Sequence[float] | None = None, **columns: Sequence[Any]
) -> ImportBatch:
    """A batch whose vectors are (value, 0, 0, 0)."""
    numbers = list(range(1, len(names) + 1)) if values is None else values
    pooled = np.zeros((len(names), SPEC.dim), np.float32)
    pooled[:, 0] = numbers
    hashes = np.array(
        [hash((value, *(column[i] for column in columns.values()))) for i, value in enumerate(numbers)]
    )
    return ImportBatch("src", names, hashes, columns, {SPACE: SpaceRows.without_windows(pooled)})


def upsert(library: Library, batch: ImportBatch) -> tuple[int, int, int, int]:
    with library.catalog.writing() as writer, writer.deferring_indexes():
        result = writer.upsert(batch, SeenKeys())
    return len(result.added), len(result.changed), result.unchanged, result.duplicates


def vector(library: Library, track_id: str) -> list[float]:
    snapshot = library.snapshot()
    row = snapshot.row_of(library.tracks.keys_of([track_id])[track_id])
    return snapshot.spaces[SPACE].vectors[row].tolist()


def test_a_file_that_is_written_again_keeps_its_id_and_gets_the_new_tags(library: Library):
    (before,) = write_songs(library, [song("/1.flac", {"Old": 0.5}, title="Old name")])
    (after,) = write_songs(library, [song("/1.flac", {"New": 0.5}, title="New name")])
    assert after == before
    assert [track.title for track in library] == ["New name"]
    assert (library.tracks.search("old"), len(library.tracks.search("new name"))) == ([], 1)
    assert library.tracks.labels([after])[after] == {SPACE: {"New": 0.5}}


def test_copies_of_a_file_have_ids_of_their_own(library: Library):
    one = analyzed(song("/1.flac"))
    copies = [dataclasses.replace(one, path=path) for path in ("/1.flac", "/2.flac", "/3.flac")]
    with library.catalog.writing() as writer:
        ids = writer.append(copies)
        assert writer.append(copies) == ids
    assert len(set(ids)) == 3
    assert {track.content_hash for track in library} == {one.state.content_hash}


def test_a_file_that_can_be_used_again_is_no_longer_a_failure(library: Library):
    with library.catalog.writing() as writer:
        writer.fail([Failure("/1.flac", "decode", "cut"), Failure("/2.flac", "decode", "cut")])
        writer.fail([Failure("/2.flac", "decode", "empty")])
    assert [(failure.path, failure.reason) for failure in library.failures()] == [
        ("/1.flac", "cut"), ("/2.flac", "empty"),
    ]  # fmt: skip
    write_songs(library, [song("/1.flac")])
    assert [failure.path for failure in library.failures()] == ["/2.flac"]
    with library.catalog.writing() as writer:
        writer.forget_failures(["/2.flac", "/unknown"])
    assert library.failures() == []


def test_a_moved_file_is_searched_by_its_new_name(library: Library):
    write_songs(library, [Song("/old/first.flac")])
    known = library.catalog.known_files()["/old/first.flac"]
    with library.catalog.writing() as writer:
        writer.touch([SeenFile(known, "/new/second.flac", known.state)])
    assert [track.path for track in library.tracks.search("second")] == ["/new/second.flac"]
    assert library.tracks.search("first") == []


def test_removing_tracks_takes_their_words_and_labels_and_keeps_rows_aligned(library: Library):
    ids = write_songs(library, [song(f"/{i}.flac", {f"Label{i}": 0.5}, title=f"Song{i}") for i in range(5)])
    vectors = {name: vector(library, name) for name in ids}
    keys = library.tracks.keys_of(ids)
    with library.catalog.writing() as writer:
        assert writer.remove([keys[ids[0]], keys[ids[3]]]) == 2
    kept = [ids[1], ids[2], ids[4]]
    assert [track.id for track in library] == kept
    assert {name: vector(library, name) for name in kept} == {name: vectors[name] for name in kept}
    assert library.tracks.search("song0") == library.tracks.search("label3") == []
    assert library.tracks.keys_of(ids) == {name: keys[name] for name in kept}
    assert library.verify() == 3


def test_a_space_of_another_spec_or_size_is_refused(library: Library):
    other = dataclasses.replace(SPEC, hop_s=0.5)
    with library.catalog.writing() as writer:
        with pytest.raises(SpecMismatchError, match="holds vectors of another tiny-1"):
            writer.add_space(other, ["a", "b", "c", "d"])
        with pytest.raises(SpecMismatchError, match=r"tiny-1 has 4 dimensions, not \(2,\)"):
            writer.append([analyzed(song("/1.flac"), vector=[1.0, 2.0])])
    assert len(library) == 0


def test_what_fails_within_a_batch_leaves_nothing_of_it(library: Library):
    def fail(writer: Writer) -> None:
        with writer.batch():
            writer.append([analyzed(song("/1.flac"))])
            writer.mark_missing([1])
            raise KeyboardInterrupt

    with library.catalog.writing() as writer, pytest.raises(KeyboardInterrupt):
        fail(writer)
    assert len(library) == 0
    write_songs(library, [song("/2.flac")])
    assert [track.path for track in library] == ["/2.flac"]
    assert library.verify() == 3


def test_records_are_added_changed_and_left_as_they_are(library: Library):
    assert upsert(library, records(["a", "b"], title=["One", "Two"])) == (2, 0, 0, 0)
    assert upsert(library, records(["a", "b"], title=["One", "Two"])) == (0, 0, 2, 0)
    ids = [track.id for track in library]
    assert upsert(library, records(["a", "b", "c"], [1, 7, 3], title=["One", "Other", "Three"])) == (
        1,
        1,
        1,
        0,
    )
    assert {track.id for track in library} > set(ids)
    assert [track.title for track in library.tracks.search("other")] == ["Other"]
    assert library.tracks.search("two") == []
    assert vector(library, library.find("src:b").id)[0] == 7


def test_of_an_id_that_comes_twice_the_first_record_counts(library: Library):
    assert upsert(library, records(["a", "b", "a"], title=["First", "Second", "Third"])) == (2, 0, 0, 1)
    assert sorted(track.title for track in library) == ["First", "Second"]


def test_a_missing_record_that_comes_again_is_back(library: Library):
    upsert(library, records(["a", "b"]))
    with library.catalog.writing() as writer:
        writer.mark_missing(writer.keys_of_source("src").tolist())
        assert writer.keys_of_source("src").tolist() == []
    assert library.overview().missing == 2
    upsert(library, records(["a"]))
    assert library.overview().missing == 1


def test_imported_tracks_are_found_by_words_and_hashes_after_the_import(library: Library):
    with library.catalog.writing() as writer, writer.deferring_indexes() as finish:
        writer.upsert(records(["a", "b"], title=["Alpha", "Beta"], genre=["Rock", "Pop"]), SeenKeys())
        finish()
    assert [track.title for track in library.tracks.search("alpha")] == ["Alpha"]
    with contextlib.closing(sqlite3.connect(library.path / "catalog.sqlite")) as db:
        plan = db.execute("EXPLAIN QUERY PLAN SELECT key FROM tracks WHERE genre = 'Rock'").fetchall()
    assert "tracks_by_genre" in str(plan)


def break_off(library: Library, error: BaseException) -> None:
    with library.catalog.writing() as writer, writer.deferring_indexes():
        writer.upsert(records(["a", "b"], title=["Alpha", "Beta"]), SeenKeys())
        raise error


def test_a_source_that_breaks_off_leaves_what_came_before_to_be_found(library: Library):
    with pytest.raises(SourceError):
        break_off(library, SourceError("cut"))
    assert [track.title for track in library.tracks.search("alpha")] == ["Alpha"]


def test_the_next_writer_makes_up_for_one_that_was_stopped(library: Library):
    with pytest.raises(KeyboardInterrupt):
        break_off(library, KeyboardInterrupt())
    assert (len(library), library.tracks.search("alpha")) == (2, [])
    with library.catalog.writing():
        pass
    assert [track.title for track in library.tracks.search("alpha")] == ["Alpha"]


def test_a_scanned_file_becomes_the_imported_track_and_brings_its_vector(library: Library):
    upsert(library, records(["a", "b"], title=["Alpha", "Beta"]))
    (scanned,) = write_songs(library, [song("/a.flac", {"Guitar": 0.5}, title="tag")])
    heard = vector(library, scanned)
    with library.catalog.writing() as writer:
        assert writer.files_of_source("src") == {"a": None, "b": None}
        assert writer.assign_files("src", [("a", "/a.flac"), ("unknown", "/b.flac")]) == 1
        assert writer.assign_files("src", [("a", "/a.flac")]) == 0
        assert writer.files_of_source("src") == {"a": "/a.flac", "b": None}
    track = library.find("src:a")
    assert (len(library), track.title, track.path, track.has_file) == (2, "Alpha", "/a.flac", True)
    assert vector(library, track.id) == heard
    assert library.tracks.labels([track.id])[track.id] == {SPACE: {"Guitar": 0.5}}
    assert [found.title for found in library.tracks.search("a.flac")] == ["Alpha"]


def test_a_file_passes_from_one_imported_track_to_another(library: Library):
    upsert(library, records(["a", "b"], title=["Alpha", "Beta"]))
    with library.catalog.writing() as writer:
        writer.assign_files("src", [("a", "/x.flac")])
        assert writer.assign_files("src", [("b", "/x.flac")]) == 1
        assert writer.files_of_source("src") == {"a": None, "b": "/x.flac"}
    assert library.find("src:a").path == "src:a"


def clusters_of(
    library: Library, numbers: Sequence[int], counted: Sequence[bool] | None = None
) -> list[Tally]:
    """Put the tracks, row by row, into clusters called "Cluster 1" and so on; what is in each."""
    seen: list[Tally] = []

    def describe(tallies: list[Tally]) -> list[Cluster]:
        seen.extend(tallies)
        return [
            Cluster(i, f"Cluster {i}", numbers.count(i), LOUD, ("Guitar",), (), ROCK, "#aabbcc")
            for i in range(1, len(tallies) + 1)
        ]

    keys = np.array(list(library.tracks.keys_of(track.id for track in library).values())[: len(numbers)])
    run = ClusterRun("all", 0.25, library.snapshot().stamp, 0, 0)
    with library.catalog.writing() as writer:
        some = None if counted is None else np.array(counted)
        writer.put_clusters(np.sort(keys), np.array(numbers), describe, run, some)
    return seen


def test_clusters_are_kept_with_what_was_said_of_them(library: Library):
    ids = write_songs(library, [song(f"/{i}.flac") for i in range(3)])
    clusters_of(library, [1, 2, 1])
    found = library.clusters()
    assert (len(found), found.view, found.separation, found.new, found.stale) == (2, "all", 0.25, 0, False)
    assert found[0] == Cluster(1, "Cluster 1", 2, LOUD, ("Guitar",), (), ROCK, "#aabbcc")
    tracks = list(library)
    assert library.cluster_numbers(tracks) == dict(zip(ids, (1, 2, 1), strict=True))
    assert library.cluster_names(tracks[:2]) == {ids[0]: "Cluster 1", ids[1]: "Cluster 2"}
    assert library.cluster_names() == dict(zip(ids, ("Cluster 1", "Cluster 2", "Cluster 1"), strict=True))


def test_genres_and_labels_are_tallied_for_each_cluster(library: Library):
    write_songs(
        library,
        [
            song("/0.flac", {"Guitar": 0.9, "Drum": 0.1}, genre="Rock; Pop"),
            song("/1.flac", {"Guitar": 0.8}, genre="rock"),
            song("/2.flac"),
        ],
    )
    first, second = clusters_of(library, [1, 1, 2])
    assert (first.genres, first.tagged) == ({"rock": 2, "pop": 1}, 2)
    assert (first.labels, first.analyzed) == ({(SPACE, "Guitar"): 2, (SPACE, "Drum"): 1}, {SPACE: 2})
    assert (second.genres, second.tagged, second.labels, second.analyzed) == ({}, 0, {}, {})


def test_tracks_that_do_not_count_are_in_a_cluster_and_not_tallied(library: Library):
    copies = [song(f"/{i}.flac", {"Guitar": 0.9}, genre="Rock") for i in range(3)]
    write_songs(library, [*copies, song("/3.flac", {"Drum": 0.9}, genre="Pop")])
    (tally,) = clusters_of(library, [1, 1, 1, 1], [True, False, False, True])
    assert (tally.genres, tally.tagged) == ({"rock": 1, "pop": 1}, 2)
    assert (tally.labels, tally.analyzed) == ({(SPACE, "Guitar"): 1, (SPACE, "Drum"): 1}, {SPACE: 2})
    assert set(library.cluster_numbers(library).values()) == {1}
    assert len(library.cluster_numbers(library)) == 4


def test_tracks_that_come_later_are_new_until_clusters_are_found_again(library: Library):
    write_songs(library, [song("/0.flac")])
    assert not library.clusters()
    clusters_of(library, [1])
    write_songs(library, [song("/1.flac"), song("/2.flac")])
    assert (library.clusters().new, library.clusters().stale) == (2, True)
    assert len(library.cluster_numbers(library)) == 1
    clusters_of(library, [1, 2, 3])
    assert (len(library.clusters()), library.clusters().new, library.clusters().stale) == (3, 0, False)
