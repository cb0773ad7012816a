"""The elements of a picture."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

INK, FAINT, PAPER = "#222222", "#9a9a9a", "#ffffff"
FONT = "system-ui, sans-serif"


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A whole picture on white."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
        f'width="{number(width)}" height="{number(height)}" font-family="{FONT}" role="img">\n'
        f"<title>{said(title)}</title>\n"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>\n{body}\n</svg>\n'
    )


def text(x: float, y: float, words: str, *, size: float = 12, more: str = "", fill: str = INK) -> str:
    """A line of text, its left end or what ``more`` says at (x, y)."""
    place = f'x="{number(x)}" y="{number(y)}" font-size="{number(size)}"'
    return f'<text {place} fill="{fill}"{more}>{said(words)}</text>'


def said(words: str) -> str:
    """Text as XML takes it: without control characters, which even escaped it may not hold."""
    return escape("".join(c if c.isprintable() else " " for c in words))


def number(x: float) -> str:
    """Two decimals at the most."""
    return f"{x:.2f}".rstrip("0").rstrip(".")


def cut(words: str, n: int) -> str:
    return words if len(words) <= n else words[: n - 1] + "…"
