"""A matrix of scores as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.plots.svg import INK, PAPER, document, number, shorten, text

_CELL, _MAX_NUMBERED = 40, 24  # a cell's side; with more rows, cells have no numbers
_SIDE = 960  # of larger matrices
_LETTERS = 32
# From white over yellow and red to near black: lightness falls all the way, so it reads without color too.
_STOPS = np.array([[255, 255, 255], [254, 224, 144], [244, 109, 67], [165, 0, 38], [45, 0, 28]], np.float64)


def heatmap(scores: NDArray[np.float32], names: Sequence[str], *, title: str) -> str:
    """An SVG: a cell for each pair, darker where they are more alike, with its score where there is room.

    Parameters
    ----------
    scores : (n, n)
    names : of the rows and columns
    """
    n = len(names)
    cell = float(_CELL) if n <= _MAX_NUMBERED else _SIDE / n
    size = min(13.0, 0.9 * cell)
    room = min(_LETTERS, max((len(name) for name in names), default=0)) * size * 0.62 + 16
    low, high = _score_range(scores)
    parts = [text(room, 22, title, size=15, attributes=' font-weight="600"')]
    for i, name in enumerate(names):
        at = (i + 0.5) * cell
        end = ' text-anchor="end" dominant-baseline="middle"'
        parts.append(text(room - 6, 36 + room + at, shorten(name, _LETTERS), size=size, attributes=end))
        x, y = number(room + at), number(30 + room)
        turned = f' transform="rotate(-90 {x} {y})" dominant-baseline="middle"'
        parts.append(text(room + at, 30 + room, shorten(name, _LETTERS), size=size, attributes=turned))
    for (i, j), score in np.ndenumerate(scores):
        parts += _cell(
            room + j * cell, 36 + room + i * cell, cell, float(score), (low, high), n <= _MAX_NUMBERED
        )
    side = room + n * cell + 24
    return document(max(side, 420.0), 36 + side + 40, title, [*parts, *_scale(room, 36 + side, low, high)])


def _score_range(scores: NDArray[np.float32]) -> tuple[float, float]:
    """The lightest and the darkest score: 0 and 1, or beyond where scores are."""
    finite = scores[np.isfinite(scores)]
    return (min(0.0, float(finite.min())), max(1.0, float(finite.max()))) if finite.size else (0.0, 1.0)


def _cell(
    x: float, y: float, side: float, score: float, score_range: tuple[float, float], numbered: bool
) -> list[str]:
    place = f'x="{number(x)}" y="{number(y)}" width="{number(side)}" height="{number(side)}"'
    share = (score - score_range[0]) / (score_range[1] - score_range[0])
    parts = [f'<rect {place} fill="{_color(share)}"/>']
    if numbered:
        middle = ' text-anchor="middle" dominant-baseline="middle"'
        ink = PAPER if share > 0.55 else INK
        parts.append(text(x + side / 2, y + side / 2, f"{score:.2f}", size=11, attributes=middle, fill=ink))
    return parts


def _color(share: float) -> str:
    at = float(np.clip(np.nan_to_num(share), 0, 1)) * (len(_STOPS) - 1)
    below = min(int(at), len(_STOPS) - 2)
    mixed = _STOPS[below] + (at - below) * (_STOPS[below + 1] - _STOPS[below])
    return "#{:02x}{:02x}{:02x}".format(*(round(c) for c in mixed))


def _scale(x: float, y: float, low: float, high: float) -> list[str]:
    steps = 50
    parts = [
        f'<rect x="{number(x + 4 * i)}" y="{number(y)}" width="4.2" height="12" fill="{_color(i / steps)}"/>'
        for i in range(steps)
    ]
    return [*parts, text(x, y + 28, f"{low:.2f}"), text(x + 4 * steps - 24, y + 28, f"{high:.2f}")]
