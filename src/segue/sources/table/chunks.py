"""What a table of any kind gives: its rows, some at a time and column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from segue.sources.contract import Problem


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows.

    Attributes
    ----------
    columns : by name, a value a row: text of CSV, else what the table holds; ``None`` for nothing; may have
        no rows
    numbers : of the rows, from 1
    done : how far into the table this is, in its unit
    problems : rows that could not be read
    steps : what reading did to the text, by names of steps, to be counted
    decimal : what stands before decimals in numbers that are texts
    """

    columns: Mapping[str, Sequence[Any]]
    numbers: Sequence[int]
    done: int
    problems: Sequence[Problem] = ()
    steps: Mapping[str, int] = field(default_factory=dict)
    decimal: str = "."


class Rows(Protocol):
    """A table that can be read again and again; ``columns`` are all named differently, or not at all."""

    columns: tuple[str, ...]
    total: int
    unit: str
    named: bool  # whether the table itself names its columns

    def chunks(self) -> Iterator[Chunk]: ...
