"""Whatever a player sends, OpenSubsonic answers in its own form: never a 5xx, never a fault in the log."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.serve.subsonic import media
from segue.serve.subsonic.methods import METHODS
from tests.serve_process import Server, serving

SOURCES = (Path(media.__file__).parent).glob("*.py")
CALLS = re.compile(r'(?:call|self)\.(?:need|get|number|numbers|all|flag)\(\s*f?"([A-Za-z{}]+)"')
NAMES = sorted(
    {name for path in SOURCES for name in CALLS.findall(path.read_text("utf-8")) if "{" not in name}
    | {f"{what}{part}" for what in ("artist", "album", "song") for part in ("Offset", "Count", "Id")}
    | {"callback", "v", "c"}
)  # fmt: skip
ALL = sorted({*METHODS, *media.METHODS, "noSuchMethod"})
NASTY = st.one_of(
    st.sampled_from([
        "", " ", "0", "-1", "1", "true", "\0", "a\0b", "é", "\u202e", "%", '"', "'", "*", "\\", "a" * 301,
        "9" * 19, "9" * 5000, "-" * 50, "1e9", "NaN", "inf", "0x10", "\u0663", "\u00b2", "../../etc/passwd",
        "/etc/passwd", "enc:zz", "enc:c3a9", "al-x", "ar-x", "pl-x", "NEAR(", "a OR",
        "w " * 2000, "json", "jsonp", "xml", "byYear", "byGenre", "recent", "starred", "random", "newest",
        "1795898172000000", "\x1b[31m", "]]>", "<a>", "&amp;", "\ufffe", "\u0085", "\u2028",
    ]),
    st.text(max_size=40),
    st.integers(-(10**30), 10**30).map(str),
    st.floats().map(str),
)  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, scanned: Path) -> Path:
    root = tmp_path_factory.mktemp("fuzzed") / "library"
    shutil.copytree(scanned, root)
    return root


@pytest.fixture(scope="module")
def opened(root: Path) -> Iterator[Server]:
    with serving("-l", root, "serve", "--no-open", "--port", 0) as server:
        yield server


@pytest.fixture(scope="module")
def guarded(root: Path) -> Iterator[Server]:
    with serving("-l", root, "serve", "--no-open", "--port", 0, "--password", "sesame") as server:
        yield server


@pytest.fixture(scope="module")
def ids(opened: Server) -> list[str]:
    """Names that there are: of songs, an album, an artist, a playlist."""
    songs = [track["id"] for track in opened.get("/tracks", limit=100)["tracks"]]
    song = answered(opened.client.get("/rest/getSong", params={"id": songs[0], "f": "json"}))["song"]
    playlist = opened.post("/playlists", {"name": "kept", "tracks": songs[:2]}, 201)["id"]
    return [*songs[:3], song["albumId"], song["artistId"], playlist]


def answered(answer: httpx.Response) -> dict:
    """What an answer says, in whichever form; of a sound or a picture nothing."""
    assert answer.status_code in (200, 206, 416), answer.text[:500]
    kind = answer.headers["content-type"].split(";")[0]
    if kind == "application/xml":
        tree = ET.fromstring(answer.content)
        assert tree.get("status") in ("ok", "failed")
        return dict(tree.attrib)
    if kind == "text/javascript":
        return {}
    if kind == "application/json" and answer.status_code != 416:
        content = json.loads(answer.content)["subsonic-response"]
        assert content["status"] in ("ok", "failed")
        assert content["status"] == "ok" or content["error"]["message"]
        return content
    return {}


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.parametrize("posted", [False, True], ids=["query", "form"])
def test_every_method_answers_whatever_it_is_asked(opened: Server, ids: list[str], posted: bool, data):
    values = st.one_of(st.sampled_from(ids), NASTY)
    pairs = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=12)
    for method in ALL:
        if method == "startScan":
            continue
        asked = [
            *data.draw(pairs, label=method),
            ("f", data.draw(st.sampled_from(["json", "xml", "jsonp", "x"]))),
        ]
        body = urlencode(asked, errors="replace")
        path = f"/rest/{method}"
        if posted:
            headers = {"content-type": "application/x-www-form-urlencoded"}
            answer = opened.client.post(path, content=body.encode(), headers=headers)
        else:
            answer = opened.client.get(f"{path}?{body}") if len(body) < 60_000 else None
        assert answer is None or answered(answer).get("status", "ok") in ("ok", "failed")


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(ALL),
    pairs=st.lists(st.tuples(st.sampled_from(["u", "p", "t", "s", "apiKey"]), NASTY)),
)
def test_nothing_logs_in_but_the_password(guarded: Server, method: str, pairs: list[tuple[str, str]]):
    body = urlencode([*pairs, ("f", "json")], errors="replace")
    if len(body) < 60_000:
        found = answered(guarded.client.get(f"/rest/{method}?{body}"))
        assert found["status"] == "failed" or method == "getOpenSubsonicExtensions"


def test_every_parameter_of_every_method_is_tried():
    assert {"id", "query", "time", "songIndexToRemove", "maxBitRate", "size", "fromYear", "u", "t"} <= set(
        NAMES
    )
    assert len(NAMES) > 35
