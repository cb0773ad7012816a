"""Files of users that are damaged or missing are found, and what is left is kept."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from segue.errors import LibraryNotFoundError
from segue.library import Library

PAGE = 4096


@pytest.fixture(scope="module")
def with_users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("users") / "library"
    with Library.open(root, create=True) as library:
        library.users.add("Olga", "olga's own password")
        with library.as_user(library.users.add("Anna", "anna's own password")) as hers:
            hers.playlists.create("Evening", [])
    return root


@pytest.fixture
def root(with_users: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(with_users, tmp_path / "library"))


def annas(root: Path) -> Path:
    (path,) = (path for path in (root / "users").glob("*.sqlite") if path.name != "users.sqlite")
    return path


def overwrite_a_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[2 * PAGE : 4 * PAGE] = b"\xa5" * (2 * PAGE)
    path.write_bytes(data)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "is missing"),
    "empty": (lambda path: path.write_bytes(b""), "is an SQLite file from another program"),
    "foreign": (lambda path: path.write_bytes(b"nonsense" * 999), "cannot be read"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[: 2 * PAGE]), "cannot be read|is damaged"),
    "a page": (overwrite_a_page, "is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("whose", ["Anna's", "all users'"])
def test_each_damage_of_a_users_file_is_found(root: Path, damage: str, whose: str):
    harm, message = DAMAGES[damage]
    path = annas(root) if whose == "Anna's" else root / "users" / "users.sqlite"
    harm(path)
    with Library.open(root) as library:
        report = library.check(repair=True)
    (fault,) = report.faults
    assert (fault.kind, fault.mendable, report.is_whole) == ("users", False, False)
    assert re.match(f"{re.escape(str(path))} ({message})", fault.message)
    assert "\n" not in fault.message
    assert fault.message.endswith("restore a copy of it")
    assert ("Anna keeps" in fault.message) == (whose == "Anna's")


def test_whole_files_of_users_have_no_fault(root: Path):
    with Library.open(root) as library:
        assert library.check().is_whole


@pytest.mark.slow
def test_nobody_is_added_while_the_file_of_the_users_is_lost(root: Path):
    users = root / "users" / "users.sqlite"
    users.rename(root / "aside")
    with Library.open(root) as library:
        with pytest.raises(LibraryNotFoundError, match=r"users\.sqlite is gone.*restore it"):
            library.users.add("Bert", "bert's own password")
        assert annas(root).exists()
        (root / "aside").rename(users)
        library.users.add("Bert", "bert's own password")
        with library.as_user("anna") as hers:
            assert [playlist.name for playlist in hers.playlists.all()] == ["Evening"]


def test_a_library_whose_file_of_users_is_lost_is_not_served_as_everybodys(root: Path, segue):
    (root / "users" / "users.sqlite").unlink()
    code, _, err = segue("-l", root, "serve", "--no-open", "--port", 0)
    assert code != 0
    assert "users.sqlite is gone" in err
    shutil.rmtree(root / "users")
    with Library.open(root) as library:
        assert not library.users
