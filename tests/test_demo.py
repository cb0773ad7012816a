"""The demonstration pieces: deterministic, sound, different, and safely written."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.flac import FLAC

from segue.demo import DEMO_SR, STYLES, render, write_demo
from segue.demo import collection as demo_collection
from segue.demo.collection import pieces
from segue.demo.instruments import chime, driven, pad, piano, plucked, pulse, swept_saw, triangle
from segue.demo.melody import LIVELY, WALTZ, invent_motif, sing
from segue.demo.mixing import CEILING, Desk, Voice, duck, echo, limited
from segue.demo.score import Clock, Note, strokes
from segue.demo.sound import hertz, modes
from segue.demo.theory import MODES, Scale, progression, voice_lead
from segue.demo.titles import invent_titles
from segue.errors import UsageError


def power_spectrum(y):
    """Frequencies (Hz) and mean power of a mono signal."""
    frames = np.lib.stride_tricks.sliding_window_view(y, 2048)[::1024] * np.hanning(2048)
    return np.fft.rfftfreq(2048, 1 / DEMO_SR), (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0)


def centroid(y):
    f, power = power_spectrum(y)
    return (f * power).sum() / power.sum()


def low_share(y):
    f, power = power_spectrum(y)
    return power[f < 150].sum() / power.sum()


def onset_strength(y):
    """Mean rise of the log level from one 50 ms frame to the next."""
    level = np.log10(np.mean(y[: y.size // 1600 * 1600].reshape(-1, 1600) ** 2, axis=1) + 1e-6)
    return np.maximum(np.diff(level), 0).mean()


@pytest.fixture(scope="module")
def by_style():
    """Two pieces of each style, mono, (n_samples,)."""
    return {style: [render(style, seed).mean(axis=1) for seed in (1, 2)] for style in STYLES}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("artist", [0, 1, 2])
def test_every_artist_yields_a_sound_stereo_piece(style, artist):
    y = render(style, 7, artist=artist)
    assert y.dtype == np.float32
    assert y.shape[1] == 2
    assert 12.0 <= y.shape[0] / DEMO_SR <= 16.0
    assert np.isfinite(y).all()
    assert np.abs(y).max() < 1.0
    assert abs(y.mean()) < 1e-3
    assert np.abs(y[-1]).max() < 1e-3
    assert not np.array_equal(y[:, 0], y[:, 1])
    level_db = 10 * np.log10(np.mean(y**2))
    assert -16.0 < level_db < -12.5


def test_there_are_eight_styles():
    assert len(STYLES) == len(set(STYLES)) == 8


@pytest.mark.parametrize("style", STYLES)
def test_the_same_seed_gives_the_same_samples(style):
    assert np.array_equal(render(style, 3), render(style, 3))


@pytest.mark.parametrize("style", STYLES)
def test_another_seed_gives_another_piece(style):
    a, b = render(style, 3, artist=1), render(style, 4, artist=1)
    n = min(len(a), len(b))
    assert np.corrcoef(a[:n, 0], b[:n, 0])[0, 1] < 0.9


def test_unknown_styles_and_artists_are_named_in_the_error():
    with pytest.raises(UsageError, match=r"'Polka'.*Ambient"):
        render("Polka", 0)
    with pytest.raises(UsageError, match="artist 3"):
        render("Techno", 0, artist=3)


def test_ambient_is_darkest_and_metal_brightest(by_style):
    centroids = {style: np.mean([centroid(y) for y in ys]) for style, ys in by_style.items()}
    assert min(centroids, key=centroids.get) == "Ambient"
    assert centroids["Metal"] > 1.5 * centroids["Drum and Bass"]
    assert centroids["Chiptune"] > 2 * centroids["Ambient"]


def test_dance_music_has_the_bass_and_the_guitar_has_none(by_style):
    shares = {style: np.mean([low_share(y) for y in ys]) for style, ys in by_style.items()}
    assert {"Techno", "Drum and Bass"} <= set(sorted(shares, key=shares.get)[-3:])
    assert min(shares, key=shares.get) in {"Folk Guitar", "Solo Piano"}


def test_ambient_has_the_softest_onsets(by_style):
    strengths = {style: np.mean([onset_strength(y) for y in ys]) for style, ys in by_style.items()}
    assert min(strengths, key=strengths.get) == "Ambient"
    assert strengths["Techno"] > 2 * strengths["Ambient"]


TONES = {
    "pulse": lambda p: pulse(p, duty=0.25),
    "triangle": triangle,
    "saw": lambda p: swept_saw(p, low_hz=2000.0, high_hz=4000.0, sweep_s=0.2),
    "plucked": lambda p: plucked(p, bright=0.5, t60_s=4.0),
    "piano": lambda p: piano(p, bright=0.5),
    "chime": chime,
    "pad": lambda p: pad(p, bright=0.5),
    "driven": lambda p: driven(p, intervals=(0,), muted=False, gain=10.0),
}


@pytest.mark.parametrize("name", TONES)
@pytest.mark.parametrize("pitch", [48, 57, 69])
def test_every_instrument_is_in_tune(name, pitch):
    y = TONES[name](pitch)
    y = y[: DEMO_SR // 4] if name == "pulse" else y  # before its vibrato
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size), 2**19))
    f = np.fft.rfftfreq(2**19, 1 / DEMO_SR)
    near = (f > hertz(pitch - 1)) & (f < hertz(pitch + 1))
    found = f[near][np.argmax(spectrum[near])]
    assert abs(1200 * np.log2(found / hertz(pitch))) < 12
    assert np.abs(y).max() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("name", TONES)
def test_notes_start_and_end_in_silence_and_are_shared_read_only(name):
    y = TONES[name](57)
    assert abs(y[0]) < 0.01
    assert abs(y[-1]) < 0.01
    if name != "pad":
        assert y is TONES[name](57)
    with pytest.raises(ValueError, match="read-only"):
        y[0] = 1.0


def test_modes_equal_the_sum_of_decaying_sines():
    f, t60, gain, phase = np.array([[300.0, 4111.1], [1.0, 0.2], [1.0, 0.5], [0.0, 0.3]])
    t = np.arange(9000)[:, None] / DEMO_SR
    expected = (gain * np.sin(2 * np.pi * (f * t + phase)) * np.exp(-6.9078 * t / t60)).sum(axis=1)
    assert np.allclose(modes(f, t60, gain, phase, 9000 / DEMO_SR), expected, atol=1e-4)


def test_chords_stay_in_their_scale_and_voices_move_little():
    rng = np.random.default_rng(0)
    for mode in MODES:
        scale = Scale(3, mode)
        chords = progression(rng, scale, 8)
        assert {c for chord in chords for c in chord.classes} <= {(3 + i) % 12 for i in MODES[mode]}
        voicings = voice_lead(chords, 55)
        assert max(abs(x - y) for a, b in pairwise(voicings) for x, y in zip(a, b, strict=True)) <= 7
        assert all(48 <= pitch <= 79 for voicing in voicings for pitch in voicing)


def test_melodies_stay_in_scale_and_repeat_their_rhythm():
    rng = np.random.default_rng(1)
    scale = Scale(0, "dorian")
    notes = sing(rng, scale, progression(rng, scale, 4), cells=LIVELY, rests=0.0)
    assert {note.pitch % 12 for note in notes} <= set(MODES["dorian"])
    rhythms = [tuple(note.beat % 4 for note in notes if note.beat // 4 == bar) for bar in range(4)]
    assert len(set(rhythms)) < 4


def test_a_waltz_motif_fills_three_beats():
    assert sum(invent_motif(np.random.default_rng(2), WALTZ, 3).lengths) == 3


def test_swing_delays_only_the_second_eighth():
    clock = Clock(120.0, swing=2 / 3)
    assert [clock.seconds(b) for b in (1.0, 1.5, 2.0)] == pytest.approx([0.5, 0.5 + 1 / 3, 1.0])
    assert clock.bars_in(8.0) == 4


def test_patterns_become_strokes():
    notes = strokes("X..o", [0, 2], tuning=-1)
    assert [(n.beat, n.pitch) for n in notes] == [(0, -1), (3, -1), (8, -1), (11, -1)]
    assert notes[0].force > notes[1].force


def test_notes_start_on_time_and_lie_where_they_are_panned():
    desk = Desk(Clock(60.0), 4.0, np.random.default_rng(0))
    stem = desk.lay([Note(1.0, 0.5, 69)], Voice(chime, pan=-1.0))
    first = np.flatnonzero(np.abs(stem) > 0.01)[0] / DEMO_SR
    assert first == pytest.approx(1.0, abs=0.05)
    assert np.abs(stem.imag).max() < 1e-6 < np.abs(stem.real).max()


def test_echo_changes_sides():
    click = np.zeros(DEMO_SR, dtype=np.complex64)
    click[0] = 1.0
    echoed = echo(click, 0.25, feedback=0.5)
    assert echoed[8000] == pytest.approx(0.5j)
    assert echoed[16000] == pytest.approx(0.25)


def test_ducking_leaves_what_precedes_the_kick():
    ducked = duck(np.ones(DEMO_SR, dtype=np.complex64), [0.5], depth=0.8)
    assert np.all(ducked[:16000] == 1.0)
    assert 0.15 < ducked.real.min() < 0.3


def test_the_limiter_reaches_the_level_and_holds_the_ceiling():
    rng = np.random.default_rng(0)
    y = (rng.standard_normal(DEMO_SR * 2) * 0.01).astype(np.complex64)
    y[::4000] = 1.0 + 1.0j
    out = limited(y, -14.0)
    peak = max(np.abs(out.real).max(), np.abs(out.imag).max())
    assert 0.5 < peak <= CEILING + 0.06


def test_titles_are_never_given_twice():
    titles = [piece.title for piece in pieces(0)]
    assert len(set(titles)) == len(titles) == 96
    assert not {c for title in titles for c in title} & set('/\\:*?"<>|')
    taken = set(titles)
    assert not set(invent_titles(np.random.default_rng(0), "Metal", 20, taken)) & set(titles)


@pytest.fixture
def short_collection(monkeypatch):
    """Only the first three pieces of the collection."""
    monkeypatch.setattr(demo_collection, "pieces", lambda seed: pieces(seed)[:3])


@pytest.mark.slow
@pytest.mark.usefixtures("short_collection")
def test_an_interrupted_run_leaves_whole_files_and_can_be_repeated(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_demo(tmp_path, on_piece=stop)
    for path in tmp_path.rglob("*.flac"):
        assert soundfile.info(path).duration > 12
    assert len(write_demo(tmp_path)) == 3
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
@pytest.mark.usefixtures("short_collection")
def test_a_leftover_part_is_overwritten_and_whole_files_are_left_alone(tmp_path):
    first = write_demo(tmp_path)
    first[1].with_name(first[1].name + ".part").write_bytes(b"half a file")
    first[1].unlink()
    times = [path.stat().st_mtime_ns for path in (first[0], first[2])]
    calls = []
    assert write_demo(tmp_path, on_piece=lambda done, total: calls.append((done, total))) == first
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert [path.stat().st_mtime_ns for path in (first[0], first[2])] == times
    assert soundfile.info(first[1]).duration > 12
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_the_whole_collection_is_written_with_tags(demo_music):
    paths = write_demo(demo_music)  # they are there: this tells their order
    assert len(paths) == len(set(paths)) == len(list(demo_music.rglob("*.flac"))) == 96
    genres = []
    for path in paths:
        tags = FLAC(path)
        assert Path(tags["artist"][0], tags["album"][0]) == path.parent.relative_to(demo_music)
        assert path.name == f"{int(tags['tracknumber'][0]):02d} {tags['title'][0]}.flac"
        assert 1950 < int(tags["date"][0]) < 2030
        genres.append(tags["genre"][0])
    assert {genre: genres.count(genre) for genre in STYLES} == dict.fromkeys(STYLES, 12)
