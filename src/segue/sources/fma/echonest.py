"""Echo Nest's features of some of FMA's tracks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segue.sources.contract import Problem, vector_faults
from segue.sources.fma.metadata import Metadata, Row, RowError, Table, id_of
from segue.spec import EmbedderSpec, SpaceSettings

ECHONEST = "echonest.csv"
DIMENSIONS = ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness",
              "tempo", "valence")  # fmt: skip
_HEADERS = 3
SPEC = EmbedderSpec(
    name="fma-echonest",
    version=1,
    accepts="features",
    dim=len(DIMENSIONS),
    sr=0,
    window_s=0.0,
    hop_s=0.0,
    dtype="float32",
    license="as Echo Nest's data in FMA",
    reference="Defferrard et al. 2017, FMA: A Dataset for Music Analysis: echonest.csv",
)
Numbers = np.ndarray[Any, np.dtype[np.float32]]


def read_echonest(metadata: Metadata) -> tuple[Mapping[int, Numbers], list[Problem]]:
    """float32 (8,) of each track that has them, and the rows that make no sense; 13 129 rows.

    Raises
    ------
    SourceError
    """
    rows: dict[int, Numbers] = {}
    problems = []
    with metadata.open(ECHONEST) as file:
        table = Table(ECHONEST, file, _HEADERS)
        places = [table.require_column("echonest", "audio_features", name) for name in DIMENSIONS]
        for row in table.rows():
            if isinstance(row, Problem):
                problems.append(row)
                continue
            try:
                rows[id_of(row.values[0].strip())] = _numbers(row, places)
            except RowError as error:
                problems.append(Problem(f"{ECHONEST} row {row.number}", str(error)))
    return rows, problems


def _numbers(row: Row, places: list[int]) -> Numbers:
    try:
        values = [float(row.values[place]) for place in places]
    except ValueError as error:
        raise RowError(str(error)) from error
    with np.errstate(over="ignore"):
        numbers = np.array(values, np.float32)
    for fault in vector_faults(numbers[None], SpaceSettings()).values():
        raise RowError(f"the row {fault}")
    return numbers
