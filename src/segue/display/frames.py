"""Data frames of pandas, which is imported when one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import MissingExtraError
from segue.track import readable

_WHOLE = ("year", "track_number", "disc_number")  # numbers that may be missing
_MOMENTS = ("added_at", "missing_since")  # s since the epoch


def load_pandas() -> Any:
    """The module. Raises MissingExtraError."""
    try:
        import pandas
    except ImportError as error:
        raise MissingExtraError("to_pandas()", "pandas") from error
    return pandas


def indexed_frame(records: Iterable[Mapping[str, Any]], names: Sequence[str]) -> Any:
    """A row for each record, with its ``id`` as the index; years are whole numbers, moments are times."""
    pd = load_pandas()
    frame = pd.DataFrame.from_records(list(records), columns=list(names))
    for name in _WHOLE:
        if name in frame:
            frame[name] = frame[name].astype("Int64")
    for name in _MOMENTS:
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], unit="s", utc=True)
    if "path" in frame:
        frame["path"] = [readable(path) for path in frame["path"]]
    return frame.set_index("id")


def with_vectors(frame: Any, vectors: NDArray[Any], names: Sequence[str]) -> Any:
    """The frame with a column for each dimension; a name that is taken gets "_vector" at its end."""
    pd = load_pandas()
    free = [f"{name}_vector" if name in frame else name for name in names]
    return pd.concat([frame, pd.DataFrame(np.asarray(vectors), index=frame.index, columns=free)], axis=1)


def square_frame(scores: NDArray[np.float32], names: Sequence[str]) -> Any:
    """Scores of each with each, named on both sides."""
    return load_pandas().DataFrame(scores, index=list(names), columns=list(names))
