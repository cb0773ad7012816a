"""Any ONNX file that turns a waveform into a vector, as an embedder."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segue.advice import command
from segue.embed.waveform_network import WaveformNetwork, WindowSize, read_file
from segue.errors import EmbeddingError, WeightsError
from segue.paths import expand_home
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Embedding, Prior

_MAX_NAME = 40  # letters of the file's name that the space's name keeps
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VARIANT = re.compile(r"([0-9a-f]{8})-\d+hz-\d+(?:-hop\d+)?(?:-out(\d+))?")
_HALF_MAX = float(np.finfo(np.float16).max)


class OnnxFile:
    """Vectors of somebody's model; the pooled row is the mean over windows.

    The file has one input, of float32 or float16, shaped (samples,), (n, samples) or (n, 1, samples):
    mono sound, [-1, 1]. Its output is shaped (dim,), (n, dim) or (n, frames, dim), of which the mean
    over frames is taken. Its weights lie in the file itself. Another file, rate, window, hop or output
    is another space, so that vectors of two are never mixed.

    Parameters
    ----------
    path : the file; read and tried here, and not again but for its copy in a library.
    sr : the rate that the model was made for, Hz; the file does not say it.
    window_s : sound that goes in at a time, 0.01 to 120 s. Shorter sounds are repeated.
    hop_s : from one window to the next; by default, the window's length. Less costs more time.
    output : the name of the output to take; by default, the first of floats.

    Raises
    ------
    WeightsError
        Where the file cannot be read or run, or takes or gives something else.
    UsageError
        Where the rate, window, hop or output cannot be used, or the file takes another window.
    """

    prior: Prior | None = None

    def __init__(
        self,
        path: str | Path,
        *,
        sr: int,
        window_s: float,
        hop_s: float | None = None,
        output: str | None = None,
    ) -> None:
        self.path = expand_home(path)
        self._windows = WindowSize.from_seconds(sr, window_s, hop_s)
        self._lock = threading.Lock()
        content = read_file(self.path)
        self._network: WaveformNetwork | None = WaveformNetwork(self.path, content, self._windows, output)
        sha256 = hashlib.sha256(content).hexdigest()
        self.spec = _spec(self.path, sha256, self._windows, self._network)

    @classmethod
    def from_spec(cls, path: Path, spec: EmbedderSpec) -> OnnxFile:
        """The embedder that made the vectors of ``spec``; the file is opened at its first use."""
        embedder = cls.__new__(cls)
        embedder.path, embedder.spec = path, spec
        embedder._windows = WindowSize(spec.sr, round(spec.window_s * spec.sr), round(spec.hop_s * spec.sr))
        embedder._lock = threading.Lock()
        embedder._network = None
        return embedder

    @property
    def dimensions(self) -> Sequence[str]:
        return [f"{self.spec.name}_{i:03d}" for i in range(self.spec.dim)]

    def embed(self, sound: Excerpts) -> Embedding:
        """One track's vectors; windows beyond float16's 65 504 are kept as that.

        Raises
        ------
        EmbeddingError
            Where the model fails on this sound, or gives NaN or infinite values.
        WeightsError
            Where the file is not as it was.
        """
        network = self._load()
        rows = network(sound.windows(self.spec.sr, self.spec.window_s, self.spec.hop_s))
        bad = int((~np.isfinite(rows)).any(axis=1).sum())
        if bad:
            raise EmbeddingError(
                f"the model {self.spec.name} returns NaN or infinite values "
                f"for {bad} of {len(rows)} windows of this sound"
            )
        pooled = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        return Embedding(pooled, rows.clip(-_HALF_MAX, _HALF_MAX).astype(np.float16))

    def content(self) -> bytes:
        """The file's bytes.

        Raises
        ------
        WeightsError
            Where they are not there or not those that made the spec.
        """
        content = read_file(self.path)
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != self.spec.weights_sha256:
            raise WeightsError(
                f"{self.path} is damaged or a different file: found sha256 {sha256}, "
                f"expected {self.spec.weights_sha256}; to use the right file: {command('scan --onnx FILE')}",
                str(self.path),
            )
        return content

    def _load(self) -> WaveformNetwork:
        with self._lock:
            if self._network is None:
                output = _output_number(self.spec)
                network = WaveformNetwork(self.path, self.content(), self._windows, output)
                if network.dim != self.spec.dim:
                    raise WeightsError(
                        f"{self.path} gives {network.dim} numbers, not {self.spec.dim}", str(self.path)
                    )
                self._network = network
            return self._network


def is_onnx_spec(spec: EmbedderSpec) -> bool:
    """Whether an ``OnnxFile`` made these vectors."""
    sha256, variant = spec.weights_sha256 or "", _VARIANT.fullmatch(spec.variant or "")
    return variant is not None and bool(_SHA256.fullmatch(sha256)) and variant[1] == sha256[:8]


def _output_number(spec: EmbedderSpec) -> int | None:
    variant = _VARIANT.fullmatch(spec.variant or "")
    return int(variant[2]) if variant and variant[2] else None


def _spec(path: Path, sha256: str, windows: WindowSize, network: WaveformNetwork) -> EmbedderSpec:
    """All but the name follows from the content, so that a copy elsewhere is the same embedder."""
    variant = f"{sha256[:8]}-{windows.sr}hz-{windows.length}"
    if windows.hop != windows.length:
        variant += f"-hop{windows.hop}"
    if network.output is not None:
        variant += f"-out{network.output}"
    return EmbedderSpec(
        name=_safe_name(path.stem),
        version=1,
        accepts="waveform",
        dim=network.dim,
        sr=windows.sr,
        window_s=windows.length / windows.sr,
        hop_s=windows.hop / windows.sr,
        dtype="float32",
        license="not stated",
        reference="an ONNX file of the user's own",
        weights_sha256=sha256,
        variant=variant,
    )


def _safe_name(name: str) -> str:
    """Letters, digits, ``_`` and ``-``: a part of a folder's name on every system."""
    return re.sub("[^a-z0-9_]+", "-", name.lower())[:_MAX_NAME].strip("-") or "model"
