"""What a file of vectors gives: some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from segue.sources.contract import Problem

NAMES = ("vector", "vectors", "embedding", "embeddings")


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows.

    Attributes
    ----------
    vectors : (n, dim); a row of NaN where there is no vector
    ids : of the rows, where the file has them
    columns : what else the file says, by its own names
    places : of the rows in the file, from 0
    first : what the first row of the file is called: 0 in an array, 1 in a table
    faults : by place among these rows, why there is no vector, where that is known
    problems : rows that could not be read
    steps : what reading did to a text, by names of steps
    done : how far into the file this is, where rows do not tell
    """

    vectors: NDArray[Any]
    places: Sequence[int]
    ids: Sequence[Any] | None = None
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    faults: Mapping[int, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    steps: Mapping[str, int] = field(default_factory=dict)
    done: int | None = None
    first: int = 0


class Matrix(Protocol):
    """Vectors that can be read again and again."""

    dim: int
    total: int | None  # rows, where that is known
    dtype: str
    columns: tuple[str, ...]  # beside the vectors
    has_ids: bool  # apart from those in the columns

    def parts(self) -> Iterator[Part]: ...
