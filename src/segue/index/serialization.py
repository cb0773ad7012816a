"""Saving an index to a file, and loading it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import IndexFormatError
from segue.files import is_same_file
from segue.index import mapped_lists
from segue.index.calibration import OperatingPoint
from segue.index.file import Content, IndexFile, write_sections
from segue.index.ivfpq import InvertedLists
from segue.index.l2_reduction import L2Reduction
from segue.index.metric import DTYPES, AnyVectors, lengths
from segue.index.options import IndexOptions
from segue.index.state import State
from segue.index.store import Store
from segue.spec import METRICS

MatrixLocation = dict[str, Any]
"""A matrix in another file: its path, the offset in bytes, how many rows, a checksum of some."""

_COPIED_BYTES = 1 << 24  # at a time
_SAMPLED = 64  # rows of a matrix in another file that are compared when it is opened
_ATTEMPTS = 10  # at opening a file that is being replaced
_MOST_PADDING = 8  # numbers that codes have more than vectors, at the most
_LONGEST = 1e19  # that a row can be, as float32 must hold its square
_POINT_FIELDS = {
    "k": "k",
    "recall": "recall",
    "probes": "n_probe",
    "candidates": "n_candidates",
    "measured": "measured",
}
"""The attributes of an operating point by their names in a file."""
_FOREIGN = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
"""Raised where a file's checksums are right but its contents make no sense."""


def save_index(
    state: State,
    path: Path,
    own_vectors: bool | None = None,
    *,
    note: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Content] | None = None,
) -> None:
    """Write an index without delta lists.

    Parameters
    ----------
    own_vectors : copy the matrix into the file; by default, one in a file of its own stays there, if that
        file holds it still and is not the one that is written
    note, arrays : more to keep, in the header and as sections
    """
    base = state.store.base
    elsewhere = None if own_vectors else _location_of(base, path)
    rows = np.arange(state.n) if elsewhere else state.live_rows()
    header = {
        "metric": state.reduction.metric,
        "longest": state.reduction.longest,
        "n": len(rows),
        "dim": int(base.shape[1]),
        "dtype": base.dtype.name,
        "coded": int(np.searchsorted(rows, state.n_coded)),
        "learned_from": state.n_trained,
        "next_id": state.next_id,
        "always_exact": state.always_exact,
        "settings": [_operating_point_as_json(point) for point in state.operating_points],
        "matrix": elsewhere,
        "options": asdict(state.options),
        "note": dict(note or {}),
    }
    contents = dict(_vectors(state, rows, elsewhere) | _names(state, rows, elsewhere))
    if state.lists is not None:
        contents["learned"] = state.lists.trained
        contents["places"] = mapped_lists.list_layout(state.lists)
        contents["lists"] = mapped_lists.list_bytes(state.lists, rows)
        if state.reduction.metric == "cosine":
            contents["lengths"] = _lengths(state, rows, elsewhere)
    write_sections(path, header, contents | {f"note.{name}": array for name, array in (arrays or {}).items()})


def _vectors(state: State, rows: NDArray[np.int64], elsewhere: MatrixLocation | None) -> dict[str, Content]:
    if elsewhere is None:
        base = state.store.base
        step = max(1, _COPIED_BYTES // (base.itemsize * base.shape[1]))
        parts = (state.store.take(rows[i : i + step]).tobytes() for i in range(0, len(rows), step))
        return {"vectors": parts}
    added = state.store.part(len(state.store.base), state.n)
    return {"added": added} if len(added) else {}


def _lengths(state: State, rows: NDArray[np.int64], elsewhere: MatrixLocation | None) -> NDArray[np.float32]:
    """Of the rows that will be the matrix."""
    store = state.store
    if elsewhere and store.lengths is not None:
        return store.lengths
    rows = rows[: len(store.base)] if elsewhere else rows
    step = max(1, _COPIED_BYTES // (store.base.itemsize * store.base.shape[1]))
    out = np.empty(len(rows), np.float32)
    for i in range(0, len(rows), step):
        out[i : i + step] = lengths(store.take(rows[i : i + step]))
    return out


def _names(state: State, rows: NDArray[np.int64], elsewhere: MatrixLocation | None) -> dict[str, Content]:
    out: dict[str, Content] = {}
    if elsewhere and state.tombstones is not None:
        out["dead"] = np.packbits(state.tombstones)
    if state.ids is not None or len(rows) < state.n:
        out["ids"] = state.to_ids(rows)
    return out


def _location_of(matrix: AnyVectors, index: Path) -> MatrixLocation | None:
    """Where a matrix lies that is mapped from a file of its own, and will when the index is written."""
    if not isinstance(matrix, np.memmap) or matrix.filename is None or not matrix.flags.c_contiguous:
        return None
    if matrix.mode == "c" or is_same_file(matrix.filename, index):  # changes in memory are in no file
        return None
    root = matrix
    while isinstance(root.base, np.memmap):
        root = root.base
    path = Path(matrix.filename).resolve()
    offset = int(root.offset + matrix.ctypes.data - root.ctypes.data)
    crc = _sample_crc(matrix)
    try:
        kept = np.memmap(path, matrix.dtype, "r", offset, matrix.shape)
    except (OSError, ValueError):  # gone, or shorter
        return None
    if _sample_crc(kept) != crc:
        return None
    return {"path": str(path), "offset": offset, "rows": len(matrix), "crc32": crc}


def _sample_crc(matrix: AnyVectors) -> int:
    rows = np.unique(np.linspace(0, len(matrix) - 1, min(len(matrix), _SAMPLED)).astype(np.int64))
    return zlib.crc32(matrix.take(rows, axis=0).tobytes())


def load_index(path: Path, vectors: AnyVectors | None = None) -> tuple[State, IndexFile]:
    """The index in a file, mapped, and the file itself.

    Raises
    ------
    IndexFormatError
        Where it is foreign, damaged or of another format, or its matrix is not what it was.
    FileNotFoundError
    """
    for _ in range(_ATTEMPTS):
        with path.open("rb") as handle:
            file, state = _load_open_file(path, handle.fileno(), vectors)
        # The lists are mapped by name: it must still be that of the file whose checksums were compared.
        if file.is_current():
            return state, file
    raise IndexFormatError(f"{path} was replaced {_ATTEMPTS} times while it was opened: try again")


def _load_open_file(path: Path, descriptor: int, vectors: AnyVectors | None) -> tuple[IndexFile, State]:
    # On Linux an open file has a name of its own, which stays when another takes its place.
    place = Path(f"/proc/self/fd/{descriptor}")
    file = IndexFile(path, place if place.exists() else path)
    try:
        return file, _state(file, vectors)
    except _FOREIGN as error:
        raise IndexFormatError(f"{path} is no index that can be read: {error!r}") from error


def _state(file: IndexFile, vectors: AnyVectors | None) -> State:
    header = file.header
    _check_header(header)
    base = _base(file, vectors)
    store, n = Store(base), header["n"]
    if "added" in file:
        store.append(file.array("added").astype(base.dtype, casting="equiv"), len(base))
    if len(store) != n:
        raise ValueError(f"its header counts {n} rows, found {len(store)}")
    state = State(
        store, n, L2Reduction(header["metric"], header["longest"]),
        tombstones=_tombstones(file, n) if "dead" in file else None,
        ids=_ids(file, n) if "ids" in file else None,
        operating_points=tuple(_operating_point(fields) for fields in header["settings"]),
        n_trained=header["learned_from"], next_id=header["next_id"],
        always_exact=header["always_exact"], options=IndexOptions.from_header(header),
    )  # fmt: skip
    if "lists" not in file:
        return state
    # Only Faiss can check the centroids that it wrote; we rely on the checksum.
    trained = file.array("learned")
    if trained.dtype != np.uint8 or trained.ndim != 1:
        raise ValueError(f"what was learned is of {trained.dtype} {trained.shape}, expected bytes")
    lists = InvertedLists(trained)
    if not 0 <= lists.dim - state.reduction.width(base.shape[1]) < _MOST_PADDING:
        raise ValueError(f"vectors of {base.shape[1]} numbers cannot have codes of {lists.dim}")
    layout, n_coded = file.array("places"), header["coded"]
    n_live = n_coded - (0 if state.tombstones is None else int(state.tombstones[:n_coded].sum()))
    mapped_lists.check_layout(layout, file.array("lists"), lists, n_coded, n_live)
    mapped_lists.map_lists(lists, file.place, layout, file.sections["lists"].offset)
    if state.reduction.metric == "cosine":
        store.lengths = _checked_lengths(file.array("lengths"), len(base))
    return replace(state, lists=lists, n_coded=n_coded)


def _checked_lengths(lengths_read: NDArray[Any], n: int) -> NDArray[np.float32]:
    usable = lengths_read.shape == (n,) and lengths_read.dtype == np.float32
    if not usable or (n and not 0 < lengths_read.min() <= lengths_read.max() < np.inf):
        raise ValueError(f"{lengths_read.shape} of {lengths_read.dtype} cannot be the lengths of {n} rows")
    return lengths_read


def _check_header(header: dict[str, Any]) -> None:
    """Raises ValueError where the header of no index says this, though its checksum is right."""
    counts = [header[name] for name in ("n", "dim", "coded", "learned_from")]
    good = (
        all(type(count) is int and 0 <= count < 1 << 62 for count in counts)
        and type(header["next_id"]) is int
        and 0 <= header["next_id"] <= 1 << 63
        and header["dim"] > 0
        and header["coded"] <= header["n"]
        and header["metric"] in METRICS
        and header["dtype"] in (DTYPES if header["metric"] != "hamming" else ("uint8",))
        and type(header["longest"]) in (int, float)
        and 0 <= header["longest"] <= _LONGEST
        and type(header["always_exact"]) is bool
        and isinstance(header["note"], dict)
    )
    if not good:
        raise ValueError("its header holds values that no index has")


def _operating_point_as_json(point: OperatingPoint) -> dict[str, Any]:
    return {key: getattr(point, field) for key, field in _POINT_FIELDS.items()}


def _operating_point(fields: dict[str, Any]) -> OperatingPoint:
    operating_point = OperatingPoint(**{_POINT_FIELDS[key]: value for key, value in fields.items()})
    counts = (operating_point.k, operating_point.n_probe, operating_point.n_candidates)
    if any(type(count) is not int or not 0 < count < 1 << 31 for count in counts) or not (
        0 <= operating_point.recall <= 1 and 0 <= operating_point.measured <= 1
    ):
        raise ValueError(f"{operating_point} makes no sense")
    return operating_point


def _tombstones(file: IndexFile, n: int) -> NDArray[np.bool_]:
    bits = file.array("dead")
    if bits.shape != (-(-n // 8),):
        raise ValueError(f"{bits.size} bytes say which of {n} rows are dead")
    return np.unpackbits(bits, count=n).astype(np.bool_)


def _ids(file: IndexFile, n: int) -> NDArray[np.int64]:
    ids = file.array("ids")
    if (
        ids.shape != (n,)
        or ids.dtype != np.int64
        or (n and not 0 <= ids.min() <= ids.max() < file.header["next_id"])
    ):
        raise ValueError(f"{ids.shape} ids of {ids.dtype} cannot name {n} rows")
    return ids


def _base(file: IndexFile, vectors: AnyVectors | None) -> AnyVectors:
    header = file.header
    dim, dtype, place = header["dim"], np.dtype(header["dtype"]), header["matrix"]
    if place is None:
        return file.array("vectors").view(dtype).reshape(header["n"], dim)
    if vectors is None:
        path = Path(place["path"])
        needed = place["offset"] + place["rows"] * dim * dtype.itemsize
        if not path.is_file() or path.stat().st_size < needed:
            raise IndexFormatError(
                f"{file.path} was built from {path}, which is gone or shorter than {needed} bytes: "
                "open it with vectors= that are the same matrix"
            )
        vectors = np.memmap(path, dtype, "r", place["offset"], (place["rows"], dim))
    if vectors.dtype != dtype or vectors.shape[1:] != (dim,) or len(vectors) < place["rows"]:
        raise IndexFormatError(
            f"{file.path} was built from {place['rows']} rows of {dim} {dtype}, "
            f"found {vectors.shape} of {vectors.dtype}"
        )
    if _sample_crc(vectors[: place["rows"]]) != place["crc32"]:
        raise IndexFormatError(f"{file.path} was built from other vectors than {place['path']} holds now")
    return vectors[: place["rows"]]
