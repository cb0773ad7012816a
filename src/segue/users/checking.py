"""Whether the files of a library's users are all there, and whole."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from segue.catalog.own_data import APPLICATION_ID as OWN_ID
from segue.catalog.own_data import open_file
from segue.catalog.user_data import OWN_TABLES
from segue.errors import LibraryFormatError
from segue.users.store import APPLICATION_ID, FILE_NAME, FOLDER, TABLES, has_own_files


def user_faults(root: Path) -> list[str]:
    """What does not fit of the users of the library in ``root``, and of what each keeps: a sentence each."""
    folder = root / FOLDER
    path = folder / FILE_NAME
    if not path.exists():
        return [f"{path} is missing, which names the users"] if has_own_files(folder) else []
    fault = _damage(path, TABLES, APPLICATION_ID)
    if fault:
        return [fault]
    with contextlib.closing(open_file(path, TABLES, APPLICATION_ID)) as db:
        users = db.execute("SELECT id, name FROM users WHERE NOT owner ORDER BY folded").fetchall()
    faults = []
    for user_id, name in users:
        own = folder / f"{user_id}.sqlite"
        fault = _damage(own, OWN_TABLES, OWN_ID) if own.exists() else f"{own} is missing"
        if fault:
            faults.append(f"{fault}; it holds what {name} keeps")
    return faults


def _damage(path: Path, tables: str, application_id: int) -> str | None:
    try:
        with contextlib.closing(open_file(path, tables, application_id)) as db:
            damage = db.execute("PRAGMA main.quick_check(1)").fetchone()[0]
    except LibraryFormatError as error:
        return str(error)
    except sqlite3.DatabaseError as error:
        damage = error
    return None if damage == "ok" else f"{path} is damaged: {str(damage).splitlines()[-1]}"
