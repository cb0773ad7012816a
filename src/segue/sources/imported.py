"""What every catalogue that is no folder of audio has in common: records that come in batches."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from segue.catalog import Records, SpaceRows, SpaceSettings
from segue.embed import EmbedderSpec
from segue.errors import UsageError

BATCH = 1 << 14  # records at a time, where they are small
_COLLECT_AFTER = 1_000_000  # objects made and not freed


@dataclass(frozen=True, slots=True)
class Space:
    """Where the vectors of an import go."""

    spec: EmbedderSpec
    dimensions: Sequence[str]
    settings: SpaceSettings


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that could not be used: where it stands, such as ``row 17`` or an id, and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records in the order of the source.

    Attributes
    ----------
    done : how far into the source this is, in the source's unit
    counts : what cleaning did, by the names of its steps, to be added up
    """

    records: Records
    done: int
    problems: Sequence[Problem] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


class Source(Protocol):
    """A catalogue to be imported. ``batches`` may be asked again, and gives the same.

    Attributes
    ----------
    name : under which its tracks are known in the library
    kind : "table", "audioset" and so on
    location : where it was read, for people
    total : how much there is, in ``unit``, where that is known
    unit : "bytes" or "records"
    whole : what it does not name any more is gone from the catalogue
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def location(self) -> str: ...

    @property
    def total(self) -> int | None: ...

    @property
    def unit(self) -> str: ...

    @property
    def whole(self) -> bool: ...

    def spaces(self) -> Sequence[Space]: ...

    def batches(self) -> Iterator[Batch]: ...


def checked_name(name: str) -> str:
    """A source's name: it stands before a colon, and in messages.

    Raises
    ------
    UsageError
    """
    if not name or ":" in name or not name.isprintable() or name != name.strip():
        raise UsageError(f"a source cannot be called {name!r}: a word without colons is expected")
    return name


def gathered(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Batches of ``BATCH`` records or more from smaller ones, all with the same columns and spaces."""
    some: list[Batch] = []
    for batch in batches:
        some.append(batch)
        if sum(len(one.records.ids) for one in some) >= BATCH:
            yield _joined(some)
            some = []
    if some:
        yield _joined(some)


def _joined(some: Sequence[Batch]) -> Batch:
    if len(some) == 1:
        return some[0]
    parts = [batch.records for batch in some]
    first = parts[0]
    records = Records(
        first.source,
        [name for part in parts for name in part.ids],
        np.concatenate([part.hashes for part in parts]),
        {name: [value for part in parts for value in part.columns[name]] for name in first.columns},
        {space: SpaceRows.joined([part.spaces[space] for part in parts]) for space in first.spaces},
        {space: [labels for part in parts for labels in part.labels[space]] for space in first.labels},
    )
    problems = [problem for batch in some for problem in batch.problems]
    counts = sum((Counter(batch.counts) for batch in some), Counter[str]())
    return Batch(records, some[-1].done, problems, dict(counts))


@contextlib.contextmanager
def rare_collection() -> Iterator[None]:
    """Look for cycles among objects seldom: rows are many and have none, and looking costs a fifth."""
    usual = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
