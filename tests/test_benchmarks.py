"""The command that measures all: what it names takes its arguments, and its page says what was run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import all as all_benchmarks
from benchmarks.all import BENCHMARKS, Benchmark
from benchmarks.compare import figures
from benchmarks.page_tables import Table, is_installed
from tests.conftest import SR, tone
from tests.sounds import write
from tests.waiting import PATIENCE_S, wait_for

ROOT = Path(all_benchmarks.__file__).parents[1]
# Runs a script until it has parsed each list of arguments; of wrong ones, argparse itself ends with 2.
PARSED = 77
PARSE = f"""
import argparse, json, os, runpy, sys
_, name, lists = sys.argv
parse = argparse.ArgumentParser.parse_args
def parse_and_end(self):
    for arguments in json.loads(lists):
        parse(self, arguments)
    os._exit({PARSED})
argparse.ArgumentParser.parse_args = parse_and_end
runpy.run_module(name, run_name="__main__")
"""
WORKS = Benchmark("compare", "What works", "none", "--help", "")
FAILS = Benchmark("radio", "What fails", "none", "many", "")


def ran(benchmarks: Sequence[Benchmark], folder: Path) -> tuple[str, list[str]]:
    """The page that is written, and who failed."""
    page = folder / "measured.md"
    text, wrong = all_benchmarks.measured(benchmarks, "quick", None, folder, page)
    assert page.read_text() == text
    return text, wrong


def test_every_benchmark_that_is_run_is_there():
    for benchmark in BENCHMARKS:
        assert (Path(all_benchmarks.__file__).parent / f"{benchmark.name}.py").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda benchmark: benchmark.name)
def test_every_benchmark_takes_its_arguments(benchmark: Benchmark, tmp_path: Path):
    if absent := [package for package in benchmark.needs if not is_installed(package)]:
        pytest.skip(f"not installed: {absent}")
    given = [
        text.format(music=tmp_path, folder=tmp_path).split() for text in (benchmark.quick, benchmark.full)
    ]
    assert parse_status(benchmark.name, given) == PARSED
    assert parse_status(benchmark.name, [[*given[0], "--no-such-option"]]) == 2


def parse_status(name: str, arguments: list[list[str]]) -> int:
    command = [sys.executable, "-c", PARSE, f"benchmarks.{name}", json.dumps(arguments)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode


@pytest.mark.slow
def test_the_page_holds_what_was_printed_and_says_what_failed(tmp_path: Path):
    text, wrong = ran([FAILS, WORKS], tmp_path)
    assert wrong == ["radio"]
    assert "These failed: radio." in text
    assert "`python -m benchmarks.radio many`" in text
    assert "invalid int value: 'many'" in text
    assert "(exit status 2)" in text
    assert "usage: " in text.split("## What works")[1]
    assert "numpy" in text


@pytest.mark.slow
def test_a_run_of_one_benchmark_is_printed_with_no_path_of_this_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write(tmp_path / "a.wav", tone(440), SR)
    assert all_benchmarks.main(["--quick", "--music", str(tmp_path), "--only", "trace_calls"]) == 0
    text = capsys.readouterr().out
    assert "`python -m benchmarks.trace_calls FOLDER --music MUSIC`" in text
    assert "| `similar(title)`" in text
    assert str(tmp_path) not in text
    assert "/tmp" not in text


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        all_benchmarks.main(["--quick", "--only", "start,stort"])
    assert "no benchmark stort; there are start, " in capsys.readouterr().err


def test_a_benchmark_without_what_it_needs_is_left_out(tmp_path: Path):
    text, wrong = ran([Benchmark("map", "The map", "UMAP", "", "", ("no_such_package",))], tmp_path)
    assert not wrong
    assert "Left out: no_such_package not installed." in text


def test_a_benchmark_that_takes_too_long_is_ended(tmp_path: Path):
    section, ok = all_benchmarks.run(WORKS, "--help", longest_s=0)
    assert not ok
    assert "stopped after" in section


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGINT to a child is Unix's")
def test_ctrl_c_keeps_what_is_done(tmp_path: Path):
    write(tmp_path / "a.wav", tone(440), SR)
    page = tmp_path / "page.md"
    command = [
        sys.executable,
        "benchmarks/all.py",
        "--quick",
        "--music",
        str(tmp_path),
        "--output",
        str(page),
    ]
    with subprocess.Popen(
        [*command, "--only", "trace_calls,serve"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(lambda: page.exists() and "similar(title)" in page.read_text())
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "1 of 2 benchmarks ran" in errors
    assert "failed: serve and what follows" in errors
    assert "1 of 2 benchmarks are done" in page.read_text()


def test_figures_of_two_pages_are_found_by_their_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for name, second in (("old", "2.0"), ("new", "-")):
        print("## Lists\n\nSome 3 words.")
        table = Table("question", "first, ms", "then, ms")
        table.row("a word", 4, second)
        (tmp_path / name).write_text(capsys.readouterr().out)
    first = ("Lists", "a word", "first, ms")
    assert figures(tmp_path / "old") == {first: 4, ("Lists", "a word", "then, ms"): 2}
    assert figures(tmp_path / "new") == {first: 4}


def test_a_comparison_shows_what_differs_much(tmp_path: Path):
    head = "## Lists\n\n| question | ms |\n|---|---:|\n"
    (tmp_path / "old.md").write_text(f"{head}| a word | 4 |\n| two words | 10 |\n| three | 1 |\n")
    (tmp_path / "new.md").write_text(f"{head}| a word | 8 |\n| two words | 11 |\n")
    command = [sys.executable, "-m", "benchmarks.compare", str(tmp_path / "old.md"), str(tmp_path / "new.md")]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "Lists: a word" in out
    assert "2.00" in out
    assert "two words" not in out
    assert "1 of 2 figures differ by a factor of more than 1.25; 1 are on one page only." in out
