"""Exports to real servers that speak MongoDB's protocol; the server or the export is killed in the middle."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from bson import Binary
from bson.binary import BinaryVectorDtype
from pymongo import MongoClient

import segue.export.mongo
from segue.errors import EmptyLibraryError, LibraryError, SourceError, SpecMismatchError
from segue.export.mongo import export_mongo
from segue.library import Library
from segue.sources.contract import ImportBatch, Space, SpaceRows
from segue.sources.mongo import Fields, Mongo
from segue.sources.mongo.address import parse_address
from segue.spec import EmbedderSpec, Label, SpaceSettings
from tests.command_table import documented_keys
from tests.following import Doing, Telling
from tests.mongo_server import fixtures, give_up_soon
from tests.sounds import start

MANY = 600
FEW = 40  # documents a request, so that an export has many moments to be killed in
DOT, DOLLAR = "\uff0e", "\uff04"  # full-width, as not every server takes the usual ones

kept_server, server, uri = fixtures()
# nx-27017 0.8 takes new documents with binary data, and does not replace them by others with such.
replacing = pytest.mark.parametrize("kept_server", ["secantusdb"], indirect=True)


def spec(name, dim, dtype="float32"):
    return EmbedderSpec(name, 1, "features", dim, 0, 0, 0, dtype, "none", "made for tests")


class Made:
    """Records with tags, details, labels, and vectors of floats and of bytes, some of which are lacking."""

    name, kind, location, unit, whole = "made", "made", "here", "records", True

    def __init__(self, n, seed=1, **titles):
        rng = np.random.default_rng(seed)
        self.total = n
        self.floats = rng.standard_normal((n, 8)).astype(np.float32)
        self.bytes = rng.integers(1, 256, (n, 4)).astype(np.uint8)
        self.floats[1::10], self.bytes[2::10] = np.nan, 0
        self.floats[3::10, 5] = np.nan  # a hole
        self.titles = [titles.get(f"r{i}", f"Song {i}") for i in range(n)]

    def spaces(self):
        specs = {
            spec("floats", 8): SpaceSettings(),
            spec("bytes.4$", 4, "uint8"): SpaceSettings(windows="|u1"),
        }
        return [Space(s, [f"d{i}" for i in range(s.dim)], settings) for s, settings in specs.items()]

    def batches(self):
        n = self.total
        details = [json.dumps({"plays": i, "a.b": {"$c": [1, "x"]}}) for i in range(n)]
        columns = {
            "title": self.titles,
            "artist": ["A", "B"] * (n // 2),
            "year": [1999] * n,
            "details": details,
        }
        rows = {"floats-1": self.floats, "bytes.4$-1": self.bytes}
        labels = [[Label("Guitar", 0.75), Label("Drum", 0.5)] if i % 2 else [] for i in range(n)]
        yield ImportBatch(
            source=self.name,
            ids=[f"r{i}" for i in range(n)],
            hashes=np.array([hash(title) for title in self.titles], np.int64),
            columns=columns,
            spaces={name: SpaceRows.without_windows(matrix) for name, matrix in rows.items()},
            labels={"floats-1": labels},
            done=n,
        )


@pytest.fixture
def made():
    return Made(20)


def library_of(source, path):
    with Library.open(path, create=True) as library:
        library.import_from(source)
    return path


@pytest.fixture
def root(made, tmp_path):
    return library_of(made, tmp_path / "library")


@pytest.fixture
def database(server, uri):
    with MongoClient(uri, tz_aware=True) as client:
        yield client.get_default_database()


def export(root, uri, **how):
    return export_mongo(root, parse_address(uri, None), **how)


def by_source_id(database, collection="tracks"):
    return {document["source_id"]: document for document in database[collection].find()}


def test_a_document_says_what_the_library_knows(root, made, uri, database):
    report = export(root, uri)
    assert (report.added, report.total, report.exit_code) == (20, 20, 0)
    documents = by_source_id(database)
    with Library.open(root) as library:
        track = library.find("made:r3")
    document = documents["r3"]
    assert document["_id"] == track.id
    assert (document["title"], document["artist"], document["year"]) == ("Song 3", "B", 1999)
    assert (document["source"], document["path"]) == ("made", "made:r3")
    assert document["details"] == {"plays": 3, f"a{DOT}b": {f"{DOLLAR}c": [1, "x"]}}
    assert document["labels"] == [
        {"space": "floats-1", "name": "Guitar", "score": 0.75},
        {"space": "floats-1", "name": "Drum", "score": 0.5},
    ]
    assert documents["r2"]["labels"] == []
    added = datetime.fromtimestamp(track.added_at, UTC)  # to the microsecond; MongoDB keeps milliseconds
    assert document["added_at"] == added.replace(microsecond=added.microsecond // 1000 * 1000)
    assert "album" not in document


def test_vectors_come_back_to_the_last_bit(root, made, uri, database):
    export(root, uri)
    documents = by_source_id(database)
    for i in range(20):
        found = {
            name: np.frombuffer(bytes(value)[2:], "<f4")
            for name, value in documents[f"r{i}"]["vectors"].items()
        }
        expected = {"floats-1": made.floats[i], f"bytes{DOT}4{DOLLAR}-1": made.bytes[i].astype(np.float32)}
        there = {name: x for name, x in expected.items() if np.isfinite(x).any() and x.any()}
        assert {name: x.tobytes() for name, x in found.items()} == {n: x.tobytes() for n, x in there.items()}


@pytest.mark.parametrize("kept_server", ["secantusdb"], indirect=True)  # nx-27017 keeps no subtypes
def test_vectors_are_those_of_bson(root, made, uri, database):
    export(root, uri)
    value = by_source_id(database)["r4"]["vectors"]["floats-1"]
    assert isinstance(value, Binary)
    vector = value.as_vector()
    assert vector.dtype == BinaryVectorDtype.FLOAT32
    assert vector.data == made.floats[4].tolist()


def test_what_was_exported_can_be_imported(root, made, uri, tmp_path):
    export(root, uri)
    with Library.open(tmp_path / "other", create=True) as library:
        report = library.import_from(Mongo(uri, "tracks", Fields("vectors.floats-1")))
        assert (report.added, report.failed) == (16, 4)  # two have no such vector, two one with a hole
        ids, matrix = library.vectors("vectors-1")
        titles = [library[i].title for i in ids]
    for title, row in zip(titles, matrix, strict=True):
        assert row.tobytes() == made.floats[int(title.split()[1])].tobytes()


@replacing
def test_a_second_export_changes_nothing_and_a_third_what_has_changed(root, uri, database):
    export(root, uri)
    before, marker = by_source_id(database), database.segue_exports.find_one()
    again = export(root, uri)
    assert (again.unchanged, again.added, again.changed, again.deleted) == (20, 0, 0, 0)
    assert by_source_id(database) == before
    assert database.segue_exports.find_one() == marker
    library_of(Made(18, r7="Another"), root)
    with Library.open(root) as library:
        library.prune()
    report = export(root, uri)
    assert (report.unchanged, report.changed, report.added, report.deleted) == (17, 1, 0, 2)
    after = by_source_id(database)
    assert set(after) == {f"r{i}" for i in range(18)}
    assert after["r7"]["title"] == "Another"
    later = database.segue_exports.find_one()
    assert (marker["generation"], later["generation"]) == (1, 2)
    assert (marker["tracks"], later["tracks"]) == (20, 18)
    assert marker["digest"] != later["digest"]
    assert later["finished_at"] >= marker["finished_at"]


@pytest.mark.parametrize("kept_server", ["nx-27017"], indirect=True)
def test_a_document_that_the_server_does_not_take_costs_itself(root, uri, database):
    export(root, uri)
    before = by_source_id(database)
    library_of(Made(20, r7="Another"), root)
    report = export(root, uri)
    assert (report.unchanged, report.failed, report.deleted, report.exit_code) == (19, 1, 0, 1)
    assert report.failures[0].where == before["r7"]["_id"]
    assert by_source_id(database) == before
    library_of(Made(20), root)
    assert export(root, uri).unchanged == 20


@replacing
def test_a_missing_track_is_marked_until_it_is_pruned(root, uri, database):
    library_of(Made(18), root)
    assert export(root, uri).added == 20
    gone = {name for name, document in by_source_id(database).items() if "missing_since" in document}
    assert gone == {"r18", "r19"}


def test_documents_of_others_are_left_alone(root, made, uri, database, tmp_path):
    with Library.open(root) as library:
        taken = library.find("made:r5").id
    foreign = [{"_id": taken, "mine": 1}, {"_id": "x", "library": "another", "hash": "0"}]
    database.tracks.insert_many(foreign)
    other = library_of(Made(10, seed=2), tmp_path / "other")
    assert export(root, uri).others == 1
    report = export(other, uri)  # the same ids, as the source has the same name
    assert (report.others, report.added, report.deleted) == (10, 0, 0)
    assert database.tracks.count_documents({}) == 21
    library_of(Made(4), root)
    with Library.open(root) as library:
        library.prune()
    assert export(root, uri).deleted == 15
    assert [database.tracks.find_one({"_id": d["_id"]}) for d in foreign] == foreign
    report = export(other, uri)
    assert (report.others, report.added) == (5, 5)


def test_indexes_are_made(root, uri, database, server):
    report = export(root, uri)
    texts = server.kind != "secantusdb"  # which has no indexes of texts, and says so
    assert [note.partition(":")[0] for note in report.notes] == ([] if texts else ["no index on title"])
    keys = [list(index["key"]) for index in database.tracks.list_indexes()]
    for name in ("library", "artist", "genre", "year"):
        assert [name] in keys
    if texts:
        found = [document["title"] for document in database.tracks.find({"$text": {"$search": "7"}})]
        assert found == ["Song 7"]


@replacing
def test_chosen_spaces_only(root, uri, database):
    assert export(root, uri, spaces=["floats-1"]).added == 20
    assert {name for d in database.tracks.find() for name in d["vectors"]} == {"floats-1"}
    assert [space["_id"] for space in database.segue_spaces.find()] == ["floats-1"]
    assert export(root, uri).changed == 18  # two have no bytes
    with pytest.raises(
        LibraryError, match=r"no space 'nope' in this library; it has: bytes\.4\$-1, floats-1"
    ):
        export(root, uri, spaces=["nope"])


def test_vectors_of_another_spec_are_refused_before_anything_is_written(root, uri, database):
    database.segue_spaces.insert_one({"_id": "floats-1", "spec": "{}", "dimensions": []})
    with pytest.raises(SpecMismatchError, match="holds vectors of another floats-1"):
        export(root, uri)
    assert database.tracks.count_documents({}) == 0


def test_too_large_a_track_costs_itself(root, uri, database, monkeypatch):
    monkeypatch.setattr("segue.sources.mongo.tracks.MAX_BYTES", 2000)
    library_of(Made(20, r3="x" * 3000), root)
    report = export(root, uri)
    assert (report.added, report.failed, report.exit_code) == (19, 1, 1)
    assert "more than MongoDB takes" in report.failures[0].reason
    monkeypatch.undo()
    assert export(root, uri).added == 1
    monkeypatch.setattr("segue.sources.mongo.tracks.MAX_BYTES", 2000)
    assert export(root, uri).deleted == 0  # what was written before stays
    assert "r3" in by_source_id(database)


def test_an_empty_library_exports_and_deletes_nothing(root, uri, database, tmp_path):
    export(root, uri)
    library_of(Made(0), root)
    with Library.open(root) as library:
        library.prune()
    with pytest.raises(EmptyLibraryError):
        export(root, uri)
    assert database.tracks.count_documents({}) == 20


def assert_whole(documents, source):
    """Each document has all of its parts."""
    for name, document in documents.items():
        i = int(name[1:])
        assert document["title"] == source.titles[i]
        found = document["vectors"].get("floats-1")
        expected = source.floats[i].tobytes() if np.isfinite(source.floats[i]).any() else None
        assert (bytes(found)[2:] if found else None) == expected
        assert set(document) >= {"hash", "library", "labels", "details", "added_at"}


@pytest.mark.slow
def test_a_server_killed_in_the_middle_and_the_next_export_goes_on(server, uri, tmp_path, monkeypatch):
    monkeypatch.setattr(segue.export.mongo, "BULK", FEW)
    source = Made(MANY)
    root = library_of(source, tmp_path / "library")
    with pytest.raises(SourceError, match="every document that was written is whole") as raised:
        export(root, give_up_soon(monkeypatch, uri), progress=Doing(4, server.kill))
    assert "no MongoDB answers" in str(raised.value)
    server.start()
    with MongoClient(uri) as client:
        database = client.get_default_database()
        there = by_source_id(database)
        assert 0 < len(there) < MANY
        assert_whole(there, source)
        assert database.segue_exports.find_one() is None
        report = export(root, uri)
        assert (report.unchanged, report.added) == (len(there), MANY - len(there))
        assert_whole(by_source_id(database), source)
        assert database.segue_exports.find_one()["tracks"] == MANY


@pytest.mark.slow
def test_a_server_that_comes_back_at_once_is_written_on_to(server, uri, tmp_path, monkeypatch):
    monkeypatch.setattr(segue.export.mongo, "BULK", FEW)
    source = Made(MANY)
    root = library_of(source, tmp_path / "library")

    def restart():
        server.kill()
        server.start()

    report = export(root, uri, progress=Doing(4, restart))
    assert (report.added, report.failed) == (MANY, 0)
    with MongoClient(uri) as client:
        documents = by_source_id(client.get_default_database())
    assert len(documents) == MANY
    assert_whole(documents, source)


def export_and_tell(send, root, uri):
    segue.export.mongo.BULK = FEW

    export(root, uri, progress=Telling(send.in_step))
    send("done")


@pytest.mark.slow
def test_an_export_killed_at_any_moment_ends_like_an_undisturbed_one(server, uri, database, tmp_path):
    source = Made(MANY)
    root = library_of(source, tmp_path / "library")
    n = 0
    for after in (1, 3, 5):  # each goes on where the one before was killed
        process, receiver = start(export_and_tell, root, uri)
        for _ in range(n // FEW + after):
            assert receiver.recv() != "done"
        process.kill()
        process.join()
        there = by_source_id(database)
        assert n < len(there) < MANY
        assert_whole(there, source)
        assert database.segue_exports.find_one() is None
        n = len(there)
    report = export(root, uri)
    # The server may have finished a batch that it was sent before the last kill.
    assert report.unchanged in (n, n + FEW)
    assert report.added == MANY - report.unchanged
    documents = by_source_id(database)
    assert len(documents) == MANY
    assert_whole(documents, source)


@replacing
def test_the_command_exports_and_tells_as_json(root, uri, segue):
    command = ("-l", root, "export", "mongo", uri)
    code, out, _ = segue(*command)
    assert (code, ".tracks: 20 added; " in out) == (0, True)
    code, out, _ = segue(*command, "--json", "--space", "floats-1")
    found = json.loads(out)
    assert (code, found["changed"], found["unchanged"], found["failed"]) == (0, 18, 2, 0)
    assert found.keys() == documented_keys()["export mongo"]
