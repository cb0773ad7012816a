"""What one file can cost is bounded: in decoded samples, in time, in memory, and by whoever says stop."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from segue import audio
from segue.audio import limits
from segue.errors import DamagedAudioError
from tests.bad_files import outcomes, posix_only
from tests.endless_flac import write_endless_flac
from tests.sounds import SR, call, clip, encode, frequency, sweep, write

HOSTILE = Path(__file__).parent / "hostile"


@pytest.mark.slow
def test_hours_of_constants_in_a_small_file_are_given_up(tmp_path, library_path):
    (tmp_path / "music").mkdir()
    clip(tmp_path / "music" / "good.wav", 440)
    write_endless_flac(tmp_path / "music" / "endless.flac", 30_000)
    code, found = call(outcomes, tmp_path / "music", library_path)
    assert code == 1
    assert isinstance(found["good.wav"], dict)
    kind, reason = found["endless.flac"]
    assert kind == "damaged"
    assert "far more sound than a file of" in reason


def test_a_short_one_of_the_same_kind_is_only_silent(tmp_path):
    with pytest.raises(audio.SilentError):
        audio.load(write_endless_flac(tmp_path / "short.flac", 3))


def peak_of_loading(path):
    """(error or duration, s of CPU, MB by which the peak of memory grew)."""
    import resource  # not on Windows

    write(path.with_name("warm.flac"), sweep(1))
    audio.load(path.with_name("warm.flac"))
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        told = audio.load(path).duration_s
    except DamagedAudioError as error:
        told = str(error)
    unit = 1e6 if sys.platform == "darwin" else 1e3
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / unit
    return told, time.process_time() - started, grown


@posix_only
@pytest.mark.slow
def test_a_tiny_file_of_655_khz_costs_little_memory(tmp_path):
    path = tmp_path / "hi.flac"
    path.write_bytes((HOSTILE / "hi120.flac").read_bytes())
    told, elapsed_s, grown_mb = call(peak_of_loading, path)
    assert "far more sound than a file of 20,314 bytes" in told
    assert elapsed_s < 60
    assert grown_mb < 100


@posix_only
@pytest.mark.slow
def test_two_minutes_at_700_khz_are_kept_at_96_khz(tmp_path):
    path = write(tmp_path / "fast.wav", np.tile(sweep(1, 700_000, 900, 900), 121), 700_000, subtype="PCM_U8")
    told, _, grown_mb = call(peak_of_loading, path)
    assert told == pytest.approx(121, abs=0.01)
    assert grown_mb < 120


@pytest.mark.parametrize("sr", [352_800, 384_000, 655_350])
def test_high_rates_are_resampled_while_they_are_read(sr, tmp_path):
    sound = audio.load(write(tmp_path / "fast.wav", sweep(2, sr, 900, 900), sr, subtype="PCM_16"))
    assert (sound.info.sr, sound.sr, sound.warning) == (sr, 96_000, None)
    assert sound.duration_s == pytest.approx(2, abs=1e-4)
    assert frequency(sound.parts[0], 96_000) == pytest.approx(900, abs=1)
    (resampled,) = sound.at(16_000)
    assert np.abs(resampled[200:-200] - sweep(2, 16_000, 900, 900)[200 : len(resampled) - 200]).max() < 0.01


def test_192_khz_stays_as_it_is(tmp_path):
    y = sweep(1, 192_000, 900, 900)
    sound = audio.load(write(tmp_path / "hi.wav", y, 192_000, subtype="FLOAT"))
    assert np.array_equal(sound.parts[0], y)


@pytest.mark.parametrize("ending", ["flac", "m4a"])
def test_a_file_that_takes_too_long_is_given_up(ending, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_DECODING_S", -1.0)
    y = np.stack([sweep(2)] * 2, 1)
    if ending == "flac":
        path = write(tmp_path / "slow.flac", y)
    else:
        path = encode(tmp_path / "slow.m4a", y, SR, codec="aac", container="ipod")
    with pytest.raises(DamagedAudioError, match="decoding was stopped after"):
        audio.load(path)


def test_only_work_counts_as_time_of_decoding_in_whatever_thread(monkeypatch):
    worked = {}  # seconds, of each thread
    clock = SimpleNamespace(thread_time=lambda: worked.setdefault(threading.get_ident(), 500.0))
    monkeypatch.setattr(limits, "time", clock)
    budget = limits.DecodingBudget(0)
    worked[threading.get_ident()] += 40
    budget.spend(0)

    def go_on():
        budget.spend(0)  # whatever this thread has done before
        worked[threading.get_ident()] += 19
        budget.spend(0)
        worked[threading.get_ident()] += 2
        with pytest.raises(DamagedAudioError, match="decoding was stopped after 60 s"):
            budget.spend(0)
        return "stopped"

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(go_on).result() == "stopped"


@pytest.mark.parametrize("ending", ["flac", "m4a"])
def test_decoding_stops_between_blocks_once_it_is_told_to(ending, tmp_path):
    y = np.stack([sweep(2)] * 2, 1)
    if ending == "flac":
        path = write(tmp_path / "stopped.flac", y)
    else:
        path = encode(tmp_path / "stopped.m4a", y, SR, codec="aac", container="ipod")
    stop = threading.Event()
    with limits.stoppable(stop):
        assert audio.load(path).duration_s == pytest.approx(2, abs=0.05)
        stop.set()
        with pytest.raises(limits.DecodingStoppedError):
            audio.load(path)
    assert audio.load(path).duration_s == pytest.approx(2, abs=0.05)


def test_hours_of_real_sound_are_within_the_limits():
    budget = limits.DecodingBudget(n_bytes=3 * 3600 * 16_000)  # three hours of MP3 of 128 kbit/s
    budget.spend(3 * 3600 * 44_100 * 2)
    budget = limits.DecodingBudget(n_bytes=10 * 3600 * 750)  # ten of Opus of 6 kbit/s
    budget.spend(10 * 3600 * 48_000 * 2)
    with pytest.raises(DamagedAudioError):
        budget.spend(1000 * 3600 * 48_000 * 2)
