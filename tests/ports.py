"""Ports for programs that cannot choose one themselves."""

from __future__ import annotations

import contextlib
import os
import random
import socket

# Below those that a system gives to whoever asks for any, so that nobody gets one before it is used.
_ports = list(range(10_000, 30_000))
random.Random(os.getpid()).shuffle(_ports)


def free_port() -> int:
    """A port of this machine on which nothing listens, and which this process gives only once."""
    while True:
        port = _ports.pop()
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
