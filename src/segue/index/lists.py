"""The lists of an index in its file: mapped and shared by processes, or copied where that cannot be."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import IndexFormatError
from segue.index.codes import Codes

_ROW_BYTES = 8
_ALIGNMENT = 32  # bytes; codes are loaded into registers of that width

Places = NDArray[np.uint64]
"""uint64 (n_lists, 3): rows in the list, rows there is room for, offset in bytes."""


def places(codes: Codes) -> Places:
    """Where each list will lie in a section: its codes, then its rows, then zeros up to 32 bytes."""
    sizes = codes.sizes()
    room = -(-sizes // codes.pack) * codes.pack
    n_bytes = room * (codes.code_bytes + _ROW_BYTES)
    n_bytes += -n_bytes % _ALIGNMENT
    offsets = np.concatenate([[0], np.cumsum(n_bytes)[:-1]])
    return np.stack([sizes, room, offsets], axis=1).astype(np.uint64)


def content(codes: Codes, kept: NDArray[np.int64]) -> Iterator[bytes]:
    """The bytes of that section; rows are called by their places among those that are kept, ascending."""
    for (size, room, _), (packed, rows) in zip(places(codes).tolist(), codes.packed(), strict=True):
        names = np.searchsorted(kept, rows)
        data = packed.tobytes() + names.tobytes() + bytes((room - size) * _ROW_BYTES)
        yield data + bytes(-len(data) % _ALIGNMENT)


def check(found: Places, codes: Codes, n_bytes: int) -> None:
    """Compare places with what they must be; the scanner trusts them.

    Raises
    ------
    IndexFormatError
    """
    size, room, offset = (found[:, i].astype(np.int64) for i in range(3))
    ends = offset + room * (codes.code_bytes + _ROW_BYTES)
    good = (
        len(found) == codes.n_lists
        and bool((size >= 0).all() and (room == -(-size // codes.pack) * codes.pack).all())
        and bool((offset >= 0).all() and (offset % _ALIGNMENT == 0).all() and (ends <= n_bytes).all())
    )
    if not good:
        raise IndexFormatError(
            f"the places of {len(found)} lists do not fit {codes.n_lists} lists in {n_bytes} bytes"
        )


def map_lists(codes: Codes, path: Path, found: Places, start: int) -> None:
    """Let ``codes`` scan the lists where they lie in a file, from byte ``start`` on."""
    import faiss

    n = int(found[:, 0].sum())
    if not hasattr(faiss, "OnDiskInvertedLists"):  # Windows
        return _copy_lists(codes, path, found, start)
    lists = faiss.OnDiskInvertedLists()
    lists.nlist, lists.code_size = codes.n_lists, codes.code_bytes
    lists.filename, lists.totsize = str(path), path.stat().st_size
    # With any of these threads, each query would start and end them.
    lists.read_only, lists.prefetch_nthread = True, 0
    lists.lists.resize(codes.n_lists)
    records = found.copy()
    records[:, 2] += np.uint64(start)
    ctypes.memmove(int(lists.lists.data().this), records.ctypes.data, records.nbytes)
    lists.do_mmap()
    codes.use_lists(lists, n)
    return None


def _copy_lists(codes: Codes, path: Path, found: Places, start: int) -> None:
    data = np.memmap(path, np.uint8, "r")
    lists: Any = codes.lists
    for i, (size, room, offset) in enumerate(found.tolist()):
        if not size:
            continue
        lists.resize(i, size)
        at, n_codes = start + offset, room * codes.code_bytes
        packed = np.ascontiguousarray(data[at : at + n_codes])
        rows = np.ascontiguousarray(data[at + n_codes : at + n_codes + size * _ROW_BYTES])
        ctypes.memmove(int(lists.get_codes(i)), packed.ctypes.data, packed.nbytes)
        ctypes.memmove(int(lists.get_ids(i)), rows.ctypes.data, rows.nbytes)
    codes.use_lists(lists, int(found[:, 0].sum()))
