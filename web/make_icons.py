"""Draw the player's icons: ``python web/make_icons.py`` writes PNG files into ``public/assets``.

The same two strokes as ``segue.svg``, as systems want them: with round corners, to the edges for those that
cut their own shape (maskable), and without transparency for Apple's.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ASSETS = Path(__file__).resolve().parent / "public" / "assets"
GROUND, OUT, INTO = (0x14, 0x1A, 0x1B), (0xEA, 0xF0, 0xEE), (0xFF, 0x6F, 0x47)
GRID = 32.0  # of the drawing
WIDTH = 3.2  # of a stroke
CORNER = 8.0
STROKES = (
    (((6, 9.5), (14, 9.5), (18, 22.5), (26, 22.5)), OUT),
    (((6, 22.5), (14, 22.5), (18, 9.5), (26, 9.5)), INTO),
)
ICONS = {  # name: pixels, size of the drawing in its frame, corner
    "icon-192.png": (192, 1.0, CORNER),
    "icon-512.png": (512, 1.0, CORNER),
    "icon-maskable-192.png": (192, 0.72, 0.0),
    "icon-maskable-512.png": (512, 0.72, 0.0),
    "apple-touch-icon.png": (180, 0.86, 0.0),
}

Image = NDArray[np.float64]


def curve(points: tuple[tuple[float, float], ...], n: int = 400) -> Image:
    """(n, 2): a cubic Bezier curve."""
    t = np.linspace(0, 1, n)[:, None]
    a, b, c, d = (np.array(point, np.float64) for point in points)
    return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d


def draw(pixels: int, scale: float, corner: float) -> NDArray[np.uint8]:
    """uint8 (pixels, pixels, 4): the icon, with soft edges."""
    unit = GRID / pixels
    axis = (np.arange(pixels) + 0.5) * unit
    x, y = np.meshgrid(axis, axis)
    image = np.empty((pixels, pixels, 4))
    image[..., :3] = GROUND
    beyond = np.hypot(*(np.maximum(np.abs(at - GRID / 2) - (GRID / 2 - corner), 0) for at in (x, y)))
    image[..., 3] = 255 * soft(corner - beyond if corner else np.ones_like(x), unit)
    inner = [(at - GRID / 2) / scale + GRID / 2 for at in (x, y)]
    for points, color in STROKES:
        distance = np.full_like(x, np.inf)
        for at in curve(points):
            np.minimum(distance, np.hypot(inner[0] - at[0], inner[1] - at[1]), out=distance)
        cover = soft(WIDTH / 2 - distance, unit / scale)[..., None]
        image[..., :3] += cover * (np.array(color) - image[..., :3])
    return np.rint(image).astype(np.uint8)


def soft(inside: Image, unit: float) -> Image:
    """0 outside, 1 inside, between them within a pixel of the edge."""
    return np.clip(inside / unit + 0.5, 0, 1)


def png(image: NDArray[np.uint8]) -> bytes:
    """A PNG file of (n, n, 4)."""
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    size = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def main() -> None:
    for name, (pixels, scale, corner) in ICONS.items():
        (ASSETS / name).write_bytes(png(draw(pixels, scale, corner)))


if __name__ == "__main__":
    main()
