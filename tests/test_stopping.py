"""Ctrl-C, SIGTERM and SIGHUP end a scan and an import at once, with all that is finished kept."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from segue.ingest.cancel import cancellable
from segue.library import Library
from tests.endless_flac import write_endless_flac
from tests.sounds import clips
from tests.waiting import PATIENCE_S, machine_clock

pty = pytest.importorskip("pty", reason="Windows has neither such terminals nor SIGHUP")
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
N_CLIPS = 4


@pytest.fixture(autouse=True)
def hears_of_hangups():
    """What nohup starts, such as a run of all tests, is deaf to SIGHUP, and its children would be so too."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def told_on_terminal(process, terminal, pattern, then):
    """All that is written to a terminal; ``then`` is called once ``pattern`` stands in it."""
    text = ""
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while part := os.read(terminal, 4096):
            text += part.decode("utf-8", "replace")
            if then and re.search(pattern, text):
                then()
                then = None
    return text


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_one_signal_ends_a_scan_although_a_file_has_no_end(number, tmp_path):
    clips(tmp_path / "music", N_CLIPS)
    for i in range(2):
        write_endless_flac(tmp_path / "music" / f"endless {i}.flac", 300_000)
    options = ["--no-pull", "-e", "descriptors", "-j", "2"]
    command = [sys.executable, "-m", "segue", "-l", str(tmp_path / "library"), "scan", *options]
    terminal, theirs = pty.openpty()  # on a terminal, progress is shown at each file
    wide = os.environ | {"COLUMNS": "200"}
    scan = subprocess.Popen(
        [*command, str(tmp_path / "music")], stdout=subprocess.PIPE, stderr=theirs, text=True, env=wide
    )
    os.close(theirs)
    clocks = []
    with contextlib.ExitStack() as going:

        def stop():
            clocks.append(going.enter_context(machine_clock()))
            scan.send_signal(number)

        err = told_on_terminal(scan, terminal, rf"\b{N_CLIPS} of {N_CLIPS + 2}\b", stop)
        out, _ = scan.communicate(timeout=PATIENCE_S)
    os.close(terminal)
    assert clocks, err
    assert clocks[0]() < 3  # one file takes far longer than that
    assert scan.returncode == 128 + number
    assert f"{N_CLIPS} added" in out
    assert "Traceback" not in err
    with Library.open(tmp_path / "library") as library:
        assert len(library) == N_CLIPS
        library.verify()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_sets_the_flag_once_and_its_handler_comes_back(number):
    before = signal.getsignal(number)
    told = []
    with cancellable(None, told.append) as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
        assert signal.getsignal(number) == before
    assert told == [number]
    assert [signal.getsignal(n) for n in SIGNALS].count(None) == 0
    assert signal.getsignal(number) == before


def test_a_second_ctrl_c_interrupts_at_once():
    with cancellable() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_signal_that_is_ignored_stays_ignored():
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cancellable() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.is_set()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_other_threads_leave_signals_alone():
    found = []

    def look():
        with cancellable() as stop:
            found.append((signal.getsignal(signal.SIGTERM), stop.is_set()))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [(signal.getsignal(signal.SIGTERM), False)]


def test_a_scan_that_is_told_to_stop_before_it_begins_adds_nothing(tmp_path):
    clips(tmp_path / "music", 2)
    stop = threading.Event()
    stop.set()
    with Library.open(tmp_path / "library", create=True) as library:
        report = library.scan(tmp_path / "music", stop=stop)
        assert (report.interrupted, report.exit_code, len(library)) == (True, 130, 0)
