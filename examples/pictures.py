"""What the pictures and tables of a notebook are like: enough to tell an empty or a lost one.

Their bytes differ from one machine to the next, with fonts and versions.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from typing import Any

import av
import numpy as np

CLOSE = 0.1  # of a width, a height or a number of shapes
LEAST_DRAWN = 0.005  # of the pixels; a blank picture has one color
_SHAPES = re.compile(r"<(?:path|rect|circle|line|polyline|polygon|text|image|use)\b")
_COUNTED = {"rows": "<tr", "pictures": "<img", "drawings": "<svg", "sounds": "<audio"}


def pictures(notebook: Any) -> list[tuple[str, dict[str, int]]]:
    """Each picture and table that cells show: what it is, and its measures.

    Raises
    ------
    ValueError
        Where a picture is blank.
    """
    found = []
    for i, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", ()):
            found += [(f"cell {i + 1}: {kind}", sizes) for kind, sizes in _measured(output.get("data", {}))]
    return found


def _measured(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, int]]]:
    if "image/png" in data:
        yield "picture", _of_png(base64.b64decode(data["image/png"]))
    elif "image/svg+xml" in data:
        yield "drawing", _of_svg("".join(data["image/svg+xml"]))
    elif "text/html" in data:
        html = "".join(data["text/html"])
        yield "table", {name: html.count(tag) for name, tag in _COUNTED.items()}


def _of_png(content: bytes) -> dict[str, int]:
    with av.open(io.BytesIO(content)) as container:
        pixels = next(container.decode(video=0)).to_ndarray(format="rgb24").reshape(-1, 3).astype(np.int64)
        width, height = container.streams.video[0].width, container.streams.video[0].height
    colors, counts = np.unique(pixels @ [1 << 16, 1 << 8, 1], return_counts=True)
    if len(colors) < 2 or 1 - counts.max() / len(pixels) < LEAST_DRAWN:
        raise ValueError(f"a picture of {width} x {height} pixels is blank")
    return {"width": width, "height": height}


def _of_svg(text: str) -> dict[str, int]:
    shapes = len(_SHAPES.findall(text))
    if shapes < 2:
        raise ValueError(f"a drawing is blank: {text[:80]}")
    size = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', text)
    width, height = size.groups() if size else ("0", "0")
    return {"width": round(float(width)), "height": round(float(height)), "shapes": shapes}


def other_pictures(old: Any, new: Any) -> list[str]:
    """How the pictures of two runs differ, in kind, number or size; or that one is blank now."""
    kept = pictures(old)
    try:
        now = pictures(new)
    except ValueError as error:
        return [str(error)]
    if [what for what, _ in kept] != [what for what, _ in now]:
        return [f"kept: {[what for what, _ in kept]}", f"now: {[what for what, _ in now]}"]
    return [
        f"{what} has {name} {b}, not {a}"
        for (what, before), (_, after) in zip(kept, now, strict=True)
        for (name, a), b in zip(before.items(), after.values(), strict=True)
        if abs(a - b) > CLOSE * max(a, b)
    ]
