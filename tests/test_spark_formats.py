"""Libraries and MongoDB as DataFrames of Spark, tried on Sail with servers that speak MongoDB's protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from segue.errors import UsageError
from segue.library import Library
from tests.conftest import write_music
from tests.mongo_server import Server, database_of, fixtures
from tests.spark_session import sail_session

pa = pytest.importorskip("pyarrow")
bson = pytest.importorskip("bson")
pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

kept_server, server, uri = fixtures()
DIM = 8
OBJECT_ID = "64b7f0f0f0f0f0f0f0f0f0f0"


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from segue import spark

    with sail_session() as made:
        spark.register(made)
        yield made


@pytest.fixture
def songs(server: Server, uri: str) -> Iterator[Any]:
    with server.client() as client:
        yield client[database_of(uri)].songs


def read(session: Any, uri: str, schema: str | None = None, **options: Any) -> Any:
    reader = session.read.format("mongodb").options(uri=uri, collection="songs", **options)
    return (reader.schema(schema) if schema else reader).load()


def rows(frame: Any, key: str = "_id") -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in frame.toArrow().to_pylist()}


def vectors(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, DIM)).astype(np.float32)


def as_bson(vector: np.ndarray) -> Any:
    return bson.Binary(b"\x27\x00" + vector.astype("<f4").tobytes(), 9)


def test_documents_are_rows_with_the_columns_they_have(session: Any, songs: Any, uri: str):
    x = vectors(2)
    when = datetime(2020, 1, 2, tzinfo=UTC)
    songs.insert_one({"_id": "a", "title": "A", "year": 1999, "tempo": 99.5, "embedding": x[0].tolist(),
                      "live": True, "at": when, "album": {"name": "One", "disc": 2}})  # fmt: skip
    songs.insert_one({"_id": "b", "title": 7, "year": 2001, "tempo": 3, "embedding": x[1].tolist(),
                      "genres": ["rock", "pop"]})  # fmt: skip
    found = rows(read(session, uri))
    assert found["a"]["embedding"] == pytest.approx(x[0].tolist())
    assert found["a"]["album"] == {"name": "One", "disc": 2}
    assert (found["a"]["at"], found["a"]["live"]) == (when.replace(tzinfo=None), True)
    assert (found["a"]["year"], found["a"]["genres"]) == (1999, None)
    assert (found["b"]["tempo"], found["b"]["genres"], found["b"]["live"]) == (3.0, ["rock", "pop"], None)
    assert [found[name]["title"] for name in "ab"] == ["A", "7"]
    chosen = rows(read(session, uri, "_id string, year int, nothing string"))
    assert chosen["b"] == {"_id": "b", "year": 2001, "nothing": None}


def test_all_documents_come_once_whatever_their_ids_and_the_partitions(
    session: Any, songs: Any, uri: str, server: Server
):
    names: list[Any] = [f"s{i:03d}" for i in range(300)]
    if server.kind == "secantusdb":  # the other one orders ids of several types in ways of its own
        names += [*range(100), bson.ObjectId(OBJECT_ID), bson.Binary.from_uuid(UUID(int=5)), 2.5]
    songs.insert_many([{"_id": name, "n": i} for i, name in enumerate(names)])
    for partitions in (1, 7):
        found = read(session, uri, partitions=partitions).toArrow().to_pylist()
        assert sorted(row["_id"] for row in found) == sorted(
            [str(UUID(int=5)) if isinstance(name, bytes) else str(name) for name in names]
        )
        assert sorted(row["n"] for row in found) == list(range(len(names)))


def test_conditions_go_to_the_server_and_change_no_answer(session: Any, songs: Any, uri: str):
    documents: list[dict[str, Any]] = [
        {"_id": f"s{i:02d}", "year": 1990 + i, "tempo": i / 2, "title": "t" * (i % 3), "live": i % 2 == 0}
        for i in range(40)
    ]
    songs.insert_many([*documents, {"_id": "words", "year": "none"}])
    columns = "_id string, year int, tempo double, title string, live boolean"
    frame = read(session, uri, columns)
    for condition in ("_id = 's07'", "_id in ('s01', 's02', 'x')", "year > 2020 and tempo < 18.5",
                      "year = 2001 or title = 'tt'", "title = ''", "live and year <= 2000",
                      "year is not null",
                      "title like 't%'", "year is null", "not live", "tempo >= 19"):  # fmt: skip
        expected = sorted(row["_id"] for row in frame.toArrow().to_pylist() if _holds(condition, row))
        assert sorted(rows(frame.where(condition))) == expected, condition


def _holds(condition: str, row: dict[str, Any]) -> bool:
    year, tempo, title = row["year"] or 0, -1.0 if row["tempo"] is None else row["tempo"], row["title"]
    return {
        "_id = 's07'": row["_id"] == "s07",
        "_id in ('s01', 's02', 'x')": row["_id"] in ("s01", "s02", "x"),
        "year > 2020 and tempo < 18.5": year > 2020 and tempo < 18.5,
        "year = 2001 or title = 'tt'": year == 2001 or title == "tt",
        "title = ''": title == "",
        "live and year <= 2000": bool(row["live"]) and year <= 2000,
        "year is not null": row["year"] is not None,
        "title like 't%'": bool(title),
        "year is null": row["year"] is None,
        "not live": row["live"] is False,
        "tempo >= 19": tempo >= 19,
    }[condition]


def test_a_filter_becomes_a_query_that_finds_no_less():
    from pyspark.sql import types
    from pyspark.sql.datasource import EqualTo, GreaterThan, In, IsNotNull, IsNull, StringStartsWith

    from segue.spark.mongo import to_query

    inner = types.StructType([types.StructField("x", types.IntegerType())])
    fields = {"_id": types.StringType(), "n": types.LongType(), "d": types.DoubleType(), "s": inner,
              "f": types.FloatType(), "a.b": types.LongType()}  # fmt: skip
    schema = types.StructType([types.StructField(name, kind) for name, kind in fields.items()])
    assert to_query(EqualTo(("_id",), OBJECT_ID), schema) == {
        "_id": {"$in": [OBJECT_ID, bson.ObjectId(OBJECT_ID)]}
    }
    assert 12 in to_query(In(("_id",), ["12", "x"]), schema)["_id"]["$in"]
    assert to_query(GreaterThan(("n",), 3), schema) == {"n": {"$gt": 3}}
    assert str(to_query(GreaterThan(("d",), 3.0), schema)) == "{'$or': [{'d': {'$gt': 3.0}}, {'d': nan}]}"
    assert to_query(EqualTo(("s", "x"), 1), schema) == {"s.x": {"$in": [1]}}
    assert to_query(IsNotNull(("s",)), schema) == {"s": {"$ne": None}}
    for other in (GreaterThan(("_id",), "a"), IsNull(("n",)), StringStartsWith(("_id",), "a"),
                  EqualTo(("f",), 0.5), EqualTo(("a.b",), 1), EqualTo(("away",), 1)):  # fmt: skip
        assert to_query(other, schema) is None


def test_rows_are_written_by_their_ids_and_a_second_time_changes_nothing(
    session: Any, songs: Any, uri: str, server: Server
):
    x = vectors(300)
    songs.insert_one({"_id": "s000", "title": "stays", "n": -1})
    types = pa.schema([("song", pa.string()), ("n", pa.int64()), ("vector", pa.list_(pa.float32()))])
    table = pa.table(
        {"song": [f"s{i:03d}" for i in range(300)], "n": range(300), "vector": list(x)}, schema=types
    )
    writer = session.createDataFrame(table).repartition(3).write.format("mongodb").mode("append")
    for kind in ("bson", "array"):
        if kind == "bson" and server.kind != "secantusdb":
            continue  # the other one keeps no subtypes
        for _ in range(2):
            writer.options(uri=uri, collection="songs", id="song", vectors=kind).save()
        found = rows(read(session, uri, "_id string, title string, n int, vector array<float>"))
        assert len(found) == songs.count_documents({}) == 300
        assert all(row["n"] == int(name[1:]) for name, row in found.items())
        assert found["s007"]["vector"] == x[7].tolist()
        assert found["s000"]["title"] == "stays"
        assert isinstance(songs.find_one({"_id": "s001"})["vector"], bytes if kind == "bson" else list)
    if server.kind == "secantusdb":
        more = pa.table({"_id": [OBJECT_ID], "n": [5]})
        session.createDataFrame(more).write.format("mongodb").mode("append").options(
            uri=uri, collection="songs", ids="objectid").save()  # fmt: skip
        assert songs.find_one({"_id": bson.ObjectId(OBJECT_ID)})["n"] == 5


def test_what_cannot_be_read_or_written_is_told_without_the_password(session: Any, uri: str):
    frame = session.createDataFrame(pa.table({"song": ["a"], "n": [1]}))
    write = frame.write.format("mongodb").options(uri=uri, collection="songs")
    with pytest.raises(Exception, match=r"no column '_id' is there to be the _id; there are song, n"):
        write.mode("append").save()
    with pytest.raises(Exception, match=r"would delete the collection"):
        write.mode("overwrite").save()
    with pytest.raises(Exception, match=r"needs .option\(\"uri\""):
        session.read.format("mongodb").load().count()
    with pytest.raises(Exception, match="expected a number of 1 or more"):
        read(session, uri, partitions="many").count()
    gone = "mongodb://me:secret@127.0.0.1:9/x?serverSelectionTimeoutMS=100"
    with pytest.raises(Exception, match="no MongoDB answers") as raised:
        read(session, gone).count()
    assert "secret" not in str(raised.value)


def expected_order(x: np.ndarray, seed: int, k: int) -> list[int]:
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    return [i for i in np.argsort(-(units @ units[seed]), kind="stable").tolist() if i != seed][:k]


def test_the_command_recommends_from_a_collection(segue: Any, songs: Any, uri: str):
    x = vectors(200)
    songs.insert_many(
        [{"_id": f"s{i:03d}", "title": f"Song {i}", "features": row.tolist()} for i, row in enumerate(x)]
    )
    songs.insert_one({"_id": "empty", "title": "no vector"})
    command = ("spark", "recommend", "s017", uri, "--collection", "songs", "-k", 5)
    code, out, _ = segue(*command, "--json")
    answers = json.loads(out)
    assert code == 0
    assert [row["rank"] for row in answers] == [1, 2, 3, 4, 5]
    assert [row["id"] for row in answers] == [f"s{i:03d}" for i in expected_order(x, 17, 5)]
    assert answers[0]["title"] == f"Song {expected_order(x, 17, 1)[0]}"
    assert answers[0]["id"] in segue(*command)[1]
    assert "no row has 'nobody' in the column '_id'" in segue("spark", "recommend", "nobody", *command[3:])[2]
    assert "'empty' has no vector" in segue("spark", "recommend", "empty", *command[3:])[2]
    assert "needs --collection" in segue("spark", "recommend", "s017", uri)[2]


# Libraries


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    write_music(folder / "music")
    with Library.open(folder / "ours", create=True, embedders=["descriptors"]) as opened:
        opened.scan(folder / "music")
    return folder / "ours"


def test_a_library_is_a_frame_of_tracks_and_vectors(
    session: Any, library: Path, monkeypatch: pytest.MonkeyPatch
):
    import segue.spark.library_source as source

    monkeypatch.setattr(source, "BATCH_TRACKS", 5)
    monkeypatch.setattr(source, "PARTITION_TRACKS", 7)
    found = rows(session.read.format("segue").load(str(library)), "id")
    with Library.open(library) as opened:
        expected = {track.id: (track, row) for track, row in opened.rows("descriptors-1")}
    assert found.keys() == expected.keys()
    for name, (track, row) in expected.items():
        assert (found[name]["title"], found[name]["artist"], found[name]["path"]) == (
            track.title, track.artist, track.path)  # fmt: skip
        assert np.array_equal(np.array(found[name]["descriptors_1"], np.float32), row)
    with pytest.raises(Exception, match="no column 'polka'"):
        session.read.format("segue").schema("polka string").load(str(library)).count()
    with pytest.raises(Exception, match="needs the folder of a library"):
        session.read.format("segue").load().count()


def test_an_index_of_a_view_answers_as_the_library_compares(session: Any, library: Path, tmp_path: Path):
    from segue import spark

    tracks = session.read.format("segue").option("view", "default").load(str(library))
    spark.build_index(tracks, into=tmp_path / "index", vector="view")
    near = spark.nearest(tracks, tmp_path / "index", k=4, vector="view").toArrow().to_pylist()
    found = {row["id"]: [r["neighbor"] for r in near if r["id"] == row["id"]] for row in near}
    with Library.open(library) as opened:
        for track, _ in opened.rows("descriptors-1"):
            own = [match.track.id for match in opened.similar(track.id, k=3)]
            assert found[track.id][1:] == own


def test_the_command_recommends_from_a_library(segue: Any, library: Path):
    with Library.open(library) as opened:
        seed = opened.search("low number 0")[0].track
        own = [match.track.id for match in opened.similar(seed.id, k=3)]
    code, out, _ = segue("spark", "recommend", seed.id, library, "--view", "default", "-k", 3, "--json")
    assert (code, [row["id"] for row in json.loads(out)]) == (0, own)
    assert seed.title not in segue("spark", "recommend", seed.id, library, "--vector", "descriptors_1")[1]


def test_recommending_asks_for_at_least_one(session: Any, library: Path):
    from segue import spark

    tracks = session.read.format("segue").load(str(library))
    with pytest.raises(UsageError, match="k is 0"):
        spark.recommend(tracks, "x", k=0)
