"""Similar songs of Segue for the players of Navidrome, or of another server of the Subsonic API.

    python examples/navidrome_similar.py --server http://127.0.0.1:4533 --segue http://127.0.0.1:8765

It answers ``getSimilarSongs`` and ``getSimilarSongs2`` at port 4534: a proxy in front sends it these two, and
all else to the server itself (docs/integrations.md). Both must know the same music. Songs are matched by
title, artist and length, so their ids and paths may differ. What Segue does not know, the server answers
itself. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen
from xml.etree import ElementTree as ET

Song = dict[str, Any]
TIMEOUT_S = 20.0
CLOSE_S = 3.0  # how much the lengths of one song may differ
MOST = 500  # songs of an answer
AT_ONCE = 2  # searches
_NO_LOGIN = ("id", "count", "f", "callback")


def words(text: object) -> str:
    return " ".join(str(text or "").casefold().split())


def same(one: Mapping[str, Any], title: object, artist: object, duration_s: float) -> bool:
    """Whether a song has these words and about this length."""
    return (
        words(one.get("title")) == words(title)
        and words(one.get("artist")) == words(artist)
        and abs(float(one.get("duration") or one.get("duration_s") or 0) - duration_s) <= CLOSE_S
    )


class Segue:
    """The service that knows what sounds alike."""

    def __init__(self, address: str, token: str | None) -> None:
        self.address = address.rstrip("/")
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def _ask(self, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.address}/api/v1{path}", data, self.headers)
        with urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)

    def similar(self, song: Song, count: int) -> list[Song]:
        """Its tracks that sound like a song of the server; none where it does not know the song."""
        query = urlencode({"q": f"{song.get('title', '')} {song.get('artist', '')}", "limit": 50})
        tracks = self._ask(f"/tracks?{query}")["tracks"]
        wanted = song.get("title"), song.get("artist"), float(song.get("duration") or 0)
        seed = next((track["id"] for track in tracks if same(track, *wanted)), None)
        if seed is None:
            return []
        matches = self._ask("/similar", {"seeds": [seed], "k": count})["matches"]
        return [match["track"] for match in matches]


class Server:
    """The server whose players ask; every question has the login of the player."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def raw(self, method: str, parameters: Mapping[str, Any]) -> tuple[bytes, str]:
        data = urlencode(parameters).encode()
        with urlopen(Request(f"{self.address}/rest/{method}", data), timeout=TIMEOUT_S) as answer:
            return answer.read(), answer.headers.get("Content-Type", "")

    def ask(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return json.loads(self.raw(method, {**parameters, "f": "json"})[0])["subsonic-response"]

    def find(self, track: Song, login: Mapping[str, Any]) -> Song | None:
        """Its own song for a track of Segue."""
        query = f"{track['title']} {track['artist'] or ''}".strip()
        counts = {"query": query, "songCount": 20, "albumCount": 0, "artistCount": 0}
        songs = self.ask("search3", {**login, **counts}).get("searchResult3", {}).get("song", [])
        return next(
            (song for song in songs if same(song, track["title"], track["artist"], track["duration_s"])), None
        )


class Similar:
    """What both together answer."""

    def __init__(self, server: Server, segue: Segue) -> None:
        self.server, self.segue = server, segue

    def answer(self, method: str, parameters: dict[str, str]) -> tuple[bytes, str]:
        """The bytes of an answer, and their media type."""
        login = {name: value for name, value in parameters.items() if name not in _NO_LOGIN}
        kind = parameters.get("f", "xml")
        said = self.server.ask("getSong", {**login, "id": parameters.get("id", "")})
        known = "song" in said and kind in ("xml", "json")
        songs = self._songs(said["song"], parameters, login) if known else []
        if not songs:  # no song, an artist, a wrong password: the server's own answer
            return self.server.raw(method, parameters)
        name = "similarSongs2" if "2" in method else "similarSongs"
        frame = {key: value for key, value in said.items() if key != "song"}
        if kind == "json":
            record = {"subsonic-response": {**frame, name: {"song": songs}}}
            return json.dumps(record).encode(), "application/json"
        return as_xml(frame, name, songs), "application/xml"

    def _songs(self, song: Song, parameters: Mapping[str, str], login: Mapping[str, str]) -> list[Song]:
        count = min(MOST, int(parameters.get("count") or 50))
        try:
            tracks = self.segue.similar(song, count)
        except (URLError, OSError, ValueError, KeyError):  # Segue is away
            return []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda track: self.server.find(track, login), tracks))
        return [each for each in found if each]


def as_xml(frame: Mapping[str, Any], name: str, songs: Iterable[Song]) -> bytes:
    """The answer as Subsonic's XML: what is no list is an attribute."""
    root = ET.Element("subsonic-response", {"xmlns": "http://subsonic.org/restapi"} | attributes(frame))
    parent = ET.SubElement(root, name)
    for song in songs:
        ET.SubElement(parent, "song", attributes(song))
    return ET.tostring(root, "utf-8", xml_declaration=True)


def attributes(values: Mapping[str, Any]) -> dict[str, str]:
    flat = {key: value for key, value in values.items() if isinstance(value, str | int | float)}
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in flat.items()}


def make_handler(similar: Similar) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(urlsplit(self.path).query)

        def do_POST(self) -> None:
            size = min(100_000, int(self.headers.get("Content-Length") or 0))
            form = self.rfile.read(size).decode("utf-8", "replace")
            self._reply(f"{urlsplit(self.path).query}&{form}")

        def _reply(self, query: str) -> None:
            method = urlsplit(self.path).path.rpartition("/")[2].removesuffix(".view")
            if method not in ("getSimilarSongs", "getSimilarSongs2"):
                self.send_error(404, "only getSimilarSongs and getSimilarSongs2 are answered here")
                return
            try:
                body, media_type = similar.answer(method, dict(parse_qsl(query)))
            except (URLError, OSError, ValueError, KeyError):
                self.send_error(502, "the server gave no answer")
                return
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - logins are in the addresses
            pass

    return Handler


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--server", default="http://127.0.0.1:4533", help="Navidrome (default: %(default)s)")
    parser.add_argument("--segue", default="http://127.0.0.1:8765", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=4534, help="default: %(default)s")
    arguments = parser.parse_args()
    similar = Similar(Server(arguments.server), Segue(arguments.segue, os.environ.get("SEGUE_TOKEN")))
    with ThreadingHTTPServer(("127.0.0.1", arguments.port), make_handler(similar)) as service:
        print(f"http://127.0.0.1:{service.server_port}/", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            service.serve_forever()


if __name__ == "__main__":
    main()
