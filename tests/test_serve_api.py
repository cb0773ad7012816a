"""The JSON API, asked over HTTP of a process that serves a real library."""

from __future__ import annotations

import threading
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from segue.library import Library
from tests.conftest import SR, tone
from tests.serve_process import Server
from tests.served_home import service_fixtures
from tests.sounds import FORMATS, write

home, server, ids = service_fixtures()


# Looking


def test_health_and_library_say_what_the_library_holds(server: Server):
    assert server.get("/health")["tracks"] == 14
    about = server.get("/library")
    assert about["tracks"] == 14
    assert about["spaces"][0]["name"] == "descriptors-1"
    assert about["spaces"][0]["tracks"] == 14
    assert about["folders"] == ["music"]
    assert about["writable"] is True


def test_tracks_come_in_pages_by_any_order(server: Server):
    first = server.get("/tracks", limit=5, sort="title")
    rest = server.get("/tracks", limit=100, offset=5, sort="title")
    titles = [track["title"] for track in first["tracks"] + rest["tracks"]]
    assert first["total"] == 14
    assert titles == sorted(titles, key=str.lower)


def test_tracks_are_found_by_words_and_conditions(server: Server):
    assert {t["artist"] for t in server.get("/tracks", q="low numb")["tracks"]} == {"The Lows"}
    assert server.get("/tracks", genre="noise")["total"] == 4
    assert server.get("/tracks", q="number 1", genre="noise")["total"] == 1
    assert server.get("/tracks", duration="0-1")["total"] == 0
    assert server.get("/tracks", max_length=1)["total"] == 0
    assert server.get("/tracks", min_length=1, not_genre="noise")["total"] == 10
    assert server.get("/tracks", q="number", not_artist="The Lows")["total"] == 8
    assert server.api("GET", "/tracks", params={"min_length": 1, "duration": "1-"}).status_code == 409
    assert server.api("GET", "/tracks", params={"not_label": "Speech"}).status_code == 409
    assert server.get("/tracks", folder="music")["total"] == 14


@pytest.mark.slow
def test_a_search_gives_its_reasons_and_pages(server: Server):
    found = server.get("/search", q="low quiet numb")
    assert {match["track"]["artist"] for match in found["matches"]} == {"The Lows"}
    kinds = [reason["kind"] for reason in found["matches"][0]["reasons"]]
    assert kinds == ["title", "mood", "title"]
    assert "quiet" in found["meanings"]
    first = server.get("/search", q="quiet", limit=2)
    second = server.get("/search", q="quiet", limit=2, offset=2)
    together = [match["track"]["id"] for match in first["matches"] + second["matches"]]
    assert len(set(together)) == 4 <= first["total"] == second["total"]
    assert server.get("/search", q="quiet", not_artist=["The Lows"])["total"] < first["total"]
    assert server.get("/search", q="qwxyz")["hints"]
    assert server.get("/search", q="  ") == {"matches": [], "total": 0, "meanings": [], "hints": []}


def test_an_impossible_condition_is_refused_without_paths_of_the_machine(server: Server, home: Path):
    answer = server.api("GET", "/tracks", params={"folder": "/etc"})
    assert answer.status_code == 409
    assert str(home) not in answer.text


def test_a_track_has_all_known_fields(server: Server, ids: dict[str, str]):
    found = server.get(f"/tracks/{ids['Low number 0']}")
    assert found["track"]["path"] == "music/low0.flac"
    assert found["tags"]["album"] == "low"
    assert found["descriptors"]["tempo_bpm"] > 0
    assert found["details"]["sr"] == SR


def test_some_tracks_come_in_the_order_asked(server: Server, ids: dict[str, str]):
    wanted = [ids["High number 1"], "unknown", ids["Low number 1"]]
    found = server.post("/tracks/batch", {"tracks": wanted})["tracks"]
    assert [track["id"] for track in found] == [wanted[0], wanted[2]]


def test_facets_count_genres(server: Server):
    assert {"name": "noise", "n": 4} in server.get("/facets")["genres"]


def test_no_path_is_an_id(server: Server, home: Path):
    for name in (
        "..%2F..%2Fetc%2Fpasswd",
        str(home / "music" / "low0.flac").replace("/", "%2F"),
        "low0.flac",
    ):
        for rest in ("", "/audio", "/cover", "/peaks"):
            assert server.api("GET", f"/tracks/{name}{rest}").status_code == 404
    seeds = [str(home / "music" / "low0.flac"), "/etc/passwd"]
    for seed in seeds:
        assert server.api("POST", "/similar", json={"seeds": [seed]}).status_code == 404
    assert server.client.get("/assets/..%2F..%2F..%2Fapp.py").status_code == 404
    assert "import" not in server.client.get("/..%2f..%2fserve%2fapp.py").text


# Session


def test_similar_answers_as_the_library_does(server: Server, home: Path, ids: dict[str, str]):
    with Library.open(home / "library") as library:
        for seeds in ([ids["Low number 0"]], [ids["Low number 0"], ids["High number 0"]]):
            expected = library.similar(seeds, k=5)
            found = server.post("/similar", {"seeds": seeds, "k": 5})
            assert [m["track"]["id"] for m in found["matches"]] == [m.track.id for m in expected.matches]
            scores = [m["score"] for m in found["matches"]]
            np.testing.assert_allclose(scores, [m.score for m in expected.matches], atol=2e-4)
            assert found["shortfall"] is None


def test_similar_says_why_there_are_fewer(server: Server, ids: dict[str, str]):
    found = server.post("/similar", {"seeds": [ids["Low number 0"]], "k": 100})
    assert len(found["matches"]) == 13
    assert "13 of 100" in found["shortfall"]


def test_similar_takes_conditions_and_what_to_move_away_from(server: Server, ids: dict[str, str]):
    body = {
        "seeds": [ids["Low number 0"]],
        "minus": [ids["Noise number 0"]],
        "k": 3,
        "where": {"genre": "high"},
    }
    found = server.post("/similar", body)
    assert {m["track"]["genre"] for m in found["matches"]} == {"high"}
    other = server.post("/similar", {"seeds": [ids["Low number 0"]], "k": 5, "same_artist": False})
    assert "The Lows" not in {m["track"]["artist"] for m in other["matches"]}


def test_why_playlists_journeys_and_matrices(server: Server, ids: dict[str, str]):
    a, b = ids["Low number 0"], ids["High number 0"]
    why = server.get("/why", a=a, b=b)
    assert why["text"]
    assert why["parts"][0]["space"] == "descriptors-1"
    made = server.post("/suggested-playlist", {"seeds": [a], "k": 5, "variety": 0.5})
    assert len({m["track"]["id"] for m in made["matches"]}) == 5
    way = [m["track"]["id"] for m in server.post("/journey", {"start": a, "end": b, "k": 4})["matches"]]
    assert (way[0], way[-1], len(way)) == (a, b, 4)
    matrix = server.post("/matrix", {"tracks": [a, b]})["scores"]
    assert matrix[0][0] == pytest.approx(1, abs=1e-3)
    assert matrix[0][1] == matrix[1][0]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"seeds": []}, {"seeds": ["a"], "k": 0}, {"seeds": ["a"], "k": 10**9}, {"seeds": "a"},
        {"seeds": ["a"], "colour": 1}, [], "x", {"seeds": [None]}, {"seeds": ["a" * 1001]},
    ],
)  # fmt: skip
def test_an_invalid_body_gets_an_error_of_the_usual_shape(server: Server, body: object):
    answer = server.api("POST", "/similar", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid"


def test_a_body_that_is_not_json_is_refused(server: Server):
    for content in (b"{", b"\xff\xfe", b""):
        answer = server.api("POST", "/similar", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize("path", ["/tracks?colour=1", "/why?a=x&b=y&c=z", "/health?x", "/library?view=a"])
def test_an_unknown_query_parameter_is_refused_as_an_unknown_field_is(server: Server, path: str):
    answer = server.api("GET", path)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "invalid"
    assert "unknown parameter" in error["message"]
    assert server.api("POST", f"/similar?{path.split('?')[1]}", json={"seeds": ["x"]}).status_code == 422


def test_a_refused_parameter_comes_with_those_that_are_known(server: Server):
    message = server.api("GET", "/tracks", params={"limt": 3}).json()["error"]["message"]
    assert message.startswith("query.limt: unknown parameter; expected album, artist, cluster")


def test_old_addresses_answer_as_the_new_ones(server: Server, ids: dict[str, str]):
    a, b = ids["Low number 0"], ids["High number 0"]
    for old, new, body in (
        ("/playlists/make", "/suggested-playlist", {"seeds": [a], "k": 3}),
        ("/tracks/list", "/tracks/batch", {"tracks": [b, a]}),
    ):
        assert server.post(old, body) == server.post(new, body)
    body = {"name": "Two", "tracks": [a, b]}
    old, new = (server.api("POST", path, json=body) for path in ("/export/m3u8", "/m3u8"))
    assert old.text == new.text
    assert new.text.startswith("#EXTM3U\n#PLAYLIST:Two\n#EXTINF:3,")
    kept = server.post("/playlists", body, 201)["id"]
    old, new = (server.api("GET", f"/playlists/{kept}/{name}") for name in ("export.m3u8", "m3u8"))
    assert old.text == new.text
    assert server.ended(server.post("/evaluate", {}, 202)["job"]["id"])["kind"] == "evaluate"


# Sound and pictures


def test_audio_comes_whole_and_in_parts(server: Server, home: Path, ids: dict[str, str]):
    content = (home / "music" / "low0.flac").read_bytes()
    path = f"/tracks/{ids['Low number 0']}/audio"
    whole = server.api("GET", path)
    assert whole.content == content
    assert whole.headers["content-type"] == "audio/flac"
    part = server.api("GET", path, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(content)}"
    assert server.api("GET", path, headers={"range": "bytes=-10"}).content == content[-10:]
    assert server.api("GET", path, headers={"range": f"bytes={len(content) - 5}-"}).content == content[-5:]


def test_a_range_beyond_the_end_is_416_and_nonsense_is_passed_over(server: Server, ids: dict[str, str]):
    path = f"/tracks/{ids['Low number 0']}/audio"
    beyond = server.api("GET", path, headers={"range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert beyond.json()["error"]["code"] == "no_such_range"
    for nonsense in ("bytes=-", "lines=1-2", "bytes=b-a", "bytes"):
        assert server.api("GET", path, headers={"range": nonsense}).status_code == 200


def test_head_gives_the_size_only(server: Server, home: Path, ids: dict[str, str]):
    head = server.api("HEAD", f"/tracks/{ids['Low number 0']}/audio")
    assert head.headers["content-length"] == str((home / "music" / "low0.flac").stat().st_size)
    assert head.content == b""


@pytest.mark.parametrize("title", ["apple", "windows"])
def test_what_browsers_cannot_play_is_converted(
    server: Server, ids: dict[str, str], tmp_path: Path, title: str
):
    answer = server.api("GET", f"/tracks/{ids[title]}/audio")
    assert answer.headers["content-type"] == "audio/mpeg"
    (tmp_path / "out.mp3").write_bytes(answer.content)
    y, sr = soundfile.read(tmp_path / "out.mp3")
    assert len(y) / sr == pytest.approx(1.5, abs=0.1)
    assert np.abs(y).max() > 0.05
    original = server.api("GET", f"/tracks/{ids[title]}/audio", params={"format": "original"})
    assert original.headers["content-type"] != "audio/mpeg"


def test_a_conversion_begins_at_the_requested_time(server: Server, ids: dict[str, str], tmp_path: Path):
    answer = server.api("GET", f"/tracks/{ids['Low number 1']}/audio", params={"format": "ogg", "start_s": 2})
    (tmp_path / "out.ogg").write_bytes(answer.content)
    with av.open(str(tmp_path / "out.ogg")) as sound:
        assert sound.streams.audio[0].codec_context.name == "opus"
        samples = sum(frame.samples for frame in sound.decode(audio=0))
    assert samples / 48_000 == pytest.approx(1.0, abs=0.3)


def test_peaks_follow_the_sound(server: Server, ids: dict[str, str]):
    found = server.get(f"/tracks/{ids['Noise number 0']}/peaks", n=24)
    assert found["duration_s"] == pytest.approx(3, abs=0.01)
    assert len(found["peaks"]) == 24
    assert found["peaks"][0] > 2 * found["peaks"][1]  # bursts four times a second


# Clips


@pytest.mark.parametrize("name", ["wav16", "wav_float", "mp3", "opus", "m4a", "webm", "aiff"])
def test_a_clip_of_any_format_is_a_seed(server: Server, ids: dict[str, str], tmp_path: Path, name: str):
    form = FORMATS[name]
    y = np.repeat(tone(1760), 2)[: 3 * form.sr] if form.sr > 30_000 else tone(1760)
    path = form.write(tmp_path, np.stack([y, y], 1))
    answer = server.upload(path)
    assert answer.status_code == 201, answer.text
    clip = answer.json()["clip"]
    assert len(clip["peaks"]) > 100
    assert len(server.post("/similar", {"seeds": [clip["id"]], "k": 3})["matches"]) == 3
    mixed = server.post("/suggested-playlist", {"seeds": [clip["id"], ids["Low number 0"]], "k": 3})
    assert len(mixed["matches"]) == 3
    assert server.get("/why", a=clip["id"], b=ids["High number 0"])["text"]
    assert server.api("GET", f"/clips/{clip['id']}/audio").status_code == 200
    assert server.api("DELETE", f"/clips/{clip['id']}").status_code == 204
    assert server.api("POST", "/similar", json={"seeds": [clip["id"]]}).status_code == 404


def test_an_upload_of_a_track_finds_itself(server: Server, home: Path, ids: dict[str, str]):
    clip = server.upload(home / "music" / "high2.flac").json()["clip"]
    best = server.post("/similar", {"seeds": [clip["id"]], "k": 1})["matches"][0]
    assert best["track"]["id"] == ids["High number 2"]
    assert best["score"] == pytest.approx(1, abs=0.01)


def test_a_file_without_sound_is_refused(server: Server, tmp_path: Path):
    silent = write(tmp_path / "silent.wav", np.zeros(3 * SR, np.float32), SR)
    short = write(tmp_path / "short.wav", tone(440)[:1000], SR)
    garbage, empty = tmp_path / "garbage.mp3", tmp_path / "empty.wav"
    garbage.write_bytes(np.random.default_rng(1).bytes(50_000))
    empty.write_bytes(b"")
    codes = {path.stem: server.upload(path) for path in (silent, short, garbage, empty)}
    assert {name: answer.status_code for name, answer in codes.items()} == dict.fromkeys(codes, 422)
    assert codes["silent"].json()["error"]["code"] == "silent"
    assert codes["short"].json()["error"]["code"] == "too_short"
    for answer in codes.values():
        assert "Traceback" not in answer.text
        assert "segue-serve" not in answer.text


def test_an_upload_may_have_any_name(server: Server, home: Path):
    answer = server.upload(home / "music" / "low0.flac", name="../../../etc/pass\u202ewd.flac")
    assert answer.json()["clip"]["name"] == "passwd.flac"


# The service itself


def test_unknown_things_are_404_in_the_one_shape(server: Server):
    for path in (
        "/nothing",
        "/jobs/job-0",
        "/jobs/../../x",
        "/playlists/x",
        "/clips/clip-0/audio",
        "/tracks/x",
    ):
        answer = server.api("GET", path)
        assert answer.status_code == 404, path
        assert set(answer.json()["error"]) == {"code", "message", "details"}
    wrong = server.api("PATCH", "/similar", json={})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")


def test_metrics_count_requests(server: Server):
    server.get("/health")
    text = server.client.get("/metrics").text
    assert 'route="/api/v1/health",status="200"' in text
    assert "segue_tracks" in text
    assert "segue_request_seconds_bucket" in text


def test_the_interface_is_described(server: Server):
    paths = server.client.get("/openapi.json").json()["paths"]
    assert "/api/v1/similar" in paths
    page = server.client.get("/docs").text
    for path in paths:
        assert path in page
    assert "<script" not in page


def test_the_page_or_a_word_about_it_is_at_every_other_address(server: Server):
    for path in ("/", "/map", "/track/abc"):
        answer = server.client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert (
            "script-src 'self'" in answer.headers["content-security-policy"] or "<script" not in answer.text
        )


def test_many_clients_at_once_get_their_own_answers(server: Server, ids: dict[str, str]):
    titles = [title for title in ids if "number" in title]
    wrong: list[str] = []

    def ask(title: str) -> None:
        for _ in range(10):
            answer = server.client.post(
                "/api/v1/similar",
                json={"seeds": [ids[title]], "k": 3, "where": {"genre": title.split(maxsplit=1)[0].lower()}},
            )
            genres = {m["track"]["genre"] for m in answer.json()["matches"]}
            if genres != {title.split(maxsplit=1)[0].lower()}:
                wrong.append(title)

    threads = [threading.Thread(target=ask, args=(title,)) for title in titles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
