"""How the tracks' sounds begin and end, kept once measured: by content, so that copies share it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from segue.catalog.connections import Connections
from segue.catalog.user_data import user_transaction
from segue.errors import LibraryWriteError


class EdgeTables:
    """What was measured of the edges of sounds, as records."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def get(self, contents: Iterable[str]) -> dict[str, dict[str, Any]]:
        """By the hash of the content; those that were not measured are left out."""
        sql = "SELECT content, edges FROM edges WHERE content IN (SELECT value FROM json_each(?))"
        rows = self._local.db.execute(sql, (json.dumps(list(contents)),))
        return {row["content"]: json.loads(row["edges"]) for row in rows}

    def keep(self, edges: Mapping[str, Mapping[str, Any]]) -> None:
        """By the hash of the content; a library that cannot be written to keeps nothing."""
        rows = [(content, json.dumps(one)) for content, one in edges.items()]
        with contextlib.suppress(LibraryWriteError), user_transaction(self._local.db):
            self._local.db.executemany("INSERT OR REPLACE INTO edges VALUES (?, ?)", rows)
