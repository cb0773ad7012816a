"""HTML for notebooks. Tags of files may hold anything, so whatever is not ``Markup`` is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from segue.texts import escape_text

_RIGHT = "text-align:right;font-variant-numeric:tabular-nums"
_LEFT = "text-align:left"


class Markup(str):
    """HTML that is shown as it stands."""

    __slots__ = ()


def markup(value: object) -> Markup:
    """HTML as it is, anything else as its text, escaped."""
    return value if isinstance(value, Markup) else Markup(escape_text(str(value)))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> Markup:
    """A table without the columns that are empty in all rows.

    Parameters
    ----------
    right : names of the columns that hold numbers
    """
    cells = [[markup(value) for value in row] for row in rows]
    shown = [i for i in range(len(head)) if any(row[i] for row in cells)]
    styles = [_RIGHT if name in right else _LEFT for name in head]
    names = "".join(f'<th style="{styles[i]}">{markup(head[i])}</th>' for i in shown)
    lines = (
        "<tr>" + "".join(f'<td style="{styles[i]}">{row[i]}</td>' for i in shown) + "</tr>" for row in cells
    )
    return Markup(f"<table><thead><tr>{names}</tr></thead><tbody>{''.join(lines)}</tbody></table>")


def note(text: object) -> Markup:
    """A short line above or below a table."""
    return Markup(f'<p style="margin:.3em 0">{markup(text)}</p>')


def link(text: str, url: str | None) -> Markup:
    """A link, if the address is one of the web: others could be programs."""
    if not url or not url.startswith(("https://", "http://")):
        return markup(text)
    return Markup(f'<a href="{markup(url)}" target="_blank" rel="noopener noreferrer">{markup(text)}</a>')


def together(parts: Iterable[Markup]) -> str:
    """Parts below each other, as one answer."""
    return f"<div>{''.join(parts)}</div>"
