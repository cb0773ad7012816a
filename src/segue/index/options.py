"""What a user may tune in an index, with defaults that suit most data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from segue.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """Numbers that trade an index's speed against its accuracy, memory and time to build.

    They are kept in the index's file. ``Index.open(path, options=...)`` replaces them; each takes effect
    from the next operation that it concerns.

    Parameters
    ----------
    exact_below : rows
        An index of fewer rows compares a query with every one of them: always right, nothing to build,
        and hardly slower than lists at this size. Read when the index is built and when it is compacted.
    filter_exact_below : rows
        A query with ``where`` compares all rows that qualify where they are at most as many as this.
        Larger is more accurate and slower; smaller looks into lists sooner. Can change at any time.
    delta_rows : rows
        Added rows are compared one by one until they are this many, then they get codes in lists of their
        own. Larger makes additions cheaper and queries after them slower. Can change at any time.
    compact_share : share of the rows
        Once this share of the rows has been added or deleted, the lists are filled again in the
        background. Smaller keeps queries quick and spends more on filling; infinity leaves it to
        ``Index.compact``. Can change at any time.
    retrain_factor : ratio
        Compacting learns new centroids once there are this many times as many rows as the present ones
        were learned from, or as few. Smaller keeps lists even, larger saves building. Can change at any
        time.
    calibration_queries : rows
        How many of its own rows the index is asked for when it is built, to measure how far a query must
        look for each recall. More measure it more surely and take longer. Read when lists are learned.

    Raises
    ------
    UsageError
        Where a number is of another type or out of its range.
    """

    exact_below: int = 2_000
    filter_exact_below: int = 4_000
    delta_rows: int = 2048
    compact_share: float = 0.25
    retrain_factor: float = 2.0
    calibration_queries: int = 512

    def __post_init__(self) -> None:
        for name, least in _LEAST_COUNTS.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise UsageError(f"{name} is {value!r}, expected a whole number from {least} on")
        for name, bound in _LOWER_BOUNDS.items():
            value = getattr(self, name)
            if type(value) not in (int, float) or not value > bound:
                raise UsageError(f"{name} is {value!r}, expected a number above {bound}")

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> IndexOptions:
        """The options kept in a file; defaults for those it lacks, and unknown ones are left out.

        Raises
        ------
        UsageError, ValueError
            Where they make no sense.
        """
        kept = header.get("options", {})
        if not isinstance(kept, dict):
            raise ValueError(f"its options are {type(kept).__name__}, expected dict")
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in kept.items() if name in names})


_LEAST_COUNTS = {"exact_below": 0, "filter_exact_below": 0, "delta_rows": 1, "calibration_queries": 16}
_LOWER_BOUNDS = {"compact_share": 0.0, "retrain_factor": 1.0}
