"""segue embed: compute the embedding of every window of some audio files."""

from __future__ import annotations

import contextlib
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from segue.cli.model_download import embedder_of, pull_option
from segue.cli.options import AppError
from segue.errors import AudioError, UsageError, WeightsError
from segue.texts import count

if TYPE_CHECKING:
    from segue.embed.file_windows import FileWindows
    from segue.sources.audioset import Segment
    from segue.spec import Embedder

    _NamedWindows = Iterator[tuple[str, FileWindows]]

FORMATS = {"json": (".json", ".jsonl"), "npy": (".npy", ".npz"), "tfrecord": (".tfrecord",)}


@click.command(short_help="Compute the embeddings of audio files.")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option(
    "--format",
    "-f",
    "kind",
    type=click.Choice(list(FORMATS)),
    help="Default: by the ending of --output, or json.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Default: stdout, for JSON. For npy: a .npy file, an .npz file or a folder.",
)
@click.option(
    "--embedder",
    "-e",
    default="vggish",
    show_default=True,
    help="Embedder to use: vggish, vggish-int8 and vggish-relu give 8-bit frames; "
    "descriptors, musicnn, mn04 and aisfx give windows of floats.",
)
@pull_option
def embed(
    files: tuple[str, ...], kind: str | None, output: Path | None, embedder: str, pull: bool | None
) -> None:
    """Compute the embeddings of each audio FILE: by default, one VGGish frame every 0.96 s.

    No library is read or written. Exit code: 0 success, 1 some files failed, 2 nothing worked.
    """
    kind = _format(kind, output)
    if kind == "npy" and output and output.suffix.lower() == ".npy" and len(files) > 1:
        raise UsageError(
            f"{output} can hold the frames of one file, and {len(files)} were given: "
            "name a folder or an .npz file"
        )
    chosen = embedder_of(embedder, pull)
    failed: list[str] = []
    embedded = _embed_files(files, chosen, failed)
    if kind == "json":
        _write_json(embedded, output, alone=len(files) == 1)
    elif output and kind == "npy":
        _write_npy(embedded, output)
    elif output:
        _write_tfrecord(embedded, output, chosen)
    if output:
        click.echo(f"{len(files) - len(failed)} of {count(len(files), 'file')}: {output}", err=True)
    if failed:
        raise AppError(1)


def _format(kind: str | None, output: Path | None) -> str:
    by_ending = [name for name, endings in FORMATS.items() if output and output.suffix.lower() in endings]
    if kind is None and output and not by_ending:
        raise UsageError(f"the ending of {output} names no format; choose one with --format")
    kind = kind or (by_ending[0] if by_ending else "json")
    if output is None and kind != "json":
        raise UsageError(f"{kind} is a binary format: name a file with --output")
    return kind


def _embed_files(files: Sequence[str], embedder: Embedder, failed: list[str]) -> _NamedWindows:
    """Each file's name and windows. Where no file can be used, this ends the command."""
    from segue.embed.file_windows import embed_file

    for path, name in zip(files, _names(files), strict=True):
        try:
            windows = embed_file(path, embedder)
        except WeightsError:  # no file's fault: every one would fail
            raise
        except Exception as error:  # a fault of ours, met by one file, must not cost the others
            failed.append(path)
            click.echo(f"failed: {path}: {_reason(error)}", err=True)
            continue
        if windows.warning:
            click.echo(f"warning: {path}: {windows.warning}", err=True)
        yield name, windows
    if len(failed) == len(files):
        raise AppError(2)


def _reason(error: Exception) -> str:
    if isinstance(error, AudioError):
        return str(error)
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "needs more memory than is free"
    return f"bug: {type(error).__name__}: {error}"


def _names(files: Sequence[str]) -> list[str]:
    """The files' own names; the second of a name is called `name-2`."""
    from segue.track import readable

    names: dict[str, None] = {}
    for path in files:
        name = unique = readable(Path(path).name)
        n = 1
        while unique in names:
            n += 1
            unique = f"{name}-{n}"
        names[unique] = None
    return list(names)


def _write_json(windows_by_name: _NamedWindows, output: Path | None, *, alone: bool) -> None:
    """One file as MAX's service answers, several as the samples of AudioSet's demos, one a line."""
    with _text(output) as out:
        for name, file in windows_by_name:
            record = _max_answer(file) if alone else _audioset_sample(name, file)
            out.write(json.dumps(record) + "\n")


@contextlib.contextmanager
def _text(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    from segue.files import replacing

    with replacing(output) as part, part.open("w", encoding="utf-8", newline="") as out:
        yield out


def _max_answer(file: FileWindows) -> dict[str, Any]:
    return {"status": "ok", "embedding": file.windows.tolist()}


def _audioset_sample(name: str, file: FileWindows) -> dict[str, Any]:
    from segue.sources.audioset.json_form import as_record

    return as_record(name, 0.0, file.duration_s, (), file.windows.tolist())


def _write_npy(windows_by_name: _NamedWindows, output: Path) -> None:
    """An array a file: alone, in an archive, or each in a folder."""
    import numpy as np

    from segue.files import replacing

    if output.suffix.lower() == ".npz":
        with replacing(output) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, file in windows_by_name:
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, file.windows, allow_pickle=False)
        return
    for name, file in windows_by_name:
        place = output if output.suffix.lower() == ".npy" else _make_folder(output) / f"{name}.npy"
        with replacing(place) as part, part.open("wb") as out:
            np.save(out, file.windows, allow_pickle=False)


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to the folder {folder}: {error.strerror or error}") from error
    return folder


def _write_tfrecord(windows_by_name: _NamedWindows, output: Path, embedder: Embedder) -> None:
    from segue.embed.vggish import VGGish
    from segue.sources.audioset import write_tfrecords

    if not isinstance(embedder, VGGish):
        raise UsageError(
            f"TFRecords hold VGGish frames (128 numbers of 8 bits), not vectors of {embedder.spec.name}; "
            "use --format json or npy"
        )
    write_tfrecords((_segment(name, file) for name, file in windows_by_name), output)


def _segment(name: str, file: FileWindows) -> Segment:
    from segue.sources.audioset import Segment

    return Segment(name, 0.0, file.duration_s, (), file.windows)
