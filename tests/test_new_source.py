"""The source that others are to begin from keeps the contract, and runs as it says."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source_contract import Make, SourceContract

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "new_source.py"


def load_example():
    spec = importlib.util.spec_from_file_location("new_source", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_lines(path: Path, n: int) -> Path:
    tracks = [
        {"id": f"a{i}", "title": f"Song {i}", "artist": "Ada", "vector": [i, 1.0, -i, 2.0]} for i in range(n)
    ]
    bad = '{"id": "bad", "vector": [1.0]}'
    path.write_text("\n".join([bad, *map(json.dumps, tracks)]) + "\n", "utf-8")
    return path


class TestJsonLines(SourceContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        module = load_example()
        return lambda n: module.JsonLines(write_lines(tmp_path / "tracks.jsonl", n), dim=4)


@pytest.mark.slow
def test_the_example_runs_as_a_program(tmp_path: Path):
    file = tmp_path / "tracks.jsonl"
    file.write_text('{"id": "a", "vector": [1, 2]}\n{"id": "b", "vector": [2, 1]}\n', "utf-8")
    command = [sys.executable, str(EXAMPLE), str(file), str(tmp_path / "library")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "2 added\n"


@pytest.mark.slow
def test_the_example_says_what_it_takes():
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "usage: python examples/new_source.py FILE.jsonl LIBRARY\n"
