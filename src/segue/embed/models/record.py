"""What a model's folder says of itself: its revision, and the sizes and sums of its files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segue.embed.models.published import KnownFile, Model, difference, sha256_of

RECORD = "model.json"
RECORD_FORMAT = 1

State = Literal["ready", "missing", "outdated", "damaged"]


@dataclass(frozen=True, slots=True)
class Record:
    format: int
    revision: int
    sources: Mapping[str, str]  # sha256 by name
    files: tuple[KnownFile, ...]


def read_record(path: Path) -> Record:
    """A record in a file. Raises OSError; ValueError, KeyError, TypeError and others where it is none."""
    data = json.loads(path.read_text("utf-8"))
    files = tuple(
        KnownFile(_require_plain_name(name), int(file["size_bytes"]), str(file["sha256"]))
        for name, file in data["files"].items()
    )
    return Record(int(data["format"]), int(data["revision"]), dict(data["sources"]), files)


def _require_plain_name(name: str) -> str:
    if Path(name).name != name:
        raise ValueError(f"{name!r} is not a plain file name")
    return name


def judge_record(model: Model, record: Record, revision: int) -> tuple[State, str]:
    """Whether a record is of this model, of this revision or a later one that Segue knows; why not."""
    if record.format != RECORD_FORMAT or not revision <= record.revision <= model.revision:
        return "outdated", "converted by another version of Segue"
    if record.sources != sources_of(model, record.sources):
        return "outdated", "made from other files than Segue now expects"
    if f"{model.name}.onnx" not in {file.name for file in record.files}:
        return "damaged", f"{RECORD} names no {model.name}.onnx"
    return "ready", ""


def compare_files(folder: Path, record: Record, *, sums: bool) -> tuple[State, str]:
    """Whether a folder's files are those of a record, by their sizes or also by their sums; why not."""
    for file in record.files:
        path = folder / file.name
        if not path.is_file():
            return "damaged", f"{path} is missing"
        size = path.stat().st_size
        if size != file.size_bytes:
            return "damaged", f"{path}: found {size} bytes, expected {file.size_bytes}"
        if sums and (reason := difference(path, file)):
            return "damaged", f"{path}: {reason}"
    return "ready", ""


def describe_files(folder: Path) -> list[KnownFile]:
    """The files in a folder, with their sizes and sums."""
    return [KnownFile(path.name, path.stat().st_size, sha256_of(path)) for path in sorted(folder.iterdir())]


def record_text(model: Model, files: Iterable[KnownFile], given: Iterable[str] = ()) -> str:
    """The record of a model's current revision, as JSON; ``given`` are the names of what it was made from."""
    record = {
        "format": RECORD_FORMAT,
        "model": model.name,
        "revision": model.revision,
        "sources": sources_of(model, given),
        "files": {file.name: {"size_bytes": file.size_bytes, "sha256": file.sha256} for file in files},
    }
    return json.dumps(record, indent=2) + "\n"


def sources_of(model: Model, given: Iterable[str] = ()) -> dict[str, str]:
    """The sums of what a model is made from, by name: of each download the place that is among ``given``."""
    names = set(given)
    chosen = [
        next((place.file for place in download.places if place.file.name in names), download.file)
        for download in model.downloads
    ]
    return {file.name: file.sha256 for file in chosen}
