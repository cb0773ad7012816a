"""The maps of a library, one a reading: from their files where those are up to date, else made so."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segue.errors import IndexFormatError, LibraryError, UsageError
from segue.index.file import IndexFile, write_sections
from segue.map import Map, framed, graph_of, laid_out, principal
from segue.map.layout import FEWEST, NEIGHBOURS, OnProgress, Places
from segue.recommend.session import Asking
from segue.track import TrackId
from segue.views.view_index import ViewIndex

METHOD = "1"  # rises whenever the same vectors would be laid out otherwise


def map_of(asking: Asking, path: Path, progress: OnProgress | None = None) -> Map:
    """The map of this moment; kept in the file at ``path``, beside the index.

    Raises
    ------
    UsageError, LibraryError
    """
    if found := kept(asking, path):
        return found
    note, found = _note(asking), _made(asking, progress)
    with contextlib.suppress(OSError, UsageError):  # a read-only library is as usable without the file
        names = np.array([track_id.encode() for track_id in found.ids], "S")
        width = max(1, names.dtype.itemsize)
        write_sections(path, {"note": note}, {
            "ids": names.view(np.uint8).reshape(len(names), width), "xy": found.xy,
        })  # fmt: skip
    return found


def kept(asking: Asking, path: Path) -> Map | None:
    """The map of this moment in the file at ``path``, if it is there."""
    asking.one_vector_each("a map")
    with contextlib.suppress(FileNotFoundError, IndexFormatError, PermissionError):
        return _loaded(path, _note(asking))
    return None


def _note(asking: Asking) -> dict[str, str]:
    return {"map": METHOD, "reading": str(asking.index.reading), "stamp": asking.index.stamp}


def _loaded(path: Path, note: dict[str, str]) -> Map:
    file = IndexFile(path)
    if file.header.get("note") != note or "ids" not in file or "xy" not in file:
        raise IndexFormatError(f"{path} is no map of this library as it is now")
    names, xy = file.array("ids"), file.array("xy")
    if names.ndim != 2 or xy.shape != (len(names), 2):
        raise IndexFormatError(f"{path} has {len(names)} names for {xy.shape} places")
    ids = np.ascontiguousarray(names).view(f"S{names.shape[1]}").ravel().tolist()
    return Map([TrackId(track_id.decode()) for track_id in ids], np.array(xy, np.float32))


def _made(asking: Asking, progress: OnProgress | None) -> Map:
    index = asking.index
    if not len(index.rows):
        raise LibraryError("no track here has a vector that a map could be made of: scan again")
    with threadpool_limits(1, "blas"):  # sums depend on the number of threads
        xy = framed(_laid_out(index, progress))
    ids = asking.catalog.ids_of(index.keys.tolist())
    known = [i for i in np.argsort(index.rows, kind="stable").tolist() if int(index.keys[i]) in ids]
    return Map([ids[int(index.keys[i])] for i in known], xy[known])


def _laid_out(index: ViewIndex, progress: OnProgress | None) -> Places:
    vectors: NDArray[Any] = index.vectors
    if index.reading.metric == "hamming":
        vectors = np.unpackbits(vectors, axis=1)
    start = principal(vectors)
    if len(start) < FEWEST:
        return start
    found, distances = index.index.neighbors(index.index.ids, min(NEIGHBOURS, len(start) - 1))
    places = np.where(found < 0, -1, np.searchsorted(index.index.ids, found))
    return laid_out(start, graph_of(places, distances), progress=progress)
