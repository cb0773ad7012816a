"""What a writer worked out of a library and left in it, unless that has changed since."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from segue.catalog.derived import generation

Record = dict[str, Any]


def stored_summary(db: sqlite3.Connection, name: str) -> Record | None:
    """What was worked out, if nothing has changed since."""
    text = stored_value(db, name)
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def stored_value(db: sqlite3.Connection, name: str) -> object:
    """Likewise, as the table has it: text, or bytes; ``None`` where there is none."""
    row = db.execute("SELECT changes, value FROM summaries WHERE name = ?", (name,)).fetchone()
    return row[1] if row is not None and row[0] == json.dumps(generation(db)) else None
