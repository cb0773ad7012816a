"""The notebooks of ``examples/`` run, and show what is kept in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples import run
from tests.mongo_server import command_of

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
KEPT_BYTES = 400_000  # of a notebook in git


def cells_of(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["cells"]
    return cells


def test_each_notebook_is_run_and_has_its_page():
    assert {path.stem for path in NOTEBOOKS} == set(run.NAMES)
    for name in run.NAMES:
        page = (ROOT / f"docs/stories/{name}.md").read_text("utf-8")
        assert f"(../../examples/{name}.ipynb)" in page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_is_kept_with_its_outputs_and_is_small(path: Path):
    outputs = [output for cell in cells_of(path) for output in cell.get("outputs", ())]
    code = [cell for cell in cells_of(path) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert outputs
    assert not [
        output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    assert path.stat().st_size < KEPT_BYTES


def needs(name: str) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    if name == "databases":
        pytest.importorskip("pysail")
        if command_of("nx-27017") is None:
            pytest.skip("the package nx-27017 is not installed")


@pytest.mark.slow
@pytest.mark.parametrize("name", run.NAMES)
def test_each_notebook_runs_and_prints_what_is_kept(name: str):
    needs(name)
    command = [sys.executable, "-m", "examples.run", "--check", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_other_texts_are_told_and_other_times_are_not():
    kept = ["0.52 near", "took 1.2 s", "a"]
    assert run.differences(kept, ["0.53 near", "took 3.4 s", "a"]) == []
    assert run.differences(kept, ["0.72 near", "took 1.2 s", "a"])[-2:] == ["-0.52 near", "+0.72 near"]
    assert "+b" in run.differences(kept, [*kept, "b"])


@pytest.mark.slow
def test_a_cell_that_fails_ends_the_run(tmp_path: Path):
    needs("own")
    import nbformat

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("raise ValueError('of the notebook')")],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        },
    )
    nbformat.write(notebook, tmp_path / "bad.ipynb")
    code = "import sys; from pathlib import Path; from examples.run import executed; "
    code += "executed(Path(sys.argv[1]) / 'bad.ipynb', Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "of the notebook" in done.stderr
