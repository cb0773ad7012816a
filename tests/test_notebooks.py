"""The notebooks of ``examples/`` run, and show what is kept in them."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from examples import run
from examples.pictures import other_pictures, pictures
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_picture_that_is_kept_is_blank(path: Path):
    kept = json.loads(path.read_text("utf-8"))
    found = pictures(kept)
    assert found
    assert other_pictures(kept, kept) == []
    assert all(min(sizes.values()) > 300 for what, sizes in found if "picture" in what)


def test_a_blank_a_lost_and_a_smaller_picture_are_told():
    drawn, small, blank = (notebook_with(image) for image in (stripes(200), stripes(100), stripes(200) * 0))
    assert other_pictures(drawn, drawn) == []
    assert other_pictures(drawn, small) == [
        "cell 1: picture has width 100, not 200", "cell 1: picture has height 100, not 200",
    ]  # fmt: skip
    assert other_pictures(drawn, blank) == ["a picture of 200 x 200 pixels is blank"]
    nothing = {"cells": [{"outputs": []}]}
    assert other_pictures(drawn, nothing) == ["kept: ['cell 1: picture']", "now: []"]
    chart = '<svg viewBox="0 0 90 90">' + "<rect/><text>a</text>" * 10 + "</svg>"
    drawing, empty = (
        {"cells": [{"outputs": [{"data": {"image/svg+xml": text}}]}]} for text in (chart, "<svg/>")
    )
    assert other_pictures(drawing, drawing) == []
    assert other_pictures(drawing, empty) == ["a drawing is blank: <svg/>"]


def stripes(size: int) -> np.ndarray:
    """uint8 (size, size, 3)"""
    return np.tile(np.arange(size, dtype=np.uint8)[:, None, None] // 20 * 20, (1, size, 3))


def notebook_with(image: np.ndarray) -> dict[str, Any]:
    out = io.BytesIO()
    with av.open(out, "w", format="image2pipe") as target:
        stream = target.add_stream("png", rate=1)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "rgb24"
        target.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        target.mux(stream.encode(None))
    return {"cells": [{"outputs": [{"data": {"image/png": base64.b64encode(out.getvalue()).decode()}}]}]}


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
