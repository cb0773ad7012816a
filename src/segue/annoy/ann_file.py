"""Files that Annoy itself wrote: the items' vectors out of its nodes.

Such a file has no header. It is a row of nodes of one size, in the machine's byte order: first a node
for each item from 0 to the largest, then those of the trees, then a copy of each root once more.

    angular     int32 n; float32 |v|^2, int32 0;          float32 v[f]     children at byte 4
    euclidean   int32 n; float32 a; int32 children[2];    float32 v[f]     children at byte 8
    manhattan   as euclidean
    dot         int32 n; int32 children[2]; float32 d;    float32 v[f]     children at byte 4
    hamming     int32 n; int32 children[2]; 4 bytes;      uint64 v[f / 64] children at byte 4

n is 1 for an item, 0 where none was added, and otherwise how many items are below a node; a root's is
the number of all items, gaps among them. Angular items keep their squared length, dot items
d = sqrt(max |v|^2 - |v|^2). Verified with what Annoy 1.17.3 writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.annoy.errors import FileError
from segue.annoy.metric import PLAIN_SQUARES, AnnoyMetric, Stored, empty, refusal

_BLOCK_VALUES = 1 << 22  # numbers looked at at a time
_CLOSE = 1e-3  # of a squared length that Annoy computed


@dataclass(frozen=True, slots=True)
class AnnFile:
    """What a file of Annoy's holds.

    Attributes
    ----------
    items : int64 (n,), ascending; those that were added and have a place in the metric's space
    vectors : (n, width), as the index keeps them; mapped where they can be used as they lie
    refused : int64, items with vectors that are not finite, or zero where a direction is needed
    """

    items: NDArray[np.int64]
    vectors: Stored
    refused: NDArray[np.int64]
    n_trees: int


def read(path: Path, f: int, metric: AnnoyMetric) -> AnnFile:
    """The items of a file that Annoy wrote.

    Raises
    ------
    FileError
        Where it makes no sense as an index of this f and metric.
    FileNotFoundError
    """
    node, size = _node(f, metric), path.stat().st_size
    if not size or size % node.itemsize:
        raise _foreign(path, f, metric, f"it has {size} bytes, not a multiple of {node.itemsize}")
    nodes = np.memmap(path, node, "r")
    reason = _nonsense(nodes, f, metric)
    if reason:
        raise _foreign(path, f, metric, reason)
    leaves = nodes[: nodes["n"][-1]]
    usable = np.concatenate([np.zeros(0, np.bool_), *(_usable(part, metric) for part in _parts(leaves))])
    is_item = leaves["n"] == 1
    items = np.flatnonzero(is_item & usable)
    return AnnFile(
        items, _vectors(leaves, items, f, metric), np.flatnonzero(is_item & ~usable), _count_trees(nodes)
    )


def _node(f: int, metric: AnnoyMetric) -> np.dtype[Any]:
    """A node's fields; those of an item and those of a tree lie over each other."""
    start = 12 if metric == "angular" else 16
    width = 8 * -(-f // 64) if metric == "hamming" else 4 * f
    parts: dict[str, tuple[int, Any]] = {
        "n": (0, "<i4"),
        "head": (4, ("u1", (start - 4,))),
        "children": (_children_at(metric), ("<i4", (2,))),
        "extra": (4 if metric == "angular" else 12, "<f4"),
        "v": (start, ("u1" if metric == "hamming" else "<f4", (width if metric == "hamming" else f,))),
    }
    fields: Any = {
        "names": list(parts),
        "offsets": [part[0] for part in parts.values()],
        "formats": [part[1] for part in parts.values()],
        "itemsize": start + width,
    }
    node: np.dtype[Any] = np.dtype(fields)
    return node


def _children_at(metric: AnnoyMetric) -> int:
    return 8 if metric in ("euclidean", "manhattan") else 4


def _foreign(path: Path, f: int, metric: str, reason: str) -> FileError:
    return FileError(
        f"{path} is no index of Segue's, nor one that Annoy made with f={f} and {metric!r}: {reason}"
    )


def _nonsense(nodes: NDArray[Any], f: int, metric: AnnoyMetric) -> str | None:
    """Why nodes cannot be Annoy's, if they cannot."""
    below, n = np.ascontiguousarray(nodes["n"]), len(nodes)
    n_items = int(below[-1])
    if not n_items and not below.any():
        return None  # trees over nothing
    if not 0 < n_items < n:
        return f"its last root counts {n_items} items among {n} nodes"
    if not np.isin(below[:n_items], (0, 1)).all():
        return f"the first {n_items} of its nodes are not all items"
    trees = below[n_items:]
    if trees.min() < 1 or trees.max() > n_items:
        return f"a node counts {trees.min()} to {trees.max()} of {n_items} items"
    return _nonsense_items(nodes[:n_items], f, metric) or _nonsense_splits(nodes, n_items, metric)


def _nonsense_items(leaves: NDArray[Any], f: int, metric: AnnoyMetric) -> str | None:
    """Whether what stands beside each vector does not follow from it."""
    zeros = slice(0, 8) if metric in ("dot", "hamming") else slice(4, 12)
    longest = max(float(_squares(part, metric).max(initial=0)) for part in _parts(leaves))
    for part in _parts(leaves):
        items = part[part["n"] == 1]
        if items["head"][:, zeros].any():
            return "an item has children"
        if metric == "hamming" and _bits(items["v"])[:, f:].any():
            return f"an item has more than {f} bits"
        if metric in ("angular", "dot") and not _fits(items, metric, longest):
            return "an item's length is not that of its vector"
    return None


def _fits(items: NDArray[Any], metric: AnnoyMetric, longest: float) -> bool:
    """Whether the lengths that Annoy wrote are those of the vectors."""
    squares, written = _squares(items, metric), items["extra"].astype(np.float64)
    if not np.isfinite(longest):
        return True  # Annoy's arithmetic came to nothing
    if metric == "dot":
        return not (np.abs(written**2 + squares - longest) > _CLOSE * longest).any()
    # Old versions of Annoy wrote zero; what float32 cannot hold is infinite.
    there_is = (written != 0) & np.isfinite(written)
    return not (np.abs(written - squares)[there_is] > _CLOSE * longest).any()


def _squares(part: NDArray[Any], metric: AnnoyMetric) -> NDArray[np.float64]:
    """float64 (n,): the squared length of each vector."""
    if metric not in ("angular", "dot"):
        return np.zeros(len(part))
    return np.asarray(np.einsum("ij,ij->i", part["v"], part["v"], dtype=np.float64))


def _nonsense_splits(nodes: NDArray[Any], n_items: int, metric: AnnoyMetric) -> str | None:
    """Whether a node that divides more items than fit into it has no two others below it."""
    fitting = (nodes.dtype.itemsize - _children_at(metric)) // 4
    below = nodes["n"]
    splits = np.flatnonzero(below > fitting)
    if (below[:n_items] == 1).sum() == 1:
        splits = splits[below[splits] < n_items]  # a root over the only item divides nothing
    children = nodes["children"][splits]
    if len(children) and (children.min() < 0 or children.max() >= len(nodes)):
        return f"a node has a child outside of its {len(nodes)} nodes"
    return None


def _parts(leaves: NDArray[Any]) -> list[NDArray[Any]]:
    step = max(1, _BLOCK_VALUES // leaves["v"].shape[1])
    return [leaves[i : i + step] for i in range(0, len(leaves), step)] or [leaves]


def _usable(part: NDArray[Any], metric: AnnoyMetric) -> NDArray[np.bool_]:
    """bool (n,): which vectors an index has a place for."""
    out = np.ones(len(part), np.bool_)
    if metric == "hamming":
        return out
    squares = np.einsum("ij,ij->i", part["v"], part["v"], dtype=np.float64)
    for i in np.flatnonzero(~((squares > PLAIN_SQUARES[0]) & (squares < PLAIN_SQUARES[1]))):
        out[i] = refusal(part["v"][i], metric) is None
    return out


def _vectors(leaves: NDArray[Any], items: NDArray[np.int64], f: int, metric: AnnoyMetric) -> Stored:
    if metric != "hamming":
        return np.asarray(leaves["v"] if len(items) == len(leaves) else leaves["v"][items])
    out = empty(len(items), f, metric)
    step = max(1, _BLOCK_VALUES // f)
    for start in range(0, len(items), step):
        part = leaves["v"][items[start : start + step]]
        out[start : start + step] = np.packbits(_bits(part)[:, :f], axis=1)
    return out


def _bits(words: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.unpackbits(words, axis=1, bitorder="little")


def _count_trees(nodes: NDArray[Any]) -> int:
    """How many roots there are: the last nodes, each the copy of one before."""
    below = nodes["n"]
    others = np.flatnonzero(below != below[-1])
    roots = nodes[int(others[-1]) + 1 if len(others) else int(below[-1]) :]
    half = len(roots) // 2
    if not len(roots) % 2 and roots[:half].tobytes() == roots[half:].tobytes():
        return half  # a tree of one node is all root
    same = len(roots) > 1 and (roots["children"][0] == roots["children"][-1]).all()
    return len(roots) - int(same)
