"""Transactions: changes that are made whole, or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

_DEFAULT_KIB = 2000  # of pages that SQLite lets a connection cache


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Committed at the end of the block; as it was before where the block, or the commit, fails."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            with contextlib.suppress(sqlite3.OperationalError):
                db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def large_cache(db: sqlite3.Connection, kib: int) -> Iterator[None]:
    """Let the connection cache so many KiB of pages within the block."""
    db.execute(f"PRAGMA cache_size = -{kib}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA cache_size = -{_DEFAULT_KIB}")
