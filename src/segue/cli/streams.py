"""The command's stdin, stdout and stderr, whatever the caller closed or the disk has room for."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import sys
from pathlib import Path


class Results(io.TextIOWrapper):
    """A stdout that knows whether an error was its own."""

    failed = False

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            self.failed = True
            raise

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            self.failed = True
            raise


class Complaints(io.TextIOWrapper):
    """A stderr that ends no work where it cannot be written to, such as a log on a full disk."""

    def write(self, text: str, /) -> int:
        with contextlib.suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def prepare_streams() -> None:
    """Put in place the streams that the caller closed, and ones that can show every file's name.

    Where one is closed, the next file that is opened takes its number: notes of decoders would land in it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - stays open to the end
            setattr(sys, name, nowhere)
            setattr(sys, f"__{name}__", nowhere)
    out = sys.stdout
    sys.stdout = Results(
        out.buffer, encoding=out.encoding, errors="backslashreplace", line_buffering=out.isatty()
    )
    _keep_stderr_from_decoders()


def _keep_stderr_from_decoders() -> None:
    """Give stderr another descriptor: decoders write notes about broken files straight to number 2."""
    try:
        ours = os.dup(2)
    except OSError:  # a stderr without a number
        return
    sys.stderr = Complaints(
        os.fdopen(ours, "wb"), encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
    )
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    faulthandler.enable(file=ours)


def wants_plain() -> bool:
    """Whether the terminal shows no colors, or is to show none (no-color.org)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in ("dumb", "unknown")


def give_up_results() -> None:
    """Lead stdout to nowhere, so that what it could not write does not fail again at the end of the run."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
