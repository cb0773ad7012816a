"""People who share a service in tests: how they enter, and what they may ask for by OpenAPI."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from segue.library import Library
from segue.serve.app import make_api
from tests.documented import assert_documented
from tests.serve_process import Server, serving
from tests.waiting import PATIENCE_S

PASSWORDS = {"Olga": "olga's own password", "Anna": "anna's own password", "Bert": "bert's own password"}
QUERY = {"q": "number", "a": "{track}", "b": "{other}", "seed": "{track}"}


@functools.cache
def operations() -> dict[str, list[str]]:
    """``GET /tracks/{track_id}``, of all that OpenAPI describes, and the queries that each needs."""
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}": [
            one["name"] for one in operation.get("parameters", []) if one["in"] == "query" and one["required"]
        ]
        for path, methods in make_api().openapi()["paths"].items()
        if path.startswith("/api/v1/")
        for method, operation in methods.items()
    }


@dataclass
class Person:
    """Someone in a browser of their own."""

    client: httpx.Client
    values: dict[str, str] = field(default_factory=dict)

    def ask(self, operation: str, body: object = None, **values: str) -> httpx.Response:
        """What an operation answers, its parameters filled in."""
        method, path = operation.split()
        for name, value in {**self.values, **values}.items():
            path = path.replace(f"{{{name}}}", value)
        how = {} if body is None else {"json": filled(body, self.values)}
        wanted = filled({name: QUERY[name] for name in operations().get(operation, [])}, self.values)
        return self.client.request(method, path, params=wanted, headers={"X-Segue": "1"}, **how)


def filled(value: object, values: dict[str, str]) -> object:
    if isinstance(value, dict):
        return {name: filled(one, values) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, values) for one in value]
    return values.get(value.strip("{}"), value) if isinstance(value, str) else value


def enter(server: Server, name: str, password: str | None = None) -> Person:
    client = httpx.Client(base_url=f"{server.address}/api/v1", timeout=PATIENCE_S)
    answer = client.post("/session", json={"name": name, "password": password or PASSWORDS[name]})
    assert answer.status_code == 200, answer.text
    assert_documented("POST", "/api/v1/session", 200, answer.json())
    assert answer.json()["user"]["name"] == name
    tracks = client.get("/tracks", params={"limit": 100}).json()["tracks"]
    by_title = {track["title"]: track["id"] for track in tracks}
    albums, artists = client.get("/albums").json()["albums"], client.get("/artists").json()["artists"]
    return Person(
        client,
        {
            "track": by_title["Low number 0"], "other": by_title["Low number 1"],
            "track_id": by_title["Low number 0"], "album_id": albums[0]["id"], "artist_id": artists[0]["id"],
            "name": "tempo_bpm", "job_id": f"job-{'0' * 16}", "clip_id": f"clip-{'0' * 32}",
            "playlist_id": "pl-0", "session_id": "0" * 16, "user_id": "0" * 16,
        },
    )  # fmt: skip


def people_fixtures():
    """For a test module: a library of three users, its service (``server``), and each of them logged in."""

    @pytest.fixture(scope="module")
    def shared_root(tmp_path_factory: pytest.TempPathFactory, scanned: Path) -> Path:
        root = tmp_path_factory.mktemp("shared") / "library"
        shutil.copytree(scanned, root)
        with Library.open(root) as library:
            for name, password in PASSWORDS.items():
                library.users.add(name, password)
            library.playlists.create("Olga's", [next(iter(library)).id])
            library.like("Low number 3")
            library.map()
        return root

    @pytest.fixture(scope="module")
    def server(shared_root: Path) -> Iterator[Server]:
        with serving(
            "-l", shared_root, "serve", "--no-open", "--port", 0, "--token", "t0ken", "-w", 2
        ) as running:
            yield running

    @pytest.fixture(scope="module")
    def anna(server: Server) -> Iterator[Person]:
        person = enter(server, "Anna")
        yield person
        person.client.close()

    @pytest.fixture(scope="module")
    def bert(server: Server) -> Iterator[Person]:
        person = enter(server, "Bert")
        yield person
        person.client.close()

    @pytest.fixture(scope="module")
    def olga(server: Server) -> Iterator[Person]:
        person = enter(server, "Olga")
        yield person
        person.client.close()

    return shared_root, server, anna, bert, olga
