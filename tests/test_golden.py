"""Libraries that released versions wrote must open, whatever this version writes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import schema
from segue.library import Library
from segue.sources.vectors import Vectors
from segue.spec import spec_from_json, spec_to_json
from tests.conftest import write_music

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def v1(tmp_path: Path) -> Iterator[Library]:
    shutil.copytree(GOLDEN / "v1", tmp_path / "v1")
    with Library.open(tmp_path / "v1") as library:
        yield library


def test_format_1_opens_and_is_whole(v1: Library):
    assert len(v1) == 12
    assert v1.verify() == 3
    assert [failure.path for failure in v1.failures()] == ["/music/broken.mp3"]
    track = v1.find("Low number 2")
    assert (track.path, track.artist, track.tags.album) == ("/music/low2.flac", "The Lows", "low")
    assert track.id == "c38211693754e91e"


def test_format_1_answers(v1: Library):
    for seed in ("Low number 0", "High number 3", "Noise number 1"):
        matches = v1.similar(seed, k=3).matches
        assert {match.track.artist for match in matches} == {v1.find(seed).artist}


def test_format_1_can_be_added_to(v1: Library, tmp_path: Path):
    write_music(tmp_path / "music")
    before = {track.id: np.array(vector) for track, vector in zip(v1, v1.vectors()[1], strict=True)}
    report = v1.scan(tmp_path / "music")
    # The same content at new paths, the old paths being gone: every track keeps its id and its row.
    assert (report.moved, report.added) == (12, 0)
    ids, vectors = v1.vectors()
    assert all((before[track_id] == vector).all() for track_id, vector in zip(ids, vectors, strict=True))


def test_format_1_becomes_format_3_with_every_key_and_row_as_it_was(tmp_path: Path):
    shutil.copytree(GOLDEN / "v1", tmp_path / "v1")

    def rows():
        with contextlib.closing(sqlite3.connect(tmp_path / "v1" / "catalog.sqlite")) as db:
            columns = "key, id, row, path, title, artist, album, genre, year, content_hash, added_at"
            found = db.execute(f"SELECT {columns} FROM tracks ORDER BY key").fetchall()
            return found, db.execute("PRAGMA user_version").fetchone()[0]

    before, version = rows()
    assert (len(before), version) == (12, 1)
    with Library.open(tmp_path / "v1") as library:
        library.verify()
    assert rows() == (before, 3)
    with Library.open(tmp_path / "v1") as library:
        report = library.import_from(Vectors(np.eye(4, dtype=np.float32), name="mine"))
        assert (report.added, len(library)) == (4, 16)
        last = max(key for key, *_ in before)
        assert min(library.tracks.keys_of([library.find("mine:0").id]).values()) > last


def test_format_1_in_a_read_only_folder_is_read_and_stays_as_it_is(tmp_path: Path, monkeypatch):
    shutil.copytree(GOLDEN / "v1", tmp_path / "v1")
    before = {path: path.read_bytes() for path in (tmp_path / "v1").rglob("*") if path.is_file()}
    # The tests may run as one whom no permission stops.
    monkeypatch.setattr(schema.os, "access", lambda *_: False)
    with Library.open(tmp_path / "v1") as library:
        assert len(library) == 12
        assert library.find("Low number 2").source is None
        assert len(library.similar("High number 3", k=3).matches) == 3
        assert library.overview().imports == ()
        assert not library.clusters()
        library.verify()
    after = {path: path.read_bytes() for path in (tmp_path / "v1").rglob("*.sqlite")}
    assert after.items() <= before.items()


def test_format_1_takes_playlists_and_feedback_once_it_is_opened(v1: Library):
    first, second = [track.id for track in v1][:2]
    name = v1.playlists.create("Mix", [first])
    v1.feedback.record(first, second, "like")
    with Library.open(v1.path) as again:
        assert again.playlists.tracks(name) == [first]
        assert [one.verdict for one in again.feedback.latest()] == ["like"]
        assert {album.name for album in again.discography().albums.values()} == {"low", "high", "noise"}


def test_format_1_is_rewritten_once_however_many_open_it(tmp_path: Path):
    shutil.copytree(GOLDEN / "v1", tmp_path / "v1")

    def size(_: int) -> int:
        with Library.open(tmp_path / "v1") as library:
            return len(library)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(size, range(4))) == [12] * 4


def test_specs_keep_the_text_and_digest_that_files_hold():
    with contextlib.closing(sqlite3.connect(GOLDEN / "v1" / "catalog.sqlite")) as db:
        texts = [text for (text,) in db.execute("SELECT spec FROM spaces")]
    assert texts
    for text in texts:
        spec = spec_from_json(text)
        assert spec.license == "MIT"
        assert spec_to_json(spec) == text
        assert spec.digest() == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_clusters_of_earlier_versions_have_a_color(tmp_path: Path):
    shutil.copytree(GOLDEN / "v1", tmp_path / "v1")
    with Library.open(tmp_path / "v1") as library:
        library.verify()  # brings it to the present format
    run = {"view": "default", "separation": 0.2, "stamp": "x", "left_out": 0, "seed": 0}
    facts = {"size": 12, "words": [["loud", 1.5]], "labels": [], "central": [], "genres": [], "run": run}
    with contextlib.closing(sqlite3.connect(tmp_path / "v1" / "catalog.sqlite")) as db:
        text = json.dumps(facts | {"colour": "#112233"})
        db.execute("INSERT INTO clusters VALUES (1, 'loud', ?)", [text])
        db.commit()
    with Library.open(tmp_path / "v1") as library:
        (cluster,) = library.clusters()
    assert (cluster.name, cluster.color) == ("loud", "#112233")
