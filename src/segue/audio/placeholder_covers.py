"""Covers for tracks that have none: a palette of the album's, a figure of the track's own."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

from segue.track import Track

Palette = tuple[str, str, str, str]  # ground, two shapes, a spark

_PALETTES: tuple[Palette, ...] = (
    ("#16302f", "#2f6f68", "#b9d8c8", "#ff6f47"),
    ("#2a1a2e", "#6b3a63", "#d9a6b3", "#ffb35c"),
    ("#10263f", "#27598a", "#9cc4e0", "#f2e3b3"),
    ("#3a1d14", "#a6431f", "#f0a878", "#f7e6d0"),
    ("#e7ddc6", "#c58f4a", "#6d4a2f", "#1f2a2a"),
    ("#d5e0dc", "#7fa39a", "#2f4f4a", "#e14a1d"),
    ("#1c1f2b", "#474f73", "#a9b0d6", "#ff8f6b"),
    ("#23301a", "#5d7a32", "#c6d48a", "#f6efd2"),
    ("#f0d9d0", "#d98a76", "#8a3b35", "#2b1b1d"),
    ("#0f1a1c", "#1f5d6b", "#67c1c4", "#f4d35e"),
    ("#ece8df", "#9aa7c7", "#3f4a78", "#d9481f"),
    ("#2c1414", "#7d2430", "#e26d5c", "#ffe1a8"),
)


def placeholder_cover(track: Track, size: int = 256) -> bytes:
    """An SVG, always the same for a track; the tracks of an album share its colors."""
    album = f"{track.tags.album_artist or track.artist}\0{track.tags.album or track.artist or track.title}"
    palette = _PALETTES[_digest(album)[0] % len(_PALETTES)]
    numbers = _digest(f"{album}\0{track.title}\0{track.id}")
    figure = _FIGURES[numbers[0] % len(_FIGURES)](palette, numbers[1:])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 100 100">'
        f'<rect width="100" height="100" fill="{palette[0]}"/>{figure}</svg>'
    ).encode()


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _grooves(palette: Palette, n: bytes) -> str:
    """Rings around a place off the middle, one of them lit for a part of its turn."""
    x, y = (12 + n[0] % 76, 12 + n[1] % 76)
    rings = [
        f'<circle cx="{x}" cy="{y}" r="{9 + 10 * i}" fill="none" stroke="{palette[1 + i % 2]}" '
        f'stroke-width="{2 + n[2 + i % 4] % 5}"/>'
        for i in range(10)
    ]
    r, pen = 19 + 10 * (n[7] % 4), 'fill="none" stroke-width="5" stroke-linecap="round"'
    lit = f'<circle cx="{x}" cy="{y}" r="{r}" {pen} stroke="{palette[3]}" '
    turn = f'stroke-dasharray="{r * 1.7:.1f} 999" transform="rotate({n[8] * 360 // 256} {x} {y})"/>'
    return "".join(rings) + lit + turn


def _crossing(palette: Palette, n: bytes) -> str:
    """One sound going out while another comes in."""
    a, b = 18 + n[0] % 24, 62 + n[1] % 24
    bend = 30 + n[2] % 40
    out = f"M0 {a}C{bend} {a} {100 - bend} {b} 100 {b}"
    into = f"M0 {b}C{bend} {b} {100 - bend} {a} 100 {a}"
    return (
        f'<path d="{out}V100H0Z" fill="{palette[1]}"/>'
        f'<path d="{into}V100H0Z" fill="{palette[2]}" fill-opacity=".72"/>'
        f'<path d="{into}" fill="none" stroke="{palette[3]}" stroke-width="{3 + n[3] % 3}"/>'
    )


def _bars(palette: Palette, n: bytes) -> str:
    """A few bars of a waveform, one of them now."""
    bars, now = 9, n[12] % 9
    parts = []
    for i in range(bars):
        tall = 14 + n[i] % 64
        color = palette[3] if i == now else palette[1 + (n[i] & 1)]
        place = f'x="{7.5 + 9.7 * i:.1f}" y="{50 - tall / 2}" width="6.4" height="{tall}"'
        parts.append(f'<rect {place} rx="3.2" fill="{color}"/>')
    return "".join(parts)


def _discs(palette: Palette, n: bytes) -> str:
    """Discs over one another."""
    parts = [
        f'<circle cx="{15 + n[3 * i] % 70}" cy="{15 + n[3 * i + 1] % 70}" r="{22 + n[3 * i + 2] % 22}" '
        f'fill="{palette[1 + i % 2]}" fill-opacity="{0.95 - 0.2 * i:.2f}"/>'
        for i in range(3)
    ]
    spark = f'cx="{20 + n[9] % 60}" cy="{20 + n[10] % 60}" r="{7 + n[11] % 6}"'
    return "".join(parts) + f'<circle {spark} fill="{palette[3]}"/>'


def _strata(palette: Palette, n: bytes) -> str:
    """Hills of slow waves, and something that rises behind them."""
    parts = [
        f'<circle cx="{22 + n[10] % 56}" cy="{24 + n[11] % 16}" r="{9 + n[12] % 8}" fill="{palette[3]}"/>'
    ]
    for i in range(4):
        base, high, phase = 44 + 14 * i, 4 + n[i] % 9, n[4 + i] / 40
        points = [f"{x} {base + high * math.sin(x / (11 + n[8] % 9) + phase):.1f}" for x in range(0, 101, 4)]
        hill, opacity = f"M{'L'.join(points)}L100 100L0 100Z", 0.55 + 0.15 * i
        parts.append(f'<path d="{hill}" fill="{palette[1 + i % 2]}" fill-opacity="{opacity:.2f}"/>')
    return "".join(parts)


def _tiles(palette: Palette, n: bytes) -> str:
    """Quarters of discs in nine squares."""
    third = 100 / 3
    parts = []
    for i in range(9):
        x, y = third * (i % 3), third * (i // 3)
        color = palette[3] if i == n[12] % 9 else palette[1 + (n[i] >> 3 & 1)]
        quarter = f"M0 0H{third:.2f}A{third:.2f} {third:.2f} 0 0 1 0 {third:.2f}Z"
        to, back = f"{x + third / 2:.2f} {y + third / 2:.2f}", f"{-third / 2:.2f} {-third / 2:.2f}"
        turn = f"translate({to}) rotate({90 * (n[i] % 4)}) translate({back})"
        parts.append(f'<path d="{quarter}" transform="{turn}" fill="{color}"/>')
    return "".join(parts)


_FIGURES: tuple[Callable[[Palette, bytes], str], ...] = (_grooves, _crossing, _bars, _discs, _strata, _tiles)
