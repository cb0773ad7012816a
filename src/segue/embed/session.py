"""Networks in ONNX Runtime."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.errors import WeightsError

if TYPE_CHECKING:
    import onnxruntime

BATCH = 8  # windows that go through a network together; more only costs memory


class Network:
    """One ONNX file, loaded at its first use; runs on the calling thread alone, so threads add up.

    Parameters
    ----------
    batch : windows that go through together, at the most; the outputs are the same whatever it is.
    """

    def __init__(self, path: Path, outputs: Sequence[str] = ("embedding",), *, batch: int = BATCH) -> None:
        self._path = path
        self._outputs = list(outputs)
        self._batch = batch
        self._lock = threading.Lock()
        self._session: onnxruntime.InferenceSession | None = None

    def __call__(self, windows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Each output, float32 (n, dim), of n windows, whatever their shape.

        Raises
        ------
        WeightsError
            Where the file is no network that can be loaded.
        """
        session = self._load()
        name = session.get_inputs()[0].name
        batches = [windows[i : i + self._batch] for i in range(0, len(windows), self._batch)]
        runs = [session.run(self._outputs, {name: batch}) for batch in batches]
        return [np.concatenate(output) for output in zip(*runs, strict=True)]

    def _load(self) -> onnxruntime.InferenceSession:
        with self._lock:
            if self._session is None:
                self._session = open_session(self._path)
            return self._session


def open_session(path: Path, content: bytes | None = None) -> onnxruntime.InferenceSession:
    """A network ready to run on the calling thread alone.

    Parameters
    ----------
    content : the file's bytes where they were read already; ``path`` only names them then.

    Raises
    ------
    WeightsError
        Where it is no network that can be loaded.
    """
    import onnxruntime  # takes a third of a second

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised; they need not be printed as well
    try:
        return onnxruntime.InferenceSession(
            str(path) if content is None else content, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its exceptions share no base but Exception
        raise WeightsError(
            f"{path} is not a network that ONNX Runtime can load: {error}", str(path)
        ) from error
