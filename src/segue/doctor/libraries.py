"""Checks of a library: its folder, its content, its folders of music."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Mapping
from pathlib import Path

import filelock

from segue.advice import command
from segue.doctor.finding import Check, Finding
from segue.errors import LibraryNotFoundError
from segue.library import CATALOG_FILE, Library
from segue.texts import count
from segue.watch.mounts import is_remote

_LEAST_SPACE, _FULL = 1e9, 50e6  # bytes
_QUICK = 300e6  # bytes that are read and compared at once
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_watches")
_LOCK = "writer.lock"


def opens(path: Path) -> Finding:
    """Whether the library can be opened."""
    try:
        with Library.open(path) as library:
            return Finding("library", "ok", f"{path}: {count(len(library), 'track')}")
    except LibraryNotFoundError:
        scan = command("scan ~/Music", library=path)
        return Finding("library", "warning", f"there is none in {path} yet", scan)


def folder(path: Path) -> Finding:
    """Whether the library's folder can be written, by whom it can be read, and where it lies."""
    if not path.exists():
        return Finding("its folder", "ok", "made by the first scan")
    here = str(path)
    if not os.access(path, os.W_OK):
        return Finding("its folder", "fault", f"{here} cannot be written", "let this user write to it")
    if is_remote(here):
        remedy = "keep it on a disk of this machine; the music may be elsewhere"
        return Finding("its folder", "warning", f"{here} is on a network file system", remedy)
    notes = [f"a link to {path.resolve()}"] if path.is_symlink() else []
    if os.name != "nt" and path.stat().st_mode & stat.S_IROTH:
        notes.append("all users of this machine may read it")
    return Finding("its folder", "ok", ", ".join([f"{here} can be written", *notes]))


def space(path: Path) -> Finding:
    """How much room the library has."""
    existing = next(one for one in (path, *path.absolute().parents) if one.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1e9:.1f} GB free for the library"
    if free < _FULL:
        return Finding("space", "fault", text, "make room: the next scan cannot be written")
    remedy = "make room: 10 000 tracks take about 700 MB" if free < _LEAST_SPACE else ""
    return Finding("space", "warning" if remedy else "ok", text, remedy)


def writer(path: Path) -> Finding:
    """Whether another process writes."""
    lock = path / _LOCK
    if not lock.exists():
        return Finding("writer", "ok", "nothing has written yet")
    try:
        with filelock.FileLock(lock, timeout=0):
            return Finding("writer", "ok", "no other Segue writes")
    except filelock.Timeout:
        return Finding("writer", "ok", "another Segue writes now; scans wait for it")


def content(path: Path) -> Finding:
    """Whether all checksums match, in libraries that are read in a moment."""
    n_bytes = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.exists() else 0
    if not (path / CATALOG_FILE).exists():
        return Finding("content", "ok", "nothing to check")
    check = command("check", library=path)
    if n_bytes > _QUICK:
        return Finding("content", "ok", f"{n_bytes / 1e6:,.0f} MB; to read and compare all: {check}")
    with Library.open(path) as library:
        report = library.check()
    if report.is_whole:
        return Finding("content", "ok", f"all checksums match ({count(report.tracks, 'track')})")
    return Finding("content", "fault", report.faults[0].message, f"{check} --repair")


def index(path: Path) -> Finding:
    """How old the index is."""
    file = path / "index" / "default.index"
    if not (path / CATALOG_FILE).exists():
        return Finding("neighbors", "ok", "no index is needed yet")
    if not file.exists():
        return Finding("neighbors", "ok", "no index yet; the first question makes it")
    days = (time.time() - file.stat().st_mtime) / 86_400
    text = f"the index was written {time.strftime('%Y-%m-%d %H:%M', time.localtime(file.stat().st_mtime))}"
    if days < -1:
        return Finding("neighbors", "warning", f"{text}, in the future", "set the clock")
    return Finding("neighbors", "ok", text)


def folders(path: Path) -> Finding:
    """Whether the scanned folders are there."""
    if not (path / CATALOG_FILE).exists():
        return Finding("folders", "ok", "none was scanned yet")
    with Library.open(path) as library:
        scanned = library.scanned_folders()
    absent = [one.path for one in scanned if not one.there]
    closed = [one.path for one in scanned if one.there and not os.access(one.path, os.R_OK | os.X_OK)]
    if absent:
        remedy = f"mount them, or: {command('folders move OLD NEW', library=path)}"
        return Finding("folders", "warning", f"not there: {', '.join(absent)}", remedy)
    if closed:
        return Finding("folders", "fault", f"cannot be read: {', '.join(closed)}", "let this user read them")
    remote = [one.path for one in scanned if is_remote(one.path)]
    if remote:
        text = f"on a network file system, so listed every minute by segue watch: {', '.join(remote)}"
        return Finding("folders", "ok", text)
    return Finding("folders", "ok", f"{len(scanned)} scanned, all there")


def watches(path: Path) -> Finding:
    """Whether Linux watches as many folders as there are."""
    if not _INOTIFY.exists() or not (path / CATALOG_FILE).exists():
        return Finding("watched folders", "ok", "no limit is known")
    limit = int(_INOTIFY.read_text("ascii"))
    with Library.open(path) as library:
        paths = library.catalog.known_files()
    needed = len({str(parent) for file in paths for parent in Path(file).parents})
    text = f"segue watch would follow about {needed:,}; this system allows {limit:,}"
    if needed > limit / 2:
        remedy = f"sudo sysctl fs.inotify.max_user_watches={max(524_288, 4 * needed)}"
        return Finding("watched folders", "warning", text, remedy)
    return Finding("watched folders", "ok", text)


def tracks(path: Path) -> Finding:
    """Whether tracks are missing, failed or lack vectors."""
    if not (path / CATALOG_FILE).exists():
        return Finding("tracks", "ok", "none yet")
    with Library.open(path) as library:
        overview, upgrades = library.overview(), library.upgrades()
    counts = {"missing": overview.missing - overview.away, "away": overview.away, "failed": overview.failures}
    text = ", ".join(f"{n:,} {name}" for name, n in counts.items() if n)
    if upgrades:
        remedy = command("scan --upgrade FOLDER", library=path)
        return Finding("tracks", "warning", "; ".join(map(str, upgrades)), remedy)
    if overview.failures:
        return Finding("tracks", "warning", text, command("failures", library=path))
    if text:
        return Finding("tracks", "warning", text, f"{command('prune --dry-run', library=path)} lists them")
    return Finding("tracks", "ok", "all files are there, none failed")


CHECKS: Mapping[str, Check] = {
    "library": opens, "its folder": folder, "space": space, "writer": writer, "content": content,
    "neighbors": index, "folders": folders, "watched folders": watches, "tracks": tracks,
}  # fmt: skip
