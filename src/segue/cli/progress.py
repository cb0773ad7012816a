"""The course of a scan or a download on a terminal, or as lines where stderr is none."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as RichProgress

from segue.cli.options import megabytes
from segue.library import Failure

LINE_EVERY_S = 10.0


class _Shown:
    """A context manager around long work, with a bar while it lasts."""

    _bar: RichProgress

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class ScanProgress(_Shown):
    """Counts, rate, time left and the file at hand; a context manager around the scan."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True)
        self._lock = threading.Lock()
        self._started = self._last_line = time.monotonic()
        self._total = self._done = self._failed = 0
        self._audio_s = 0.0
        self._bar = RichProgress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[file]}", markup=False),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, rate="", file="")

    def begin(self, n_files: int) -> None:
        self._total = n_files
        self._started = time.monotonic()
        self._bar.update(self._task, total=n_files)

    def start(self, path: str) -> None:
        name = path.replace("\\", "/").rsplit("/", 1)[-1]
        width = max(12, self._console.width - 72)
        self._bar.update(self._task, file=name if len(name) <= width else name[: width - 1] + "…")

    def done(self, path: str, audio_s: float) -> None:
        with self._lock:
            self._audio_s += audio_s
            self._advance()

    def fail(self, failure: Failure) -> None:
        with self._lock:
            self._failed += 1
            self._advance()

    def _advance(self) -> None:
        self._done += 1
        self._bar.update(self._task, completed=self._done, rate=self._rate())
        if self._console.is_terminal or self._quiet or time.monotonic() - self._last_line < LINE_EVERY_S:
            return
        self._last_line = time.monotonic()
        left = (time.monotonic() - self._started) / self._done * max(0, self._total - self._done)
        click.echo(
            f"{self._done} of {self._total} files, {self._rate()}, {self._failed} failed, {left:.0f} s left",
            err=True,
        )

    def _rate(self) -> str:
        elapsed = max(1e-3, time.monotonic() - self._started)
        return f"{self._done / elapsed:.1f} files/s, {self._audio_s / elapsed:.0f}x real time"


class PullProgress(_Shown):
    """Bytes so far: a bar on a terminal, else a line now and then."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self._name, self._quiet = name, quiet
        self._lines = not Console(stderr=True).is_terminal
        self._last_line = 0.0
        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=quiet or self._lines,
        )
        self._task = self._bar.add_task(name, total=None)

    def __call__(self, done: int, total: int) -> None:
        whole = done >= total
        name = f"{self._name}: checking and converting" if whole else self._name
        self._bar.update(self._task, completed=done, total=total, description=name)
        if self._quiet or not self._lines or time.monotonic() - self._last_line < LINE_EVERY_S:
            return
        self._last_line = time.monotonic()
        click.echo(f"{self._name}: {megabytes(done)} of {megabytes(total)}", err=True)


class SourceProgress(_Shown):
    """Records, rate and time left: a bar on a terminal, else a line now and then."""

    def __init__(self, *, quiet: bool) -> None:
        console = Console(stderr=True)
        self._quiet, self._lines = quiet, not console.is_terminal
        self._started = self._last_line = time.monotonic()
        self._total: int | None = None
        self._bar = RichProgress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or self._lines,
        )
        self._task = self._bar.add_task("", total=None, rate="")

    def begin(self, total: int | None, unit: str) -> None:
        self._total, self._started = total, time.monotonic()
        self._bar.update(self._task, total=total)

    def advance(self, done: int, records: int) -> None:
        elapsed = max(1e-3, time.monotonic() - self._started)
        rate = f"{records} records, {records / elapsed:.0f}/s"
        self._bar.update(self._task, completed=done, rate=rate)
        if self._quiet or not self._lines or time.monotonic() - self._last_line < LINE_EVERY_S:
            return
        self._last_line = time.monotonic()
        left = f", {elapsed / done * (self._total - done):.0f} s left" if self._total and done else ""
        click.echo(f"{rate}{left}", err=True)

    def ordering(self) -> None:
        self._bar.update(self._task, total=None, rate="all read; making the index")
