"""The command that measures all: each benchmark that it names is there, and its page says what was run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import all as all_benchmarks


def test_every_benchmark_that_is_run_is_there():
    for benchmark in all_benchmarks.BENCHMARKS:
        assert (Path(all_benchmarks.__file__).parent / f"{benchmark.name}.py").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["audioset_import", "index_filters"])
def test_a_benchmark_finds_the_files_beside_it(name: str):
    benchmark = next(one for one in all_benchmarks.BENCHMARKS if one.name == name)
    text, is_well = all_benchmarks.run(benchmark, "--help")
    assert is_well, text


@pytest.mark.slow
def test_the_page_of_measurements_holds_what_was_printed(tmp_path: Path):
    page = tmp_path / "measured.md"
    options = ["--quick", "--music", str(tmp_path / "nowhere"), "--output", str(page)]
    assert all_benchmarks.main([*options, "--only", "start"]) == 0
    text = page.read_text()
    assert "`python -m benchmarks.start FOLDER --turns 3`" in text
    assert "segue similar" in text
    assert "numpy" in text
    assert all_benchmarks.main([*options, "--only", "scan_speed"]) == 1  # there is no music
    assert "(exit status" in page.read_text()
