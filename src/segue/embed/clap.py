"""A pair of ONNX files that put sounds and texts into one space: CLAP, Wu et al. 2023, arXiv:2211.06687."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.advice import command, install
from segue.embed.logmel import CLAP_FRAMES, CLAP_MELS, CLAP_SR, clap_logmel
from segue.embed.session import open_session
from segue.embed.waveform_network import read_file, refuse_other_files
from segue.errors import EmbeddingError, UsageError, WeightsError
from segue.paths import expand_home
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Embedding, Prior
from segue.track import Vectors

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

FILES = ("audio.onnx", "text.onnx", "tokenizer.json")  # as a library keeps them
_PATTERNS = {"audio.onnx": "*audio*.onnx", "text.onnx": "*text*.onnx", "tokenizer.json": "tokenizer.json"}
_EXACT = {
    "audio.onnx": "audio_model.onnx",
    "text.onnx": "text_model.onnx",
    "tokenizer.json": "tokenizer.json",
}
_WINDOW_S = 10.0  # that CLAP was trained on
_MOST_TOKENS = 512
_VARIANT = re.compile(r"[0-9a-f]{8}")


class Clap:
    """Vectors of sounds, the mean over windows of 10 s, and of texts, in one space.

    The audio file takes log-mel pictures, (n, 1, 1001, 64), as the "unfused" CLAP does; the text file takes
    ``input_ids`` and ``attention_mask``; both give (n, dim). Other files are another space.

    Parameters
    ----------
    files : the paths of ``FILES``, by these names; read and tried here

    Raises
    ------
    WeightsError
        Where a file cannot be read or run, or takes or gives something else.
    UsageError
        Where the tokenizers library is not installed.
    """

    prior: Prior | None = None

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = dict(files)
        self._lock = threading.Lock()
        contents = {name: read_file(self.files[name]) for name in FILES}
        self._networks: _Networks | None = _Networks.load(self.files, contents)
        digest = _digest(contents)
        self.spec = EmbedderSpec(
            name="clap", version=1, accepts="waveform", dim=self._networks.dim, sr=CLAP_SR,
            window_s=_WINDOW_S, hop_s=_WINDOW_S, dtype="float32", license="not stated",
            reference="ONNX files of the user's own",
            weights_sha256=digest, variant=digest[:8],
        )  # fmt: skip

    @classmethod
    def from_folder(cls, folder: str | Path) -> Clap:
        """The pair in a folder, as exports for ONNX Runtime are laid out.

        Raises
        ------
        UsageError
            Where a file is missing, or several could be meant.
        WeightsError
        """
        place = expand_home(folder)
        return cls({name: _find(place, name) for name in FILES})

    @classmethod
    def from_spec(cls, folder: Path, spec: EmbedderSpec) -> Clap:
        """The pair that made the vectors of ``spec``; the files are opened at their first use."""
        pair = cls.__new__(cls)
        pair.files, pair.spec = {name: folder / name for name in FILES}, spec
        pair._lock = threading.Lock()
        pair._networks = None
        return pair

    @property
    def dimensions(self) -> Sequence[str]:
        return [f"clap_{i:03d}" for i in range(self.spec.dim)]

    def embed(self, sound: Excerpts) -> Embedding:
        """Raises EmbeddingError, WeightsError."""
        networks = self._load()
        windows = sound.windows(self.spec.sr, self.spec.window_s, self.spec.hop_s)
        rows = np.concatenate([networks.of_sound(clap_logmel(window)) for window in windows])
        pooled = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        return Embedding(pooled, rows.astype(np.float16))

    def embed_text(self, text: str) -> Vectors:
        """float32 (dim,), of length 1: a text where sounds that it describes are near.

        Raises
        ------
        EmbeddingError, WeightsError
        """
        return np.asarray(self._load().of_text(text)[0])

    def contents(self) -> dict[str, bytes]:
        """The bytes of ``FILES``.

        Raises
        ------
        WeightsError
            Where they are not there or not those that made the spec.
        """
        contents = {name: read_file(path) for name, path in self.files.items()}
        if _digest(contents) != self.spec.weights_sha256:
            raise WeightsError(
                f"the files in {self.files['audio.onnx'].parent} are damaged or different ones; "
                f"to use the right files: {command('scan --clap FOLDER')}",
                str(self.files["audio.onnx"]),
            )
        return contents

    def _load(self) -> _Networks:
        with self._lock:
            if self._networks is None:
                self._networks = _Networks.load(self.files, self.contents())
            return self._networks


@dataclass(frozen=True, slots=True)
class _Networks:
    """Both networks and the tokenizer, ready to run."""

    audio: onnxruntime.InferenceSession
    text: onnxruntime.InferenceSession
    tokenizer: Tokenizer
    dim: int

    @classmethod
    def load(cls, files: Mapping[str, Path], contents: Mapping[str, bytes]) -> _Networks:
        for name in FILES[:2]:
            refuse_other_files(files[name], contents[name])
        audio, text = (open_session(files[name], contents[name]) for name in FILES[:2])
        _check_audio(audio, files["audio.onnx"])
        _check_text(text, files["text.onnx"])
        networks = cls(audio, text, _tokenizer(files["tokenizer.json"], contents["tokenizer.json"]), 0)
        try:
            sizes = [
                networks.of_sound(np.zeros((CLAP_FRAMES, CLAP_MELS), np.float32)).shape[1],
                networks.of_text("music").shape[1],
            ]
        except EmbeddingError as error:
            raise WeightsError(str(error), str(files["audio.onnx"])) from error
        if sizes[0] != sizes[1]:
            raise WeightsError(
                f"the audio model gives {sizes[0]} numbers and the text model {sizes[1]}; both must give as "
                "many: use the two files of one model",
                str(files["text.onnx"]),
            )
        return cls(networks.audio, networks.text, networks.tokenizer, sizes[0])

    def of_sound(self, picture: NDArray[np.float32]) -> Vectors:
        """float32 (1, dim), of length 1, of a log-mel picture, (1001, 64)."""
        return _run(self.audio, {self.audio.get_inputs()[0].name: picture[None, None]})

    def of_text(self, text: str) -> Vectors:
        """float32 (1, dim), of length 1."""
        ids = np.array([self.tokenizer.encode(text).ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return _run(self.text, {one.name: inputs[one.name] for one in self.text.get_inputs()})


def is_clap_spec(spec: EmbedderSpec) -> bool:
    """Whether a ``Clap`` made these vectors."""
    return spec.name == "clap" and bool(_VARIANT.fullmatch(spec.variant or ""))


def _run(session: onnxruntime.InferenceSession, inputs: Mapping[str, NDArray[Any]]) -> Vectors:
    """float32 (1, dim), of length 1: the first output of two axes."""
    try:
        outputs = session.run(None, dict(inputs))
    except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
        raise EmbeddingError(f"the CLAP model fails: {' '.join(str(error).split())}") from error
    rows = next((x for x in outputs if x.ndim == 2 and len(x) == 1 and x.dtype.kind == "f"), None)
    if rows is None:
        shapes = ", ".join(str(x.shape) for x in outputs)
        raise EmbeddingError(f"the CLAP model gives {shapes}; expected (1, dim)")
    length = float(np.linalg.norm(rows.astype(np.float64)))
    if not np.isfinite(length) or length == 0:
        raise EmbeddingError("the CLAP model gives NaN, infinite values or nothing but zeros")
    return np.asarray(rows / length, np.float32)


def _check_audio(session: onnxruntime.InferenceSession, path: Path) -> None:
    inputs = session.get_inputs()
    shape = list(inputs[0].shape)
    sizes_fit = len(shape) == 4 and all(
        not isinstance(n, int) or n == size
        for n, size in zip(shape, (1, 1, CLAP_FRAMES, CLAP_MELS), strict=True)
    )
    if len(inputs) != 1 or not sizes_fit:
        actual = "; ".join(f"{one.name} {one.shape}" for one in inputs)
        raise WeightsError(
            f"{path} takes {actual}; expected one input (n, 1, {CLAP_FRAMES}, {CLAP_MELS}), as CLAP without "
            "fusion has",
            str(path),
        )


def _check_text(session: onnxruntime.InferenceSession, path: Path) -> None:
    names = {one.name for one in session.get_inputs()}
    if "input_ids" not in names or not names <= {"input_ids", "attention_mask"}:
        raise WeightsError(
            f"{path} takes {', '.join(sorted(names))}; expected input_ids and attention_mask", str(path)
        )


def _tokenizer(path: Path, content: bytes) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise UsageError(f"CLAP needs the tokenizers library: {install('clap')}") from None
    try:
        tokenizer = Tokenizer.from_str(content.decode())
    except Exception as error:  # its exceptions share no base but Exception
        raise WeightsError(f"{path} is not a tokenizer: {error}", str(path)) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MOST_TOKENS)
    return tokenizer


def _find(folder: Path, name: str) -> Path:
    files = sorted({*folder.glob(_PATTERNS[name]), *folder.glob(f"onnx/{_PATTERNS[name]}")})
    exact = [path for path in files if path.name in (name, _EXACT[name])]
    if len(exact or files) != 1:
        what = ", ".join(path.name for path in files) or "none"
        raise UsageError(
            f"{folder} must hold one file {_EXACT[name]} (found: {what}); CLAP is audio_model.onnx, "
            "text_model.onnx and tokenizer.json, the first two also in a folder onnx"
        )
    return (exact or files)[0]


def _digest(contents: Mapping[str, bytes]) -> str:
    """64 hexadecimal digits over all files."""
    each = [hashlib.sha256(contents[name]).digest() for name in FILES]
    return hashlib.sha256(b"".join(each)).hexdigest()
