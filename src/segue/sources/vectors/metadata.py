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
_END: tuple[Any, ...] = ()  # no row has no columns


class Metadata:
    """A table, asked for the rows of some tracks at a time.

    Parameters
    ----------
    by_id : find rows by their ids, else they come in order. Rows that come before they are asked for are held
        in memory: few where both files have one order, all where they have not

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
        by_id = self._by_id and self._id is not None
        at = self._rows.columns.index(self._id) if by_id and self._id is not None else None
        return MetadataRows(self._rows.columns, rows, at, problems)


class MetadataRows:
    """Rows of a table of metadata, part by part."""

    def __init__(
        self,
        names: Sequence[str],
        rows: Iterator[_Row],
        id_at: int | None,
        problems: Sequence[Problem],
    ):
        self._names, self._rows, self._id_at = names, rows, id_at
        self._ahead: dict[str, Sequence[Any]] = {}  # rows that were not asked for yet
        self._problems, self._n_reported = problems, 0
        self._place = 0  # of the next row
        self._lacking = 0  # places behind the last row

    def of(self, places: Sequence[int], ids: Sequence[str] | None) -> Chunk:
        """The rows at some places, which rise, or those of some ids; nothing where there is no such row."""
        if self._id_at is not None and ids is not None:
            rows: list[_Row] = [self._of_id(name, self._id_at) for name in ids]
        else:
            rows = [self._at(place) for place in places]
        nothing = [None] * len(self._names)
        columns = list(zip(*(nothing if row is None else row for row in rows), strict=True))
        problems = list(self._problems[self._n_reported :])
        self._n_reported += len(problems)
        values = dict(zip(self._names, columns or [()] * len(self._names), strict=True))
        return Chunk(values, range(len(rows)), 0, problems)

    def _of_id(self, name: str, id_at: int) -> _Row:
        """The first row of an id; of an id that is asked for again, the next one, if there is one."""
        if name in self._ahead:
            return self._ahead.pop(name)
        for row in self._rows:
            if row:
                own = str(row[id_at]).strip()
                if own == name:
                    return row
                self._ahead.setdefault(own, row)
        return None

    def _at(self, place: int) -> _Row:
        skipped = place - self._place
        self._place = place + 1
        row = next(islice(self._rows, skipped, None), _END)
        if row is not _END:
            return row
        self._lacking += 1
        return None

    def mismatch(self) -> dict[str, int]:
        """How many rows that come in order are too few or too many for what they describe; reads them all."""
        if self._id_at is not None:
            return {}
        counts = {
            "vector behind the last row of the metadata": self._lacking,
            "row of the metadata behind the last vector, left out": sum(1 for _ in self._rows),
        }
        return {step: n for step, n in counts.items() if n}


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
