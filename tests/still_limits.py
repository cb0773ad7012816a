"""``python -m tests.still_limits``: the command ``segue``, whose limits of tries see no time go by.

A machine that stands still would let a client try again where a test expects that it may not.
"""

from __future__ import annotations

from types import SimpleNamespace

from segue.cli import main
from segue.serve.http import limits, logins

if __name__ == "__main__":
    limits.time = logins.time = SimpleNamespace(monotonic=lambda: 10_000.0)  # type: ignore[assignment]
    main()
