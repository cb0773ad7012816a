"""Users of a library that nobody may write to: everything is read, and what would be kept says why not."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from segue.library import Library
from tests.serve_process import serving
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
APP = {"v": "1.16.1", "c": "tests", "f": "json"}


@pytest.fixture
def root(scanned: Path, tmp_path: Path) -> Iterator[Path]:
    """A library of Olga and Anna, who has a playlist, from before playlists could be shared."""
    root = Path(shutil.copytree(scanned, tmp_path / "library"))
    with Library.open(root) as library:
        for name in ("Olga", "Anna"):
            library.users.add(name, f"{name}'s own password")
        own = library.as_user("Anna")
        own.playlists.create("Anna's", [next(iter(own)).id])
        own.close()
    yield root
    _set_modes(root, 0o644, 0o755)


def _set_modes(root: Path, file_mode: int, folder_mode: int) -> None:
    for path in (*root.rglob("*"), root):
        path.chmod(folder_mode if path.is_dir() else file_mode)


def _make_old(root: Path) -> None:
    with contextlib.closing(sqlite3.connect(root / "users" / "users.sqlite")) as db:
        db.execute("DROP TABLE shared_playlists")
        db.commit()


@pytest.mark.slow
@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("what", ["the library", "the file of users"])
def test_a_library_of_several_people_is_served_where_it_cannot_be_written(root: Path, what: str, old: bool):
    with Library.open(root) as library:
        words = {name: library.users.sessions.start(library.users.get(name).id) for name in ("Olga", "Anna")}
        word = library.users.new_app_password(library.users.get("Anna"))
    if old:
        _make_old(root)
    if what == "the library":
        _set_modes(root, 0o444, 0o555)
    else:
        (root / "users" / "users.sqlite").chmod(0o444)
    arguments = ("-l", root, "serve", "--no-open", "--port", 0)
    with serving(*arguments, module="tests.without_root") as server:
        for name, n in (("Olga", 0), ("Anna", 1)):
            cookies = {"segue_session": words[name]}
            with httpx.Client(
                base_url=f"{server.address}/api/v1", cookies=cookies, timeout=PATIENCE_S
            ) as client:
                assert client.get("/me").json()["user"]["name"] == name
                assert len(client.get("/playlists").json()["playlists"]) == n
                assert client.get("/home").status_code == 200
        body = {"name": "Olga", "password": "Olga's own password"}
        answer = server.api("POST", "/session", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "library_read_only")
        assert answer.json()["error"]["message"] == "the library cannot be written to: it is read-only"
        asked = {**APP, "u": "Anna", "p": word}
        listed = server.client.get("/rest/getPlaylists", params=asked).json()["subsonic-response"]
        assert [one["name"] for one in listed["playlists"]["playlist"]] == ["Anna's"]
