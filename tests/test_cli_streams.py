"""What the command does where its stdin, stdout or stderr is closed, or cannot be written to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from segue.library import Library

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full and a shell")


def shell(line: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What a shell answers; "$@" in ``line`` is the command with its arguments."""
    command = [sys.executable, "-m", "segue", *(str(argument) for argument in arguments)]
    return subprocess.run(["sh", "-c", line, "sh", *command], capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", [["albums"], ["export", "--format", "csv"], ["info", "--json"], ["--help"]], ids="-".join
)
def test_an_output_that_cannot_be_written_is_told_in_one_line(
    scanned: Path, arguments, unbuffered, monkeypatch
):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = shell('"$@" > /dev/full', "-l", scanned, *arguments)
    assert done.stderr == "segue: the output could not be written: No space left on device\n"
    assert done.returncode == 1


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_gets_no_complaint(scanned: Path):
    done = shell('"$@" | sh -c "exec 0<&-"', "-l", scanned, "export", "--format", "csv")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_end_no_command(folder: Path, tmp_path: Path, closed: str):
    broken = folder / "broken.mp3"
    broken.write_bytes(b"ID3" + bytes(4000))
    done = shell(f'"$@" {closed}', "-l", tmp_path / "library", "scan", "--no-pull", folder)
    assert done.returncode == 1, done.stderr  # as one file is broken
    assert "Traceback" not in done.stderr
    with Library.open(tmp_path / "library") as library:
        assert not library.check().faults
        assert len(library) == len(list(folder.iterdir())) - 1


@pytest.mark.slow
def test_a_log_on_a_full_disk_ends_no_scan(folder: Path, tmp_path: Path):
    (folder / "broken.mp3").write_bytes(b"ID3" + bytes(4000))
    done = shell('"$@" 2> /dev/full', "-l", tmp_path / "library", "scan", "--no-pull", folder)
    assert done.returncode == 1
    assert done.stdout.endswith(f"library: {tmp_path / 'library'}\n") or "x real time" in done.stdout
