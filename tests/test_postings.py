"""What is kept of the words of all tracks answers as SQLite's full-text index does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.catalog import postings_writer
from segue.catalog.connections import Connections
from segue.catalog.full_text import FullText
from segue.catalog.postings import Postings, are_dense, current_postings
from segue.catalog.text_index import NAMES, NAMES_AND_LABELS
from segue.library import Library
from segue.sources.contract import ImportBatch, Space, SpaceRows
from segue.spec import EmbedderSpec, Label, SpaceSettings
from segue.track import folded

SPEC = EmbedderSpec("made", 1, "features", 2, 0, 0, 0, "float32", "none", "none")
WORDS = "blue bluebird river rivers rain étude naïve Δx 99 9th b r don't up-side синяя 青い川 a-b".split()
LABELS = ("Rain", "River sounds", "Bass", "Blue note")
N = 3000
TEXTS = (
    "b", "bl", "blue", "blue blue", "blue river", "b r", "river b", "ri ra", "blue river rain", "étude",
    "etude", "nai", "99", "9", "don't", "up", "up-side", "side", "синяя", "青", "a-b", "Δ", "blue!", "(river",
    "b, r", "nothing", "blue nothing", "x" * 99, "ai i", "sounds", "so", "bass", "note blue", "rain 9 na",
    "iver", "lue ive", "t",
    "- blue", "blue & river -", "- /", "-",
)  # fmt: skip


class Made:
    """Invented tracks whose names are words in any order; some have labels."""

    name, kind, location, unit = "made", "test", "invented", "records"

    def __init__(self, first: int = 0, n: int = N, seed: int = 0, *, whole: bool = False) -> None:
        self.total, self.whole, self._ids, self._seed = n, whole, range(first, first + n), seed

    def spaces(self) -> list[Space]:
        return [Space(SPEC, ["x", "y"], SpaceSettings())]

    def batches(self) -> Iterator[ImportBatch]:
        rng, n = np.random.default_rng(self._seed), len(self._ids)

        def names(most: int) -> list[str]:
            return [" ".join(rng.choice(WORDS, rng.integers(1, most + 1))) for _ in range(n)]

        columns = {"title": names(4), "artist": names(2), "album": names(3), "genre": names(1)}
        labels = [[Label(name, 0.5) for name in LABELS if rng.random() < 0.1] for _ in range(n)]
        rows = SpaceRows.without_windows(rng.standard_normal((n, 2), np.float32))
        yield ImportBatch(
            "made", [f"t{i}" for i in self._ids], rng.integers(1, 1 << 40, n), columns,
            {SPEC.space: rows}, {SPEC.space: labels}, done=n,
        )  # fmt: skip


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings_writer, "FEWEST_TRACKS", 1)
        with Library.open(tmp_path_factory.mktemp("large") / "library", create=True) as library:
            library.import_from(Made())
            yield library


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setattr(postings_writer, "FEWEST_TRACKS", 1)
    with Library.open(tmp_path / "library", create=True) as library:
        library.import_from(Made(n=200))
        yield library


def postings_of(library: Library) -> Postings | None:
    return current_postings(library.catalog.connections, library.catalog.derived)


def answers(library: Library, text: str) -> list[Any]:
    tracks = library.catalog.tracks
    return [
        tracks.keys_with_words(text).tolist(),
        tracks.keys_with_labels(text).tolist(),
        tracks.all_keys_with_words(text, by_label=True).tolist(),
        tracks.count_matches(text),
        [[track.id for track in tracks.search(text, most)] for most in (5, 2000)],
        tracks.keys_with_letters(text).tolist(),
    ]


def answers_without(library: Library, text: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Those of SQLite's index alone."""
    with monkeypatch.context() as patch, Library.open(library.catalog.root) as other:
        patch.setattr("segue.catalog.words.current_postings", lambda *_: None)
        return answers(other, text)


@pytest.mark.parametrize("text", TEXTS)
def test_a_search_finds_the_same_in_the_same_order(
    large: Library, text: str, monkeypatch: pytest.MonkeyPatch
):
    assert postings_of(large)
    assert answers(large, text) == answers_without(large, text, monkeypatch)


@pytest.mark.parametrize("columns", [NAMES, NAMES_AND_LABELS])
def test_tracks_are_ranked_as_sqlite_ranks_them(large: Library, columns: tuple[str, ...]):
    postings, full_text = postings_of(large), FullText(Connections(large.catalog.root))
    rng = np.random.default_rng(3)
    beginnings = sorted(
        {word[:n] for word in ("blue", "river", "rain", "etude", "99", "b") for n in (1, 2, 9)}
    )
    assert postings
    for _ in range(50):
        some = rng.choice(beginnings, rng.integers(1, 4)).tolist()
        found = postings.matching(some, columns)
        assert found.tolist() == full_text.matching(some, columns).tolist()
        assert postings.titled(some, 7).tolist() == full_text.titled(some, 7).tolist()
        for column in ("artist", "album"):
            alone = postings.matching_alone(some, column, 99).tolist()
            assert alone == full_text.matching_alone(some, column, 99).tolist()
        ranked = postings.ranked(some, columns, found).tolist()
        assert ranked == full_text.ranked(some, columns, found).tolist()


def test_words_that_change_are_found_at_once_and_kept_again(library: Library):
    def titles(text: str) -> list[str | None]:
        return [track.title for track in library.tracks.search(text)]

    (track, *_) = library.tracks.search("rain")
    key, db = library.catalog.tracks.key_of(track.id), library.catalog.connections.db
    seen: list[tuple[bool, list[str | None]]] = []
    with library.catalog.writing() as writer:
        before = postings_of(library)
        with writer.batch():
            db.execute("UPDATE tracks SET title = 'Zephyr' WHERE key = ?", (key,))
            db.execute("UPDATE track_text SET title = 'Zephyr' WHERE rowid = ?", (key,))
            seen.append((postings_of(library) is not None, titles("zephyr")))  # not committed yet
        seen.append((postings_of(library) is not None, titles("zephyr")))
    after = postings_of(library)
    assert seen == [(False, ["Zephyr"])] * 2
    assert before
    assert after
    assert before.version < after.version
    assert titles("zephyr") == ["Zephyr"]
    assert after.matching(["zephyr"], NAMES).tolist() == [key]


def test_what_a_scan_or_import_adds_changes_and_removes_is_found(
    library: Library, monkeypatch: pytest.MonkeyPatch
):
    library.import_from(Made(first=100, n=200, seed=1))
    library.import_from(Made(first=50, n=100, seed=2, whole=True))
    assert library.prune(keep=False) == 200
    assert postings_of(library)
    for text in ("rain", "b", "blue r", "río"):
        assert answers(library, text) == answers_without(library, text, monkeypatch)


def test_postings_are_left_as_they_are_where_no_word_changes(library: Library):
    before = postings_of(library)
    library.import_from(Made(n=200))
    with library.catalog.writing():
        pass
    after = postings_of(library)
    assert before
    assert after
    assert before.version == after.version


def rows_of(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.execute("SELECT part, place, packed FROM postings ORDER BY 1, 2")]


def change(db: sqlite3.Connection, rng: np.random.Generator, key: int, new: int) -> None:
    """Change, remove and add a track's words."""
    title = " ".join(rng.choice([*WORDS, "zebra", "new-word", "Ÿ x"], rng.integers(0, 5)))
    db.execute("UPDATE track_text SET title = ?, file = 'a.mp3' WHERE rowid = ?", (title, key))
    db.execute("DELETE FROM track_text WHERE rowid = ?", (int(rng.integers(1, 200)),))
    columns = "rowid, title, artist, album, genre, file, labels"
    db.execute(f"INSERT INTO track_text ({columns}) VALUES (?, ?, '', 'a-b', '', '', 'Rain')", (new, title))


def test_the_words_of_few_changed_tracks_are_put_into_those_that_there_are(library: Library):
    db, rng = library.catalog.connections.db, np.random.default_rng(1)
    for turn in range(12):
        statements: list[str] = []
        with library.catalog.writing() as writer:
            db.set_trace_callback(statements.append)
            with writer.batch():
                change(db, rng, int(rng.integers(1, 200)), 1000 + turn)
        db.set_trace_callback(None)
        assert not any("'main', 'track_text', 'instance'" in statement for statement in statements)
        patched = rows_of(db)
        assert postings_writer.are_whole(db)
        db.execute("DELETE FROM summaries WHERE name = 'postings'")
        postings_writer.keep(db)
        assert patched == rows_of(db)


def test_words_that_another_connection_adds_meanwhile_are_put_in_too(library: Library):
    db = library.catalog.connections.db
    file = library.catalog.root / "catalog.sqlite"
    with library.catalog.writing(), closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("INSERT INTO track_text (rowid, title) VALUES (999, 'late')")
    patched = rows_of(db)
    postings = postings_of(library)
    assert postings
    assert postings.matching(["late"], NAMES).tolist() == [999]
    db.execute("DELETE FROM summaries WHERE name = 'postings'")
    postings_writer.keep(db)
    assert patched == rows_of(db)


def test_what_a_writer_that_failed_had_changed_is_made_again(library: Library):
    db = library.catalog.connections.db

    def fail() -> None:
        with library.catalog.writing() as writer:
            with writer.batch():
                db.execute("UPDATE track_text SET title = 'failed' WHERE rowid = 5")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert postings_of(library) is None
    with library.catalog.writing() as writer, writer.batch():
        db.execute("UPDATE track_text SET title = 'after' WHERE rowid = 6")
    postings = postings_of(library)
    assert postings
    assert [postings.matching([word], NAMES).tolist() for word in ("failed", "after")] == [[5], [6]]


def test_the_last_word_of_all_may_go(library: Library):
    db, columns = library.catalog.connections.db, ("title", "artist", "album", "genre", "file", "labels")
    with library.catalog.writing() as writer, writer.batch():
        db.execute("UPDATE track_text SET " + ", ".join(f"{column} = ''" for column in columns))
    for title in ("last", "", "new"):
        with library.catalog.writing() as writer, writer.batch():
            db.execute("UPDATE track_text SET title = ? WHERE rowid = 5", (title,))
        assert postings_writer.are_whole(db)
        counts = [library.catalog.tracks.count_matches(word) for word in ("last", "new")]
        assert counts == [title == "last", title == "new"]


def flip(db: sqlite3.Connection) -> None:
    packed = bytearray(db.execute("SELECT packed FROM postings WHERE part = 1 AND place = 0").fetchone()[0])
    packed[9] ^= 8
    db.execute("UPDATE postings SET packed = ? WHERE part = 1 AND place = 0", (bytes(packed),))


DAMAGES: dict[str, Callable[[sqlite3.Connection], object]] = {
    "a bit": flip,
    "a row": lambda db: db.execute("DELETE FROM postings WHERE part = 1"),
    "all rows": lambda db: db.execute("DELETE FROM postings"),
    "text": lambda db: db.execute("UPDATE postings SET packed = 'x'"),
    "the words": lambda db: db.execute("UPDATE postings SET packed = x'00' WHERE part = 3"),
    "the head": lambda db: db.execute("UPDATE summaries SET value = '{}' WHERE name = 'postings'"),
    "no keys": lambda db: db.execute(
        "UPDATE summaries SET value = json_set(value, '$.n_keys', 1e9) WHERE name = 'postings'"
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_postings_are_not_used_and_made_again(
    library: Library, damage: Callable[[sqlite3.Connection], object], monkeypatch: pytest.MonkeyPatch
):
    root = library.catalog.root
    with closing(sqlite3.connect(root / "catalog.sqlite")) as db, db:
        damage(db)
    with Library.open(root) as other:
        for text in ("blue", "b r", "rain sounds"):
            assert answers(other, text) == answers_without(other, text, monkeypatch)
        other.check(repair=True)
        with other.catalog.writing():
            pass
        assert other.check().is_whole
    postings = postings_of(library)
    assert postings
    assert len(postings.matching(["b"], NAMES)) > 100


def test_damaged_postings_are_named_by_a_check(library: Library):
    with closing(sqlite3.connect(library.catalog.root / "catalog.sqlite")) as db, db:
        flip(db)
    (fault,) = library.check().faults
    assert fault.message == "1 pieces of what is kept of the words of all tracks are damaged"


def test_making_them_may_be_interrupted(library: Library):
    root = library.catalog.root
    with closing(sqlite3.connect(root / "catalog.sqlite", isolation_level=None)) as db:
        db.execute("DELETE FROM summaries WHERE name = 'postings'")
        steps = iter(range(40))
        db.set_progress_handler(lambda: next(steps, None) is None, 100)  # interrupts it from then on
        postings_writer.keep(db)
        db.set_progress_handler(None, 0)
        assert postings_of(library) is None
        assert library.tracks.search("blue")
        postings_writer.keep(db)
    assert postings_of(library)


def test_few_tracks_and_keys_far_apart_have_none(library: Library, monkeypatch: pytest.MonkeyPatch):
    assert are_dense(1000, 8001)
    assert not are_dense(1000, 8002)
    assert not are_dense(0, 1)
    assert not are_dense(1 << 28, (1 << 29) + 1)  # more than 32 bits hold beside the place
    monkeypatch.setattr(postings_writer, "FEWEST_TRACKS", 201)
    db = library.catalog.connections.db
    with library.catalog.writing():
        n = db.execute("SELECT count(*) FROM postings").fetchone()[0]
    with library.catalog.writing():
        assert (n, db.execute("SELECT count(*) FROM postings").fetchone()[0]) == (8, 0)
    assert postings_of(library) is None


@pytest.mark.parametrize(
    "text",
    [
        "p-si",
        "up-si",
        "n't",
        "n't iver",
        "p-s a-",
        "a-b",
        "-",
        "e-x",
        "é-",
        "ve-b",
        "-b blu",
        "синяя-",
        "%",
        "_",
    ],
)
def test_signs_within_words_are_found_where_the_texts_have_them(large: Library, text: str):
    words = folded(text).split()
    tags = [(track.id, track.tags) for track in large]
    texts = {one: folded(f"{t.title} {t.artist} {t.album} {t.genre}") for one, t in tags}
    expected = {one for one, whole in texts.items() if all(word in whole for word in words)}
    keys = large.catalog.tracks.keys_with_letters(text)
    found = set(large.catalog.tracks.ids_of(keys.tolist()).values())
    assert found == expected
