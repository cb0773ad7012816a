"""The files of a library itself: who may read them, and what killed processes leave."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from segue.catalog import Catalog
from segue.library import Library

owners_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@owners_only
def test_a_new_library_is_for_its_owner_alone(tmp_path: Path):
    root = tmp_path / "parent" / "library"
    with Library.open(root, create=True, embedders=["descriptors"]) as library:
        library.playlists.create("Mix", [])
        assert mode(root) == 0o700
        assert {path.name: mode(path) for path in root.glob("catalog.sqlite*")} == {
            f"catalog.sqlite{ending}": 0o600 for ending in ("", "-shm", "-wal")
        }


@owners_only
def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path):
    root = tmp_path / "library"
    root.mkdir()
    root.chmod(0o755)  # of those that are made, the user's umask decides
    Catalog.create(root).close()
    assert (mode(root), mode(root / "catalog.sqlite")) == (0o755, 0o600)


def test_the_next_writer_sweeps_what_a_killed_first_import_left(tmp_path: Path):
    root = tmp_path / "library"
    root.mkdir()
    for name in (".catalog.sqlite.0a1b2c3d.part", ".catalog.sqlite.0a1b2c3d.part-journal"):
        (root / name).write_bytes(b"half a library")
    catalog = Catalog.create(root)
    with catalog.writing():
        pass
    catalog.close()
    assert sorted(path.name for path in root.iterdir() if ".part" in path.name) == []
