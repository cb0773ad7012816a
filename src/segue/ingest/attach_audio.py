"""Imported tracks get their audio files, which are found by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from segue.catalog import Catalog, Failure, Writer
from segue.errors import UsageError
from segue.ingest.report import LISTED, Report
from segue.sources.audio_files import walk

NO_FILE = "no file"  # the kind of failure
COMMIT_FILES = 512  # tracks that are given files in one transaction


def attach_audio(
    catalog: Catalog, writer: Writer, source: str, folder: Path, id_of: Callable[[str], str | None]
) -> tuple[Report, set[str]]:
    """Note which files below a folder hold a source's tracks; what came of it, and those files.

    Raises
    ------
    UsageError
        Where no track has been imported under that name.
    """
    tracks = writer.files_of_source(source)
    if not tracks:
        raise UsageError(f"no track has been imported as {source!r}: import the source first, then its audio")
    files = walk([folder]).files
    chosen = _file_of_each(tracks, [file.path for file in files], id_of)
    report = Report(name=source)
    pairs = list(chosen.items())
    for start in range(0, len(pairs), COMMIT_FILES):
        report.attached += writer.assign_files(source, pairs[start : start + COMMIT_FILES])
    report.with_file = len(chosen)
    report.without_file = len(tracks) - len(chosen)
    report.unmatched = len(files) - len(chosen)
    without = [name for name in tracks if name not in chosen][:LISTED]
    _list(catalog, writer, f"{source}:", {name: f"no audio file {name}.* below {folder}" for name in without})
    return report, set(chosen.values())


def _file_of_each(
    tracks: Mapping[str, str | None], paths: list[str], id_of: Callable[[str], str | None]
) -> dict[str, str]:
    """The file of each track; of several, the one that it has, or else the first."""
    chosen: dict[str, str] = {}
    for path in paths:
        name = id_of(path)
        if name is not None and name in tracks and (name not in chosen or tracks[name] == path):
            chosen[name] = path
    return chosen


def _list(catalog: Catalog, writer: Writer, prefix: str, reasons: Mapping[str, str]) -> None:
    """Keep the tracks without a file among the failures, and only those of now."""
    failures = catalog.failures()
    writer.forget_failures(f.path for f in failures if f.kind == NO_FILE and f.path.startswith(prefix))
    writer.fail(Failure(prefix + name, NO_FILE, reason) for name, reason in reasons.items())
