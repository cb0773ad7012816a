"""Servers that speak MongoDB's protocol, on free ports of this machine, to be killed at will."""

from __future__ import annotations

import importlib.metadata
import itertools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from segue.sources.mongo import address
from tests.ports import free_port
from tests.programs import find_program
from tests.waiting import PATIENCE_S, wait_for

KINDS = {"secantusdb": "secantusd-py", "nx-27017": "nx-27017"}  # package and command
# A machine that stands still for a while ends no test that is not about that.
PATIENT = {"serverSelectionTimeoutMS": 120_000, "connectTimeoutMS": 120_000, "socketTimeoutMS": 120_000}
_numbers = itertools.count()


def fixtures(scope: str = "module"):
    """For a test module: servers of both kinds, the one of a test, running, and an empty database of it."""

    @pytest.fixture(scope=scope, params=list(KINDS))
    def kept_server(request):
        server = Server(request.param)
        yield server
        server.close()

    @pytest.fixture
    def server(kept_server):
        kept_server.ensure()
        return kept_server

    @pytest.fixture
    def uri(server):
        return server.uri(f"music{next(_numbers)}")

    return kept_server, server, uri


def database_of(uri: str) -> str:
    return urlsplit(uri).path.removeprefix("/")


def give_up_soon(monkeypatch: pytest.MonkeyPatch, uri: str) -> str:
    """An address whose server is given up soon once it refuses connections, as one does that a test kills.

    Until it has answered for the first time it is waited for as long as by the addresses of other tests.
    """
    monkeypatch.setitem(address.WAITS, "serverSelectionTimeoutMS", 0.5)
    monkeypatch.setattr(address, "PATIENCE_S", PATIENT["serverSelectionTimeoutMS"] / 1000)
    return re.sub(r"serverSelectionTimeoutMS=\d+&?", "", uri)


def command_of(kind: str) -> str | None:
    """The path of a server's program, where its package is installed."""
    return find_program(KINDS[kind])


class Server:
    """One server with a folder of its own; it may be killed and started again on the same port."""

    def __init__(self, kind: str, *options: str) -> None:
        command = command_of(kind)
        if command is None:
            pytest.skip(f"the package {kind} is not installed: no wheel of it for this platform")
        self.kind = kind
        self.version = importlib.metadata.version(kind)
        self._folder = tempfile.mkdtemp(prefix="segue-mongo-")
        self.port = free_port()
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        data = str(Path(self._folder) / "data")
        self._command = {
            "secantusdb": [command, *where, "--storage-path", data, "--log-level", "ERROR"],
            "nx-27017": [
                command,
                *where,
                "--data-dir",
                data,
                "--log-file",
                f"{data}.log",
                "--pid-file",
                f"{data}.pid",
            ],
        }[kind]
        self._process: subprocess.Popen[bytes] | None = None
        self.start(*options)

    def uri(self, database: str = "music", login: str = "", **options: object) -> str:
        """An address, with options that go before ``PATIENT``."""
        return f"mongodb://{login}127.0.0.1:{self.port}/{database}?{urlencode({**PATIENT, **options})}"

    def client(self) -> MongoClient:
        return MongoClient(self.uri())

    def start(self, *options: str) -> None:
        """Start it, and wait until it answers."""
        log = (Path(self._folder) / "log").open("ab")
        with log:
            self._process = subprocess.Popen([*self._command, *options], stdout=log, stderr=log)
        if wait_for(self._has_answered_or_ended) == "ended":
            text = (Path(self._folder) / "log").read_text("utf-8", "replace")
            self.kill()
            pytest.fail(f"{self.kind} does not start: {text[-2000:]}")

    def _has_answered_or_ended(self) -> str | None:
        if self._process is None or self._process.poll() is not None:
            return "ended"
        try:
            with MongoClient(self.uri(serverSelectionTimeoutMS=500)) as client:
                client.admin.command("hello")
                return "answered"
        except PyMongoError:
            return None

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ensure(self) -> None:
        """Start it where a test has killed it."""
        if self._process is None:
            self.start()

    def stop(self) -> None:
        """Let it end by itself."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
