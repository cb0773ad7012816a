"""Texts with signs find the same whether words with signs are kept, or each text is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.catalog import postings_writer
from segue.catalog.packed_rows import AT_ONCE, Lines, load_lines, read_numbers
from segue.catalog.postings import current_postings
from segue.library import Library
from segue.sources.contract import ImportBatch, Space, SpaceRows
from segue.spec import EmbedderSpec, SpaceSettings

SPEC = EmbedderSpec("made", 1, "features", 2, 0, 0, 0, "float32", "none", "none")
LETTERS = "abAéÉß青हि9-'./_&’%\\ \u00a0\u3000\t"
N = 2500


class Odd:
    """Tracks whose names are letters and signs in any order."""

    name, kind, location, unit, whole, total = "odd", "test", "invented", "records", False, N

    def spaces(self) -> list[Space]:
        return [Space(SPEC, ["x", "y"], SpaceSettings())]

    def batches(self) -> Iterator[ImportBatch]:
        rng = np.random.default_rng(2)

        def names(most: int) -> list[str]:
            return ["".join(rng.choice(list(LETTERS), rng.integers(1, most))) for _ in range(N)]

        columns = {"title": names(9), "artist": names(5), "album": ["a-b c"] * N, "genre": names(3)}
        rows = SpaceRows.without_windows(rng.standard_normal((N, 2), np.float32))
        yield ImportBatch(
            "odd", [f"t{i}" for i in range(N)], np.arange(N), columns, {SPEC.space: rows}, done=N
        )


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, Library]]:
    """Of the same tracks, one with the words of all tracks and one without."""
    folder = tmp_path_factory.mktemp("signed")
    with Library.open(folder / "without", create=True) as without:
        without.import_from(Odd())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postings_writer, "FEWEST_TRACKS", 1)
            with Library.open(folder / "with", create=True) as kept:
                kept.import_from(Odd())
                yield kept, without


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(LETTERS, min_size=1, max_size=5))
def test_texts_find_the_same_tracks(libraries: tuple[Library, Library], text: str):
    kept, without = (library.catalog for library in libraries)
    assert current_postings(kept.connections, kept.derived)
    assert not current_postings(without.connections, without.derived)
    expected = without.tracks.keys_with_letters(text).tolist()
    assert kept.tracks.keys_with_letters(text).tolist() == expected
    assert kept.tracks.keys_with_words(text).tolist() == without.tracks.keys_with_words(text).tolist()


@pytest.mark.parametrize("text", ["a-b", "-", "a-b c", "-b a", "a-b é", "a-b ß 9", "é-", "É", "a-b a b 9"])
def test_texts_that_most_tracks_have_find_the_same(libraries: tuple[Library, Library], text: str):
    found, expected = (library.catalog.tracks.keys_with_letters(text).tolist() for library in libraries)
    assert found == expected


def test_damaged_words_with_signs_are_not_used(libraries: tuple[Library, Library], tmp_path: Path):
    kept, without = libraries
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as copy:
        kept.catalog.connections.db.backup(copy)
    with closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as db, db:
        db.execute("UPDATE postings SET packed = x'00' WHERE part = 4")
    expected = without.catalog.tracks.keys_with_letters("a-").tolist()
    assert len(expected) == N
    with Library.open(tmp_path) as damaged:
        assert damaged.catalog.tracks.keys_with_letters("a-").tolist() == expected


@pytest.mark.parametrize("part", ["a", "-b", "b\u00e9", "xyz", "c"])
def test_lines_that_hold_a_part_are_found(part: str):
    words = ["", "a", "a-b", "a-b-b", "b\u00e9", "c", "ca\u00e9b\u00e9"]
    text = "\n".join(words).encode()
    starts = np.cumsum([0, *(len(word.encode()) + 1 for word in words[:-1])])
    lines = Lines(text, starts, np.zeros((1, len(words)), np.uint32))
    assert lines.holding(part.encode()).tolist() == [i for i, word in enumerate(words) if part in word]


def test_pieces_of_a_list_are_read_across_its_rows(libraries: tuple[Library, Library]):
    catalog = libraries[0].catalog
    postings = current_postings(catalog.connections, catalog.derived)
    assert postings
    db = catalog.connections.db
    n = int(load_lines(db, postings.version, 3, 3).ends[1, -1])
    assert n > 2 * AT_ONCE
    whole = read_numbers(db, postings.version, 1, np.array([[0, n]]))
    ranges = np.array(
        [[0, 1], [5, 5], [7, 9], [AT_ONCE - 1, AT_ONCE + 1], [2 * AT_ONCE, 2 * AT_ONCE + 1], [n, n]]
    )
    expected = np.concatenate([whole[start:stop] for start, stop in ranges.tolist()])
    assert read_numbers(db, postings.version, 1, ranges).tolist() == expected.tolist()
    assert not len(read_numbers(db, postings.version, 1, ranges[1:2]))
