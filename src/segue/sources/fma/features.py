"""FMA's 518 features a track: numbers of a file that is read where they are wanted."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.errors import SourceError
from segue.sources.contract import Problem, vector_faults
from segue.sources.fma.metadata import UNREADABLE, Metadata, RowError, id_of
from segue.spec import EmbedderSpec, SpaceSettings
from segue.track import Vectors

FEATURES = "features.csv"
_SIZES = {
    "chroma_cens": 12, "chroma_cqt": 12, "chroma_stft": 12, "mfcc": 20, "rmse": 1, "spectral_bandwidth": 1,
    "spectral_centroid": 1, "spectral_contrast": 7, "spectral_rolloff": 1, "tonnetz": 6, "zcr": 1,
}  # fmt: skip
STATISTICS = ("kurtosis", "max", "mean", "median", "min", "skew", "std")
COLUMNS = [
    (name, statistic, f"{i:02d}")
    for name, size in _SIZES.items()
    for statistic in STATISTICS
    for i in range(1, size + 1)
]
DIMENSIONS = tuple("_".join(column) for column in COLUMNS)
_HEADERS = 3
_REFERENCE = "Defferrard et al. 2017, FMA: A Dataset for Music Analysis"
SPEC = EmbedderSpec(
    name="fma-features",
    version=1,
    accepts="features",
    dim=len(COLUMNS),
    sr=0,
    window_s=0.0,
    hop_s=0.0,
    dtype="float32",
    license="CC-BY-4.0",
    reference=f"{_REFERENCE}: features.csv, by librosa 0.5",
)


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """``features.csv``, open; made by ``open_features``.

    Attributes
    ----------
    offsets : of each track's line, by the track's number
    problems : lines that say no track's number, or one that was there before
    """

    file: io.BufferedReader
    order: NDArray[np.int64] | None  # of the columns, where the file has another
    offsets: dict[int, int]
    problems: Sequence[Problem]

    def of(self, ids: Sequence[int]) -> tuple[Vectors, list[Problem]]:
        """float32 (n, 518), NaN where there are none, and the lines that make no sense.

        The lines are read in the order of the file, so that tracks in that order cost one pass.

        Raises
        ------
        SourceError
        """
        try:
            return self._of(ids)
        except UNREADABLE as error:
            raise SourceError(f"{FEATURES} cannot be read further: {error}") from error

    def _of(self, ids: Sequence[int]) -> tuple[Vectors, list[Problem]]:
        vectors = np.full((len(ids), SPEC.dim), np.nan, np.float32)
        problems = []
        places = sorted((self.offsets[name], i) for i, name in enumerate(ids) if name in self.offsets)
        with np.errstate(over="ignore"):  # what is no float32 becomes infinite, and so nothing
            for offset, i in places:
                self.file.seek(offset)
                try:
                    vectors[i] = _require_comparable(_numbers(self.file.readline()))
                except RowError as error:
                    problems.append(Problem(f"{FEATURES} track {ids[i]:06d}", str(error)))
        # Tracks without sound have lines of nothing or of zeros.
        nothing = np.isnan(vectors).any(axis=1) | ~vectors.any(axis=1)
        vectors[nothing] = np.nan
        return vectors if self.order is None else vectors[:, self.order], problems


@contextmanager
def open_features(metadata: Metadata) -> Iterator[FeatureRows]:
    """The features, once it is known where in the file each track's are.

    Raises
    ------
    SourceError
        Where the columns are others.
    """
    with metadata.open(FEATURES) as file:
        order = _order(file)
        offsets: dict[int, int] = {}
        problems = []
        offset = file.tell()
        for number, line in enumerate(file):
            try:
                name = _id_of_line(line)
                if name is not None and name in offsets:
                    raise RowError(f"track {name:06d} appears twice")
                if name is not None:
                    offsets[name] = offset
            except RowError as error:
                problems.append(Problem(f"{FEATURES} line {number + 1 + _HEADERS}", str(error)))
            offset += len(line)
        yield FeatureRows(file, order, offsets, problems)


def _order(file: io.BufferedReader) -> NDArray[np.int64] | None:
    """Read the headers: where in the file each of our columns is; nothing where all are in their places."""
    headers = [[cell.strip() for cell in _cells(file.readline())[1:]] for _ in range(_HEADERS)]
    places = {column: i for i, column in enumerate(zip(*headers, strict=False))}
    lacking = ["_".join(column) for column in COLUMNS if column not in places]
    if lacking or len(places) != len(COLUMNS):
        what = f"lacks {', '.join(lacking[:3])}" if lacking else "has others beside them"
        raise SourceError(f"{FEATURES} has {len(places)} columns, not FMA's {len(COLUMNS)}: it {what}")
    order = np.array([places[column] for column in COLUMNS], np.int64)
    return None if np.array_equal(order, np.arange(len(order))) else order


def _id_of_line(line: bytes) -> int | None:
    """The track's number; nothing of an empty line, and of the one in which pandas names the index."""
    first = line[: line.find(b",")] if b"," in line else line
    text = first.strip().strip(b'"').decode("utf-8", "replace")
    if text == "track_id" or not line.strip():
        return None
    return id_of(text)


def _numbers(line: bytes) -> NDArray[np.float32]:
    cells = _cells(line)[1:]
    if len(cells) != SPEC.dim:
        raise RowError(f"{len(cells)} features, expected {SPEC.dim}")
    try:
        return np.array(cells, np.float32)
    except ValueError:
        try:
            return np.array([float(cell) if cell.strip() else np.nan for cell in cells], np.float32)
        except ValueError as error:
            raise RowError(f"a feature is no number: {error}") from error


def _require_comparable(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """The features of a track, if others can be compared with them. Raises RowError."""
    for fault in vector_faults(numbers[None], SpaceSettings(), holes=True).values():
        raise RowError(f"the line {fault}")
    return numbers


def _cells(line: bytes) -> list[str]:
    return line.decode("utf-8", "replace").rstrip("\r\n").replace('"', "").split(",")
