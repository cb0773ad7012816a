"""Ctrl-C during long work: the first asks it to stop where it can, a second interrupts at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def cancellable(stop: threading.Event | None = None) -> Iterator[threading.Event]:
    """The flag at which long work looks: set by Ctrl-C, or by whoever else holds ``stop``.

    Ctrl-C reaches the main thread only; elsewhere the flag is set by others alone.
    """
    flag = stop or threading.Event()
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield flag
        return

    def ask_to_stop(number: int, frame: object) -> None:
        flag.set()
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, ask_to_stop)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, previous)
