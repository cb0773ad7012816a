"""How much decoding one file may cost, and who can stop it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar

from segue.errors import DamagedAudioError

MAX_VALUES = 1 << 28  # samples x channels that any file may decode to: 50 minutes of CD sound
VALUES_PER_BYTE = 400  # and beyond that, so many a byte: Opus at 6 kbit/s has 128
MAX_DECODING_S = 60.0  # of the processor's time, that any file may take: a disk may wake up meanwhile
S_PER_MB = 1.0  # and beyond that, for each megabyte

_stop: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


class DecodingStoppedError(Exception):
    """Somebody asked for decoding to stop; it is no fault of the file's."""


class LimitExceededError(DamagedAudioError):
    """A file decodes to far more sound than its size allows, or does not end."""


@contextlib.contextmanager
def stoppable(stop: threading.Event) -> Iterator[None]:
    """Within this, in this thread, decoding ends with ``DecodingStoppedError`` once ``stop`` is set."""
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


class _Work:
    """The processor's time that a thread had since it began or asked last; another may go on with it."""

    def __init__(self) -> None:
        self._seconds, self._thread, self._before = 0.0, threading.get_ident(), time.thread_time()

    def seconds(self) -> float:
        thread, now = threading.get_ident(), time.thread_time()
        if thread == self._thread:
            self._seconds += now - self._before
        self._thread, self._before = thread, now
        return self._seconds


class DecodingBudget:
    """What is left for one file; decoders ask it between blocks.

    Parameters
    ----------
    n_bytes : size of the file
    """

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = n_bytes
        self._values_left = MAX_VALUES + VALUES_PER_BYTE * n_bytes
        self._allowed_s = MAX_DECODING_S + S_PER_MB * n_bytes / 1e6
        self._work = _Work()
        self._stop = _stop.get()

    def spend(self, n_values: int) -> None:
        """Count ``n_values`` samples of any channel as decoded.

        Raises
        ------
        LimitExceededError, DecodingStoppedError
        """
        if self._stop is not None and self._stop.is_set():
            raise DecodingStoppedError
        self._values_left -= n_values
        if self._values_left < 0:
            raise LimitExceededError(
                f"decoding was stopped: far more sound than a file of {self._n_bytes:,} bytes can hold"
            )
        if self._work.seconds() > self._allowed_s:
            raise LimitExceededError(
                f"decoding was stopped after {self._allowed_s:.0f} s, the most for {self._n_bytes:,} bytes"
            )
