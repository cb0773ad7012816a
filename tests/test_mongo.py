"""Imports from real servers that speak MongoDB's protocol, one of which is killed in the middle."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime

import numpy as np
import pytest
from bson import Binary, ObjectId
from bson.binary import BinaryVectorDtype

import segue.ingest.records
import segue.sources.mongo.reader
from segue.errors import MissingExtraError, SourceError, SpecMismatchError
from segue.library import Library
from segue.sources.mongo import Fields, Mongo
from segue.sources.mongo.vectors import NoVectorError, parse_vector
from tests.command_table import documented_keys
from tests.following import Doing, Telling
from tests.mongo_server import database_of, fixtures, give_up_soon
from tests.sounds import start
from tests.source_contract import SourceContract

DIM = 8
MANY = 2400
FEW = 120  # documents a batch, so that an import has many moments to be killed in

kept_server, server, uri = fixtures()


@pytest.fixture
def collection(server, uri):
    with server.client() as client:
        yield client[database_of(uri)].songs


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def small_batches(monkeypatch):
    make_batches_small(monkeypatch.setattr)


def make_batches_small(set_to=setattr):
    set_to(segue.sources.mongo.reader, "DOCUMENTS", FEW)
    set_to(segue.ingest.records, "COMMIT_RECORDS", FEW)


def rows(n, seed=1):
    return np.random.default_rng(seed).standard_normal((n, DIM)).astype(np.float32)


def song(i, vector, **more):
    return {"_id": f"s{i:05d}", "title": f"Song {i}", "vector": bson_vector(vector), **more}


def bson_vector(vector):
    return Binary.from_vector([float(x) for x in vector], BinaryVectorDtype.FLOAT32)


def songs(uri):
    return Mongo(uri, "songs", Fields("vector"))


def contents(library, space="vectors-1"):
    """What a library has of each track that is there: by source_id, title and vector."""
    ids, matrix = library.vectors(space)
    return {
        library[i].source_id: (library[i].title, row.tobytes())
        for i, row in zip(ids, matrix, strict=True)
        if library[i].missing_since is None
    }


def test_documents_become_tracks_with_tags_details_and_vectors(collection, uri, library):
    matrix = rows(3)
    one = ObjectId()
    collection.insert_many(
        [
            {"_id": one, "track_name": " Ada ", "artists": ["A", "B"], "album": "X", "genre": "Rock",
             "year": 1999, "duration_ms": 61_000, "url": "https://example.org/1", "plays": 7, "live": True,
             "added": datetime(2020, 5, 1, tzinfo=UTC), "meta": {"deep": 1},
             "vector": bson_vector(matrix[0])},
            {"_id": "two", "title": "Bo", "artist": "C", "year": 3, "vector": bson_vector(matrix[1])},
            {"_id": 7, "title": "Cy", "release_date": "2011-04-01", "vector": bson_vector(matrix[2])},
        ]
    )  # fmt: skip
    report = library.import_from(songs(uri))
    assert (report.added, report.failed) == (3, 0)
    tracks = {track.source_id: track for track in library}
    assert set(tracks) == {str(one), "two", "7"}
    ada = tracks[str(one)]
    assert (ada.tags.title, ada.tags.artist, ada.tags.album) == ("Ada", "A; B", "X")
    assert (ada.tags.genre, ada.tags.year, ada.duration_s) == ("Rock", 1999, 61.0)
    assert ada.url == "https://example.org/1"
    assert ada.details == {"plays": 7, "live": True, "added": "2020-05-01T00:00:00+00:00"}
    assert tracks["two"].tags.year is None
    assert tracks["7"].tags.year == 2011
    found = {name: vector for name, (_, vector) in contents(library).items()}
    assert found == {name: matrix[i].tobytes() for i, name in enumerate((str(one), "two", "7"))}


def test_all_three_encodings_give_the_same_vector(collection, uri, library):
    (vector,) = rows(1)
    encodings = {
        "array": [float(x) for x in vector],
        "plain": Binary(vector.astype("<f4").tobytes(), 0),
        "user": Binary(vector.astype("<f4").tobytes(), 128),
        "vector": bson_vector(vector),
    }
    collection.insert_many([{"_id": name, "vector": value} for name, value in encodings.items()])
    assert library.import_from(songs(uri)).added == 4
    assert {name: found for name, (_, found) in contents(library).items()} == dict.fromkeys(
        encodings, vector.tobytes()
    )


def test_a_vector_within_a_document_and_fields_by_other_names(collection, uri, library):
    (vector,) = rows(1)
    collection.insert_one({"_id": "a", "song": "Ada", "big": "x" * 50, "emb": {"audio": vector.tolist()}})
    fields = Fields("emb.audio", columns={"title": "song"}, without=("big",))
    library.import_from(Mongo(uri, "songs", fields, name="mine", space="audio"))
    (track,) = library
    assert (track.source, track.title, dict(track.details)) == ("mine", "Ada", {})
    assert contents(library, "audio-1") == {"a": ("Ada", vector.tobytes())}


def test_each_bad_document_fails_alone(collection, uri, library):
    matrix = rows(2)
    hole = matrix[0].copy()
    hole[3] = np.nan
    bad = {
        "missing": None,
        "short": [1.0, 2.0],
        "words": ["a"] * DIM,
        "text": "no vector",
        "holed": bson_vector(hole),
        "huge": [1e300] * DIM,
        "zero": [0.0] * DIM,
        "odd": Binary(b"abc", 0),
        "nested": [[1.0], [2.0, 3.0]],
    }
    collection.insert_many(
        [song(0, matrix[0]), *({"_id": f"z {k}", "vector": v} for k, v in bad.items()), song(1, matrix[1])]
    )
    report = library.import_from(songs(uri))
    assert (report.added, report.failed, report.exit_code) == (2, len(bad), 1)
    reasons = {problem.where: problem.reason for problem in report.failures}
    assert set(reasons) == {f"z {name}" for name in bad}
    assert reasons["z short"] == "its vector has 2 numbers, expected 8"
    assert "not finite" in reasons["z holed"]
    assert "not finite" in reasons["z huge"]
    assert "no direction" in reasons["z zero"]
    assert "items that are not numbers" in reasons["z words"]
    assert {failure.path for failure in library.failures()} == {f"songs:z {name}" for name in bad}


def test_an_import_again_changes_nothing_and_then_only_what_changed(collection, uri, library):
    matrix = rows(6)
    collection.insert_many([song(i, matrix[i]) for i in range(6)])
    assert library.import_from(songs(uri)).added == 6
    before, ids = contents(library), {track.source_id: track.id for track in library}
    again = library.import_from(songs(uri))
    assert (again.unchanged, again.added, again.changed, again.newly_missing) == (6, 0, 0, 0)
    assert contents(library) == before
    collection.update_one({"_id": "s00001"}, {"$set": {"title": "Other"}})
    collection.update_one({"_id": "s00002"}, {"$set": {"vector": bson_vector(matrix[2] + 1)}})
    collection.delete_one({"_id": "s00003"})
    collection.insert_one(song(9, matrix[3]))
    report = library.import_from(songs(uri))
    assert (report.added, report.changed, report.unchanged, report.newly_missing) == (1, 2, 3, 1)
    assert library.find("s00001").title == "Other"
    assert contents(library)["s00002"][1] == (matrix[2] + 1).tobytes()
    assert {track.source_id for track in library if track.missing_since} == {"s00003"}
    assert all(library.find(name).id == ids[name] for name in ("s00001", "s00002"))


def test_another_field_of_vectors_is_a_change(collection, uri, library):
    matrix = rows(2)
    collection.insert_one(song(0, matrix[0], other=bson_vector(matrix[1])))
    library.import_from(songs(uri))
    assert library.import_from(Mongo(uri, "songs", Fields("other"))).changed == 1
    assert contents(library)["s00000"][1] == matrix[1].tobytes()


def test_vectors_of_another_size_are_not_mixed_with_those_that_are_there(collection, uri, library):
    collection.insert_one(song(0, rows(1)[0]))
    library.import_from(songs(uri))
    collection.insert_one({"_id": "s00001", "small": [1.0, 2.0]})
    with pytest.raises(SpecMismatchError, match="vectors-1"):
        library.import_from(Mongo(uri, "songs", Fields("small")))


@pytest.mark.parametrize("kept_server", ["secantusdb"], indirect=True)  # nx-27017 takes 5 and "5" for one _id
def test_of_ids_of_several_types_with_the_same_text_only_the_later_fails(
    collection, uri, library, small_batches
):
    matrix = rows(FEW + 4)
    collection.insert_many([{"_id": i, "vector": matrix[i].tolist()} for i in range(FEW + 1)])
    collection.insert_many([{"_id": name, "vector": matrix[-1].tolist()} for name in ("5", "five", "6.5")])
    report = library.import_from(songs(uri))
    assert (report.added, report.failed) == (FEW + 3, 1)
    assert "looks the same as that of another document" in report.failures[0].reason
    assert contents(library)["5"][1] == matrix[5].tobytes()


def fill(collection, n=MANY):
    matrix = rows(n)
    for at in range(0, n, 1000):
        collection.insert_many([song(i, matrix[i]) for i in range(at, min(n, at + 1000))])
    return {f"s{i:05d}": (f"Song {i}", matrix[i].tobytes()) for i in range(n)}


@pytest.mark.slow
def test_a_server_killed_in_the_middle_loses_nothing_and_the_next_import_goes_on(
    server, collection, uri, library, small_batches, monkeypatch
):
    expected = fill(collection)
    soon = give_up_soon(monkeypatch, uri)
    with pytest.raises(SourceError, match="goes on from there") as raised:
        library.import_from(songs(soon), progress=Doing(4, server.kill))
    assert "no MongoDB answers" in str(raised.value)
    before = contents(library)
    assert 0 < len(before) < MANY
    assert before.items() <= expected.items()
    server.start()
    report = library.import_from(songs(uri))
    assert (report.unchanged, report.added) == (len(before), MANY - len(before))
    assert contents(library) == expected


@pytest.mark.slow
def test_a_server_that_comes_back_at_once_is_read_on_from_the_last_document(
    server, collection, uri, library, small_batches
):
    expected = fill(collection)

    def restart():
        server.kill()
        server.start()

    report = library.import_from(songs(uri), progress=Doing(4, restart))
    assert (report.added, report.changed, report.unchanged, report.failed) == (MANY, 0, 0, 0)
    assert contents(library) == expected


def import_and_tell(send, uri, path):
    make_batches_small()

    with Library.open(path, create=True) as library:
        library.import_from(songs(uri), progress=Telling(send.in_step))
    send("done")


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 7, 14])
def test_an_import_killed_in_the_middle_ends_like_an_undisturbed_one(
    after, collection, uri, library, tmp_path
):
    expected = fill(collection)
    process, receiver = start(import_and_tell, uri, tmp_path / "killed")
    for _ in range(after):
        assert receiver.recv() != "done"
    process.kill()
    process.join()
    library.import_from(songs(uri))
    with Library.open(tmp_path / "killed") as killed:
        n = len(killed)
        assert n < MANY
        report = killed.import_from(songs(uri))
        assert (report.unchanged, report.added) == (n, MANY - n)
        assert contents(killed) == contents(library) == expected
        killed.verify()


def test_the_command_imports_and_reports_as_json(collection, uri, segue, tmp_path):
    matrix = rows(3)
    collection.insert_many([song(i, matrix[i]) for i in range(3)])
    library = ("-l", tmp_path / "library")
    arguments = ("import", "mongo", uri, "--collection", "songs", "--vector-field", "vector")
    code, out, _ = segue(*library, *arguments)
    assert (code, out.splitlines()[0].startswith("songs: 3 added")) == (0, True)
    code, out, _ = segue(*library, *arguments, "--json")
    found = json.loads(out)
    assert (code, found["unchanged"]) == (0, 3)
    assert found.keys() == documented_keys()["import mongo"]
    code, _, err = segue(*library, *arguments[:4], "absent", *arguments[5:])
    assert code == 2
    assert "has no documents; collections there: " in err
    code, _, err = segue(*library, *arguments[:-1], "nope")
    assert code == 2
    assert "has a vector in 'nope'; the first one has: _id, title, vector" in err


@pytest.mark.slow
def test_a_source_that_is_not_read_holds_no_connection(collection, uri):
    collection.insert_many([song(i, row) for i, row in enumerate(rows(3))])
    before = set(threading.enumerate())
    source = songs(uri)
    drivers = {thread for thread in threading.enumerate() if "mongo" in thread.name} - before
    assert not [thread for thread in drivers if not thread.join(5) and thread.is_alive()]
    assert source.total == 3


def test_without_the_driver_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymongo", None)
    with pytest.raises(MissingExtraError, match=r"MongoDB needs .*: pip install '.*\[mongo\]'"):
        songs("mongodb://127.0.0.1/music")


def test_int8_vectors_are_read_and_other_types_refused():
    small = Binary.from_vector([-128, 0, 127], BinaryVectorDtype.INT8)
    assert parse_vector(small).tolist() == [-128.0, 0.0, 127.0]
    bits = Binary.from_vector([1, 2], BinaryVectorDtype.PACKED_BIT)
    with pytest.raises(NoVectorError, match="0x10"):
        parse_vector(bits)
    with pytest.raises(NoVectorError, match="subtype 5"):
        parse_vector(Binary(b"\0" * 16, 5))


class TestMongo(SourceContract):
    @pytest.fixture
    def make(self, collection, uri):
        def write(n):
            collection.delete_many({})
            matrix = rows(n)
            collection.insert_many([{"_id": "bad"}, *(song(i, matrix[i]) for i in range(n))])
            return songs(uri)

        return write
