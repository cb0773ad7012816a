"""Ctrl-C during long work: the first asks it to stop where it can, a second interrupts at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextlib.contextmanager
def cancellable(
    stop: threading.Event | None = None, on_signal: Callable[[int], None] | None = None
) -> Iterator[threading.Event]:
    """The flag at which long work looks: set by Ctrl-C, SIGTERM or SIGHUP, or by whoever else holds ``stop``.

    Signals reach the main thread only; elsewhere the flag is set by others alone. One that is ignored, as
    SIGHUP under ``nohup``, stays ignored. A second signal does what it did before.

    Parameters
    ----------
    on_signal : is told the number of the signal that set the flag
    """
    flag = stop or threading.Event()
    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    if threading.current_thread() is not threading.main_thread():
        previous = {}

    def ask_to_stop(number: int, frame: object) -> None:
        if on_signal:
            on_signal(number)
        flag.set()
        _restore(previous)

    for number, handler in previous.items():
        if _is_ours_to_take(handler):
            signal.signal(number, ask_to_stop)
    try:
        yield flag
    finally:
        _restore(previous)


def _is_ours_to_take(handler: Callable[..., object] | int | None) -> bool:
    return callable(handler) or handler == signal.SIG_DFL


def _restore(handlers: dict[int, Callable[..., object] | int | None]) -> None:
    for number, handler in handlers.items():
        if _is_ours_to_take(handler):
            signal.signal(number, handler)
