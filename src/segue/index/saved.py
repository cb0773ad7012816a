"""An index to a file and back."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import IndexFormatError
from segue.index import lists
from segue.index.calibration import Setting
from segue.index.codes import Codes
from segue.index.codespace import CodeSpace
from segue.index.file import Content, IndexFile, write
from segue.index.metric import AnyVectors
from segue.index.state import State
from segue.index.store import Store

Place = dict[str, Any]
"""Of a matrix in another file: its path, the offset in bytes, how many rows, a checksum of some."""

_COPIED_BYTES = 1 << 24  # at a time
_SAMPLED = 64  # rows of a matrix in another file that are compared when it is opened
_ATTEMPTS = 10  # at opening a file that is being replaced


def saved(
    state: State,
    path: Path,
    own_vectors: bool | None = None,
    *,
    note: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Content] | None = None,
) -> None:
    """Write an index without young lists.

    Parameters
    ----------
    own_vectors : copy the matrix into the file; unless told, one in a file of its own stays there
    note, arrays : more to keep in the header and beside it
    """
    base = state.store.base
    elsewhere = None if own_vectors else _place_of(base)
    rows = np.arange(state.n) if elsewhere else state.alive()
    header = {
        "metric": state.space.metric,
        "longest": state.space.longest,
        "n": len(rows),
        "dim": int(base.shape[1]),
        "dtype": base.dtype.name,
        "coded": int(np.searchsorted(rows, state.coded)),
        "learned_from": state.learned_from,
        "next_id": state.next_id,
        "settings": [asdict(setting) for setting in state.settings],
        "matrix": elsewhere,
        "note": dict(note or {}),
    }
    contents = dict(_vectors(state, rows, elsewhere) | _names(state, rows, elsewhere))
    if state.codes is not None:
        contents["learned"] = state.codes.learned
        contents["places"] = lists.places(state.codes)
        contents["lists"] = lists.content(state.codes, rows)
    write(path, header, contents | {f"note.{name}": array for name, array in (arrays or {}).items()})


def _vectors(state: State, rows: NDArray[np.int64], elsewhere: Place | None) -> dict[str, Content]:
    if elsewhere is None:
        base = state.store.base
        step = max(1, _COPIED_BYTES // (base.itemsize * base.shape[1]))
        parts = (state.store.take(rows[i : i + step]).tobytes() for i in range(0, len(rows), step))
        return {"vectors": parts}
    added = state.store.part(len(state.store.base), state.n)
    return {"added": added} if len(added) else {}


def _names(state: State, rows: NDArray[np.int64], elsewhere: Place | None) -> dict[str, Content]:
    out: dict[str, Content] = {}
    if elsewhere and state.dead is not None:
        out["dead"] = np.packbits(state.dead)
    if state.ids is not None or len(rows) < state.n:
        out["ids"] = state.names(rows)
    return out


def _place_of(matrix: AnyVectors) -> Place | None:
    """Where a matrix lies that is mapped from a file of its own."""
    if not isinstance(matrix, np.memmap) or matrix.filename is None or not matrix.flags.c_contiguous:
        return None
    root = matrix
    while isinstance(root.base, np.memmap):
        root = root.base
    offset = root.offset + matrix.ctypes.data - root.ctypes.data
    return {
        "path": str(Path(matrix.filename).resolve()),
        "offset": int(offset),
        "rows": len(matrix),
        "crc32": _sample_crc(matrix),
    }


def _sample_crc(matrix: AnyVectors) -> int:
    rows = np.unique(np.linspace(0, len(matrix) - 1, min(len(matrix), _SAMPLED)).astype(np.int64))
    return zlib.crc32(matrix.take(rows, axis=0).tobytes())


def opened(path: Path, vectors: AnyVectors | None = None) -> tuple[State, IndexFile]:
    """The index in a file, mapped, and the file.

    Raises
    ------
    IndexFormatError
        Where it is foreign, damaged or of another format, or its matrix is not what it was.
    FileNotFoundError
    """
    for _ in range(_ATTEMPTS):
        file = IndexFile(path)
        try:
            state = _state(file, vectors)
        except (KeyError, TypeError, ValueError) as error:
            raise IndexFormatError(f"{path} is no index that can be read: {error!r}") from error
        # Its lists are mapped by the path: that must still be the file whose checksums were compared.
        if file.is_in_place():
            return state, file
    raise IndexFormatError(f"{path} was replaced again and again while it was opened")


def _state(file: IndexFile, vectors: AnyVectors | None) -> State:
    header = file.header
    base = _base(file, vectors)
    store = Store(base)
    if "added" in file:
        store.append(file.array("added"))
    n = header["n"]
    if len(store) < n:
        raise IndexFormatError(f"{file.path} speaks of {n} rows, there are {len(store)}")
    state = State(
        store, n, CodeSpace(header["metric"], header["longest"]),
        dead=np.unpackbits(file.array("dead"), count=n).astype(np.bool_) if "dead" in file else None,
        ids=file.array("ids") if "ids" in file else None,
        settings=tuple(Setting(**setting) for setting in header["settings"]),
        learned_from=header["learned_from"], next_id=header["next_id"],
    )  # fmt: skip
    if "lists" not in file:
        return state
    codes, places = Codes(file.array("learned")), file.array("places")
    section = file.sections["lists"]
    lists.check(places, codes, section.n_bytes)
    lists.map_lists(codes, file.path, places, section.offset)
    return replace(state, codes=codes, coded=header["coded"])


def _base(file: IndexFile, vectors: AnyVectors | None) -> AnyVectors:
    header = file.header
    dim, dtype, place = header["dim"], np.dtype(header["dtype"]), header["matrix"]
    if place is None:
        return file.array("vectors").view(dtype).reshape(header["n"], dim)
    if vectors is None:
        found = Path(place["path"])
        needed = place["offset"] + place["rows"] * dim * dtype.itemsize
        if not found.is_file() or found.stat().st_size < needed:
            raise IndexFormatError(
                f"{file.path} was built from {found}, which is gone or shorter than {needed} bytes: "
                "open it with vectors= that are the same matrix"
            )
        vectors = np.memmap(found, dtype, "r", place["offset"], (place["rows"], dim))
    if vectors.dtype != dtype or vectors.shape[1] != dim or len(vectors) < place["rows"]:
        raise IndexFormatError(
            f"{file.path} was built from {place['rows']} rows of {dim} {dtype}, "
            f"found {vectors.shape} of {vectors.dtype}"
        )
    if _sample_crc(vectors[: place["rows"]]) != place["crc32"]:
        raise IndexFormatError(f"{file.path} was built from other vectors than {place['path']} holds now")
    return vectors[: place["rows"]]
