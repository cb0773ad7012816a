"""A file that kills the process of a scan is tried apart by the next one, and listed if it kills again."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path

import pytest

from segue.audio.isolated import refuse_crashing
from segue.audio.limits import DecodingStoppedError
from segue.errors import DamagedAudioError
from segue.ingest.in_progress import FOLDER
from segue.library import Library
from tests.endless_flac import write_endless_flac
from tests.following import Telling
from tests.sounds import clips, start
from tests.waiting import wait_for

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="finds children as Linux lists them"
)


@pytest.fixture
def music(tmp_path):
    """Three good files, and one that takes long enough for a process to be killed at it."""
    clips(tmp_path / "music", 3)
    write_endless_flac(tmp_path / "music" / "endless.flac", 300_000)
    return tmp_path / "music"


def scan(send, folder, library_path):
    with Library.open(library_path, create=True) as library:
        library.scan(folder, progress=Telling(send, "done"), jobs=1)
        send([(failure.kind, failure.reason) for failure in library.failures()])


def child_of(pid):
    """A process that the process has started, but for Python's own helpers."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread or a process that has just ended
            for child in (thread / "children").read_text().split():
                if b"isolated" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
    return None


@needs_proc
@pytest.mark.slow
def test_a_file_that_kills_the_process_twice_is_listed_and_the_others_are_kept(music, tmp_path):
    library_path = tmp_path / "library"
    process, receiver = start(scan, music, library_path)
    told = wait_for(lambda: _told(library_path, "endless"))
    process.kill()
    process.join()
    assert told == os.fsencode(music / "endless.flac")
    process, receiver = start(scan, music, library_path)
    os.kill(wait_for(lambda: child_of(process.pid)), signal.SIGSEGV)
    while (told := receiver.recv()) == "done":
        pass
    process.join()
    assert told == [("damaged", "crashed the decoder (SIGSEGV)")]
    with Library.open(library_path) as library:
        assert len(library) == 3
    assert not (library_path / FOLDER).exists()


def _told(library_path, name):
    for path in (library_path / FOLDER).glob("*"):
        with contextlib.suppress(OSError):  # a note of a file that is done
            if name.encode() in (told := path.read_bytes()):
                return told
    return None


def test_files_that_a_killed_scan_was_at_work_on_by_chance_are_added(tmp_path):
    paths = clips(tmp_path / "music", 3)
    with Library.open(tmp_path / "library", create=True) as library:
        folder = library.path / FOLDER
        folder.mkdir()
        (folder / "1").write_bytes(os.fsencode(paths[1]))
        (folder / "2").write_bytes(b"")
        report = library.scan(tmp_path / "music")
        assert (report.added, report.failed) == (3, 0)
        assert not folder.exists()


def test_a_broken_file_that_crashes_nothing_keeps_its_own_reason(tmp_path):
    path = tmp_path / "text.flac"
    path.write_text("no sound")
    assert refuse_crashing(str(path), threading.Event()) is None


def test_the_trial_ends_when_the_scan_is_stopped(tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(DecodingStoppedError):
        refuse_crashing(str(write_endless_flac(tmp_path / "endless.flac", 300_000)), stop)


@needs_proc
def test_a_process_that_dies_says_by_which_signal(tmp_path):
    path = str(write_endless_flac(tmp_path / "endless.flac", 300_000))
    killer = threading.Thread(target=lambda: os.kill(wait_for(lambda: child_of(os.getpid())), signal.SIGABRT))
    killer.start()
    with pytest.raises(DamagedAudioError, match=r"crashed the decoder \(SIGABRT\)"):
        refuse_crashing(path, threading.Event())
    killer.join()
