"""Full disks, limits, read-only folders and very long files: said clearly, and nothing lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import segue.ingest.audio
from segue.errors import LibraryError, LibraryWriteError
from segue.library import Library
from tests.sounds import (
    FORMATS,
    assert_rows_are_tracks,
    call,
    clip_fixtures,
    lose_root_rights,
    melody,
    start,
    write,
)

resource = pytest.importorskip("resource", reason="Windows sets no such limits")

N_FILES = 60
CAUSES = ("No space left on device", "disk is full", "File too large", "disk I/O error")


music, embeddings = clip_fixtures(N_FILES)


@contextlib.contextmanager
def mounted(folder, options):
    """A small disk of its own on a folder, where the system lets us have one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this system lets not even root mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


DISK_KB = 2000  # a library of all files takes most of it


def scan(folder, library_path, file_bytes=None):
    """(tracks before, error or None, tracks after) of a scan in small batches, files limited in size."""
    segue.ingest.audio.BATCH_TRACKS = 4
    if file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
    try:
        with Library.open(library_path, create=True) as library:
            before = len(library)
            try:
                library.scan(folder)
            except LibraryError as error:
                return before, f"{type(error).__name__}: {error}", len(library)
            return before, None, len(library)
    except LibraryError as error:
        return 0, f"{type(error).__name__}: {error}", 0


def assert_whole(library_path, embeddings):
    """The library opens and holds what it should; how many tracks that is."""
    with Library.open(library_path) as library:
        assert_rows_are_tracks(library, embeddings)
        if len(library) > 3:
            assert len(library.similar(next(iter(library)), k=3).matches) == 3
        return len(library)


@pytest.mark.slow
@pytest.mark.parametrize("left_kb", [4, 60, 120, 200, 300])
def test_a_full_disk_is_named_and_loses_nothing(left_kb, music, embeddings, tmp_path):
    with mounted(tmp_path / "disk", f"size={DISK_KB}k") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes((DISK_KB - left_kb) * 1024))
        _, error, reported = call(scan, music, disk / "library")
        if error is None:
            assert left_kb == 300
        else:
            assert error.startswith("LibraryWriteError")
            assert any(cause in error for cause in CAUSES)
            assert str(disk / "library") in error
        # ViewSpec needs a little room, as SQLite keeps a list of readers.
        ballast.write_bytes(bytes((DISK_KB - left_kb - 40) * 1024))
        kept = 0
        if (disk / "library" / "catalog.sqlite").exists() and reported:
            kept = assert_whole(disk / "library", embeddings)
        assert kept == reported
        ballast.unlink()
        before, error, after = call(scan, music, disk / "library")
        assert (before, error, after) == (kept, None, N_FILES)
        assert assert_whole(disk / "library", embeddings) == N_FILES


@pytest.mark.slow
def test_a_full_disk_keeps_what_was_committed_before(music, embeddings, tmp_path):
    some = tmp_path / "some"
    some.mkdir()
    for path in sorted(music.iterdir())[:20]:
        shutil.copy2(path, some)
    with mounted(tmp_path / "disk", "size=2m") as disk:
        assert call(scan, some, disk / "library") == (0, None, 20)
        ballast = disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as f:
            while True:
                f.write(bytes(4096))
        before, error, after = call(scan, music, disk / "library")
        assert before <= 20
        assert error is not None
        ballast.unlink()
        assert assert_whole(disk / "library", embeddings) == max(20, after)
        assert call(scan, music, disk / "library")[1:] == (None, N_FILES + 20)


def test_a_prune_on_a_full_disk_fails_clearly_and_loses_nothing(music, embeddings, tmp_path):
    some = tmp_path / "some"
    shutil.copytree(music, some)
    with (
        mounted(tmp_path / "disk", "size=2m") as disk,
        Library.open(disk / "library", create=True) as library,
    ):
        library.scan(some)
        for path in sorted(some.iterdir())[::2]:
            path.unlink()
        library.scan(some)
        ballast = disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as f:
            while True:
                f.write(bytes(4096))
        with pytest.raises(LibraryWriteError) as caught:
            library.prune()
        assert any(cause in str(caught.value) for cause in CAUSES)
        assert_rows_are_tracks(library, embeddings)
        assert len(library) == N_FILES
        ballast.unlink()
        assert library.prune() == N_FILES // 2
        assert_rows_are_tracks(library, embeddings)


@pytest.mark.slow
@pytest.mark.parametrize("file_kb", [1, 20, 90, 160, 400])
def test_a_limit_of_a_files_size_is_named_and_loses_nothing(file_kb, music, embeddings, tmp_path):
    library_path = tmp_path / "library"
    _, error, reported = call(scan, music, library_path, file_kb * 1024)
    assert error is not None
    assert error.startswith("LibraryWriteError")
    assert any(cause in error for cause in CAUSES)
    if reported:
        assert assert_whole(library_path, embeddings) == reported
    assert call(scan, music, library_path) == (reported, None, N_FILES)
    assert assert_whole(library_path, embeddings) == N_FILES


# Libraries that may only be read


def set_modes(folder, file_mode, folder_mode):
    for path in (folder, *folder.rglob("*")):
        path.chmod(folder_mode if path.is_dir() else file_mode)


@contextlib.contextmanager
def read_only(folder):
    set_modes(folder, 0o444, 0o555)
    try:
        yield
    finally:
        set_modes(folder, 0o644, 0o755)


def use_read_only(folder, library_path):
    """What a user who may not write gets of a library: counts, and the error of a scan and of a prune."""
    lose_root_rights()
    with Library.open(library_path) as library:
        first = next(iter(library))
        found = {
            "tracks": len(library),
            "vectors": len(library.vectors()[0]),
            "similar": [match.track.path for match in library.similar(first, k=5).matches],
            "search": len(library.tracks.search(first.title)),
            "failures": len(library.failures()),
            "matrices": library.verify(),
        }
        for name, change in (("scan", lambda: library.scan(folder)), ("prune", library.prune)):
            try:
                change()
                found[name] = "done"
            except LibraryWriteError as error:
                found[name] = str(error)
    with Library.open(library_path, create=True) as library:
        assert len(library) == found["tracks"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("with_index", [True, False])
def test_a_read_only_library_can_be_read_and_says_why_it_is_not_written(with_index, music, tmp_path):
    library_path = tmp_path / "library"
    with Library.open(library_path, create=True) as library:
        library.scan(music)
        expected = [match.track.path for match in library.similar(next(iter(library)), k=5).matches]
    if not with_index:
        shutil.rmtree(library_path / "index")
    with read_only(library_path):
        before = {path: path.stat().st_mtime_ns for path in library_path.rglob("*")}
        found = call(use_read_only, music, library_path)
        assert {path: path.stat().st_mtime_ns for path in library_path.rglob("*")} == before
    assert found["similar"] == expected
    assert (found["tracks"], found["vectors"], found["search"]) == (N_FILES, N_FILES, 1)
    assert (found["failures"], found["matrices"]) == (0, 3)
    for name in ("scan", "prune"):
        assert "Permission denied" in found[name]
        assert str(library_path) in found[name]


def scan_until_killed(send, folder, library_path):
    segue.ingest.audio.BATCH_TRACKS = 4
    with Library.open(library_path, create=True) as library:
        send("begun")
        library.scan(folder)
        send("done")
        library.scan(folder)
        send("done")
        os.kill(os.getpid(), 9)


@pytest.fixture
def unfinished(music, tmp_path):
    """A library whose last changes are in SQLite's log only, as its writer was killed."""
    process, _ = start(scan_until_killed, music, tmp_path / "library")
    process.join()
    assert (tmp_path / "library" / "catalog.sqlite-wal").stat().st_size > 0
    return tmp_path / "library"


def test_a_reader_without_write_permission_can_open_a_library_after_a_killed_writer(unfinished, music):
    with read_only(unfinished):
        assert call(use_read_only, music, unfinished)["tracks"] == N_FILES


def count_read_only(library_path):
    lose_root_rights()
    try:
        with Library.open(library_path) as library:
            return len(library)
    except LibraryError as error:
        return f"{type(error).__name__}: {error}"


def test_a_read_only_copy_that_lacks_the_last_changes_says_so(unfinished):
    # Without this file, SQLite needs to write before it can read the log.
    (unfinished / "catalog.sqlite-shm").unlink()
    with read_only(unfinished):
        found = call(count_read_only, unfinished)
    assert found == N_FILES or "LibraryFormatError" in str(found)
    assert call(count_read_only, unfinished) == N_FILES


@pytest.mark.slow
def test_a_library_on_a_disk_mounted_read_only_can_be_read(music, tmp_path):
    with mounted(tmp_path / "disk", "size=4m") as disk:
        assert call(scan, music, disk / "library") == (0, None, N_FILES)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        found = call(use_read_only, music, disk / "library")
        assert (found["tracks"], len(found["similar"]), found["search"]) == (N_FILES, 5, 1)
        assert "Read-only file system" in found["scan"]


def make_library(library_path):
    lose_root_rights()
    try:
        Library.open(library_path, create=True)
    except LibraryError as error:
        return type(error).__name__, str(error)
    return None


def test_a_library_that_cannot_be_made_says_why(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    kind, reason = call(make_library, closed / "library")
    closed.chmod(0o755)
    assert kind == "LibraryWriteError"
    assert "Permission denied" in reason
    assert str(closed / "library") in reason
    (tmp_path / "file").write_text("no folder")
    kind, reason = call(make_library, tmp_path / "file" / "library")
    assert kind == "LibraryWriteError"
    assert "Not a directory" in reason


# Memory

HOURS_3 = 3 * 3600  # s
LONG_SR = 8_000  # Hz


def long_flac(path, duration_s):
    minute = np.tile(melody(3, LONG_SR).mean(axis=1), 20)
    write(path, np.tile(minute, duration_s // 60), LONG_SR)


def long_mp3(path, duration_s):
    """A minute's frames over and over, without the first, which counts the others."""
    write(path, np.tile(melody(3, LONG_SR), (20, 1)), LONG_SR, format="MP3")
    minute = path.read_bytes()
    minute = minute[minute.index(minute[:2], 40) :]
    with path.open("wb") as f:
        for _ in range(duration_s // 60):
            f.write(minute)


def long_m4a(path, duration_s):
    """A minute's packets over and over in a container with a table of all of them."""
    minute = path.with_name("minute.m4a")
    FORMATS["m4a"].make(minute, np.tile(melody(3, LONG_SR), (20, 1)), LONG_SR)
    with av.open(str(minute)) as source, av.open(str(path), "w", format="ipod") as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        packets = [bytes(packet) for packet in source.demux(audio=0) if packet.size]
        n = duration_s * LONG_SR // 1024
        for i in range(n):
            packet = av.Packet(packets[i % len(packets)])
            packet.stream, packet.time_base = stream, Fraction(1, LONG_SR)
            packet.pts = packet.dts = 1024 * i
            packet.duration = 1024
            out.mux(packet)
    minute.unlink()


def peak_of_scan(folder, library_path):
    """(duration in s of the only track, its warning, MB at the peak) of a scan."""
    with Library.open(library_path, create=True) as library:
        report = library.scan(folder)
        assert report.exit_code == 0, report.failures
        (track,) = library
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return track.duration_s, track.warning, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "ending"),
    [
        (long_flac, "flac"),
        (long_mp3, "mp3"),
        (long_m4a, "m4a"),
    ],
    ids=["flac", "mp3", "m4a"],
)
def test_three_hours_take_hardly_more_memory_than_three_minutes(make, ending, tmp_path, record_property):
    peaks = []
    for duration_s in (180, HOURS_3):
        folder = tmp_path / str(duration_s)
        folder.mkdir()
        make(folder / f"long.{ending}", duration_s)
        found_s, warning, peak_mb = call(
            peak_of_scan, folder, tmp_path / f"library {duration_s}", timeout_s=120
        )
        assert found_s == pytest.approx(duration_s, rel=0.01)
        assert warning is None
        peaks.append(peak_mb)
        Path(folder / f"long.{ending}").unlink()
    record_property("peaks_mb", peaks)
    print(f"{ending}: {peaks[0]:.0f} MB for 3 minutes, {peaks[1]:.0f} MB for 3 hours")
    assert peaks[1] < peaks[0] + 150
