"""Elements of SVG pictures."""

from __future__ import annotations

from collections.abc import Iterable

from segue.texts import escape_text

INK, FAINT, PAPER = "#222222", "#9a9a9a", "#ffffff"
FONT = "system-ui, sans-serif"


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A whole picture on white."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
        f'width="{number(width)}" height="{number(height)}" font-family="{FONT}" role="img" '
        f'style="max-width:100%;height:auto">\n'
        f"<title>{escape_text(title)}</title>\n"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>\n{body}\n</svg>\n'
    )


def text(x: float, y: float, content: str, *, size: float = 12, attributes: str = "", fill: str = INK) -> str:
    """A line of text whose left end is at (x, y), unless ``attributes`` say otherwise."""
    place = f'x="{number(x)}" y="{number(y)}" font-size="{number(size)}"'
    return f'<text {place} fill="{fill}"{attributes}>{escape_text(content)}</text>'


def number(x: float) -> str:
    """Two decimals at the most."""
    return f"{x:.2f}".rstrip("0").rstrip(".")


def shorten(content: str, n: int) -> str:
    return content if len(content) <= n else content[: n - 1] + "…"
