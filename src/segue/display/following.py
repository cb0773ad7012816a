"""A bar for long work: as HTML in a notebook, by rich on a terminal, as lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from typing import Any, Self

from segue.display.html import Markup, markup
from segue.progress import Follow, Progress, Silent

_EVERY_S = 0.2  # between two pictures of a bar


@contextmanager
def following(progress: Follow) -> Iterator[Progress]:
    """What follows the work: the caller's own object, a bar for ``True``, nothing for ``None``."""
    if progress is None or progress is False:
        yield Silent()
    elif progress is not True:
        yield progress
    elif in_notebook():
        with NotebookProgress() as bar:
            yield bar
    else:
        from segue.display.terminal import TerminalProgress

        with TerminalProgress() as terminal:
            yield terminal


def in_notebook() -> bool:
    """Whether this process is the kernel of one."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


class NotebookProgress:
    """A ``segue.progress.Progress`` in a cell's output, redrawn in its place; it needs no widgets.

    Parameters
    ----------
    display : shows HTML, as the module ``IPython.display`` does, which is the default
    every_s : the least time between two pictures of the bar
    """

    def __init__(self, display: Any = None, every_s: float = _EVERY_S) -> None:
        self._display, self._every_s = display or import_module("IPython.display"), every_s
        self._lock = threading.Lock()
        self._handle: Any = None
        self._total: int | None = None
        self._done, self._unit, self._tally, self._note = 0, "", "", ""
        self._drawn = 0.0

    def __enter__(self) -> Self:
        picture = self._display.HTML(self._picture())
        self._handle = self._display.display(picture, display_id=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The last stage says little once all is over.
        self._unit, self._tally, self._note = "", "", "done" if error is None else "stopped"
        self._draw(bar=False)

    def begin(self, total: int | None, unit: str) -> None:
        with self._lock:
            self._total, self._done, self._unit, self._tally = total, 0, unit, ""
        self._draw()

    def note(self, text: str) -> None:
        self._note = text
        self._draw(seldom=True)

    def advance(self, done: int, tally: str = "") -> None:
        self._done, self._tally = done, tally
        self._draw(seldom=True)

    def _draw(self, *, bar: bool = True, seldom: bool = False) -> None:
        with self._lock:
            if seldom and time.monotonic() - self._drawn < self._every_s:
                return
            self._drawn = time.monotonic()
            self._handle.update(self._display.HTML(self._picture(bar=bar)))

    def _picture(self, *, bar: bool = True) -> Markup:
        of = f" of {self._total}" if self._total is not None else ""
        amount = f"{self._done}{of} {self._unit}" if self._unit else ""
        text = ", ".join(part for part in (amount, self._tally, self._note) if part)
        at = f' value="{self._done}" max="{self._total}"' if self._total else ""
        drawn = f"<progress{at}></progress> " if bar else ""
        return Markup(f"<div>{drawn}{markup(text)}</div>")
