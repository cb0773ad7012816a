"""A matrix of scores as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.plots.svg import INK, PAPER, cut, document, number, text

_CELL, _FEW = 40, 24  # a cell's side; up to so many rows have numbers in their cells
_SIDE = 960  # of the cells of larger matrices together
_LETTERS = 32
# From white over yellow and red to near black: lightness falls all the way, so it is told without colour too.
_STOPS = np.array([[255, 255, 255], [254, 224, 144], [244, 109, 67], [165, 0, 38], [45, 0, 28]], np.float64)


def heatmap(scores: NDArray[np.float32], names: Sequence[str], *, title: str) -> str:
    """An SVG: a cell a pair, the darker the more alike, with its number where there is room.

    Parameters
    ----------
    scores : (n, n)
    names : of the rows and columns
    """
    n = len(names)
    cell = float(_CELL) if n <= _FEW else _SIDE / n
    size = min(13.0, 0.9 * cell)
    room = min(_LETTERS, max((len(name) for name in names), default=0)) * size * 0.62 + 16
    low, high = _ends(scores)
    parts = [text(room, 22, title, size=15, more=' font-weight="600"')]
    for i, name in enumerate(names):
        at = (i + 0.5) * cell
        end = ' text-anchor="end" dominant-baseline="middle"'
        parts.append(text(room - 6, 36 + room + at, cut(name, _LETTERS), size=size, more=end))
        x, y = number(room + at), number(30 + room)
        turned = f' transform="rotate(-90 {x} {y})" dominant-baseline="middle"'
        parts.append(text(room + at, 30 + room, cut(name, _LETTERS), size=size, more=turned))
    for (i, j), score in np.ndenumerate(scores):
        parts += _cell(room + j * cell, 36 + room + i * cell, cell, float(score), (low, high), n <= _FEW)
    side = room + n * cell + 24
    return document(max(side, 420.0), 36 + side + 40, title, [*parts, *_scale(room, 36 + side, low, high)])


def _ends(scores: NDArray[np.float32]) -> tuple[float, float]:
    """The scores that are lightest and darkest: 0 to 1, or beyond where scores are."""
    known = scores[np.isfinite(scores)]
    return (min(0.0, float(known.min())), max(1.0, float(known.max()))) if known.size else (0.0, 1.0)


def _cell(x: float, y: float, side: float, score: float, ends: tuple[float, float], told: bool) -> list[str]:
    place = f'x="{number(x)}" y="{number(y)}" width="{number(side)}" height="{number(side)}"'
    share = (score - ends[0]) / (ends[1] - ends[0])
    parts = [f'<rect {place} fill="{_colour(share)}"/>']
    if told:
        middle = ' text-anchor="middle" dominant-baseline="middle"'
        ink = PAPER if share > 0.55 else INK
        parts.append(text(x + side / 2, y + side / 2, f"{score:.2f}", size=11, more=middle, fill=ink))
    return parts


def _colour(share: float) -> str:
    at = float(np.clip(np.nan_to_num(share), 0, 1)) * (len(_STOPS) - 1)
    below = min(int(at), len(_STOPS) - 2)
    mixed = _STOPS[below] + (at - below) * (_STOPS[below + 1] - _STOPS[below])
    return "#{:02x}{:02x}{:02x}".format(*(round(c) for c in mixed))


def _scale(x: float, y: float, low: float, high: float) -> list[str]:
    steps = 50
    parts = [
        f'<rect x="{number(x + 4 * i)}" y="{number(y)}" width="4.2" height="12" fill="{_colour(i / steps)}"/>'
        for i in range(steps)
    ]
    return [*parts, text(x, y + 28, f"{low:.2f}"), text(x + 4 * steps - 24, y + 28, f"{high:.2f}")]
