"""Segue on a small real cluster: machines that die at any moment, tasks that run twice, odd rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from segue.ingest.embed_files import embed_files
from tests.conftest import SR, tone
from tests.spark_cluster import CLASSIC, ROOT, Cluster, environment

pa = pytest.importorskip("pyarrow")
sail = pytest.importorskip("pysail.spark")
pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

MODELS = ["descriptors"]
N = 600
DIM = 16


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def client() -> None:
    """Spark Connect wants the main module's file, which a worker of pytest's has not."""
    main = sys.modules["__main__"]
    with pytest.MonkeyPatch.context() as patched:
        if not hasattr(main, "__file__"):
            patched.setattr(main, "__file__", __file__, raising=False)
        import_module("pyspark.sql.connect.session")


@pytest.fixture(scope="module")
def session(cluster: Cluster, client: None) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    made = SparkSession.builder.remote(f"sc://127.0.0.1:{cluster.connect_port}").create()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten tones, and files that no decoder can read, of which one has the name and the beginning of music."""
    folder = tmp_path_factory.mktemp("music")
    for i in range(10):
        soundfile.write(folder / f"{i}.flac", tone(200 + 50 * i, duration_s=1.0), SR)
    whole = (folder / "0.flac").read_bytes()
    (folder / "words.mp3").write_text("only words " * 9)
    (folder / "poison.flac").write_bytes(whole[:200] + b"\xff" * 5000)
    return folder


@pytest.fixture(scope="module")
def expected(music: Path) -> dict[str, dict[str, Any]]:
    """What one process makes of the music."""
    return {
        row["path"]: row
        for row in pa.Table.from_batches(embed_files(sorted(music.iterdir()), MODELS)).to_pylist()
    }


def want(cluster: Cluster, *faults: str) -> None:
    for fault in faults:
        (cluster.faults / fault).touch()


def rows_of(frame: Any) -> dict[str, dict[str, Any]]:
    rows = frame.toArrow().to_pylist()
    assert len(rows) == len({row["path"] for row in rows})
    return {row["path"]: row for row in rows}


def same(rows: dict[str, dict[str, Any]], expected: dict[str, dict[str, Any]]) -> bool:
    return rows.keys() == expected.keys() and all(
        repr({name: rows[path][name] for name in row}) == repr(row) for path, row in expected.items()
    )


@pytest.mark.parametrize("faults", [["before.parquet"], ["after.parquet", "lag.parquet"]])
def test_embeddings_are_whole_though_a_machine_dies_or_a_task_runs_twice(
    cluster: Cluster, session: Any, music: Path, expected: Any, tmp_path: Path, faults: list[str]
):
    from segue import spark

    want(cluster, *faults)
    done = spark.embed(spark.files(session, music), MODELS, into=tmp_path / "out", shard_files=2)
    rows = rows_of(done)
    assert not list(cluster.faults.iterdir())
    assert same(rows, expected)
    failed = {Path(path).name for path, row in rows.items() if row["error"]}
    assert failed == {"words.mp3", "poison.flac"}
    (run,) = json.loads((tmp_path / "out/manifest.json").read_text())["runs"]
    assert {path.name for path in (tmp_path / "out").glob("*.parquet")} == set(run["files"])


def vectors(n: int = N) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((n, DIM)).astype(np.float32)


def frame(session: Any, x: Any, ids: Any = None) -> Any:
    names = ids or [f"t{i:04d}" for i in range(len(x))]
    types = pa.schema([("id", pa.string()), ("vector", pa.list_(pa.float32()))])
    return session.createDataFrame(pa.table({"id": names, "vector": list(x)}, schema=types))


def neighbors(found: Any) -> dict[str, list[str]]:
    answers: dict[str, list[tuple[int, str]]] = {}
    for row in found.toArrow().to_pylist():
        answers.setdefault(row["id"], []).append((row["rank"], row["neighbor"]))
    return {name: [neighbor for _, neighbor in sorted(ranked)] for name, ranked in answers.items()}


def by_hand(x: np.ndarray, k: int) -> dict[str, list[str]]:
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    order = np.argsort(-(units @ units.T), axis=1, kind="stable")[:, :k]
    return {f"t{i:04d}": [f"t{j:04d}" for j in row] for i, row in enumerate(order)}


def test_neighbors_are_right_though_machines_die(cluster: Cluster, session: Any, tmp_path: Path):
    from segue import spark

    x = vectors()
    rows = frame(session, x)
    want(cluster, "before.index", "after.index")
    made = spark.build_index(rows, into=tmp_path / "index", shard_rows=200)
    assert (made.rows, made.left_out, len(made.shards)) == (N, 0, 3)
    assert not list(cluster.faults.iterdir())
    want(cluster, "open.index")
    found = neighbors(spark.nearest(rows.repartition(6), tmp_path / "index", k=5, exact=True))
    assert not list(cluster.faults.iterdir())
    assert found == by_hand(x, 5)
    assert len(list((tmp_path / "index").glob("*.index"))) == 3


def test_rows_of_all_kinds_have_their_answers(session: Any, tmp_path: Path):
    from segue import spark

    given = [[1.0, 0.0], None, [np.nan, 1.0], [0.0, 0.0], [1.0, 1.0]]
    rows = frame(session, given)
    assert spark.build_index(rows, into=tmp_path / "index").left_out == 3
    found = neighbors(spark.nearest(rows, tmp_path / "index", k=9))
    nobody = {f"t{i:04d}": [None] for i in (1, 2, 3)}
    assert found == {"t0000": ["t0000", "t0004"], "t0004": ["t0004", "t0000"], **nobody}
    nothing = session.createDataFrame([], "id string, vector array<float>")
    assert spark.build_index(nothing, into=tmp_path / "empty").rows == 0
    assert spark.nearest(nothing, tmp_path / "index").count() == 0
    assert neighbors(spark.nearest(rows.limit(1), tmp_path / "empty")) == {}
    with pytest.raises(Exception, match="the id 'a' is there twice"):
        spark.build_index(frame(session, [[1.0], [2.0]], ["a", "a"]), into=tmp_path / "twice")


def test_a_worker_with_another_version_is_refused(
    session: Any, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from segue import spark

    monkeypatch.setattr(sys.modules["segue.spark.embed"], "__version__", "0.0.0")
    with pytest.raises(Exception, match=r"this worker has Segue .*, the driver 0\.0\.0: install the same"):
        spark.embed(spark.files(session, music), MODELS, into=tmp_path / "out")


CLASSIC_DRIVER = """
import json, sys
from pyspark.sql import SparkSession
from segue import spark
given = json.loads(sys.argv[1])
builder = SparkSession.builder.master(given["master"])
for name, value in given["settings"].items():
    builder = builder.config(name, value)
session = builder.getOrCreate()
tracks = spark.files(session, given["music"])
done = spark.embed(tracks, ["descriptors"], into=given["out"] + "/e", shard_files=4)
spark.build_index(done, into=given["out"] + "/i", shard_rows=6)
near = spark.nearest(done, given["out"] + "/i", k=4)
print(json.dumps([done.count(), near.toArrow().to_pylist()]))
session.stop()
"""


def test_classic_connect_and_sail_give_the_same(cluster: Cluster, session: Any, music: Path, tmp_path: Path):
    from pyspark.sql import SparkSession

    given = {
        "master": cluster.master,
        "settings": cluster.settings(),
        "music": str(music),
        "out": str(tmp_path),
    }
    home = environment(cluster.faults) | {"PYTHONPATH": f"{CLASSIC}:{ROOT / 'src'}"}
    ran = subprocess.run([sys.executable, "-c", CLASSIC_DRIVER, json.dumps(given)], env=home, check=False,
                         capture_output=True, text=True, timeout=600)  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    count, classic = json.loads(ran.stdout.splitlines()[-1])
    server = sail.SparkConnectServer()
    server.start(background=True)
    other = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").create()
    answers = [
        answers_of(one, music, tmp_path / name) for one, name in ((session, "connect"), (other, "sail"))
    ]
    other.stop()
    server.stop()
    assert count == 12
    assert_alike(answers[0], answers[1])
    assert_alike(answers[0], sorted(classic, key=by_id))


def assert_alike(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    """The same answers, but for the last bits of scores, and for neighbors that are equally near."""
    assert [by_id(row) for row in some] == [by_id(row) for row in others]
    for one, other in zip(some, others, strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=1e-5)
    for i, (one, other) in enumerate(zip(some, others, strict=True)):
        beside = [row for row in some[max(0, i - 1) : i + 2] if row["id"] == one["id"] and row is not one]
        tied = any(row["score"] == pytest.approx(one["score"], abs=1e-5) for row in beside)
        assert one["neighbor"] == other["neighbor"] or tied, (one, other)


def answers_of(session: Any, music: Path, out: Path) -> list[dict[str, Any]]:
    from segue import spark

    done = spark.embed(spark.files(session, music), MODELS, into=out / "e", shard_files=4)
    spark.build_index(done, into=out / "i", shard_rows=6)
    return sorted(spark.nearest(done, out / "i", k=4).toArrow().to_pylist(), key=by_id)


def by_id(row: dict[str, Any]) -> tuple[str, int]:
    return row["id"], row["rank"] or 0


@pytest.mark.parametrize("shards", [1, 2, 10])
def test_each_shard_has_a_task_of_its_own(session: Any, shards: int):
    from segue.spark.partitions import by_shard
    from segue.spark.session import task_threads

    def look(batches: Any) -> Any:
        found = {shard for batch in batches for shard in batch.column("shard").to_pylist()}
        yield pa.RecordBatch.from_pydict({"shards": [sorted(found)], "threads": [task_threads()]})

    rows = session.range(200).selectExpr("id", f"cast(id % {shards} as int) as shard")
    found = by_shard(rows, shards).mapInArrow(look, "shards array<long>, threads long").collect()
    assert sorted(row["shards"] for row in found) == [[shard] for shard in range(shards)]
    assert {row["threads"] for row in found} == {1}


def test_a_shard_s_key_is_hashed_as_spark_hashes_it(session: Any):
    from segue.spark.partitions import spark_hash

    rows = session.range(-50, 50).selectExpr("hash(cast(id as int)) as hash").collect()
    assert sorted(row["hash"] for row in rows) == sorted(spark_hash(np.arange(-50, 50)).tolist())
