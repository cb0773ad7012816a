from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import segue

ROOT = Path(__file__).resolve().parents[1]


def test_every_public_name_is_there():
    for name in segue.__all__:
        assert getattr(segue, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = segue.nothing


def test_importing_segue_loads_no_decoder():
    code = "import sys, segue; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Each room may import those before it; the library joins them, the command is last. Sources that are no files
# speak in records of the catalog and say how they are compared, so they come after both.
ORDER = [
    "errors", "track", "files", "wire", "audio", "embed", "catalog", "index", "sources", "annoy", "cluster",
    "recommend", "map", "plots", "evaluate", "playlist", "export", "demo", "library", "serve", "cli",
]  # fmt: skip


def test_imports_point_one_way():
    source = ROOT / "src" / "segue"
    for path in source.rglob("*.py"):
        room = path.relative_to(source).parts[0].removesuffix(".py")
        if room not in ORDER:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.startswith("segue."):
                other = module.split(".")[1]
                assert ORDER.index(other) <= ORDER.index(room) or _only_for_types(path, node), (path, module)


def _only_for_types(path: Path, node: ast.ImportFrom) -> bool:
    line = path.read_text("utf-8").splitlines()[node.lineno - 1]
    return line.startswith("    ") and "TYPE_CHECKING:" in path.read_text("utf-8")


def test_nothing_pickles():
    for path in (ROOT / "src").rglob("*.py"):
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not names & {"pickle", "joblib", "dill", "shelve", "marshal"}, path


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_its_data(tmp_path: Path):
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("segue-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "segue/py.typed" in names
    assert "segue/embed/descriptors/typical.json" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests", "benchmarks")) for name in names)
