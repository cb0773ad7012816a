"""Logins to MongoDB: used, refused, and never shown."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect

from segue.errors import SourceError, UsageError
from segue.library import Library
from segue.sources.mongo import Fields, Mongo, address
from segue.sources.mongo.address import parse_address
from segue.sources.mongo.connection import connect
from tests.mongo_server import Server, give_up_soon
from tests.waiting import machine_clock

SECRET = "pa/ss@wo:rd"
QUOTED = "pa%2Fss%40wo%3Ard"
SHOWING = (SECRET, QUOTED, "wo:rd", "ss@")


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server that lets in only whom it knows; of the two, secantusdb alone can."""
    server = Server("secantusdb")
    with server.client() as client:
        client.music.songs.insert_one({"_id": "one", "title": "Ada", "vector": [1.0, 2.0, 3.0]})
        for name, role, database in (
            ("reader", "read", "music"),
            ("writer", "readWrite", "music"),
            ("guest", "read", "other"),
        ):
            client.admin.command("createUser", name, pwd=SECRET, roles=[{"role": role, "db": database}])
    server.stop()
    server.start("--auth")
    yield server
    server.close()


def assert_hidden(*texts: str) -> None:
    assert not [secret for secret in SHOWING for text in texts if secret in text]


def assert_not_kept(library: Path) -> None:
    files = [path for path in library.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert not [path for path in files if QUOTED.encode() in path.read_bytes()]


def test_a_login_is_used_for_an_import_and_never_shown(guarded: Server, library_path: Path):
    uri = guarded.uri(login=f"reader:{QUOTED}@", authSource="admin")
    source = Mongo(uri, "songs", Fields("vector"))
    with Library.open(library_path, create=True) as library:
        assert library.import_from(source).added == 1
        assert_hidden(source.location, repr(source), *(track.path for track in library))
    assert_not_kept(library_path)


def test_a_login_is_used_for_an_export_and_never_shown(guarded: Server, scanned: Path, segue):
    uri = guarded.uri(login=f"writer:{QUOTED}@", authSource="admin")
    code, out, err = segue("-l", scanned, "export", "mongo", uri)
    assert code == 0
    assert "12 added" in out
    assert_hidden(out, err)
    assert_not_kept(scanned)


@pytest.mark.parametrize(
    ("command", "login", "words"),
    [
        ("import", f"reader:{QUOTED}x@", "refuses the login"),
        ("import", f"nobody:{QUOTED}@", "refuses the login"),
        ("import", f"guest:{QUOTED}@", "does not allow"),
        ("import", "", "does not allow"),
        ("export", f"writer:{QUOTED}X@", "refuses the login"),
        ("export", f"reader:{QUOTED}@", "does not allow"),
        ("export", "", "does not allow"),
    ],
)
def test_a_refused_login_is_reported_in_one_line_without_the_password(
    command: str, login: str, words: str, guarded: Server, scanned: Path, segue, tmp_path: Path
):
    uri = guarded.uri(login=login, authSource="admin")
    library = scanned if command == "export" else tmp_path / "library"
    what = ("-c", "songs", "-f", "vector") if command == "import" else ("-c", "new")
    code, out, err = segue("-l", library, command, "mongo", uri, *what)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert words in err
    assert_hidden(err)


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1:9", "no-such-host.invalid"])
def test_a_missing_server_is_reported_in_one_line(
    host: str, segue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    uri = give_up_soon(monkeypatch, f"mongodb://me:{QUOTED}@{host}/music")
    code, out, err = segue("-l", tmp_path / "l", "import", "mongo", uri, "-c", "songs", "-f", "vector")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert f"no MongoDB answers at mongodb://{host}" in err
    assert_hidden(err)


@pytest.mark.slow
@pytest.mark.parametrize("said", ["", "?serverSelectionTimeoutMS=1500"])
def test_a_server_that_is_silent_is_waited_for_longer(said: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(address.WAITS, "serverSelectionTimeoutMS", 0.1)
    monkeypatch.setattr(address, "PATIENCE_S", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"mongodb://127.0.0.1:{silent.getsockname()[1]}/music{said}"
        began = time.monotonic()
        with pytest.raises(SourceError, match="no MongoDB answers"):
            Mongo(uri, "songs", Fields("vector"))
        assert time.monotonic() - began >= 1.5


@pytest.mark.slow
def test_a_server_that_is_gone_is_not_waited_for_when_its_connection_is_closed():
    server = Server("nx-27017")
    with machine_clock() as clock, contextlib.closing(server):
        with connect(parse_address(server.uri(serverSelectionTimeoutMS=30_000), None)) as database:
            with database.client.start_session() as session:
                database.songs.find_one(session=session)
                server.kill()
                with pytest.raises(AutoReconnect):
                    database.command("ping")
            began = clock()
        assert clock() - began < 15


@pytest.mark.parametrize(
    "uri",
    [
        f"mongodb://me:{SECRET}@127.0.0.1/music",
        f"mysql://me:{SECRET}@127.0.0.1/music",
        f"me:{SECRET}@127.0.0.1",
        f"mongodb://me:{QUOTED}@127.0.0.1:99999/music",
        f"mongodb://me:{QUOTED}@127.0.0.1/music?authMechanism={QUOTED}",
        f"mongodb://me:{QUOTED}@127.0.0.1/",
    ],
)
def test_an_address_that_cannot_be_used_shows_nothing_of_itself(uri: str):
    with pytest.raises(UsageError) as raised:
        Mongo(uri, "songs", Fields("vector"))
    assert_hidden(str(raised.value))
    assert raised.value.__cause__ is None
