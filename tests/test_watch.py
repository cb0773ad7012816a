"""Folders that are followed: what is added, replaced, tagged, moved, removed or left out there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mutagen.id3 import TIT2
from mutagen.wave import WAVE

from segue.ingest.report import Report
from segue.library import Library
from segue.serve.jobs import ENDED, Jobs
from segue.serve.scans import queue_changes
from segue.watch import Watcher, settling
from segue.watch.changed import ChangedPlaces
from segue.watch.mounts import is_remote, mounts_below
from segue.watch.notices import Polling
from segue.watch.settling import Settling
from tests.serve_process import Server, serving
from tests.sounds import clip
from tests.waiting import PATIENCE_S, machine_clock, wait_for

pytestmark = pytest.mark.slow

SETTLE_S = 0.3
SETTLED_S = 4.0  # when a service has surely tried to scan what was added


class Clock:
    """By which files settle: it may be held while a test writes, so no pause of the machine lets them."""

    def __init__(self) -> None:
        self._held: float | None = None

    def monotonic(self) -> float:
        return time.monotonic() if self._held is None else self._held

    @contextlib.contextmanager
    def held(self) -> Iterator[Callable[[float], None]]:
        """Only what is called with some seconds lets them go by."""

        def go_on(s: float) -> None:
            assert self._held is not None
            self._held += s

        self._held = time.monotonic()
        yield go_on
        self._held = None


class Followed:
    """A library whose folder is followed by a thread."""

    def __init__(self, library: Library, music: Path, poll_s: float | None) -> None:
        self.library, self.music = library, music
        self.stop = threading.Event()
        self.reports: list[Report] = []
        self.clock = Clock()
        self.watcher = Watcher(library, lambda: [str(music)], self._scan, settle_s=SETTLE_S, poll_s=poll_s)
        self.watcher.start(self.stop)
        self.thread = threading.Thread(target=self.watcher.run)
        self.thread.start()

    def _scan(self, source: ChangedPlaces) -> float:
        report = self.library.import_from(source, jobs=1, stop=self.stop)
        self.reports.append(report)
        return 0.0

    def sees(self, condition: Callable[[], object]) -> None:
        wait_for(lambda: condition() or None)

    def titles(self) -> list[str]:
        return sorted(track.title for track in self.library if track.missing_since is None)

    def total(self, count: str) -> int:
        return sum(getattr(report, count) for report in list(self.reports))


@pytest.fixture(params=[None, 0.2], ids=["notices", "polling"])
def followed(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Followed]:
    music = tmp_path / "music"
    for i in range(3):
        song(music / "Album" / f"{i}.wav", 300 + 100 * i, f"Song {i}")
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(music)
        run = Followed(library, music, request.param)
        monkeypatch.setattr(settling, "time", run.clock)
        run.sees(lambda: run.reports)  # of a look at all of the folder
        yield run
        run.stop.set()
        run.thread.join(PATIENCE_S)
        assert not run.thread.is_alive()


def song(path: Path, hz: float, title: str) -> Path:
    """A file that is whole and has its title at once, however long the machine stands still meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}")  # nobody looks at those
    clip(part, hz)
    return retitle(part, title).replace(path)


def retitle(path: Path, title: str) -> Path:
    file = WAVE(path)
    if file.tags is None:
        file.add_tags()
    file.tags["TIT2"] = TIT2(text=[title])
    file.save()
    return path


def test_what_happens_to_files_is_seen(followed: Followed, tmp_path: Path):
    music, ids = followed.music, {track.title: track.id for track in followed.library}
    song(music / "New" / "new.wav", 900, "New")
    followed.sees(lambda: "New" in followed.titles())
    with followed.clock.held():
        retitle(music / "Album" / "0.wav", "Other")
    followed.sees(lambda: "Other" in followed.titles())
    shutil.move(music / "Album", music / "Moved")
    followed.sees(lambda: followed.total("moved") == 3)
    assert {track.title: track.id for track in followed.library}["Song 1"] == ids["Song 1"]
    song(tmp_path / "replacement.wav", 1500, "Replaced").replace(music / "Moved" / "1.wav")
    followed.sees(lambda: "Replaced" in followed.titles())
    shutil.move(music / "Moved" / "2.wav", tmp_path / "2.wav")
    followed.sees(lambda: "Song 2" not in followed.titles())
    shutil.move(tmp_path / "2.wav", music / "Moved" / "2.wav")
    followed.sees(lambda: "Song 2" in followed.titles())
    assert followed.titles() == ["New", "Other", "Replaced", "Song 2"]
    assert (followed.total("added"), followed.total("retagged"), followed.total("changed")) == (1, 1, 1)
    assert followed.total("failed") == 0


def test_what_is_left_out_of_scans_is_left_out(followed: Followed):
    music = followed.music
    followed.library.exclude(music, ["Skits/"])
    (music / "Quiet").mkdir()
    (music / "Quiet" / ".nomedia").touch()
    for folder in ("Skits", "Quiet", "#recycle", ".hidden"):
        song(music / folder / "x.wav", 700, "Left out")
    song(music / "Heard" / "y.wav", 800, "Heard")
    followed.sees(lambda: "Heard" in followed.titles())
    assert "Left out" not in followed.titles()
    (music / "Quiet" / ".nomedia").unlink()
    song(music / "Heard" / "again.wav", 850, "Again")
    followed.sees(lambda: {"Left out", "Again"} <= set(followed.titles()))
    assert followed.titles().count("Left out") == 1


def test_a_folder_that_goes_as_a_whole_is_away_and_comes_back(followed: Followed, tmp_path: Path):
    music = followed.music
    shutil.move(music, tmp_path / "unplugged")
    followed.sees(lambda: not followed.titles())
    assert {track.away for track in followed.library.missing()} == {str(music)}
    assert followed.total("newly_missing") == 0
    shutil.move(tmp_path / "unplugged", music)
    followed.sees(lambda: len(followed.titles()) == 3)
    song(music / "Album" / "later.wav", 950, "Later")
    followed.sees(lambda: followed.total("added") == 1)
    assert (followed.total("found_again"), followed.total("changed")) == (3, 0)


def test_a_file_is_scanned_once_it_is_whole(followed: Followed, tmp_path: Path):
    whole = song(tmp_path / "whole.wav", 640, "Whole").read_bytes()
    path = followed.music / "Album" / "copied.wav"
    step = len(whole) // 40
    with path.open("wb", buffering=0) as f, followed.clock.held() as go_on:
        for start in range(0, len(whole), step):
            f.write(whole[start : start + step])
            go_on(SETTLE_S / 8)
            assert "Whole" not in followed.titles()
            followed.stop.wait(SETTLE_S / 8)  # as a slow disk does
    followed.sees(lambda: followed.total("added"))
    assert "Whole" in followed.titles()
    assert (followed.total("added"), followed.total("changed"), followed.total("failed")) == (1, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_whose_name_is_no_text_is_seen(followed: Followed, tmp_path: Path):
    song(tmp_path / "named.wav", 720, "Odd").rename(followed.music / os.fsdecode(b"caf\xe9.wav"))
    followed.sees(lambda: "Odd" in followed.titles())
    song(followed.music / "Album" / "next.wav", 760, "Next")
    followed.sees(lambda: "Next" in followed.titles())
    assert {"Odd", "Next"} <= set(followed.titles())


def test_paths_settle_when_nothing_more_happens_to_them(tmp_path: Path):
    file, gone = tmp_path / "a.wav", tmp_path / "gone"
    file.write_bytes(b"1")
    settling = Settling(0.0)
    settling.note([str(file), str(gone)])
    file.write_bytes(b"12")
    assert settling.take() == {str(gone)}, "the file has grown since"
    assert settling.take() == {str(file)}
    assert settling.take() == set()


def test_what_moves_while_folders_are_listed_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = song(tmp_path / "Album" / "1.wav", 300, "Song")
    list_folder, looks = os.scandir, []

    def move_after_listing(folder: str) -> contextlib.AbstractContextManager[object]:
        entries = list(list_folder(folder))
        looks.append(folder)
        if looks.count(str(tmp_path)) == 2:
            (tmp_path / "Album").rename(tmp_path / "Moved")
        return contextlib.nullcontext(entries)

    monkeypatch.setattr(os, "scandir", move_after_listing)
    polling = Polling([str(tmp_path)], 0.5, {})
    try:
        assert wait_for(lambda: polling.take(0.001)) == {str(path), str(tmp_path / "Moved" / "1.wav")}
    finally:
        polling.close()


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux's own list")
def test_the_systems_own_folders_are_on_this_machine():
    assert "/proc" in mounts_below(["/"])
    assert not is_remote("/proc")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_scans_follows_and_ends_at_once(tmp_path: Path, number: int):
    song(tmp_path / "music" / "first.wav", 300, "First")
    command = [sys.executable, "-u", "-m", "segue", "-l", tmp_path / "library", "watch", tmp_path / "music"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline().startswith("1 added")
    for line in process.stderr:
        if line.startswith("watching"):
            break
    song(tmp_path / "music" / "second.wav", 500, "Second")
    lines = iter(process.stdout.readline, "")
    # On an idle machine the first file is looked at once more at the same time.
    assert any(line.endswith("  1 added: music/second.wav\n") for line in lines)
    for i in range(3):
        song(tmp_path / "new" / f"{i}.wav", 600 + 100 * i, f"New {i}")
    (tmp_path / "new").rename(tmp_path / "music" / "new")
    (tmp_path / "music" / "second.wav").unlink()
    told = [next(lines)[10:], next(lines)[10:]]
    assert sorted(told) == [
        "1 gone missing: music/second.wav\n",
        "3 added: music/new/0.wav, music/new/1.wav and 1 more\n",
    ]
    with machine_clock() as elapsed:
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert elapsed() < 3, "1 s on an idle machine"
    assert (process.returncode, errors) == (0, "")


def test_the_command_names_what_to_do_where_nothing_was_scanned(tmp_path: Path):
    Library.open(tmp_path / "library", create=True).close()
    command = [sys.executable, "-m", "segue", "-l", tmp_path / "library", "watch"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 2
    assert "no folder was scanned yet; to begin: segue" in run.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service_follows_when_the_library_says_so(tmp_path: Path, workers: int):
    song(tmp_path / "music" / "first.wav", 300, "First")
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
    arguments = ("-l", tmp_path / "library", "serve", "--no-open", "--port", 0, "--workers", workers)
    with serving(*arguments) as server:
        assert server.get("/settings")["watch_now"] is False
        assert server.api("PUT", "/settings", json={"watch": True}).json()["watch_now"] is True
        song(tmp_path / "music" / "second.wav", 500, "Second")
        wait_for(lambda: server.get("/library")["tracks"] == 2 or None)
        kinds = {job["kind"] for job in server.get("/jobs")["jobs"]}
        assert kinds == {"scan"}


def test_a_service_waits_for_another_process_that_writes(tmp_path: Path):
    song(tmp_path / "music" / "first.wav", 300, "First")
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
        with serving("-l", library.path, "serve", "--no-open", "--port", 0, "--watch") as server:
            wait_for(lambda: states(server) == {"done"} or None)
            with library.catalog.writing():
                added = song(tmp_path / "music" / "second.wav", 500, "Second").stat().st_mtime
                wait_for(lambda: time.time() - added > SETTLED_S or None)
                assert server.get("/library")["tracks"] == 1
            wait_for(lambda: server.get("/library")["tracks"] == 2 or None)
            wait_for(lambda: states(server) == {"done"} or None)


def test_changes_wait_for_who_begins_to_write_at_the_same_moment(tmp_path: Path):
    music = song(tmp_path / "music" / "first.wav", 300, "First").parent
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(music)
        song(music / "second.wav", 500, "Second")
        jobs = Jobs(tmp_path / "jobs", library)
        with Library.open(library.path) as other, other.catalog.writing():
            job = queue_changes(jobs, library, ChangedPlaces([str(music)], [str(music)], [], exclude={}))
            wait_for(lambda: job.state == "failed" or "another Segue is writing" in job.message)
        wait_for(lambda: job.state in ENDED)
        assert (job.state, len(library)) == ("done", 2)
        jobs.close()


def states(server: Server) -> set[str]:
    return {job["state"] for job in server.get("/jobs")["jobs"]}


def test_a_service_follows_when_it_was_started_so(tmp_path: Path):
    song(tmp_path / "music" / "first.wav", 300, "First")
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
    song(tmp_path / "music" / "before.wav", 400, "Added before the start")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0, "--watch") as server:
        wait_for(lambda: server.get("/library")["tracks"] == 2 or None)
        answer = server.api("PUT", "/settings", json={"watch": False}).json()
        assert (answer["watch"], answer["watch_now"]) == (False, True)
        (tmp_path / "music" / "before.wav").unlink()
        wait_for(lambda: server.get("/library")["missing"] == 1 or None)


def test_without_folders_the_command_follows_those_that_the_library_has(tmp_path: Path):
    for name in ("kept", "removed"):
        song(tmp_path / name / "first.wav", 300 + 10 * len(name), name)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan([tmp_path / "kept", tmp_path / "removed"])
        command = [sys.executable, "-u", "-m", "segue", "-l", library.path, "watch"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stderr
        assert any(line.startswith("watching") for line in iter(process.stderr.readline, ""))
        library.remove_folder(tmp_path / "removed")
        song(tmp_path / "removed" / "second.wav", 500, "Not wanted")
        song(tmp_path / "kept" / "second.wav", 600, "Wanted")
        wait_for(lambda: any(track.title == "Wanted" for track in library) or None)
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, errors) == (0, "")
        assert [track.title for track in library] == ["kept", "Wanted"]
