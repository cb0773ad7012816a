"""Numbers and names as people read them, on terminals and pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Text = TypeVar("Text", bound=str)


def clock(seconds: float) -> str:
    """``3:05``, ``1:02:03``."""
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"


def megabytes(n: int) -> str:
    """``4.1 MB``."""
    return f"{n / 1e6:.1f} MB"


def count(n: int, word: str, plural: str = "") -> str:
    """``1 track``, ``2,000 tracks``."""
    return f"{n} {word}" if n == 1 else f"{n:,} {plural or word + 's'}"


def reason(error: BaseException) -> str:
    """What went wrong, without the number and the path that the system's errors begin and end with."""
    return getattr(error, "strerror", None) or str(error)


def each_of(texts: Text | Iterable[Text]) -> list[Text]:
    """Some texts, or one, which is itself and not its letters."""
    return [texts] if isinstance(texts, str) else list(texts)


def one_line(text: str) -> str:
    """Without control characters, which could rewrite a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def escape_text(text: str) -> str:
    """For HTML and XML, without control characters, which XML may not hold even escaped."""
    from html import escape  # takes as long to load as all that is here

    return escape(one_line(text))
