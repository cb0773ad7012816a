"""Music in an object store: addresses of fsspec's, tried with its file systems of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.errors import UsageError
from segue.ingest.arrow_rows import to_arrow
from segue.sources.contract import AudioFile
from segue.spark.objects import list_objects, outcome_of_object
from tests.conftest import write_music
from tests.spark_session import sail_session

fsspec = pytest.importorskip("fsspec")
pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with sail_session() as made:
        yield made


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Any]:
    """A store in memory with the music of a folder and a broken file, below ``bucket/music``."""
    store = fsspec.filesystem("memory")
    for path in write_music(tmp_path / "music").values():
        store.pipe_file(f"/bucket/music/more/{path.name}", path.read_bytes())
    store.pipe_file("/bucket/music/broken.flac", b"only words")
    store.pipe_file("/bucket/music/.hidden.flac", b"")
    store.pipe_file("/bucket/music/cover.jpg", b"")
    yield store
    store.rm("/bucket", recursive=True)


def test_objects_are_listed_by_their_addresses(bucket: Any, tmp_path: Path):
    found = list_objects("memory://bucket/music", recursive=True)
    assert found[0].path == "memory:///bucket/music/broken.flac"
    assert found[0].size == len(b"only words")
    assert found[0].mtime_ns > 0
    assert len(found) == 1 + len(list((tmp_path / "music").rglob("*.*")))
    assert [Path(one.path).name for one in list_objects("memory://bucket/music", recursive=False)] == [
        "broken.flac"
    ]


def test_objects_have_the_vectors_of_their_files(bucket: Any, tmp_path: Path):
    from segue.embed.registry import make_embedders
    from segue.ingest.embed_files import outcome_of

    embedders = make_embedders(["descriptors"])
    path = next(iter((tmp_path / "music").rglob("*.*")))
    file = AudioFile(f"memory://bucket/music/more/{path.name}", path.stat().st_size, path.stat().st_mtime_ns)
    here = outcome_of(AudioFile(str(path), file.size, file.mtime_ns), embedders)
    there = outcome_of_object(file, embedders)
    specs = [embedder.spec for embedder in embedders]
    ours, theirs = (to_arrow([one], specs).to_pylist()[0] for one in (there, here))
    assert ours.pop("path") == file.path
    assert theirs.pop("path") == str(path)
    assert ours == theirs


def test_objects_that_cannot_be_used_are_failures(bucket: Any):
    broken = outcome_of_object(AudioFile("memory://bucket/music/broken.flac", 10, 1), [])
    assert broken.path == "memory://bucket/music/broken.flac"
    assert "segue-object-" not in broken.reason
    gone = outcome_of_object(AudioFile("memory://bucket/music/gone.flac", 10, 1), [])
    assert gone.reason.startswith("cannot be fetched: FileNotFoundError")


def test_addresses_that_lead_nowhere_are_refused():
    with pytest.raises(UsageError, match="memory://nowhere does not exist"):
        list_objects("memory://nowhere", recursive=True)
    with pytest.raises(UsageError, match="nothing://bucket cannot be read"):
        list_objects("nothing://bucket", recursive=True)


@pytest.mark.slow
def test_spark_embeds_what_lies_at_an_address(session: Any, tmp_path: Path):
    from segue import spark

    write_music(tmp_path / "music")
    (tmp_path / "music/broken.flac").write_text("only words " * 9)
    address = (tmp_path / "music").as_uri()
    rows = (
        spark.embed(spark.files(session, address), ["descriptors"], into=tmp_path / "out")
        .toArrow()
        .to_pylist()
    )
    local = spark.embed(spark.files(session, tmp_path / "music"), ["descriptors"], into=tmp_path / "other")
    expected = {row["path"]: row for row in local.toArrow().to_pylist()}
    assert len(rows) == len(expected)
    for row in rows:
        assert row["path"].startswith("file://")
        other = expected[row["path"].removeprefix("file://")]
        assert (row["error"] is None) == (other["error"] is None)
        if row["error"] is None:
            assert np.array_equal(row["descriptors_1"]["vector"], other["descriptors_1"]["vector"])
    assert sum(row["error"] is not None for row in rows) == 1
