"""Colors that are easy to tell apart, on white and on black."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LIGHTNESS = np.linspace(0.5, 0.8, 4)  # of OKLab, in the middle between black and white
_CHROMA = (0.09, 0.13, 0.17, 0.21)
_HUES = 48
# OKLab to linear sRGB, Ottosson 2020.
_TO_LMS = np.array([[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728],
                    [1, -0.0894841775, -1.2914855480]])  # fmt: skip
_TO_RGB = np.array([[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
                    [-0.0041960863, -0.7034186147, 1.7076147010]])  # fmt: skip


def distinct_colors(n: int) -> list[str]:
    """``#rrggbb`` for n groups, each as far as possible from all before it; fewer are the first of more."""
    lab, rgb = _possible()
    chosen = [int(np.argmax(lab[:, 2] * -1))]  # a blue, as charts usually begin
    distance = np.linalg.norm(lab - lab[chosen[0]], axis=1)
    while len(chosen) < n:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(lab - lab[chosen[-1]], axis=1))
    return ["#{:02x}{:02x}{:02x}".format(*rgb[i]) for i in chosen[:n]]


def _possible() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n, 3) each: colors in OKLab, and in sRGB from 0 to 255."""
    hue = 2 * np.pi * np.arange(_HUES) / _HUES
    lightness, chroma, angle = (x.ravel() for x in np.meshgrid(_LIGHTNESS, _CHROMA, hue, indexing="ij"))
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    linear = (lab @ _TO_LMS.T) ** 3 @ _TO_RGB.T
    shown = ((linear >= 0) & (linear <= 1)).all(axis=1)
    lab, linear = lab[shown], linear[shown]
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return lab, np.round(255 * srgb).astype(np.int64)
