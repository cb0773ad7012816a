"""Files for other programs replace files, and nothing else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from segue.errors import UsageError
from segue.files import replacing, replacing_folder
from segue.index import Index

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes with names")


def write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, "utf-8")


def test_a_pipe_is_written_to_and_stays(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    write(pipe, "all of it")
    reader.join()
    assert read == ["all of it"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("device", ["/dev/null", "/dev/stdout", "/dev/fd/1"])
def test_devices_stay_as_they_are(scanned: Path, device: str):
    before = os.lstat(device)
    command = [sys.executable, "-m", "segue", "-l", str(scanned), "export", "--format", "csv", "-o", device]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (os.lstat(device).st_mode, os.lstat(device).st_ino) == (before.st_mode, before.st_ino)
    assert done.stdout.startswith("id,path,title") == (device != "/dev/null")


def test_an_index_does_not_take_the_place_of_a_pipe(tmp_path: Path, rng):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=pipe.read_bytes)
    reader.start()
    Index.build(rng.standard_normal((20, 4), np.float32)).save(pipe)
    reader.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_leads_to_the_new_file(tmp_path: Path, there: bool):
    (tmp_path / "far").mkdir()
    file, link = tmp_path / "far" / "file.csv", tmp_path / "link.csv"
    if there:
        file.write_text("before", "utf-8")
    link.symlink_to(file)
    write(link, "after")
    assert link.is_symlink()
    assert file.read_text("utf-8") == "after"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="needs Linux's folder in memory")
def test_a_file_in_memory_is_replaced_and_not_written_over(rng):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path, rows = Path(folder) / "index", rng.standard_normal((300, 4), np.float32)
        Index.build(rows).save(path)
        opened, before = Index.open(path), path.stat().st_ino
        Index.build(rows[:2]).save(path)
        assert path.stat().st_ino != before
        np.testing.assert_array_equal(opened.vectors, rows)  # of the file that was mapped


def test_a_linked_folder_is_replaced_where_it_is(tmp_path: Path):
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    (folder / "old").touch()
    link.symlink_to(folder)
    with replacing_folder(link) as part:
        (part / "new").touch()
    assert link.is_symlink()
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link"]


def test_a_folder_is_no_place_for_a_file(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path, "text")


def test_two_writers_of_one_file_do_not_write_into_each_other(tmp_path: Path):
    target = tmp_path / "a.txt"
    with replacing(target) as one, replacing(target) as other:
        one.write_text("one")
        other.write_text("other")
    assert target.read_text() == "one"  # which was through last
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_two_writers_of_one_folder_leave_a_whole_one(tmp_path: Path):
    target = tmp_path / "copy"
    with replacing_folder(target) as one, replacing_folder(target) as other:
        (one / "one").touch()
        (other / "other").touch()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["copy", "copy/one"]


def test_what_killed_second_writers_left_is_swept(tmp_path: Path):
    gone = 2**22 + 1  # larger than the number of any process
    (tmp_path / f".a.txt.w1.{gone}.part").touch()
    (tmp_path / f".copy.w1.{gone}.part").mkdir()
    with replacing(tmp_path / "a.txt") as part:
        part.touch()
    with replacing_folder(tmp_path / "copy"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "copy"]
