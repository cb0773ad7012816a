"""A map as a picture: a dot for each track, colored by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from segue.cluster.colors import distinct_colors
from segue.plots.svg import FAINT, document, number, shorten, text
from segue.texts import escape_text

SIDE, MARGIN, LEGEND = 900, 24, 300  # of the picture
MAX_COLORED_GROUPS = 12  # the largest
MAX_TITLED = 3_000  # dots; more have no names when pointed at


def scatter(
    xy: NDArray[np.float32],
    names: Sequence[str],
    groups: Sequence[str | None],
    *,
    title: str,
    colors: Mapping[str, str] | None = None,
) -> str:
    """An SVG, with a legend of the groups.

    Parameters
    ----------
    xy : (n, 2), in [-1, 1]
    names : of the dots
    groups : the group of each; the largest get colors, all others are gray
    colors : of groups that have one already
    """
    sizes = Counter(group for group in groups if group is not None)
    shown = [group for group, _ in sizes.most_common(MAX_COLORED_GROUPS)]
    own = dict(zip(shown, distinct_colors(len(shown)), strict=True)) | {
        group: color for group, color in (colors or {}).items() if group in shown
    }
    span = SIDE - 2 * MARGIN
    places = MARGIN + (np.asarray(xy, np.float64) * (1, -1) + 1) / 2 * span
    radius = float(np.clip(60 / max(1, len(xy)) ** 0.5, 0.8, 5))
    parts = []
    for group in (None, *shown):
        members = [i for i, g in enumerate(groups) if (g if g in own else None) == group]
        if members:
            parts.append(_dots(places, names, members, FAINT if group is None else own[group], radius))
    others = len(groups) - sum(sizes[group] for group in shown)
    return document(SIDE + LEGEND, SIDE, title, [*parts, *_legend(title, sizes, own, others)])


def _dots(places: NDArray[np.float64], names: Sequence[str], members: list[int], color: str, r: float) -> str:
    if len(places) <= MAX_TITLED:
        dots = "".join(
            f'<circle cx="{number(places[i, 0])}" cy="{number(places[i, 1])}" r="{number(r)}">'
            f"<title>{escape_text(names[i])}</title></circle>\n"
            for i in members
        )
        return f'<g fill="{color}" fill-opacity="0.8">\n{dots}</g>'
    line = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places[members])
    style = f'stroke="{color}" stroke-opacity="0.7" stroke-width="{number(2 * r)}" stroke-linecap="round"'
    return f'<path d="{line}" {style}/>'


def _legend(title: str, sizes: Mapping[str, int], own: Mapping[str, str], others: int) -> list[str]:
    x, y = SIDE + 8, MARGIN + 12
    parts = [text(x, y, shorten(title, 34), size=15, attributes=' font-weight="600"')]
    rows = [(color, f"{shorten(group, 30)} ({sizes[group]})") for group, color in own.items()]
    rows += [(FAINT, f"others ({others})")] if others else []
    for i, (color, words) in enumerate(rows):
        at = y + 28 + 22 * i
        parts += [
            f'<circle cx="{x + 6}" cy="{at - 4}" r="6" fill="{color}"/>',
            text(x + 20, at, words, size=13),
        ]
    return parts
