"""A copy of a library holds all that the library does, or is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segue.errors import LibraryWriteError
from segue.library import Library
from tests.sounds import call, lose_root_rights


def back_up(library_path: Path, to: Path) -> str:
    """The error, where there is one."""
    lose_root_rights()
    try:
        with Library.open(library_path) as library:
            library.back_up(to)
    except LibraryWriteError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no folder is read-only here")
def test_a_backup_leaves_out_no_user(tmp_path: Path):
    library_path, copied = tmp_path / "library", tmp_path / "copy"
    with Library.open(library_path, create=True) as library:
        library.users.add("Olga", "olga's own password")
        anna = library.users.add("Anna", "anna's own password")
        with library.as_user(anna) as hers:
            hers.playlists.create("Evening", [])
    folders = (library_path, library_path / "users")
    try:
        for folder in folders:
            folder.chmod(0o555)
        assert call(back_up, library_path, copied) == ""
        (library_path / "users" / f"{anna.id}.sqlite").chmod(0)
        assert "unable to open" in call(back_up, library_path, tmp_path / "no copy")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert not (tmp_path / "no copy").exists()
    with Library.open(copied) as copy:
        assert [user.name for user in copy.users.all()] == ["Olga", "Anna"]
        assert [playlist.name for playlist in copy.as_user("anna").playlists.all()] == ["Evening"]
