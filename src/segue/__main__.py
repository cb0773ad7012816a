"""The command ``segue``, and ``python -m segue``."""

import os
import signal

_INTERRUPTED = 130


def main() -> None:
    """Entry point of the console script; while its modules load, Ctrl-C ends it without a word."""
    # In the background of a shell, nothing catches Ctrl-C, and nothing should.
    catches = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if catches:
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    from segue.cli import main as run

    if catches:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
