"""Scans that clients start: which folders of this machine they may have scanned, and the job."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from segue.advice import command, data_folder
from segue.errors import LibraryBusyError
from segue.library import Library
from segue.serve.http.errors import ApiError
from segue.serve.jobs import Job, JobProgress, Jobs, Result
from segue.serve.settings import Settings
from segue.sources.audio_folders import AudioFolders
from segue.track import readable
from segue.watch.changed import ChangedPlaces

T = TypeVar("T")
_FAILURES = 100  # named in a report
_WAIT_S = 1.0  # while another process writes


def allowed_roots(settings: Settings, scanned: Iterable[str], *, own_user: bool) -> list[Path] | None:
    """The folders below which scans may be started; none where it may be anywhere.

    Anywhere where the service is for this machine alone, no folders were named when it was started, and the
    client is the service's own user.
    """
    if settings.is_private and not settings.folders and own_user:
        return None
    return [Path(os.path.realpath(top)) for top in (*scanned, *settings.folders)]


def resolve_scan_roots(
    folders: Sequence[str] | None, scanned: Sequence[str], allowed: Sequence[Path] | None
) -> list[str]:
    """The folders to scan: those that are given, or else all that were scanned before.

    Parameters
    ----------
    allowed : as ``allowed_roots``

    Raises
    ------
    ApiError
        Where one is outside those scanned before and those allowed when the service was started.
    """
    if folders is None:
        if not scanned:
            raise ApiError(409, "no_folders", "nothing has been scanned yet: give a folder")
        return list(scanned)
    if not folders:
        raise ApiError(409, "no_folders", "the list of folders is empty")
    return [_require_allowed(folder, allowed) for folder in folders]


def _require_allowed(folder: str, tops: Sequence[Path] | None) -> str:
    # Compared with links followed, so that none leads out of what is allowed.
    try:
        true = Path(os.path.realpath(os.path.expanduser(folder)))  # noqa: PTH111 - realpath takes no Path alone
    except (OSError, ValueError):
        true = Path("/\0")
    if tops is not None and not any(true == top or top in true.parents for top in tops):
        raise ApiError(
            403,
            "folder_not_allowed",
            f"{folder!r} may not be scanned; to allow a folder: {command('serve --folder DIR')}",
        )
    if not os.path.isdir(true):  # noqa: PTH112 - a Path raises where a name is too long
        raise ApiError(404, "no_folder", f"{folder!r} is not a folder")
    return str(true)


def queue_scan(jobs: Jobs, library: Library, folders: list[str], *, upgrade: bool = False) -> Job:
    """Start a job that scans the folders."""
    return jobs.start("scan", lambda progress: _scan(library, folders, progress, upgrade=upgrade))


def queue_changes(jobs: Jobs, library: Library, source: ChangedPlaces) -> Job:
    """Start a job that scans what has changed."""
    return jobs.start("scan", lambda progress: in_turn(progress, lambda: _take_in(library, source, progress)))


def queue_demo(jobs: Jobs, library: Library) -> Job:
    """Start a job that makes the demo's music, where it is not there yet, and scans it."""
    return jobs.start("scan", lambda progress: _demo(library, progress))


def _demo(library: Library, progress: JobProgress) -> Result:
    from segue.demo import write_demo

    folder = data_folder() / "demo" / "music"
    progress.note("making the music")
    progress.begin(None)

    def on_piece(done: int, total: int) -> None:
        if not done or progress.job.total != total:
            progress.begin(total)
        progress.advance(done)
        progress.raise_if_cancelled()

    write_demo(folder, on_piece=on_piece)
    progress.note("")
    return _scan(library, [str(folder)], progress, upgrade=False)


def _scan(library: Library, folders: list[str], progress: JobProgress, *, upgrade: bool) -> Result:
    if upgrade:
        in_turn(progress, lambda: library.start_upgrade(wait_s=_WAIT_S))
    source = AudioFolders(folders, exclude=library.folders.exclusions())
    return in_turn(progress, lambda: _take_in(library, source, progress))


def in_turn(progress: JobProgress, work: Callable[[], T]) -> T:
    """What the work gives as soon as no other process writes; the job says that it waits for that.

    Raises
    ------
    Cancelled
    """
    while True:
        try:
            return work()
        except LibraryBusyError:
            progress.note("waiting: another Segue is writing to the library")
            progress.raise_if_cancelled()


def _take_in(library: Library, source: AudioFolders, progress: JobProgress) -> Result:
    threads = max(1, (os.cpu_count() or 2) - 1)  # one core goes on answering
    report = library.import_from(source, progress=progress, jobs=threads, stop=progress.stop, wait_s=_WAIT_S)
    failures = [
        {"path": readable(f.where).rsplit("/", 1)[-1], "kind": f.kind, "reason": readable(f.reason)}
        for f in report.failures[:_FAILURES]
    ]
    counts = report.counts() | {"warnings": report.warnings, "failures": failures}
    return counts | {"audio_s": round(report.audio_s, 1), "elapsed_s": round(report.elapsed_s, 2)}
