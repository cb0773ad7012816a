"""From notes to a finished stereo signal: placing, echo, ducking, reverb, loudness and limiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from segue.demo.score import Clock, Note
from segue.demo.sound import (
    DEMO_SR,
    Curve,
    Mono,
    Stereo,
    bump,
    decibels,
    highpass,
    lowpass,
    n_samples,
    rise,
)

FFT_SIZE = 562_500  # samples, 17.6 s; a product of small primes
REVERB_S = 2.0
LONGEST_S = 15.5  # with its reverb it fits into FFT_SIZE
CEILING = 0.93
LIMIT_BLOCK = 64  # samples, 2 ms


@dataclass(frozen=True, slots=True)
class Voice:
    """An instrument at its place in the mix.

    Parameters
    ----------
    tone : returns the whole note of a pitch, mono.
    attack_s : time to fade in, s; 0 leaves the note's own attack.
    release_s : time a note sounds on after its end, s.
    pan : -1 left to 1 right.
    spread : how much further right a pitch lies per octave above 60.
    loose_s : standard deviation of a player's timing, s.
    """

    tone: Callable[[int], Mono]
    attack_s: float = 0.0
    release_s: float = 0.06
    pan: float = 0.0
    spread: float = 0.0
    loose_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """Reverb: `t60_s` is the time to lose 60 dB below 1 kHz; `bright` in [0, 1] keeps the treble."""

    t60_s: float
    bright: float = 0.5


@dataclass(frozen=True, slots=True)
class Take:
    """What a style hands over for mastering: the mixed piece, its room and its fade-out (s)."""

    desk: Desk
    room: Room
    fade_s: float


class Desk:
    """Mixing desk of one piece: sums the stems, dry and as sent to the reverb.

    Parameters
    ----------
    clock : tempo and swing.
    duration_s : length of the piece, s; cut to `LONGEST_S`.
    rng : timing of the players.
    """

    def __init__(self, clock: Clock, duration_s: float, rng: np.random.Generator) -> None:
        self.clock = clock
        self.rng = rng
        self.n = n_samples(min(duration_s, LONGEST_S))
        self.dry: Stereo = np.zeros(self.n, dtype=np.complex64)
        self.send: Stereo = np.zeros(self.n, dtype=np.complex64)

    def lay(self, notes: Iterable[Note], voice: Voice, *, gain_db: float = 0.0) -> Stereo:
        """The stem of `notes` played by `voice`, complex64 (n,)."""
        stem: Stereo = np.zeros(self.n, dtype=np.complex64)
        for note in notes:
            begin = self.clock.seconds(note.beat)
            length_s = self.clock.seconds(note.beat + note.beats) - begin
            start = max(0, n_samples(begin + voice.loose_s * self.rng.standard_normal()))
            sound = _cut(voice, note.pitch, n_samples(length_s))[: max(0, self.n - start)]
            pan = voice.pan + voice.spread * (note.pitch - 60) / 12
            stem[start : start + sound.size] += sound * _pan_factor(pan, note.force**1.4 * decibels(gain_db))
        return stem

    def add(self, stem: Stereo, *, level_db: float, send_db: float = -60.0) -> None:
        """Mix in a stem at `level_db` (RMS while playing), its reverb `send_db` below; uses the stem up."""
        loudness = _playing_rms(stem)
        if loudness > 0:
            samples = stem.view(np.float32)
            samples *= decibels(level_db) / loudness
            self.dry += stem
            samples *= decibels(send_db)
            self.send += stem

    def play(self, notes: Iterable[Note], voice: Voice, *, level_db: float, send_db: float = -60.0) -> None:
        """Lay and add in one."""
        self.add(self.lay(notes, voice), level_db=level_db, send_db=send_db)


def _cut(voice: Voice, pitch: int, held: int) -> Mono:
    tone = voice.tone(pitch)
    release = n_samples(voice.release_s)
    attack = min(n_samples(voice.attack_s), held)
    sound = tone[: held + release].copy()
    ramp = min(release, sound.size)
    sound[sound.size - ramp :] *= rise(ramp)[::-1]
    if attack:
        sound[:attack] *= rise(attack)[: sound.size]
    return sound


def _pan_factor(pan: float, gain: float) -> np.complex64:
    angle = (min(max(pan, -1.0), 1.0) + 1.0) * np.pi / 4
    return np.complex64(complex(np.cos(angle), np.sin(angle)) * gain)


def _playing_rms(stem: Stereo) -> float:
    """RMS over the 50 ms blocks within 30 dB of the loudest, so that rests do not count."""
    block = n_samples(0.05)
    whole = stem[: stem.size // block * block].view(np.float32).reshape(-1, 2 * block)
    power = np.einsum("ij,ij->i", whole, whole) / (2 * block)
    loud = power[power > power.max() * 1e-3]
    return float(np.sqrt(loud.mean())) if loud.size else 0.0


def echo(stem: Stereo, delay_s: float, *, feedback: float, repeats: int = 4) -> Stereo:
    """`stem` with repeats every `delay_s`, each quieter by `feedback` and on the other side."""
    echoed, repeat = stem.copy(), stem
    delay = n_samples(delay_s)
    for turn in range(1, repeats + 1):
        if turn * delay >= stem.size:
            break
        # 1j times the conjugate swaps left and right
        repeat = np.conj(repeat[: stem.size - delay]) * np.complex64(1j * feedback)
        echoed[turn * delay :] += repeat[: stem.size - turn * delay]
    return echoed


def duck(stem: Stereo, times_s: Sequence[float], *, depth: float, recover_s: float = 0.12) -> Stereo:
    """`stem` made quieter by `depth` (0 to 1) at each of the `times_s`, as a compressor keyed by the kick."""
    t = np.arange(stem.size) / DEMO_SR
    dip: Mono = (depth * np.minimum(t / 0.003, 1.0) * np.exp(-t / recover_s)).astype(np.float32)
    gain: Mono = np.ones(stem.size, dtype=np.float32)
    starts = [min(n_samples(t), stem.size) for t in sorted(times_s)]
    for start, stop in zip(starts, [*starts[1:], stem.size], strict=True):
        gain[start:stop] -= dip[: stop - start]
    return stem * gain


@lru_cache(maxsize=8)
def _room_response(room: Room) -> Stereo:
    """Spectrum of the reverb, complex64 (FFT_SIZE,).

    Noise that decays faster in the treble. Left and right being real and imaginary part, its
    product with a stereo spectrum also leads each side into the other, as a real room does.
    """
    n = n_samples(REVERB_S)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    spectrum = np.fft.fft(noise)
    f = np.abs(np.fft.fftfreq(n, 1 / DEMO_SR))
    t = np.arange(n) / DEMO_SR
    response = np.zeros(n, dtype=np.complex128)
    bands = ((150.0, 1000.0, 1.0), (1000.0, 4000.0, 0.75), (4000.0, 9000.0, 0.25 + 0.4 * room.bright))
    for low, high, life in bands:
        response += np.fft.ifft(spectrum * ((f >= low) & (f < high))) * np.exp(-6.9 * t / (room.t60_s * life))
    response *= np.minimum(t / 0.012, 1.0) * (t > 0.008) * np.minimum((REVERB_S - t) / 0.4, 1.0)
    response /= np.sqrt(np.sum(np.abs(response) ** 2))
    scaled = (response * np.sqrt(FFT_SIZE)).astype(np.complex64)
    return _spectrum(scaled)


@lru_cache(maxsize=1)
def _tone_curves() -> tuple[Mono, Mono]:
    """What every piece gets (no rumble, less boxiness) and the shape of the tilt, float32 (FFT_SIZE,)."""
    f: Curve = np.maximum(np.abs(np.fft.fftfreq(FFT_SIZE, 1 / DEMO_SR)), 1e-3)
    plain = highpass(f, 26.0, 3) * lowpass(f, 15_000.0, 6) * bump(f, 320.0, -1.5, 0.6)
    return plain.astype(np.float32), np.tanh(0.5 * np.log2(f / 900.0)).astype(np.float32)


@lru_cache(maxsize=4)
def _tone_control(bright: float) -> Mono:
    """Gain of each bin, float32 (FFT_SIZE,): a shelf of 10 dB times `bright` - 0.5 up and as much down."""
    plain, tilt = _tone_curves()
    return np.asarray(plain * np.exp(tilt * np.float32((bright - 0.5) * 10 * np.log(10) / 20)))


def finish(take: Take, *, bright: float, level_db: float) -> npt.NDArray[np.float32]:
    """The mastered piece, float32 (n_samples, 2), |y| < 1.

    Parameters
    ----------
    bright : [0, 1], tilt of the tone control; 0.5 changes nothing.
    level_db : RMS of the result before its fade-out, dBFS.
    """
    mixed, wet = _spectrum(take.desk.dry), _spectrum(take.desk.send)
    mixed *= _tone_control(bright)
    wet *= _room_response(take.room)
    mixed += wet
    samples = np.asarray(np.fft.ifft(mixed, norm="ortho"), dtype=np.complex64)
    y = limited(samples[: take.desk.n], level_db)
    y[-n_samples(take.fade_s) :] *= rise(n_samples(take.fade_s))[::-1]
    return y.view(np.float32).reshape(-1, 2)


def _spectrum(stem: Stereo) -> Stereo:
    """FFT of the stem and silence up to FFT_SIZE, complex64; see `sound.spectrum_of` for the norm."""
    padded = np.zeros(FFT_SIZE, dtype=np.complex64)
    padded[: stem.size] = stem
    return np.asarray(np.fft.fft(padded, norm="ortho"), dtype=np.complex64)


def limited(y: Stereo, level_db: float) -> Stereo:
    """`y` brought to an RMS of `level_db`, its peaks held below the ceiling by a look-ahead gain."""
    n_blocks = -(-y.size // LIMIT_BLOCK)
    padded = np.zeros(n_blocks * LIMIT_BLOCK, dtype=np.complex64)
    padded[: y.size] = y
    blocks = padded.view(np.float32).reshape(n_blocks, 2 * LIMIT_BLOCK)
    peaks = np.maximum(blocks.max(axis=1), -blocks.min(axis=1))
    power = np.einsum("ij,ij->i", blocks, blocks) / (2 * LIMIT_BLOCK)
    drive = decibels(level_db) / np.sqrt(power.mean() + 1e-20)
    for _ in range(3):
        gain = _safe_gain(peaks * drive)
        drive *= decibels(level_db) / np.sqrt(np.mean(power * (gain * drive) ** 2) + 1e-20)
    gain = (_safe_gain(peaks * drive) * drive).astype(np.float32)
    slope = np.arange(LIMIT_BLOCK, dtype=np.float32) / LIMIT_BLOCK
    smooth = gain[:, None] + np.diff(gain, append=gain[-1])[:, None] * slope
    padded *= smooth.reshape(-1)
    np.clip(blocks, -0.98, 0.98, out=blocks)
    return padded[: y.size]


def _safe_gain(peaks: Curve) -> Curve:
    """Gain per block that keeps `peaks` below the ceiling; it sinks 10 ms ahead and returns as smoothly."""
    reach = 5
    needed = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(needed, reach, mode="edge"), 2 * reach + 1)
    bell = np.hanning(2 * reach + 3)[1:-1]
    lowest = np.pad(windows.min(axis=1), reach, mode="edge")
    return np.convolve(lowest, bell / bell.sum(), mode="valid")
