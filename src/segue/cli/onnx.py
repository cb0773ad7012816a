"""Options that make an embedder from an ONNX file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from segue.errors import UsageError

if TYPE_CHECKING:
    from segue.spec import Embedder

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--onnx",
        metavar="FILE",
        type=click.Path(),
        help="Use your own ONNX model, which turns a waveform into a vector; "
        "alone, unless -e names others. The library keeps a copy.",
    ),
    click.option("--sr", metavar="HZ", type=int, help="Sample rate that your ONNX model expects."),
    click.option("--window", metavar="SECONDS", type=float, help="Length of sound that it takes at a time."),
    click.option("--hop", metavar="SECONDS", type=float, help="Step between windows (default: a window)."),
    click.option("--output", metavar="NAME", help="Output to use (default: the first with floats)."),
    click.option(
        "--clap",
        metavar="DIR",
        type=click.Path(),
        help="Use your own CLAP model, which also takes words: audio_model.onnx, text_model.onnx and "
        "tokenizer.json in DIR; alone, unless -e names others. The library keeps a copy.",
    ),
)


def onnx_options(command: _Command) -> _Command:
    """Add the options; the command gets them all as ``**onnx``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def onnx_embedder(
    onnx: str | None,
    sr: int | None,
    window: float | None,
    hop: float | None,
    output: str | None,
    clap: str | None = None,
) -> list[Embedder]:
    """The embedders that the options describe, if any.

    Raises
    ------
    UsageError, WeightsError
    """
    pair = _clap(clap)
    if onnx is None:
        options = {"--sr": sr, "--window": window, "--hop": hop, "--output": output}
        for name, value in options.items():
            if value is not None:
                raise UsageError(f"{name} needs --onnx FILE")
        return pair
    if sr is None or window is None:
        missing = "--sr HZ" if sr is None else "--window SECONDS"
        raise UsageError(f"--onnx also needs {missing}, as in the model's training: its file does not say")
    from segue.embed.onnx_file import OnnxFile  # decoders take a moment to load

    return [OnnxFile(onnx, sr=sr, window_s=window, hop_s=hop, output=output), *pair]


def _clap(folder: str | None) -> list[Embedder]:
    if folder is None:
        return []
    from segue.embed.clap import Clap

    return [Clap.from_folder(folder)]
