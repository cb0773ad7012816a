"""How sounds end, and how one track plays into the next."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.audio.edges import Edges, measure_edges
from segue.audio.metadata import read_gain
from segue.errors import UsageError
from segue.library import Library
from segue.recommend.joins import join_costs
from segue.recommend.transitions import follows, transition
from segue.track import Track
from tests.conftest import SR, tag, tone
from tests.served_home import service_fixtures

home, server, ids = service_fixtures()


def steady(duration_s: float) -> np.ndarray:
    t = np.arange(int(duration_s * SR)) / SR
    return (0.3 * np.sin(2 * np.pi * 220 * t)).astype(np.float32)


def silence(duration_s: float) -> np.ndarray:
    return np.zeros(int(duration_s * SR), np.float32)


def edges(tmp_path: Path, *parts: np.ndarray) -> Edges:
    soundfile.write(tmp_path / "sound.flac", np.concatenate(parts), SR)
    return measure_edges(tmp_path / "sound.flac")


def faded(duration_s: float) -> np.ndarray:
    y = steady(duration_s)
    return y * np.geomspace(1, 1e-3, len(y)).astype(np.float32)


def test_a_fade_is_found_with_where_it_begins_and_ends(tmp_path: Path):
    found = edges(tmp_path, silence(1), steady(20), faded(8), silence(2))
    assert found.ending == "fade"
    assert found.start_s == pytest.approx(1, abs=0.1)
    assert 3 < found.decay_s < 8
    assert 25 < found.end_s < 29.1  # what is 35 dB down is not heard


def test_a_sound_that_stops_ends_cold_and_one_up_to_the_last_sample_runs_on(tmp_path: Path):
    stopped = edges(tmp_path, steady(10), silence(1.5))
    assert stopped.ending == "cold"
    assert stopped.end_s == pytest.approx(10, abs=0.1)
    assert edges(tmp_path, steady(70)).ending == "runs on"


def test_beats_with_rests_between_are_no_fade(tmp_path: Path):
    assert edges(tmp_path, *[tone(220, duration_s=3.0)] * 4).ending == "runs on"


def test_silence_and_a_tick_have_edges(tmp_path: Path):
    assert edges(tmp_path, silence(3)).end_s == pytest.approx(3, abs=0.1)
    assert edges(tmp_path, steady(0.3)).start_s == 0


ON = Edges(0.0, 60.0, 0.0, "runs on", -12.0)
FADE = Edges(0.0, 60.0, 9.0, "fade", -12.0)
COLD = Edges(0.4, 58.0, 1.0, "cold", -12.0)


def test_a_fade_rides_long_a_cold_end_is_cut_tight_and_an_album_runs_on():
    assert transition(FADE, COLD, album=False).overlap_s == 9
    assert transition(FADE, COLD, 3.0, album=False).overlap_s == 6
    cut = transition(COLD, ON, album=False)
    assert (cut.kind, cut.out_s, cut.in_s, cut.overlap_s) == ("cut", 58.0, 0.0, 0.5)
    assert transition(ON, ON, album=False) == transition(ON, ON, 5.0, album=False)
    assert transition(ON, ON, album=False).kind == "crossfade"
    assert transition(ON, ON, album=True).kind == "gapless"
    assert transition(ON, COLD, album=True).kind == "crossfade"  # it begins with silence


@pytest.mark.parametrize("first", [ON, FADE, COLD])
def test_without_a_crossfade_no_two_sound_at_once(first: Edges):
    step = transition(first, COLD, 0.0, album=False)
    assert step.overlap_s == 0
    assert step.in_s == pytest.approx(COLD.start_s, abs=0.05)


def test_short_tracks_overlap_by_a_third_at_most():
    short = Edges(0.0, 3.0, 0.0, "runs on", -12.0)
    assert transition(short, ON, 12.0, album=False).overlap_s == 1


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("gain.flac", {"REPLAYGAIN_TRACK_GAIN": "-7.25 dB"}, -7.25),
        ("plus.flac", {"replaygain_track_gain": "+2 dB"}, 2.0),
        ("none.flac", {"title": "x"}, None),
        ("odd.flac", {"replaygain_track_gain": "loud"}, None),
        ("absurd.flac", {"replaygain_track_gain": "9000 dB"}, None),
    ],
)
def test_the_gain_of_tags_is_read(tmp_path: Path, name: str, fields: dict[str, str], expected: float | None):
    soundfile.write(tmp_path / name, steady(1), SR)
    tag(tmp_path / name, **fields)
    assert read_gain(tmp_path / name) == expected


def loudness(library: Library, track: Track) -> float:
    snapshot = library.recommender.snapshot()
    space = snapshot.spaces["descriptors-1"]
    row = snapshot.row_of(library.tracks.keys_of([track.id])[track.id])
    return float(space.vectors[row, space.dimensions.index("loudness_lkfs_mean")])


def test_a_library_measures_once_and_prefers_tags_over_what_it_measured(own: Library, folder: Path):
    low = own.find("Low number 0")
    tagged = folder / "low1.flac"
    tag(tagged, replaygain_track_gain="-3.5 dB")
    own.scan(folder)
    other = own.find("Low number 1")
    answer = own.transitions([low, other])
    assert answer.playbacks[1].gain_db == -3.5
    assert answer.playbacks[0].gain_db == pytest.approx(-18 - loudness(own, low), abs=0.1)
    assert answer.steps[0] is not None
    for path in folder.iterdir():
        path.unlink()
    assert own.transitions([low, other]) == answer
    with pytest.raises(UsageError, match="crossfade_s is 13"):
        own.transitions([low], crossfade_s=13)


def test_only_the_next_track_of_an_album_follows(own: Library, folder: Path):
    tag(folder / "low0.flac", tracknumber="1")
    tag(folder / "low1.flac", tracknumber="2")
    own.scan(folder)
    first, second, third = (own.find(f"Low number {i}") for i in range(3))
    assert follows(first, second)
    assert not follows(second, first)
    assert not follows(second, third)


def test_tracks_of_one_tempo_key_and_loudness_join_best(own: Library):
    session = own.recommender.session()
    tracks = [own.find(title) for title in ("Low number 0", "Low number 1", "Noise number 0")]
    costs = join_costs(session.snapshot, session.index.rows[session.places(tracks)])
    assert costs.shape == (3, 3)
    assert np.allclose(np.diagonal(costs), 0)
    assert np.allclose(costs, costs.T)
    assert costs[0, 1] < costs[0, 2]


def test_the_command_shows_transitions_and_writes_them_as_json(segue, own: Library, library_path: Path):
    code, out, _ = segue("-l", library_path, "playlist", "Low number 0", "-k", "3", "--transitions")
    assert code == 0
    assert "both sound" in out
    for verb in ("playlist", "radio"):
        code, out, _ = segue("-l", library_path, verb, "Low number 0", "-k", "3", "--transitions", "--json")
        answer = json.loads(out)
        assert len(answer["transitions"]) == 2
        assert answer["transitions"][0]["kind"] == "crossfade"
        code, out, _ = segue("-l", library_path, verb, "Low number 0", "-k", "3", "--json")
        assert "transitions" not in json.loads(out)


@pytest.mark.slow
def test_the_service_tells_transitions(server, ids):
    names = [ids["Low number 0"], ids["Low number 1"], ids["High number 0"]]
    answer = server.post("/transitions", {"tracks": names, "crossfade_s": 0.5})
    assert [one["track"] for one in answer["playbacks"]] == names
    assert [step["overlap_s"] for step in answer["transitions"]] == [0.5, 0.5]
    assert server.api("POST", "/transitions", json={"tracks": ["nothing"]}).status_code == 404
    assert server.api("POST", "/transitions", json={"tracks": names, "crossfade_s": 13}).status_code == 422
    for path in ("/suggested-playlist", "/radio"):
        assert server.post(path, {"seeds": names[:1], "k": 3})["transitions"] is None
        listed = server.post(path, {"seeds": names[:1], "k": 3, "transitions": True})
        assert len(listed["transitions"]) == 2
