"""A network in ONNX Runtime, and the windows of sound that go through it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.embed import Embedding
from segue.errors import WeightsError
from segue.track import Waveform

if TYPE_CHECKING:
    import onnxruntime

BATCH = 8  # windows that go through a network together; more only costs memory


class Network:
    """One ONNX file, loaded at its first use; runs on the calling thread alone, so threads add up."""

    def __init__(self, path: Path, output: str = "embedding") -> None:
        self._path = path
        self._output = output
        self._lock = threading.Lock()
        self._session: onnxruntime.InferenceSession | None = None

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n, dim) of n windows, whatever their shape.

        Raises
        ------
        WeightsError
            Where the file is no network that can be loaded.
        """
        session = self._loaded()
        name = session.get_inputs()[0].name
        batches = [windows[i : i + BATCH] for i in range(0, len(windows), BATCH)]
        return np.concatenate([session.run([self._output], {name: batch})[0] for batch in batches])

    def _loaded(self) -> onnxruntime.InferenceSession:
        with self._lock:
            if self._session is None:
                import onnxruntime  # takes a third of a second

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                options.log_severity_level = 3
                try:
                    self._session = onnxruntime.InferenceSession(
                        str(self._path), options, providers=["CPUExecutionProvider"]
                    )
                except Exception as error:  # its exceptions share no base but Exception
                    raise WeightsError(
                        f"{self._path} cannot be loaded as a network: {error}", str(self._path)
                    ) from error
            return self._session


def cut(parts: Sequence[Waveform], length: int, hop: int) -> Iterator[Waveform]:
    """Whole windows of ``length`` samples every ``hop`` samples of each part; tails are dropped.

    A part shorter than a window is repeated until it fills one, as silence after it would be heard.
    """
    for y in parts:
        if len(y) < length:
            yield np.resize(y, length)
        for start in range(0, len(y) - length + 1, hop):
            yield y[start : start + length]


def embed_windows(
    parts: Sequence[Waveform],
    length: int,
    hop: int,
    picture: Callable[[Waveform], NDArray[np.float32]],
    network: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> Embedding:
    """Each window through ``picture`` and ``network``; the pooled row is the mean over windows."""
    windows = network(np.stack([picture(y) for y in cut(parts, length, hop)]))
    return Embedding(windows.mean(axis=0, dtype=np.float64).astype(np.float32), windows.astype(np.float16))
