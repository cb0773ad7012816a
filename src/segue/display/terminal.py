"""How far long work is: a bar on a terminal, or a line now and then where stderr is none."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from segue.texts import megabytes, one_line

LINE_EVERY_S = 10.0


class TerminalProgress:
    """A ``segue.progress.Progress`` for people; a context manager around the work.

    Parameters
    ----------
    label : what the work is about, where several pieces of work follow each other
    quiet : show nothing
    """

    def __init__(self, label: str = "", *, quiet: bool = False) -> None:
        self._prefix = f"{label}: " if label else ""
        self._console = Console(stderr=True)
        # Asked itself, as a Console takes a log for a terminal where FORCE_COLOR is set.
        shows_bar = self._console.file.isatty() and not self._console.is_dumb_terminal
        self._lines = not quiet and not shows_bar
        self._lock = threading.Lock()
        self._opened = self._started = self._last_line = time.monotonic()
        self._total: int | None = None
        self._finished = False
        self._unit = ""
        self._bar = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
            disable=quiet or self._lines,
        )
        self._task = self._bar.add_task(label, total=None, state="", note="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, total: int | None, unit: str) -> None:
        self._total, self._unit, self._started = total, unit, time.monotonic()
        self._finished = False
        self._bar.update(self._task, total=total, completed=0)
        if unit == "bytes":  # how large a download is counts before its first ten seconds are over
            self._last_line = self._started - LINE_EVERY_S

    def note(self, text: str) -> None:
        text = one_line(text)
        if text and self._lines and self._finished and time.monotonic() - self._opened >= LINE_EVERY_S:
            click.echo(f"{self._prefix}{text}", err=True)
        width = max(12, self._console.width - 72)
        self._bar.update(self._task, note=text if len(text) <= width else text[: width - 1] + "…")

    def advance(self, done: int, tally: str = "") -> None:
        with self._lock:
            state = ", ".join(part for part in (self._amount(done), self._rate(done), tally) if part)
            self._bar.update(self._task, completed=done, state=state)
            self._finished = done == self._total  # what is noted from now on is the end of the work
            if self._lines and time.monotonic() - self._last_line >= LINE_EVERY_S:
                self._last_line = time.monotonic()
                click.echo(f"{self._prefix}{state}{self._time_left(done)}", err=True)

    def _amount(self, done: int) -> str:
        if self._unit == "bytes":
            return f"{megabytes(done)} of {megabytes(self._total)}" if self._total else megabytes(done)
        of = f" of {self._total}" if self._total is not None else ""
        return f"{done}{of} {self._unit}".strip()

    def _rate(self, done: int) -> str:
        rate = done / max(1e-3, time.monotonic() - self._started)
        return f"{megabytes(int(rate))}/s" if self._unit == "bytes" else f"{rate:.1f}/s"

    def _time_left(self, done: int) -> str:
        if not self._total or not done:
            return ""
        elapsed = time.monotonic() - self._started
        return f", {elapsed / done * max(0, self._total - done):.0f} s left"
