"""Runs the notebooks beside it, and writes what they show now into their files.

    python -m examples.run                  all of them
    python -m examples.run spotify clips    some
    python -m examples.run --check          writes nothing; ends with 1 where a text has changed

Pictures and tables differ from one machine to the next: of them is compared which there are and how large,
and none may be blank.
"""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from examples.pictures import other_pictures, pictures
from tests.sessions import is_alike

HERE = Path(__file__).resolve().parent
NAMES = ("audioset", "spotify", "clips", "databases", "own")
CELL_S = 300  # that a cell may take on a busy machine


def executed(path: Path, home: Path) -> Any:
    """The notebook with the outputs of now; its files are below ``home``. A cell that fails raises."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, 4)
    paths = [str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "SEGUE_PULL": "0", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    for name in ("SEGUE_LIBRARY", "MPLBACKEND"):
        environment.pop(name, None)
    client = NotebookClient(
        notebook, timeout=CELL_S, kernel_name="python3", resources={"metadata": {"path": str(home)}}
    )
    client.execute(env=environment)
    notebook.metadata = {name: notebook.metadata[name] for name in ("kernelspec", "language_info")}
    notebook.metadata["language_info"].pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def printed(notebook: Any) -> list[str]:
    """The lines of text that its cells show, without tables and pictures."""
    lines: list[str] = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            plain = output.get("data", {})
            text = output.get("text", "" if len(plain) != 1 else plain.get("text/plain", ""))
            lines += text.splitlines()
    return lines


def differences(old: list[str], new: list[str]) -> list[str]:
    """What has changed, but for times and the last digits of numbers."""
    if len(old) == len(new):
        new = [a if is_alike(a, b) else b for a, b in zip(old, new, strict=True)]
    return list(difflib.unified_diff(old, new, "kept", "now", lineterm="", n=0))


def main(arguments: list[str]) -> int:
    import nbformat

    check = "--check" in arguments
    changed = 0
    for name in [name for name in arguments if name != "--check"] or NAMES:
        path = HERE / f"{name}.ipynb"
        with tempfile.TemporaryDirectory(prefix="segue-notebook-") as home:
            now = executed(path, Path(home))
        kept = nbformat.read(path, 4)
        found = differences(printed(kept), printed(now)) + other_pictures(kept, now)
        if check and found:
            changed += 1
            print(
                f"{path.name} shows something else now; `python -m examples.run {name}` writes it:",
                *found,
                sep="\n",
            )
        elif not check:
            pictures(now)
            nbformat.write(now, path)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
