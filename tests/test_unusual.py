"""Speech, skits and hour-long mixes are no answers, unless somebody asks for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from segue.catalog import AnalyzedFile, FileState, Settings
from segue.catalog.settings import parse_setting
from segue.errors import UsageError
from segue.library import Library, Where
from segue.recommend.unusual import Limits, is_speech_genre, is_speech_score
from segue.spec import EmbedderSpec, Embedding
from segue.track import Tags
from tests.serve_process import serving

SPEC = EmbedderSpec("ears", 1, "waveform", 4, 8000, 1.0, 1.0, "float32", "none", "none")
LABELS = ("Music", "Speech", "Rain")
SONGS = [(f"Song {i}", 200.0 + i, "Rock", 0.9, 0.05) for i in range(12)]
OTHERS = [
    ("Reading", 240.0, "Rock", 0.02, 0.8),
    ("Novel", 3600.0, "Audiobook", 0.02, 0.02),
    ("Rap", 190.0, "Rap", 0.6, 0.7),
    ("Skit", 12.0, "Rock", 0.9, 0.05),
    ("Mix", 5400.0, "House", 0.9, 0.05),
    ("Set", 4800.0, "House", 0.9, 0.05),
    ("Unknown length", 0.0, "Rock", 0.9, 0.05),
]


def write(library: Library, facts: list[tuple[str, float, str, float, float]]) -> None:
    """Tracks that sound alike, of titles, lengths, genres and scores of music and speech."""
    files = []
    for i, (title, duration_s, genre, music, speech) in enumerate(facts):
        vector = np.array([1.0, 0.5, 0.1, 0.1], np.float32) + 0.01 * np.random.default_rng(i).standard_normal(
            4
        )
        scores = np.array([music, speech, 0.01], np.float32)
        embedding = Embedding(vector.astype(np.float32), np.zeros((0, 4), np.float16), scores=scores)
        tags = Tags(title=title, artist=f"Artist {i}", genre=genre)
        state = FileState(1000, 1, f"{title}-{i}")
        files.append(
            AnalyzedFile(
                f"/music/{i}.flac", state, tags, duration_s, 8000, 1, "flac", None, {SPEC.space: embedding}
            )
        )
    with library.catalog.writing() as writer:
        writer.add_space(SPEC, ["a", "b", "c", "d"], labels=LABELS)
        writer.append(files)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("unusual") / "library"
    with Library.open(root, create=True, embedders=["descriptors"]) as library:
        write(library, SONGS + OTHERS)
    return root


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as opened:
        write(opened, SONGS + OTHERS)
        yield opened


def titles(recommendations) -> set[str]:
    return {match.track.title for match in recommendations}


MUSIC = {title for title, *_ in SONGS} | {"Rap", "Unknown length"}


def test_speech_skits_and_mixes_are_no_answers_to_songs_and_the_answer_says_so(library):
    answer = library.similar("Song 0", k=30)
    assert titles(answer) == MUSIC - {"Song 0"}
    assert {(one.kind, one.tracks) for one in answer.left_out} == {("speech", 2), ("short", 1), ("long", 2)}
    assert "2 tracks as longer than 20:00" in map(str, answer.left_out)


def test_they_are_where_everything_is_wanted(library):
    answer = library.similar("Song 0", k=30, everything=True)
    assert titles(answer) >= {"Reading", "Novel", "Skit", "Mix", "Set"}
    assert answer.left_out == ()


def test_a_seed_of_a_kind_brings_that_kind(library):
    assert "Novel" in titles(library.similar("Reading", k=30))
    assert "Mix" not in titles(library.similar("Reading", k=30))
    assert "Set" in titles(library.similar(["Mix", "Song 1"], k=30))
    assert "Set" not in titles(library.similar(["Mix", "Song 1", "Song 2"], k=30))


def test_a_condition_that_asks_for_a_kind_brings_it(library):
    assert titles(library.similar("Song 0", where=Where(duration_s=(None, 60)))) == {"Skit"}
    assert titles(library.similar("Song 0", where=Where(genre="Audiobook", duration_s=(1, None)))) == {
        "Novel"
    }


def test_playlists_and_journeys_leave_them_out_too(library):
    for answer in (library.playlist("Song 0", k=20), library.journey("Song 0", "Song 5", k=12)):
        assert titles(answer) <= MUSIC
    assert len(library.playlist("Song 0", k=20, everything=True)) == 18


def test_only_what_would_have_been_among_the_answers_is_counted(library):
    nearest = [match.track.title for match in library.similar("Song 0", k=18, everything=True)]
    answer = library.similar("Song 0", k=3)
    last = nearest.index(answer[2].track.title)
    assert sum(one.tracks for one in answer.left_out) == last - 2


def test_settings_change_what_is_left_out_and_are_kept(library):
    library.settings.change(speech=True, longest_s=0)
    with Library.open(library.path) as again:
        assert again.settings.load() == Settings(speech=True, longest_s=0)
        answer = again.similar("Song 0", k=30)
    assert titles(answer) == MUSIC - {"Song 0"} | {"Reading", "Novel", "Mix", "Set"}
    assert [one.kind for one in answer.left_out] == ["short"]


def test_shares_of_artists_are_settings_too(library):
    library.settings.change(per_artist=1)
    assert len(library.playlist("Song 0", k=5)) == 5


@pytest.mark.parametrize(
    ("median_s", "shortest_s", "longest_s"), [(240, 30, 1200), (30, 0, 1200), (600, 30, 3000), (0, 0, 1200)]
)
def test_what_is_usual_depends_on_the_library(median_s, shortest_s, longest_s):
    assert Limits.of(Settings(), median_s) == Limits(False, shortest_s, longest_s)


def test_an_unknown_length_is_neither_short_nor_long():
    assert Limits(False, 30, 1200).kind(0, speech=False) is None


@pytest.mark.parametrize(
    ("speech", "music", "is_speech"), [(0.7, 0.05, True), (0.7, 0.6, False), (0.2, 0.0, False)]
)
def test_speech_is_what_has_no_music_to_speak_of(speech, music, is_speech):
    assert bool(is_speech_score(np.array([speech]), np.array([music]))[0]) is is_speech


def test_genres_of_spoken_word_are_known():
    assert is_speech_genre("Rock; Hörbuch")
    assert not is_speech_genre("Rock")
    assert not is_speech_genre(None)


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        ("speech", "yes", True),
        ("longest_s", "1:00:00", 3600),
        ("shortest_s", "0", 0),
        ("per_artist", "auto", "auto"),
    ],
)
def test_settings_are_read_as_people_write_them(name, value, parsed):
    assert parse_setting(name, value) == parsed


@pytest.mark.parametrize(
    ("name", "value"), [("speech", "maybe"), ("longest_s", "long"), ("per_album", -1), ("x", 1)]
)
def test_other_settings_are_refused(name, value):
    with pytest.raises(UsageError, match=r"expected|no setting"):
        parse_setting(name, value)


def test_the_command_says_what_it_leaves_out_and_settings_change_it(library, segue):
    code, out, err = segue("-l", library.path, "similar", "Song 0", "-k", 30)
    assert code == 0
    assert "Novel" not in out
    assert "left out: 2 tracks as speech, 1 track as shorter than 0:30, 2 tracks as longer than 20:00" in err
    assert "Novel" in segue("-l", library.path, "similar", "Song 0", "-k", 30, "--everything")[1]
    _, out, _ = segue("-l", library.path, "settings", "longest", "2:00:00")
    assert "2:00:00" in out
    _, out, _ = segue("-l", library.path, "similar", "Song 0", "-k", 30, "--json")
    answer = json.loads(out)
    assert "Mix" in {match["title"] for match in answer["matches"]}
    assert [one["kind"] for one in answer["left_out"]] == ["speech", "short"]


@pytest.mark.slow
def test_the_service_leaves_out_the_same_and_has_the_settings(library):
    with serving("--library", library.path, "serve", "--no-open", "--port", 0) as server:
        (song,) = server.get("/search", q="Song 0")["matches"]
        ask = {"seeds": [song["track"]["id"]], "k": 30}
        answer = server.post("/similar", ask)
        assert {match["track"]["title"] for match in answer["matches"]} == MUSIC - {"Song 0"}
        assert answer["left_out"][0]["text"] == "2 tracks as speech"
        assert len(server.post("/similar", ask | {"everything": True})["matches"]) == 18
        changed = server.api("PUT", "/settings", json={"speech": True, "shortest_s": 10}).json()
        assert (changed["speech"], changed["shortest_now_s"], changed["longest_s"]) == (True, 10, "auto")
        assert server.get("/settings") == changed
        answer = server.post("/similar", ask)
        assert [one["kind"] for one in answer["left_out"]] == ["long"]
        assert server.api("PUT", "/settings", json={"longest_s": "soon"}).status_code == 422


def test_seeds_and_answers_are_looked_up_together(library):
    statements: list[str] = []
    library.catalog.connections.db.set_trace_callback(statements.append)
    assert library.similar("Song 0", k=5)
    # What is unusual is told by the same rows as are shown.
    assert sum("details FROM tracks WHERE key IN" in one for one in statements) == 1
    assert not any("duration_s, genre FROM tracks" in one for one in statements)
