"""Tags of tracks from a table; the vectors are in another file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from segue.errors import SourceError
from segue.sources.contract import Problem
from segue.sources.table.chunks import Chunk, Rows
from segue.sources.table.columns import map_columns

_Row = Sequence[Any] | None


class Metadata:
    """A table, asked for the rows of some tracks at a time.

    Parameters
    ----------
    by_id : find rows by their ids, all of which are then held in memory; else they come in order

    Raises
    ------
    SourceError
        Where rows are to be found by their ids, and the table has none.
    """

    def __init__(self, rows: Rows, *, by_id: bool) -> None:
        self._rows = rows
        self.columns = map_columns(rows.columns, {}, features=False, needed=False)
        self._id = self.columns.fields.get("id")
        self._by_id = by_id
        if by_id and self._id is None:
            raise SourceError(f"the metadata have no column of ids; there are: {', '.join(rows.columns)}")
        self.has_ids = self._id is not None

    def from_start(self) -> MetadataRows:
        """The rows from the beginning."""
        problems: list[Problem] = []
        rows = _in_order(self._rows, problems)
        if not self._by_id or self._id is None:
            return MetadataRows(self._rows.columns, rows, None, problems)
        at = self._rows.columns.index(self._id)
        by_id = {str(row[at]).strip(): row for row in rows if row}
        return MetadataRows(self._rows.columns, rows, by_id, problems)


class MetadataRows:
    """Rows of a table of metadata, part by part."""

    def __init__(
        self,
        names: Sequence[str],
        rows: Iterator[_Row],
        by_id: dict[str, Sequence[Any]] | None,
        problems: Sequence[Problem],
    ):
        self._names, self._rows, self._by_id = names, rows, by_id
        self._problems, self._told = problems, 0
        self._place = 0  # of the next row

    def of(self, places: Sequence[int], ids: Sequence[str] | None) -> Chunk:
        """The rows at some places, which rise, or those of some ids; nothing where there is no such row."""
        if self._by_id is not None and ids is not None:
            rows: list[_Row] = [self._by_id.get(name) for name in ids]
        else:
            rows = [self._at(place) for place in places]
        nothing = [None] * len(self._names)
        columns = list(zip(*(nothing if row is None else row for row in rows), strict=True))
        problems = list(self._problems[self._told :])
        self._told += len(problems)
        values = dict(zip(self._names, columns or [()] * len(self._names), strict=True))
        return Chunk(values, range(len(rows)), 0, problems)

    def _at(self, place: int) -> _Row:
        skipped = place - self._place
        self._place = place + 1
        return next(islice(self._rows, skipped, None), None)


def _in_order(rows: Rows, problems: list[Problem]) -> Iterator[_Row]:
    """Every row, and nothing in place of one that could not be read."""
    number = 1
    for chunk in rows.chunks():
        problems += [Problem(f"metadata {p.where}", p.reason) for p in chunk.problems]
        for at, row in zip(chunk.numbers, zip(*chunk.columns.values(), strict=True), strict=True):
            while number < at:
                yield None
                number += 1
            yield row
            number += 1
