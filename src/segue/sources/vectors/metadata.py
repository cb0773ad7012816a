"""Tags of tracks from a table; the vectors are in another file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from segue.errors import SourceError
from segue.sources.table.columns import map_columns
from segue.sources.table.reader import Chunk, Rows

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
        rows = _in_order(self._rows)
        if not self._by_id or self._id is None:
            return MetadataRows(self._rows.columns, rows, None)
        at = self._rows.columns.index(self._id)
        return MetadataRows(self._rows.columns, rows, {str(row[at]).strip(): row for row in rows if row})


class MetadataRows:
    """Rows of a table of metadata, part by part."""

    def __init__(self, names: Sequence[str], rows: Iterator[_Row], by_id: dict[str, Sequence[Any]] | None):
        self._names, self._rows, self._by_id = names, rows, by_id

    def of(self, n: int, ids: Sequence[str] | None) -> Chunk:
        """The next n rows, or those of some ids; nothing where there is no such row."""
        if self._by_id is not None and ids is not None:
            rows: list[_Row] = [self._by_id.get(name) for name in ids]
        else:
            rows = list(islice(self._rows, n))
            rows += [None] * (n - len(rows))
        nothing = [None] * len(self._names)
        columns = list(zip(*(nothing if row is None else row for row in rows), strict=True))
        return Chunk(dict(zip(self._names, columns or [()] * len(self._names), strict=True)), range(n), 0)


def _in_order(rows: Rows) -> Iterator[_Row]:
    """Every row, and nothing in place of one that could not be read."""
    number = 1
    for chunk in rows.chunks():
        for at, row in zip(chunk.numbers, zip(*chunk.columns.values(), strict=True), strict=True):
            while number < at:
                yield None
                number += 1
            yield row
            number += 1
