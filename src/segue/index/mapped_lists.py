"""The lists of an index in its file: mapped and shared by processes, or copied where that cannot be."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.index.ivfpq import InvertedLists

_ROW_BYTES = 8
_ALIGNMENT = 32  # bytes; codes are loaded into registers of that width

ListLayout = NDArray[np.uint64]
"""uint64 (n_lists, 3): rows in the list, rows there is room for, offset in bytes."""


def list_layout(lists: InvertedLists) -> ListLayout:
    """Where each list will lie in a section: its codes, then its rows, then zeros up to 32 bytes."""
    return _layout(lists.sizes(), lists)


def _layout(sizes: NDArray[np.int64], lists: InvertedLists) -> ListLayout:
    room = -(-sizes // lists.pack) * lists.pack
    n_bytes = room * (lists.code_bytes + _ROW_BYTES)
    n_bytes += -n_bytes % _ALIGNMENT
    offsets = np.concatenate([[0], np.cumsum(n_bytes)[:-1]])
    return np.stack([sizes, room, offsets], axis=1).astype(np.uint64)


def list_bytes(lists: InvertedLists, kept: NDArray[np.int64]) -> Iterator[bytes]:
    """The bytes of that section; rows are called by their places among those that are kept, ascending."""
    for (size, room, _), (packed, rows) in zip(
        list_layout(lists).tolist(), lists.packed_lists(), strict=True
    ):
        positions = np.searchsorted(kept, rows)
        data = packed.tobytes() + positions.tobytes() + bytes((room - size) * _ROW_BYTES)
        yield data + bytes(-len(data) % _ALIGNMENT)


def check_layout(
    layout: ListLayout, data: NDArray[np.uint8], lists: InvertedLists, n: int, n_live: int
) -> None:
    """Compare places with what they must be, and rows with what there are; the scanner trusts both.

    Parameters
    ----------
    n : all rows in the lists are below
    n_live : rows that are in them

    Raises
    ------
    ValueError
    """
    if layout.shape != (lists.n_lists, 3) or layout.dtype != np.uint64 or (layout[:, 0] > n).any():
        raise ValueError(f"{layout.shape} of {layout.dtype} cannot be the places of {lists.n_lists} lists")
    if int(layout[:, 0].sum()) != n_live:
        raise ValueError(f"{int(layout[:, 0].sum())} rows are in lists, expected {n_live}")
    expected = _layout(layout[:, 0].astype(np.int64), lists)
    size, room, offset = expected[-1].tolist()
    end = offset + room * (lists.code_bytes + _ROW_BYTES)
    if not np.array_equal(expected, layout) or end + -end % _ALIGNMENT != data.size:
        raise ValueError(f"{lists.n_lists} lists do not lie at their places in {data.size} bytes")
    for size, room, offset in expected[expected[:, 0] > 0].tolist():
        at = offset + room * lists.code_bytes
        # As unsigned numbers, those below zero are too large as well.
        if data[at : at + size * _ROW_BYTES].view(np.uint64).max() >= n:
            raise ValueError(f"a list has a row that is not among {n}")


def map_lists(lists: InvertedLists, path: Path, layout: ListLayout, start: int) -> None:
    """Let ``codes`` scan the lists where they lie in a file, from byte ``start`` on."""
    import faiss

    n = int(layout[:, 0].sum())
    if not hasattr(faiss, "OnDiskInvertedLists"):  # Windows
        return _copy_lists(lists, path, layout, start)
    faiss_lists = faiss.OnDiskInvertedLists()
    faiss_lists.nlist, faiss_lists.code_size = lists.n_lists, lists.code_bytes
    faiss_lists.filename, faiss_lists.totsize = str(path), path.stat().st_size
    # With any of these threads, each query would start and end them.
    faiss_lists.read_only, faiss_lists.prefetch_nthread = True, 0
    faiss_lists.lists.resize(lists.n_lists)
    records = layout.copy()
    records[:, 2] += np.uint64(start)
    ctypes.memmove(int(faiss_lists.lists.data().this), records.ctypes.data, records.nbytes)
    faiss_lists.do_mmap()
    lists.use_faiss_lists(faiss_lists, n)
    return None


def _copy_lists(lists: InvertedLists, path: Path, layout: ListLayout, start: int) -> None:
    data = np.memmap(path, np.uint8, "r")
    faiss_lists: Any = lists.faiss_lists
    for i, (size, room, offset) in enumerate(layout.tolist()):
        if not size:
            continue
        faiss_lists.resize(i, size)
        at = start + offset
        packed_lists = np.ascontiguousarray(data[at : at + lists.n_code_bytes(size)])
        at += room * lists.code_bytes
        rows = np.ascontiguousarray(data[at : at + size * _ROW_BYTES])
        ctypes.memmove(int(faiss_lists.get_codes(i)), packed_lists.ctypes.data, packed_lists.nbytes)
        ctypes.memmove(int(faiss_lists.get_ids(i)), rows.ctypes.data, rows.nbytes)
    lists.use_faiss_lists(faiss_lists, int(layout[:, 0].sum()))
