"""Imported tracks and a folder of audio, joined by the names of the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.catalog import Catalog, Failure, Writer
from segue.errors import UsageError
from segue.ingest.records import LISTED
from segue.ingest.report import ScanReport
from segue.sources.audio_files import walk

NO_FILE = "no file"  # the kind of failure
_TOGETHER = 512  # tracks that are given files in one transaction


@dataclass(slots=True)
class JoinReport:
    """Every track of a source has a file or is ``without``; ``scan`` tells of what was heard.

    Attributes
    ----------
    joined : tracks whose file is new
    with_file : tracks that have one
    strangers : audio files that are no track's; they are left alone
    """

    source: str
    joined: int = 0
    with_file: int = 0
    without: int = 0
    strangers: int = 0
    scan: ScanReport = field(default_factory=ScanReport)

    @property
    def exit_code(self) -> int:
        """0 all fine, 1 some file failed, 2 no track has a file, 130 interrupted."""
        return self.scan.exit_code

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        names = ("joined", "with_file", "without", "strangers")
        heard = ("added", "completed", "changed", "moved", "unchanged", "still_failing", "interrupted")
        return {name: getattr(self, name) for name in names} | {
            "scan": {name: getattr(self.scan, name) for name in heard}
            | {
                "elapsed_s": round(self.scan.elapsed_s, 3),
                "failed": [[failure.path, failure.reason] for failure in self.scan.failed],
            }
        }


def join(
    catalog: Catalog, writer: Writer, source: str, folder: Path, id_of: Callable[[str], str | None]
) -> tuple[JoinReport, set[str]]:
    """Say which files below a folder hold a source's tracks; what came of it, and those files.

    Raises
    ------
    UsageError
        Where no track has been imported under that name.
    """
    tracks = writer.files_of_source(source)
    if not tracks:
        raise UsageError(f"no track has been imported as {source!r}; audio is joined to what is there")
    files = walk([folder]).files
    chosen = _chosen(tracks, [file.path for file in files], id_of)
    report = JoinReport(source)
    pairs = list(chosen.items())
    for start in range(0, len(pairs), _TOGETHER):
        report.joined += writer.assign_files(source, pairs[start : start + _TOGETHER])
    report.with_file = len(chosen)
    report.without = len(tracks) - len(chosen)
    report.strangers = len(files) - len(chosen)
    without = [name for name in tracks if name not in chosen][:LISTED]
    _list(catalog, writer, f"{source}:", {name: f"no audio file {name}.* below {folder}" for name in without})
    return report, set(chosen.values())


def _chosen(
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
    there = catalog.failures()
    writer.forget_failures(f.path for f in there if f.kind == NO_FILE and f.path.startswith(prefix))
    writer.fail(Failure(prefix + name, NO_FILE, reason) for name, reason in reasons.items())
