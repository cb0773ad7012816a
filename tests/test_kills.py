"""Every command that writes, killed at random moments: all goes on as if nothing had happened."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from segue.files import replacing, replacing_folder
from tests.waiting import run_to_its_end

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        ["--kills", "1"],
        ["--only", "scan", "--kills", "3", "--pause"],
        ["--only", "scan", "--kills", "3", "--clock"],
    ],
    ids=["killed", "paused", "clock jumps"],
)
def test_every_command_that_writes_ends_as_if_nothing_had_happened(how):
    command = [sys.executable, "-m", "benchmarks.kills", *how]
    ended = run_to_its_end(command, ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1].endswith(" 0 wrong")


def test_a_file_takes_away_what_a_killed_writer_of_it_left(tmp_path):
    killed = os.fork()
    if not killed:
        os._exit(0)
    os.waitpid(killed, 0)
    left = tmp_path / f".list.m3u8.{killed}.part"
    at_work = tmp_path / f".list.m3u8.{os.getppid()}.part"
    others = tmp_path / f".other.m3u8.{killed}.part"
    for path in (left, at_work, others):
        path.write_text("half")
    with replacing(tmp_path / "list.m3u8") as part:
        part.write_text("whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([at_work.name, others.name, "list.m3u8"])


def test_a_killed_writer_of_a_folder_leaves_the_old_one_to_the_next(tmp_path):
    """Also where its name has signs that file patterns know, and only what is its own."""
    folder = tmp_path / "my [site] *"
    folder.mkdir()
    (folder / "page").write_text("old")
    others = tmp_path / ".my site.1.part"
    others.mkdir()
    killed = os.fork()
    if not killed:
        with contextlib.suppress(BaseException), replacing_folder(folder) as part:
            (part / "page").write_text("half")
            folder.rename(tmp_path / f".{folder.name}.{os.getpid()}.before")  # as its last but one step
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(killed, 0)
    assert not folder.exists()
    with replacing_folder(folder) as part:
        assert (folder / "page").read_text() == "old"
        (part / "page").write_text("new")
    assert (folder / "page").read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([folder.name, others.name])
