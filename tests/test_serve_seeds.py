"""Seeds by name over HTTP: what the service understands, suggests and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.library import Library
from tests.conftest import write_music
from tests.serve_process import Server, serving


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("seeds")
    write_music(home / "music")
    with Library.open(home / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(home / "music")
        highs = [track.id for track in library if track.artist == "The Highs"]
        library.playlists.create("Up there", highs)
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with serving("-l", home / "library", "serve", "--no-open", "--port", 0) as running:
        yield running


@pytest.mark.parametrize(
    ("seed", "means"),
    [
        ("artist:the highs", "4 tracks by The Highs"),
        ("high", "4 tracks of the album high by The Highs"),
        ("playlist:up there", "4 tracks of the playlist Up there"),
        ("folder:music", "12 tracks of the folder music"),
        ("high number 2", "The Highs - High number 2"),
    ],
)
def test_names_are_seeds(server: Server, seed: str, means: str):
    answer = server.post("/similar", {"seeds": [seed], "k": 3})
    assert answer["seeds"] == [means]
    assert server.post("/suggested-playlist", {"seeds": [seed], "k": 3})["seeds"] == [means]


def test_a_name_that_is_spelled_wrong_is_told_the_nearest(server: Server):
    answer = server.post("/similar", {"seeds": ["artist The Hghs"]}, status=404)
    assert "did you mean 'The Highs' (artist)" in answer["error"]["message"]


def test_journeys_and_whys_take_names(server: Server):
    answer = server.post("/journey", {"start": "artist:The Lows", "end": "High number 1", "k": 4})
    assert answer["matches"][0]["track"]["artist"] == "The Lows"
    assert answer["matches"][0]["step"] is None
    assert -1 <= answer["matches"][1]["step"] <= 1
    body = {"start": "Low number 0", "end": "High number 1", "via": ["Noise number 1"], "k": 5}
    assert "Noise number 1" in [match["track"]["title"] for match in server.post("/journey", body)["matches"]]
    assert server.get("/why", a="artist:The Lows", b="High number 1")["text"]


def test_scores_with_several_seeds_have_their_percentiles(server: Server):
    body = {"seeds": ["artist:The Lows", "High number 1"], "minus": ["Noise number 1"], "agree": True}
    best = server.post("/similar", body | {"k": 1})["matches"][0]
    asked = {"seed": body["seeds"], "minus": body["minus"], "agree": True}
    quantiles = server.get("/score-quantiles", **asked)["quantiles"]
    assert len(quantiles) == 101
    assert quantiles[60] < best["score"] <= quantiles[-1] + 1e-4
    assert server.api("GET", "/score-quantiles", params={"seed": "nobody knows this"}).status_code == 404


def test_a_name_of_several_is_refused_with_what_it_may_mean(server: Server):
    answer = server.post("/similar", {"seeds": ["noise number"]}, status=409)
    choices = answer["error"]["details"]["matches"]
    assert [choice["label"] for choice in choices] == [f"The Noises - Noise number {i}" for i in range(4)]
    again = server.post("/similar", {"seeds": [choices[0]["id"]], "k": 1})
    assert len(again["matches"]) == 1


def test_no_path_of_a_client_is_looked_at(server: Server, home: Path):
    for path in (home / "music" / "low0.flac", home / "music", "/etc/passwd"):
        for seed in (str(path), f"folder:{path}"):
            answer = server.post("/similar", {"seeds": [seed]}, status=404)
            assert str(home) not in answer["error"]["message"].replace(seed, "")


def test_names_are_suggested(server: Server):
    found = server.get("/seeds", q="high")["seeds"]
    assert [(one["seed"], one["tracks"]) for one in found] == [
        ("album:The Highs - high", 4),
        ("artist:The Highs", 4),
    ]
    assert server.get("/seeds", q="polka") == {"seeds": []}
