"""Charts by Matplotlib, which is imported when one is asked for. Each function gives the axes it drew on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.cluster.colors import distinct_colors
from segue.errors import MissingExtraError
from segue.plots.scatter import MAX_COLORED_GROUPS
from segue.plots.svg import FAINT, shorten
from segue.texts import count, one_line

_NAMED = 60  # rows of a matrix; with more, names would lie on each other
_NUMBERED = 16  # likewise the numbers in its cells
_LETTERS = 32


def plot_matrix(scores: NDArray[np.float32], names: Sequence[str], ax: Any = None) -> Any:
    """A heat map; with names and numbers where there is room."""
    n = len(names)
    side = float(np.clip(0.45 * n + 3, 4, 14))  # inches
    ax = ax or _axes(side, side)
    image = ax.imshow(scores, cmap="magma_r", vmin=min(0.0, float(np.nanmin(scores))), vmax=1)
    if n <= _NAMED:
        short = [_plain(shorten(name, _LETTERS)) for name in names]
        ax.set_xticks(range(n), short, rotation=90)
        ax.set_yticks(range(n), short)
    if n <= _NUMBERED:
        for (i, j), score in np.ndenumerate(scores):
            color = "white" if score > 0.6 else "black"
            ax.text(j, i, f"{score:.2f}", ha="center", va="center", fontsize=6, color=color)
    ax.figure.colorbar(image, ax=ax, fraction=0.046, label="score")
    return ax


def plot_map(
    xy: NDArray[np.float32],
    groups: Sequence[str | None],
    colors: Mapping[str, str],
    by: str,
    ax: Any = None,
) -> Any:
    """A dot for each track; the largest groups have colors."""
    ax = ax or _axes(8, 6)
    sizes = Counter(group for group in groups if group is not None)
    largest = [group for group, _ in sizes.most_common(MAX_COLORED_GROUPS)]
    group_colors = dict(zip(largest, distinct_colors(len(largest)), strict=True))
    dot = float(np.clip(8000 / max(1, len(xy)), 2, 40))
    for group in (None, *largest):
        rows = [i for i, own in enumerate(groups) if (own if own in group_colors else None) == group]
        if rows:
            color = FAINT if group is None else colors.get(group, group_colors[group])
            label = f"{'others' if group is None else _plain(shorten(group, _LETTERS))} ({len(rows)})"
            ax.scatter(*xy[rows].T, s=dot, color=color, label=label, linewidths=0)
    ax.set(xticks=[], yticks=[], aspect="equal", title=f"{count(len(xy), 'track')} by {by}")
    if largest:
        ax.legend(
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            fontsize=8,
            frameon=False,
            markerscale=(40 / dot) ** 0.5,
        )
    return ax


def plot_scores(names: Sequence[str], scores: Sequence[float], ax: Any = None) -> Any:
    """A bar for each answer, the first on top."""
    ax = ax or _axes(7, 0.3 * len(names) + 1)
    ax.barh(range(len(names)), scores)
    ax.set_yticks(range(len(names)), [_plain(shorten(name, _LETTERS)) for name in names])
    ax.invert_yaxis()
    ax.set_xlabel("score")
    return ax


def plot_journey(
    names: Sequence[str], scores: Sequence[float], steps: Sequence[float | None], ax: Any = None
) -> Any:
    """How near each stop is to the one before, and to the first."""
    ax = ax or _axes(max(6, 0.6 * len(names)), 4)
    places = range(len(names))
    ax.plot(places, [np.nan if step is None else step for step in steps], "o-", label="to the track before")
    ax.plot(places, scores, "o--", label="to the start")
    ax.set_xticks(places, [_plain(shorten(name, _LETTERS)) for name in names], rotation=45, ha="right")
    ax.set_ylabel("similarity")
    ax.legend(frameon=False)
    return ax


def _axes(width: float, height: float) -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingExtraError("plot()", "plots") from error
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _plain(name: str) -> str:
    """Without what Matplotlib takes for mathematics, and what it cannot draw."""
    return one_line(name).replace("$", r"\$")
