"""The lists of an index in its file: mapped and shared by processes, or copied where that cannot be."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.index.ivfpq import Codes

_ROW_BYTES = 8
_ALIGNMENT = 32  # bytes; codes are loaded into registers of that width

Places = NDArray[np.uint64]
"""uint64 (n_lists, 3): rows in the list, rows there is room for, offset in bytes."""


def places(codes: Codes) -> Places:
    """Where each list will lie in a section: its codes, then its rows, then zeros up to 32 bytes."""
    return _layout(codes.sizes(), codes)


def _layout(sizes: NDArray[np.int64], codes: Codes) -> Places:
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


def check(found: Places, data: NDArray[np.uint8], codes: Codes, n: int, n_alive: int) -> None:
    """Compare places with what they must be, and rows with what there are; the scanner trusts both.

    Parameters
    ----------
    n : all rows in the lists are below
    n_alive : rows that are in them

    Raises
    ------
    ValueError
    """
    if found.shape != (codes.n_lists, 3) or found.dtype != np.uint64 or (found[:, 0] > n).any():
        raise ValueError(f"{found.shape} of {found.dtype} cannot be the places of {codes.n_lists} lists")
    if int(found[:, 0].sum()) != n_alive:
        raise ValueError(f"{int(found[:, 0].sum())} rows are in lists, expected {n_alive}")
    layout = _layout(found[:, 0].astype(np.int64), codes)
    size, room, offset = layout[-1].tolist()
    end = offset + room * (codes.code_bytes + _ROW_BYTES)
    if not np.array_equal(layout, found) or end + -end % _ALIGNMENT != data.size:
        raise ValueError(f"{codes.n_lists} lists do not lie at their places in {data.size} bytes")
    for size, room, offset in layout[layout[:, 0] > 0].tolist():
        at = offset + room * codes.code_bytes
        # As unsigned numbers, those below zero are too large as well.
        if data[at : at + size * _ROW_BYTES].view(np.uint64).max() >= n:
            raise ValueError(f"a list has a row that is not among {n}")


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
        at = start + offset
        packed = np.ascontiguousarray(data[at : at + codes.bytes_of(size)])
        at += room * codes.code_bytes
        rows = np.ascontiguousarray(data[at : at + size * _ROW_BYTES])
        ctypes.memmove(int(lists.get_codes(i)), packed.ctypes.data, packed.nbytes)
        ctypes.memmove(int(lists.get_ids(i)), rows.ctypes.data, rows.nbytes)
    codes.use_lists(lists, int(found[:, 0].sum()))
