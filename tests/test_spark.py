"""Segue on Spark, tried on Sail, which needs no Java: files, embeddings, libraries, indexes and neighbors."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from segue.embed.registry import make_embedders
from segue.errors import UsageError
from segue.ingest.embed_files import embed_files
from segue.library import Library
from segue.spark.manifest import Manifest
from tests.conftest import SR, tone
from tests.model_files import install_mn04
from tests.spark_session import frame, nearest_by_hand, sail_session

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")
pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

DESCRIPTORS = ["descriptors"]
BOTH = ["descriptors", "mn04"]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with sail_session() as made:
        yield made


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    (folder / "more").mkdir(parents=True)
    for i in range(6):
        soundfile.write(folder / ("more" if i > 3 else "") / f"{i}.flac", tone(220 * (i + 1)), SR)
    (folder / "broken.flac").write_text("only words " * 9)
    return folder


def rows_of(frame: Any) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in frame.toArrow().to_pylist()}


def written(folder: Path) -> dict[str, int]:
    """The files of embeddings, and when they were written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}


def test_files_are_listed_and_not_opened(session: Any, music: Path):
    from segue import spark

    rows = rows_of(spark.files(session, music))
    assert {Path(path).name for path in rows} == {"broken.flac", *(f"{i}.flac" for i in range(6))}
    assert all(row["size"] == Path(path).stat().st_size for path, row in rows.items())
    assert len(rows_of(spark.files(session, music, recursive=False))) == 5
    with pytest.raises(UsageError, match="does not exist"):
        spark.files(session, music / "nowhere")


def test_vectors_are_those_of_a_scan_and_faults_are_rows(session: Any, music: Path, tmp_path: Path):
    from segue import spark

    done = spark.embed(spark.files(session, music), DESCRIPTORS, into=tmp_path / "out", shard_files=3)
    rows = rows_of(done)
    assert len(rows) == 7
    assert [path for path, row in rows.items() if row["error"]] == [str(music / "broken.flac")]
    table = pa.Table.from_batches(embed_files(sorted(rows), DESCRIPTORS))
    for expected in table.to_pylist():
        assert {name: rows[expected["path"]][name] for name in expected} == expected
    assert done.where("error is not null").groupBy("error").count().count() == 1
    assert len(written(tmp_path / "out")) > 1


def test_a_second_run_does_no_work_but_for_new_files(session: Any, music: Path, tmp_path: Path):
    from segue import spark

    out = tmp_path / "out"
    spark.embed(spark.files(session, music), DESCRIPTORS, into=out)
    first = written(out)
    assert len(rows_of(spark.embed(spark.files(session, music), DESCRIPTORS, into=out))) == 7
    assert written(out) == first
    soundfile.write(music / "new.flac", tone(1234), SR)
    rows = rows_of(spark.embed(spark.files(session, music), DESCRIPTORS, into=out))
    assert len(rows) == 8
    assert first.items() < written(out).items()
    assert [run.files for run in Manifest.load(out).runs][1:] == [tuple(written(out).keys() - first.keys())]


def test_another_model_is_embedded_alone(
    session: Any, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from segue import spark
    from segue.spark.embed import installed_embedders

    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path / "models"))
    install_mn04(tmp_path / "models")
    installed_embedders.cache_clear()
    tracks, out = spark.files(session, music), tmp_path / "out"
    spark.embed(tracks, DESCRIPTORS, into=out)
    both = rows_of(spark.embed(tracks, BOTH, into=out))
    assert [run.spaces for run in Manifest.load(out).runs] == [("descriptors-1",), ("mn04-2",)]
    at_once = rows_of(spark.embed(tracks, BOTH, into=tmp_path / "other"))
    for path, row in at_once.items():
        assert {**row, "models": ""} == {**both[path], "models": ""}
    assert at_once[str(music / "0.flac")]["mn04_2"]["vector"] is not None


def test_files_with_an_error_are_tried_again_when_asked(session: Any, music: Path, tmp_path: Path):
    from segue import spark

    out, broken = tmp_path / "out", music / "broken.flac"
    soundfile.write(tmp_path / "good.flac", tone(700), SR)
    whole = (tmp_path / "good.flac").read_bytes()
    broken.write_bytes(b"words" + bytes(len(whole) - 5))
    times = broken.stat().st_atime_ns, broken.stat().st_mtime_ns
    tracks = spark.files(session, music)
    assert rows_of(spark.embed(tracks, DESCRIPTORS, into=out))[str(broken)]["error"]
    broken.write_bytes(whole)
    os.utime(broken, ns=times)
    assert rows_of(spark.embed(tracks, DESCRIPTORS, into=out))[str(broken)]["error"]
    rows = rows_of(spark.embed(tracks, DESCRIPTORS, into=out, retry_failed=True))
    assert len(rows) == 7
    assert not [row for row in rows.values() if row["error"]]


def test_a_driver_that_dies_before_its_commit_loses_no_file_and_doubles_none(
    session: Any, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from segue import spark

    out = tmp_path / "out"

    def die(_: Manifest) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Manifest, "save", die)
        with pytest.raises(KeyboardInterrupt):
            spark.embed(spark.files(session, music), DESCRIPTORS, into=out, shard_files=3)
    (out / ".half.parquet.1.part").write_bytes(b"half")
    left = written(out)
    rows = rows_of(spark.embed(spark.files(session, music), DESCRIPTORS, into=out, shard_files=3))
    assert written(out) == left
    assert len(rows) == 7
    assert not list(out.glob("*.part"))


def test_a_task_that_runs_twice_makes_one_file(music: Path, tmp_path: Path):
    from segue.spark.embed import embed_part

    (embedder,) = make_embedders(DESCRIPTORS)
    out = tmp_path / "out"
    out.mkdir()
    files = [path.stat() for path in sorted(music.glob("*.flac"))]
    batch = pa.RecordBatch.from_pydict(
        {
            "path": [str(path) for path in sorted(music.glob("*.flac"))],
            "size": [one.st_size for one in files],
            "mtime_ns": [one.st_mtime_ns for one in files],
            "shard": [0] * len(files),
        }
    )
    digests = {"descriptors": embedder.spec.digest()}
    from segue.version import __version__

    first = list(embed_part([batch], str(out), digests, "0/1", __version__))
    second = list(embed_part([batch], str(out), digests, "0/1", __version__))
    assert first == second
    assert [path.name for path in out.iterdir()] == [first[0].column("file")[0].as_py()]
    with pytest.raises(UsageError, match=r"the driver 0\.0\.0: install the same"):
        list(embed_part([batch], str(out), digests, "0/1", "0.0.0"))
    with pytest.raises(UsageError, match="another model 'descriptors' than the driver"):
        list(embed_part([batch], str(out), {"descriptors": "other"}, "0/1", __version__))


def test_a_path_twice_and_a_folder_of_another_job_are_refused(session: Any, music: Path, tmp_path: Path):
    from segue import spark

    tracks, out = spark.files(session, music), tmp_path / "out"
    with pytest.raises(UsageError, match="a path is there twice"):
        spark.embed(tracks.unionByName(tracks), DESCRIPTORS, into=out)
    spark.embed(tracks, DESCRIPTORS, into=out)
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["specs"]["descriptors-1"] = manifest["specs"]["descriptors-1"].replace("103", "104")
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match=r"made by .*104.*would make them by .*103"):
        spark.embed(tracks, DESCRIPTORS, into=out)
    (out / "manifest.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read as a manifest"):
        spark.embed(tracks, DESCRIPTORS, into=out)


def test_no_files_make_no_rows(session: Any, tmp_path: Path):
    from segue import spark

    (tmp_path / "empty").mkdir()
    assert (
        rows_of(spark.embed(spark.files(session, tmp_path / "empty"), DESCRIPTORS, into=tmp_path / "o")) == {}
    )


def test_embeddings_become_a_library_that_a_scan_finds_whole(session: Any, music: Path, tmp_path: Path):
    from segue import spark

    out = tmp_path / "out"
    spark.embed(spark.files(session, music), DESCRIPTORS, into=out, shard_files=3)
    report = spark.library(out, tmp_path / "ours")
    assert (report.added, report.failed) == (6, 1)
    assert spark.library(out, tmp_path / "ours").unchanged == 6
    with Library.open(tmp_path / "scanned", create=True, embedders=DESCRIPTORS) as scanned:
        scanned.scan(music)
        expected = {track.path: row.tobytes() for track, row in scanned.rows("descriptors-1")}
        answers = [match.track.path for match in scanned.similar("0", k=3)]
    with Library.open(tmp_path / "ours", embedders=DESCRIPTORS) as ours:
        assert {track.path: row.tobytes() for track, row in ours.rows("descriptors-1")} == expected
        assert [match.track.path for match in ours.similar("0", k=3)] == answers
        again = ours.scan(music)
        assert (again.added, again.unchanged, again.still_failing) == (0, 6, 1)


def test_the_commands_embed_index_search_and_make_a_library(segue: Any, music: Path, tmp_path: Path):
    out, index = tmp_path / "out", tmp_path / "index"
    code, told, err = segue("spark", "embed", music, "--into", out, "-e", "descriptors")
    assert (code, told) == (1, f"6 embedded, 1 failed; embeddings: {out}\n")
    assert f"failed: {music / 'broken.flac'}: " in err
    assert segue("spark", "index", out, "--into", index)[1].startswith("6 vectors of 103 numbers, 1 left out")
    rows = json.loads(segue("spark", "nearest", out, index, "-k", 2, "--json")[1])
    assert len(rows) == 6 * 2 + 1
    assert "0.flac" in segue("spark", "nearest", out, index, "-k", 2, "--exact")[1]
    assert segue("spark", "nearest", out, index, "-o", tmp_path / "near.parquet")[0] == 0
    assert pa.parquet.read_table(tmp_path / "near.parquet").num_rows == 6 * 6 + 1
    assert segue("spark", "library", out, tmp_path / "l")[1].startswith("6 added, 0 unchanged, 1 failed")
    assert segue("spark", "index", tmp_path, "--into", index)[2].endswith(
        "holds no embeddings yet; expected a folder that embed filled\n"
    )


# Indexes and neighbors


@pytest.mark.parametrize("from_files", [True, False])
def test_exact_neighbors_are_those_by_hand(
    session: Any, tmp_path: Path, rng: np.random.Generator, from_files: bool
):
    from segue import spark

    x = rng.standard_normal((90, 8)).astype(np.float32)
    rows = frame(session, list(x))
    if from_files:
        made = spark.build_index(rows, into=tmp_path / "index", shard_rows=40)
        assert (made.rows, made.dim, made.left_out) == (90, 8, 0)
        assert len(made.shards) > 1
    near = spark.nearest(rows, tmp_path / "index" if from_files else rows, k=4, exact=True)
    found: dict[str, list[tuple[int, str]]] = {}
    for row in near.toArrow().to_pylist():
        found.setdefault(row["id"], []).append((row["rank"], row["neighbor"]))
    for i in range(90):
        assert [name for _, name in sorted(found[f"t{i:03d}"])] == nearest_by_hand(x, i, 4)


def test_a_query_has_k_rows_or_all_there_are_and_none_is_dropped(session: Any, tmp_path: Path):
    from segue import spark

    index = tmp_path / "index"
    vectors = [[1.0, 0.0], [0.0, 1.0], None, [np.nan, 1.0], [0.0, 0.0], [1.0, 1.0]]
    made = spark.build_index(frame(session, vectors), into=index)
    assert (made.rows, made.left_out) == (3, 3)
    answers = spark.nearest(frame(session, vectors), index, k=10).toArrow().to_pylist()
    by_id = {name: [row for row in answers if row["id"] == name] for name in (f"t{i:03d}" for i in range(6))}
    assert [len(rows) for rows in by_id.values()] == [3, 3, 1, 1, 1, 3]
    assert [row["neighbor"] for row in by_id["t000"]] == ["t000", "t005", "t001"]
    assert by_id["t000"][1]["score"] == pytest.approx(0.5**0.5)
    assert by_id["t002"] == [{"id": "t002", "rank": None, "neighbor": None, "score": None}]
    with pytest.raises(UsageError, match="k is 0"):
        spark.nearest(frame(session, vectors), index, k=0)


def test_nothing_is_near_where_nothing_is(session: Any, tmp_path: Path):
    from segue import spark

    spark.build_index(frame(session, []), into=tmp_path / "index")
    assert spark.nearest(frame(session, []), tmp_path / "index").count() == 0
    assert spark.nearest(frame(session, [[1.0, 2.0]]), tmp_path / "index").count() == 0


def test_most_of_the_nearest_are_found_in_lists(session: Any, tmp_path: Path, rng: np.random.Generator):
    from segue import spark

    centers = rng.standard_normal((40, 16))
    x = (centers[rng.integers(0, 40, 3000)] + 0.5 * rng.standard_normal((3000, 16))).astype(np.float32)
    ids = [f"t{i:03d}" for i in range(3000)]
    rows = frame(session, list(x), ids)
    spark.build_index(rows, into=tmp_path / "index", shard_rows=2000)
    some = frame(session, list(x[:100]), ids[:100])
    found = spark.nearest(some, tmp_path / "index", k=10, recall=0.9).toArrow().to_pylist()
    hits = sum(row["neighbor"] in nearest_by_hand(x, int(row["id"][1:]), 10) for row in found)
    assert len(found) == 1000
    assert hits >= 900


def test_wrong_rows_for_an_index_are_refused(session: Any, tmp_path: Path):
    from segue import spark

    rows = frame(session, [[1.0, 0.0], [0.0, 1.0]])
    spark.build_index(rows, into=tmp_path / "index")
    assert spark.build_index(rows, into=tmp_path / "index").rows == 2
    with pytest.raises(UsageError, match=r"holds an index of 2 rows.*this one is of 1 rows"):
        spark.build_index(frame(session, [[1.0, 2.0]]), into=tmp_path / "index")
    with pytest.raises(UsageError, match="the id 'a' is there twice"):
        spark.build_index(frame(session, [[1.0, 0.0], [0.0, 1.0]], ["a", "a"]), into=tmp_path / "other")
    assert not (tmp_path / "other" / "manifest.json").exists()
    with pytest.raises(UsageError, match="holds no index"):
        spark.nearest(rows, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="which column holds the vectors"):
        spark.nearest(rows.select("id"), tmp_path / "index")
    shutil.rmtree(tmp_path / "other")


def test_embeddings_are_searched_by_the_vectors_of_a_model(session: Any, music: Path, tmp_path: Path):
    from segue import spark

    done = spark.embed(spark.files(session, music), DESCRIPTORS, into=tmp_path / "out")
    spark.build_index(done, into=tmp_path / "index")
    near = spark.nearest(done, tmp_path / "index", k=2).toArrow().to_pylist()
    assert len(near) == 6 * 2 + 1
    assert all(row["neighbor"] == row["id"] for row in near if row["rank"] == 1)
