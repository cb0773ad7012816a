"""What a writer worked out of a library and left in it, unless that has changed since."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from segue.catalog.derived import generation

Record = dict[str, Any]


def stored_summary(db: sqlite3.Connection, name: str) -> Record | None:
    """What was worked out, if nothing has changed since."""
    row = db.execute("SELECT changes, value FROM summaries WHERE name = ?", (name,)).fetchone()
    if row is None or row[0] != json.dumps(generation(db)):
        return None
    try:
        value = json.loads(row[1])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
