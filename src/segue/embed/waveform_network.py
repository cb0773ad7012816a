"""Any ONNX file that turns a waveform into a vector. What it takes and gives is checked at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.embed.session import BATCH, open_session
from segue.errors import EmbeddingError, UsageError, WeightsError
from segue.sound import MAX_SR, MIN_SR
from segue.track import Vectors, Waveform

if TYPE_CHECKING:
    import onnx

MAX_BYTES = 1 << 31  # more than 2 GiB is no protobuf message, so no ONNX file
MAX_DIM = 4096  # more numbers a window are a picture or a sound, and too many to compare tracks by
MAX_BATCH_SAMPLES = 1 << 22  # samples that go through a network together: 16 MiB
MIN_S, MAX_S = 0.01, 120.0  # of a window and a hop; at most two minutes of a track are analyzed

_TAKEN: dict[str, type[np.floating[Any]]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_GIVEN = (*_TAKEN, "tensor(double)")
_INPUT = "float or float16 of shape (samples,), (n, samples) or (n, 1, samples)"
_OUTPUT = "(dim,), (n, dim) or (n, frames, dim)"


@dataclass(frozen=True, slots=True)
class WindowSize:
    """How much sound goes into a network at a time, and how far on the next window begins.

    Attributes
    ----------
    sr : Hz
    length, hop : samples
    """

    sr: int
    length: int
    hop: int

    @classmethod
    def from_seconds(cls, sr: int, window_s: float, hop_s: float | None = None) -> WindowSize:
        """Raises UsageError where a value makes no sense; the hop is the window unless given."""
        if not MIN_SR <= sr <= MAX_SR or sr != int(sr):
            raise UsageError(f"a rate of {sr} Hz; whole numbers from {MIN_SR} to {MAX_SR} Hz are possible")
        hop_s = window_s if hop_s is None else hop_s
        for what, seconds in (("window", window_s), ("hop", hop_s)):
            if not MIN_S <= seconds <= MAX_S:
                raise UsageError(f"a {what} of {seconds:g} s; {MIN_S:g} to {MAX_S:g} s are possible")
        return cls(int(sr), round(window_s * sr), round(hop_s * sr))


@dataclass(frozen=True, slots=True)
class _Input:
    """How a waveform goes in."""

    name: str
    dtype: type[np.floating[Any]]
    rank: int  # 1: (samples,), 2: (n, samples), 3: (n, 1, samples)
    batch: int  # windows in one run


class WaveformNetwork:
    """Windows of sound to vectors: float32 (n, samples) to float32 (n, dim).

    Parameters
    ----------
    path : names the file in messages; it is not read.
    content : the file's bytes.
    output : which output is taken, by its name or number; the first of floats unless given.

    Attributes
    ----------
    dim : numbers that one window gives
    output : the output's number; None for the first of floats

    Raises
    ------
    WeightsError
        Where it is not an ONNX file, needs other files, or takes or gives something else.
    UsageError
        Where it takes another number of samples, or has no such output.
    """

    def __init__(
        self, path: Path, content: bytes, windows: WindowSize, output: str | int | None = None
    ) -> None:
        refuse_other_files(path, content)
        self._path = path
        self._session = open_session(path, content)
        self._input = _check_input(path, self._session.get_inputs(), windows)
        names, first, number = _choose_output(path, self._session.get_outputs(), output)
        self._output = names[number]
        self.output = None if number == first else number
        self.dim = self._try(windows.length)

    def __call__(self, windows: Iterable[Waveform]) -> Vectors:
        """One vector of each window; the mean over frames where a window gives several.

        Raises
        ------
        EmbeddingError
            Where the network fails on these windows, or gives something else than it did at first.
        """
        batches = [self._run(np.stack(batch)) for batch in self._batches(windows)]
        dims = sorted({rows.shape[1] for rows in batches})
        if dims != [self.dim]:
            raise EmbeddingError(f"{self._path.name} gives {dims} numbers a window, not {self.dim} each time")
        return np.concatenate(batches)

    def _batches(self, windows: Iterable[Waveform]) -> Iterator[list[Waveform]]:
        batch: list[Waveform] = []
        for window in windows:
            batch.append(window)
            if len(batch) == self._input.batch:
                yield batch
                batch = []
        if batch:
            yield batch

    def _try(self, samples: int) -> int:
        """How many numbers a window gives, found by a run on noise.

        Some files that claim to take any number of windows fail on two: they get one at a time.
        """
        noise = 0.1 * np.random.default_rng(0).standard_normal((2, samples)).astype(np.float32)
        if self._input.batch > 1:
            try:
                return len(self._run(noise)[0])
            except EmbeddingError:
                self._input = replace(self._input, batch=1)
        try:
            return len(self._run(noise[:1])[0])
        except EmbeddingError as error:
            raise WeightsError(str(error), str(self._path)) from error

    def _run(self, windows: NDArray[np.float32]) -> Vectors:
        """float32 (n, dim), in one run."""
        shaped = {1: windows[0], 2: windows, 3: windows[:, None]}[self._input.rank]
        feed = {self._input.name: shaped.astype(self._input.dtype, copy=False)}
        try:
            output = self._session.run([self._output], feed)[0]
        except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
            reason = " ".join(str(error).split())
            raise EmbeddingError(
                f"{self._path.name} fails on input of shape {shaped.shape}: {reason}"
            ) from error
        return self._rows(output, len(windows))

    def _rows(self, output: NDArray[Any], n: int) -> Vectors:
        """float32 (n, dim) of what ``n`` windows gave."""
        shape = output.shape
        if n == 1 and output.ndim in (1, 2):
            output = output[None]  # (dim,), or the frames of one window
        if output.ndim not in (2, 3) or len(output) != n or not output[0].size or output.shape[-1] > MAX_DIM:
            raise EmbeddingError(
                f"{self._path.name} gives {self._output!r} of shape {shape} for n = {n}; "
                f"{_OUTPUT} is expected, with dim up to {MAX_DIM}: use another output or another model"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # the embedder looks for what is no number
            rows = output if output.ndim == 2 else output.mean(axis=1, dtype=np.float64)
            return rows.astype(np.float32, copy=False)


def read_file(path: Path) -> bytes:
    """The bytes of what may be an ONNX file.

    Raises
    ------
    WeightsError
        Where it cannot be read or is too large.
    """
    try:
        if not path.is_file():
            what = "not a plain file" if path.exists() else "there is no such file"
            raise WeightsError(f"{path} cannot be read: {what}; expected an ONNX file", str(path))
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise WeightsError(f"{path} has {size} bytes; an ONNX file has {MAX_BYTES} at most", str(path))
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}", str(path)) from error


def refuse_other_files(path: Path, content: bytes) -> None:
    """A model in several files could name any file of this machine, and could not be kept as one.

    Raises
    ------
    WeightsError
        Where it is not an ONNX file, or keeps tensors in other files.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's, whose classes carry no types
        raise WeightsError(f"{path} is not an ONNX file: {error}", str(path)) from error
    for tensor in _tensors(model):
        if tensor.data_location == tensor.EXTERNAL or tensor.external_data:
            raise WeightsError(
                f"{path} keeps the tensor {tensor.name!r} in another file, but the model must be in one: "
                f"in Python, onnx.save(onnx.load({path.name!r}), 'whole.onnx')",
                str(path),
            )


def _tensors(message: Any) -> Iterator[onnx.TensorProto]:
    """All tensors of a model, however deep: in subgraphs, functions and attributes too."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in [value] if hasattr(value, "ListFields") else value:
            if field.message_type.name == "TensorProto":
                yield part
            else:
                yield from _tensors(part)


def _check_input(path: Path, inputs: Sequence[Any], size: WindowSize) -> _Input:
    """Checks the file's only input against the windows."""
    if len(inputs) != 1:
        names = ", ".join(repr(tensor.name) for tensor in inputs) or "none"
        raise WeightsError(f"{path} has {len(inputs)} inputs ({names}); expected one, {_INPUT}", str(path))
    (tensor,) = inputs
    *ahead, samples = tensor.shape or [0]  # None, a name or a number each
    fixed = [n for n in ahead if isinstance(n, int)]
    if tensor.type not in _TAKEN or not 1 <= len(tensor.shape) <= 3 or any(n != 1 for n in fixed):
        shape = ", ".join(str(n or "?") for n in tensor.shape)
        raise WeightsError(f"{path} takes {tensor.type} of shape ({shape}); expected {_INPUT}", str(path))
    if isinstance(samples, int) and samples != size.length:
        raise UsageError(
            f"{path} takes {samples} samples, not {size.length}: if {size.sr} Hz is its rate, "
            f"its window is {samples / size.sr:.10g} s (--sr {size.sr} "
            f"--window {samples / size.sr:.10g})"
        )
    batch = 1 if not ahead or ahead[0] == 1 else max(1, min(BATCH, MAX_BATCH_SAMPLES // size.length))
    return _Input(tensor.name, _TAKEN[tensor.type], len(tensor.shape), batch)


def _choose_output(
    path: Path, outputs: Sequence[Any], chosen: str | int | None
) -> tuple[list[str], int, int]:
    """Names of the outputs, the number of the first of floats, and that of the wanted one."""
    names = [output.name for output in outputs]
    floats = [i for i, output in enumerate(outputs) if output.type in _GIVEN]
    if not floats:
        kinds = ", ".join(f"{output.name!r} of {output.type}" for output in outputs)
        raise WeightsError(f"{path} gives {kinds}; expected an output of floats", str(path))
    number = names.index(chosen) if chosen in names else floats[0] if chosen is None else chosen
    if number not in floats:
        usable = ", ".join(repr(names[i]) for i in floats)
        raise UsageError(f"{path} has no output {chosen!r} of floats; it has {usable}")
    return names, floats[0], number
