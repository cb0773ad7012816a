"""Sounds whose right answers are known, files made of them, and processes that scan those files."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from threadpoolctl import threadpool_limits

from segue import audio
from segue.embed.descriptors import Descriptors
from segue.sources.content import hash_file
from tests.waiting import PATIENCE_S

SR = 44_100  # Hz
WRITE_BLOCK = 4_096  # samples; libsndfile's Vorbis encoder overflows the stack on one huge write


def sweep(duration_s, sr=SR, start_hz=200.0, end_hz=2000.0):
    """float32 (n,), amplitude 0.5: its frequency rises evenly, so it tells the time."""
    t = np.arange(round(duration_s * sr)) / sr
    slope = (end_hz - start_hz) / duration_s
    return (0.5 * np.sin(2 * np.pi * (start_hz + slope * t / 2) * t)).astype(np.float32)


def melody(duration_s=3.0, sr=SR, seed=0):
    """float32 (n, 2): decaying notes of a scale, other ones left than right."""
    rng = np.random.default_rng(seed)
    return np.stack([_voice(rng, duration_s, sr) for _ in range(2)], axis=1)


def _voice(rng, duration_s, sr):
    y = np.zeros(round(duration_s * sr))
    length = round(0.25 * sr)
    t = np.arange(length) / sr
    for start in range(0, len(y), length):
        hz = 220 * 2 ** (rng.choice([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
        note = sum(np.sin(2 * np.pi * hz * h * t) / h for h in (1, 2, 3, 4))
        note *= np.minimum(t / 0.01, 1) * np.exp(-4 * t) * np.minimum((0.25 - t) / 0.01, 1)
        y[start : start + length] = note[: len(y) - start]
    return (0.35 * y).astype(np.float32)


def frequency(y, sr):
    """The strongest frequency in Hz of a short mono signal, to a fraction of an FFT bin."""
    magnitude = np.abs(np.fft.rfft(y * np.hanning(len(y)), 4 * len(y)))
    return float(np.argmax(magnitude) * sr / (4 * len(y)))


def correlation(y, reference, max_lag=5_000):
    """(best normalized correlation, its lag in samples) of ``y`` against ``reference``."""
    n = 1 << (len(y) + len(reference)).bit_length()
    product = np.fft.irfft(np.fft.rfft(y, n) * np.conj(np.fft.rfft(reference, n)))
    lags = np.r_[-max_lag : max_lag + 1]
    best = int(lags[np.argmax(product[lags])])
    a, b = y[max(0, best) :], reference[max(0, -best) :]
    m = min(len(a), len(b))
    a, b = a[:m], b[:m]
    return float(a @ b / np.sqrt((a @ a) * (b @ b))), best


def write(path, y, sr=SR, **how):
    """A file by libsndfile; ``how`` is its format and subtype."""
    y = np.asarray(y)
    channels = 1 if y.ndim == 1 else y.shape[1]
    with soundfile.SoundFile(path, "w", sr, channels, **how) as f:
        for start in range(0, len(y), WRITE_BLOCK):
            f.write(y[start : start + WRITE_BLOCK])
    return Path(path)


def encode(path, y, sr=SR, *, codec, container=None, bit_rate=None, sample_format=None):
    """A file by FFmpeg's encoders; ``y`` is float32 (n,) or (n, 1, 2 or 6)."""
    planes = np.ascontiguousarray(np.atleast_2d(y.T), np.float32)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(planes)]
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=sr, layout=layout)
        if bit_rate:
            stream.bit_rate = bit_rate
        if sample_format:
            stream.format = sample_format
        to_codec = av.AudioResampler(format=stream.format, layout=layout, rate=sr)
        for start in range(0, planes.shape[1], WRITE_BLOCK):
            frame = av.AudioFrame.from_ndarray(planes[:, start : start + WRITE_BLOCK].copy(), "fltp", layout)
            frame.sample_rate, frame.pts, frame.time_base = sr, start, Fraction(1, sr)
            for converted in to_codec.resample(frame):
                out.mux(stream.encode(converted))
        for converted in to_codec.resample(None):
            out.mux(stream.encode(converted))
        out.mux(stream.encode(None))
    return Path(path)


@dataclass(frozen=True)
class Format:
    """A kind of file, and what is to be expected of its decoder."""

    name: str
    ending: str
    codec: str  # as Segue calls it
    make: Callable[[Path, np.ndarray, int], Path]
    sr: int = SR
    exact: bool = False  # the length is the original's, to the sample
    likeness: float = 0.98  # correlation with the original

    def write(self, folder, y, stem="sound"):
        return self.make(Path(folder) / f"{stem}.{self.ending}", y, self.sr)


def _sndfile(**how):
    return lambda path, y, sr: write(path, y, sr, **how)


def _ffmpeg(**how):
    return lambda path, y, sr: encode(path, y, sr, **how)


_ALL = (
    Format("wav16", "wav", "wav", _sndfile(subtype="PCM_16"), exact=True, likeness=0.99999),
    Format("wav24", "wav", "wav", _sndfile(subtype="PCM_24"), exact=True, likeness=0.99999),
    Format("wav_float", "wav", "wav", _sndfile(subtype="FLOAT"), exact=True, likeness=0.99999),
    Format("flac", "flac", "flac", _sndfile(), exact=True, likeness=0.99999),
    Format("aiff", "aiff", "aiff", _sndfile(), exact=True, likeness=0.99999),
    Format("ogg", "ogg", "vorbis", _sndfile(format="OGG", subtype="VORBIS"), exact=True),
    Format("mp3", "mp3", "mp3", _sndfile(format="MP3", subtype="MPEG_LAYER_III"), exact=True),
    Format("opus", "opus", "opus", _ffmpeg(codec="libopus", container="ogg"), 48_000),
    Format("m4a", "m4a", "aac", _ffmpeg(codec="aac", container="ipod", bit_rate=192_000)),
    Format("alac", "m4a", "alac", _ffmpeg(codec="alac", container="ipod"), exact=True, likeness=0.99999),
    Format("wma", "wma", "wmav2", _ffmpeg(codec="wmav2", container="asf", bit_rate=192_000)),
    Format("webm", "webm", "opus", _ffmpeg(codec="libopus", container="webm"), 48_000),
    Format("aac", "aac", "aac", _ffmpeg(codec="aac", container="adts", bit_rate=192_000)),
    Format(
        "wavpack",
        "wv",
        "wavpack",
        _ffmpeg(codec="wavpack", container="wv", sample_format="s16p"),
        exact=True,
        likeness=0.99999,
    ),
    Format("ac3", "ac3", "ac3", _ffmpeg(codec="ac3", container="ac3", bit_rate=192_000)),
)
FORMATS = {format_.name: format_ for format_ in _ALL}


def clip(path, hz, duration_s=0.6, sr=8_000):
    """A short, small, quickly embedded WAV whose sound, and so vector, depends on ``hz``."""
    t = np.arange(round(duration_s * sr)) / sr
    noise = np.random.default_rng(int(hz)).normal(0, 0.02, len(t))
    return write(path, 0.3 * np.sin(2 * np.pi * hz * t) + noise, sr)


def clips(folder, n, first_hz=200):
    """``n`` clips, each of another sound."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    return [clip(Path(folder) / f"{i:03}.wav", first_hz + 29 * i) for i in range(n)]


def clip_fixtures(n):
    """For a test module: a folder of n clips, ``music``, and what they are embedded as, ``embeddings``."""

    @pytest.fixture(scope="module")
    def music(tmp_path_factory):
        folder = tmp_path_factory.mktemp("music")
        clips(folder, n)
        return folder

    @pytest.fixture(scope="module")
    def embeddings(music):
        return embeddings_of(music)

    return music, embeddings


def embeddings_of(folder):
    """Content hash to the embedding of the descriptors, of each file in a folder."""
    found = {}
    with threadpool_limits(1, "blas"):  # as in a scan: more threads would round other ways
        for path in Path(folder).iterdir():
            found[hash_file(str(path)).file] = Descriptors().embed(audio.load(path))
    return found


def assert_rows_are_tracks(library, embeddings):
    """Every track's row holds the vector and the windows of its own content, to the last bit."""
    library.verify()
    snapshot = library.snapshot()
    live = np.flatnonzero(snapshot.keys >= 0)
    assert len(live) == len(library)
    if not len(library):
        return
    ids, vectors = library.vectors()
    assert sorted(ids) == sorted(track.id for track in library)
    space = snapshot.spaces[Descriptors().spec.space]
    for row, track_id, vector in zip(live, ids, vectors, strict=True):
        expected = embeddings[library[track_id].content_hash]
        assert np.array_equal(vector, expected.pooled)
        assert np.array_equal(space.vectors[row], expected.pooled)
        assert np.array_equal(space.windows_of(row), expected.windows)


# Processes

_CONTEXT = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":
    _CONTEXT.set_forkserver_preload(
        [
            "pytest",
            "segue.library",
            "segue.audio.ffmpeg",
            "segue.audio.sndfile",
            "tests.sounds",
            "tests.model_files",
        ]
    )


def new_event():
    """An event that a process of ``start`` can wait for."""
    return _shared(_CONTEXT.Event)


def new_barrier(n):
    """A place where n processes of ``start`` wait for each other."""
    return _shared(_CONTEXT.Barrier, n)


def _shared(make, *args):
    try:
        return make(*args)
    except OSError as error:
        pytest.skip(f"no shared memory for processes to wait for each other: {error}")


def start(function, *args):
    """(process, ``Receiver``) of ``function(send, *args)`` running in a process of its own.

    ``send(word)`` goes on at once, ``send.in_step(word)`` once the word was received: a process that is to be
    killed there cannot be through with its work before, however late the killer is.
    """
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_reporting, args=(function, theirs, args), daemon=True)
    process.start()
    theirs.close()
    return process, Receiver(ours)


@dataclass(frozen=True, slots=True)
class _InStep:
    word: object


class Sender:
    """Sends from a process of ``start``."""

    def __init__(self, connection):
        self._connection = connection

    def __call__(self, word):
        self._connection.send(word)

    def in_step(self, word):
        self._connection.send(_InStep(word))
        self._connection.recv()


class Receiver:
    """Receives from a process of ``start``."""

    def __init__(self, connection):
        self._connection = connection
        self.poll = connection.poll

    def recv(self):
        word = self._connection.recv()
        if not isinstance(word, _InStep):
            return word
        with contextlib.suppress(OSError):  # it was killed meanwhile
            self._connection.send(None)
        return word.word


def _reporting(function, connection, args):
    warnings.simplefilter("error")
    try:
        function(Sender(connection), *args)
    except Exception:
        traceback.print_exc()
        raise


def call(function, *args, timeout_s=PATIENCE_S):
    """What ``function(*args)`` returns in a process of its own, which ends with it."""
    process, receiver = start(_send_result, function, *args)
    try:
        if not receiver.poll(timeout_s):
            raise TimeoutError(f"{function.__name__} took longer than {timeout_s} s")
        return receiver.recv()
    finally:
        process.kill()
        process.join()


def _send_result(send, function, *args):
    send(function(*args))


def lose_root_rights():
    """From here on this thread may read and write only what its user may: root is bound like all."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of the call, this thread
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice 32 bits
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    overrides = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    sets[0] &= ~overrides
    sets[1] &= ~overrides
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
