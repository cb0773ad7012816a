"""What is worked out from the tables of a library, kept until they change."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from segue.catalog.connections import Connections

MOST_BYTES = 32_000_000
_CHANGES = ("changes", 0)  # the row of ``sums`` that counts commits of writers
_OVERHEAD = 200  # bytes of an entry beside its value

_Value = TypeVar("_Value")


def note_change(db: sqlite3.Connection) -> None:
    """Count a commit of the writer, within its transaction."""
    sql = "INSERT INTO sums VALUES (?, ?, 0, 1) ON CONFLICT (part, keys) DO UPDATE SET total = total + 1"
    db.execute(sql, _CHANGES)


def generation(db: sqlite3.Connection) -> tuple[int, int]:
    """Another value after each commit of a writer; every connection reads the same."""
    changes = db.execute("SELECT total FROM sums WHERE part = ? AND keys = ?", _CHANGES).fetchone()
    # An older Segue counts no commits, but gives new tracks new keys.
    last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tracks'").fetchone()
    return changes[0] if changes else 0, last[0] if last else 0


class Derived:
    """Values by name, shared by all threads; of too many bytes, those not used for the longest go."""

    def __init__(self, local: Connections, most_bytes: int = MOST_BYTES) -> None:
        self._local = local
        self._most = most_bytes
        self._lock = threading.Lock()
        self._generation: tuple[int, int] | None = None
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self.n_bytes = 0

    def get(
        self,
        name: Hashable,
        make: Callable[[sqlite3.Connection], _Value],
        size: Callable[[_Value], int] = lambda _: 0,
    ) -> _Value:
        """The value of this name, made where there is none since the last change; ``None`` is not kept.

        Parameters
        ----------
        size : of a value, in bytes
        """
        db = self._local.db
        if db.in_transaction:  # what is read may never be committed
            return make(db)
        now = generation(db)
        with self._lock:
            kept = self._values.get(name) if self._generation == now else None
            if kept is not None:
                self._values.move_to_end(name)
                return cast(_Value, kept[0])
        value = make(db)
        if value is not None:
            self._keep(now, name, value, size(value) + _OVERHEAD)
        return value

    def _keep(self, now: tuple[int, int], name: Hashable, value: object, n_bytes: int) -> None:
        with self._lock:
            if self._generation is None or self._generation < now:
                self._values.clear()
                self._generation, self.n_bytes = now, 0
            if self._generation != now or n_bytes > self._most:
                return
            self.n_bytes += n_bytes - self._values.pop(name, (None, 0))[1]
            self._values[name] = value, n_bytes
            while self.n_bytes > self._most:
                self.n_bytes -= self._values.popitem(last=False)[1][1]
