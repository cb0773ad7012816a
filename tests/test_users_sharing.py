"""Which playlists of users everybody sees, as the library keeps it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.library import Library
from segue.users import Users


@pytest.fixture
def shared(tmp_path: Path, scanned: Path) -> Iterator[Library]:
    """A library of Olga, its owner, and Anna."""
    with Library.open(shutil.copytree(scanned, tmp_path / "library")) as library:
        library.users.add("Olga", "olga's own password")
        library.users.add("Anna", "anna's own password")
        yield library


def test_what_is_shared_is_its_users_and_goes_with_them(shared: Library):
    olga, anna = shared.users.all()
    name = shared.as_user(anna).playlists.create("Anna's", [])
    shared.users.share(anna, name, True)
    shared.users.share(olga, name, True)
    shared.users.share(olga, name, False)
    accounts = Users(shared.path).accounts()
    assert accounts is not None
    assert accounts.shared == {name: anna}
    shared.users.remove(anna)
    accounts = shared.users.accounts()
    assert accounts is not None
    assert accounts.shared == {}


def test_users_of_before_there_was_sharing_can_share(shared: Library):
    anna = shared.users.get("anna")
    shared.users.close()
    with contextlib.closing(sqlite3.connect(shared.path / "users" / "users.sqlite")) as db:
        db.execute("DROP TABLE shared_playlists")
    shared.users.share(anna, "pl-1", True)
    accounts = shared.users.accounts()
    assert accounts is not None
    assert accounts.shared == {"pl-1": anna}
