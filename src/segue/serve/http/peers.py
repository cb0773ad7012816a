"""Whose process is at the other end of a connection from this machine."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.types import Scope

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _UID = 1, 2, 7  # columns


def is_own_user(scope: Scope) -> bool:
    """Whether a client on this machine belongs to the user who runs the service.

    Linux keeps the user of each connection. Where the system does not tell, as on macOS and Windows, it is.
    """
    tables = [table for table in _TABLES if table.exists()]
    client, server = scope.get("client"), scope.get("server")
    if not tables:
        return True
    if not client or not server:
        return False
    ports = (f"{client[1]:04X}", f"{server[1]:04X}")
    return any(_user_of(table, ports) == os.getuid() for table in tables)


def _user_of(table: Path, ports: tuple[str, str]) -> int | None:
    """The user of the connection from one port to another; none where it is not in the table."""
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except OSError:
        return None
    for columns in map(str.split, lines):
        if tuple(columns[i].rpartition(":")[2] for i in (_LOCAL, _REMOTE)) == ports:
            return int(columns[_UID])
    return None
