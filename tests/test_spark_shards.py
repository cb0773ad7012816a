"""One index in shards: searched whole, a part at a time, by any program, and over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.errors import UsageError, VectorError
from tests.serve_process import Server, serving
from tests.spark_session import frame, nearest_by_hand, sail_session

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

N, DIM = 90, 8


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with sail_session() as made:
        yield made


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((N, DIM)).astype(np.float32)


@pytest.fixture(scope="module")
def index(session: Any, x: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four shards."""
    from segue import spark

    folder = tmp_path_factory.mktemp("shards") / "index"
    made = spark.build_index(frame(session, list(x)), into=folder, shard_rows=25)
    assert len(made.shards) == 4
    return folder


def test_an_index_is_searched_by_any_program(index: Path, x: np.ndarray, segue: Any):
    from segue import spark

    shards = spark.Shards.open(index)
    assert len(shards) == N
    assert np.array_equal(shards.vector_of("t017"), x[17])
    assert [name for name, _ in shards.nearest(x[17], 5, recall=1.0)] == nearest_by_hand(x, 17, 5)
    with pytest.raises(VectorError, match=r"the vector has the shape \(3,\), expected \(8,\)"):
        shards.nearest(x[0, :3])
    with pytest.raises(VectorError, match="zero"):
        shards.nearest(np.zeros(DIM, np.float32))
    answers = json.loads(segue("spark", "recommend", "t017", index, "-k", 4, "--json")[1])
    assert [row["id"] for row in answers] == nearest_by_hand(x, 17, 5)[1:]
    assert "the index has no row 'nobody'" in segue("spark", "recommend", "nobody", index)[2]


@pytest.mark.parametrize("at_once", [1, 3])
def test_shards_that_are_searched_a_part_at_a_time_answer_alike(
    session: Any, index: Path, x: np.ndarray, at_once: int
):
    from segue import spark

    queries = frame(session, [*list(x), None], [*(f"t{i:03d}" for i in range(N)), "none"])
    key = [("id", "ascending"), ("rank", "ascending")]
    whole = spark.nearest(queries, index, k=7, exact=True).toArrow().sort_by(key)
    parts = spark.nearest(queries, index, k=7, exact=True, shards_at_once=at_once).toArrow().sort_by(key)
    assert parts.to_pylist() == whole.to_pylist()
    assert len(parts) == 7 * N + 1
    more = spark.nearest(queries, index, k=200, exact=True, shards_at_once=at_once)
    assert more.count() == N * N + 1


def test_an_id_that_is_there_twice_is_refused_where_parts_are_joined(
    session: Any, index: Path, x: np.ndarray
):
    from segue import spark

    queries = frame(session, [x[0], x[1]], ["one", "one"])
    assert spark.nearest(queries, index, k=2).count() == 4
    with pytest.raises(UsageError, match="the id 'one' is there twice"):
        spark.nearest(queries, index, k=2, shards_at_once=1)
    with pytest.raises(UsageError, match="shards_at_once is 0"):
        spark.nearest(queries, index, shards_at_once=0)


@pytest.fixture(scope="module")
def service(index: Path) -> Iterator[Server]:
    with serving("serve", "--shards", index, "--port", 0) as server:
        yield server


def test_a_service_finds_what_is_nearest_to_rows_and_vectors(service: Server, x: np.ndarray):
    assert service.api("GET", "/index").json() == {"rows": N, "dim": DIM, "shards": 4}
    question = {"queries": ["t017", x[40].tolist()], "k": 5, "recall": 1}
    answer = service.api("POST", "/nearest", json=question)
    assert answer.status_code == 200, answer.text
    of_row, of_vector = answer.json()["answers"]
    assert [one["id"] for one in of_row] == nearest_by_hand(x, 17, 5)
    assert [one["id"] for one in of_vector] == nearest_by_hand(x, 40, 5)
    assert of_row[0]["score"] == pytest.approx(1)
    assert f"{N} rows of {DIM} numbers in 4 shards" in service.client.get("/").text
    assert "/api/v1/nearest" in service.client.get("/docs").text


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({"queries": ["nobody"]}, 404),
        ({"queries": [[1.0, 2.0]]}, 422),
        ({"queries": [[0.0] * DIM]}, 422),
        ({"queries": []}, 422),
        ({"queries": ["t001"], "k": 0}, 422),
        ({"queries": ["t001"], "recall": 2}, 422),
        ({"queries": ["t001"], "n": 3}, 422),
        ({"queries": ["t001"] * 101}, 422),
    ],
)
def test_what_a_service_of_shards_cannot_answer_is_refused(service: Server, question: dict, status: int):
    answer = service.api("POST", "/nearest", json=question)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


def test_numbers_too_large_for_a_vector_are_refused(service: Server):
    body = '{"queries": [[' + ", ".join(["1e39"] * DIM) + "]]}"
    headers = {"content-type": "application/json"}
    assert service.api("POST", "/nearest", content=body, headers=headers).status_code == 422


def test_a_folder_without_an_index_is_refused_before_the_service_starts(tmp_path: Path, segue: Any):
    status, _, err = segue("serve", "--shards", tmp_path)
    assert status == 2
    assert "holds no index" in err


@pytest.mark.parametrize(
    "words",
    [
        ["--max-api"], ["--watch"], ["--folder", "."], ["--embedder", "vggish"], ["--pull"],
        ["--cors-origin", "https://music.example.org"], ["--upload-mb", "5"],
    ],
)  # fmt: skip
def test_what_only_a_library_has_is_refused_beside_shards(tmp_path: Path, segue: Any, words: list[str]):
    status, _, err = segue("serve", "--shards", tmp_path, *words)
    assert status == 2
    assert f"--shards serves an index alone: leave out {words[0]}" in err


def test_a_library_is_refused_beside_shards(tmp_path: Path, segue: Any):
    status, _, err = segue("--library", tmp_path / "library", "serve", "--shards", tmp_path)
    assert status == 2
    assert "leave out --library" in err


def test_a_unit_for_shards_names_no_library(tmp_path: Path, segue: Any):
    _, unit, _ = segue("serve", "--shards", tmp_path, "--port", 8770, "--print-unit")
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert line.endswith(f"serve --no-open --port=8770 --shards={tmp_path}")
    assert "--library" not in line


def test_a_service_below_a_path_with_a_password_is_as_a_librarys(index: Path):
    words = ("--base-path", "/music", "--host", "localhost", "--password", "of everybody", "--port", 0)
    with serving("serve", "--shards", index, *words) as server:
        assert server.address.endswith("/music")
        assert server.api("GET", "/health").json()["rows"] == N  # open to whoever watches it
        start = server.client.get("/")
        assert 'href="/music/docs"' in start.text
        assert server.api("GET", "/index").status_code == 401
        server.client.headers["authorization"] = "Bearer of everybody"
        assert server.api("GET", "/index").json()["rows"] == N
        assert re.search(rf"^segue_rows\S* {N}$", server.client.get("/metrics").text, re.MULTILINE)
        refused = server.api("GET", "/health", headers={"host": "elsewhere.example.org"})
        assert "serve --allow-host" in refused.json()["error"]["message"]
