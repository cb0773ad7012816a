"""What a file of vectors gives: some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

NAMES = ("vector", "vectors", "embedding", "embeddings")


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows.

    Attributes
    ----------
    vectors : (n, dim); a row of NaN where there is no vector
    ids : of the rows, where the file has them
    columns : what else the file says, by its own names
    first : the number of the first row, from 0
    faults : by place among these rows, why there is no vector, where that is known
    """

    vectors: NDArray[Any]
    first: int
    ids: Sequence[Any] | None = None
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    faults: Mapping[int, str] = field(default_factory=dict)


class Matrix(Protocol):
    """Vectors that can be read again and again."""

    dim: int
    total: int | None  # rows, where that is known
    dtype: str
    columns: tuple[str, ...]  # beside the vectors
    has_ids: bool  # apart from those in the columns

    def parts(self) -> Iterator[Part]: ...
