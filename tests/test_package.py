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


def test_completion_offers_what_there_is_and_nothing_else():
    assert dir(segue) == sorted(segue.__all__)


def test_importing_segue_loads_no_decoder():
    code = "import sys, segue; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["segue.index", "segue.annoy", "segue.spec", "segue.sources.contract"])
def test_contracts_and_the_index_load_neither_a_decoder_nor_a_database(module):
    assert not loaded_by(module) & {*DECODERS, "sqlite3", "filelock"}


@pytest.mark.parametrize("module", ["segue.audio", "segue.embed.registry", "segue.library"])
def test_decoders_and_networks_load_when_they_are_needed(module):
    assert not loaded_by(module) & DECODERS


@pytest.mark.parametrize("module", ["segue.sound", "segue.spec"])
def test_sound_and_spec_stand_on_the_ground(module):
    ground = {
        "segue",
        "segue.errors",
        "segue.late",
        "segue.sound",
        "segue.spec",
        "segue.texts",
        "segue.track",
        "segue.version",
    }
    assert {name for name in loaded_by(module) if name.split(".")[0] == "segue"} <= ground


DECODERS = {"av", "soundfile", "soxr", "mutagen", "onnx", "onnxruntime"}


def loaded_by(module: str) -> set[str]:
    """Names of all modules that importing one loads."""
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(run.stdout.split())


# The floors, from the ground up: each room may import those before it. What a source gives is a contract that
# stands on the ground, apart from the sources themselves.
FLOORS = [
    "version", "late", "paths", "texts", "garbage_collection", "advice", "errors", "track", "files",
    "progress", "sound", "spec", "comparable", "sources.contract", "wire",
    "tags", "audio", "embed", "sources", "catalog", "users", "index", "annoy", "views", "recordings",
    "cluster", "plots", "display", "map", "recommend", "ingest", "export", "demo", "library",
    "watch", "doctor", "spark", "serve", "cli",
]  # fmt: skip


def room_of(module: str) -> str:
    """``segue.serve.api.jobs`` is in the room ``serve``."""
    inside = module.removeprefix("segue.")
    return "sources.contract" if inside.startswith("sources.contract") else inside.split(".")[0]


def imports_of(path: Path, *, types: bool = False) -> set[str]:
    """Modules of segue that a file imports when it runs, be it late; with ``types`` also for types only."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if not types and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    names = [f"{node.module}.{alias.name}" for node in froms for alias in node.names]
    names += [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    return {name for name in names if name.startswith("segue.")}


@pytest.mark.slow
def test_imports_point_down():
    source = ROOT / "src"
    for path in source.rglob("*.py"):
        name = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        if room_of(name) not in FLOORS:
            continue
        above = FLOORS[FLOORS.index(room_of(name)) + 1 :]
        assert not [module for module in imports_of(path) if room_of(module) in above], path


@pytest.mark.slow
def test_no_files_import_each_other_in_a_circle():
    source = ROOT / "src"
    names = {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
        for path in source.rglob("*.py")
    }
    graph = {name: importees(name, path, names) for name, path in names.items()}
    while free := [name for name, below in graph.items() if not below & graph.keys()]:
        for name in free:
            del graph[name]
    assert not graph


def importees(name: str, path: Path, names: dict[str, Path]) -> set[str]:
    """The files that a file imports, be it late; of ``segue.x.y`` the file that has it."""
    modules = (packages(module) for module in imports_of(path, types=True))
    files = {next(part for part in reversed(parts) if part in names) for parts in modules}
    inside = {other for other in files if other.startswith(f"{name}.")}  # which __init__ hands on
    return files - inside - set(packages(name))


def packages(name: str) -> list[str]:
    """``a``, ``a.b`` and ``a.b.c`` of ``a.b.c``."""
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def test_no_file_is_longer_than_400_lines():
    files = [path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    files += [
        path for path in (ROOT / "web/src").rglob("*.ts*") if path.name != "types.ts"
    ]  # made by a program
    assert not [path for path in files if path.read_text("utf-8").count("\n") > 400]


# The same inside the service: folders and single files, from the ground up.
SERVE_FLOORS = [
    "settings", "memory", "scratch", "http", "jobs", "clips", "scans", "evaluation", "serializers",
    "similar_cache", "watching", "service", "covers", "seen_playlists", "seeds", "api", "subsonic", "max",
    "shards", "app",
]  # fmt: skip


def test_imports_inside_the_service_point_down():
    serve = ROOT / "src/segue/serve"
    for path in serve.rglob("*.py"):
        if path == serve / "__init__.py":
            continue
        room = path.relative_to(serve).with_suffix("").parts[0]
        inner = (name.split(".") for name in imports_of(path) if name.startswith("segue.serve."))
        above = SERVE_FLOORS[SERVE_FLOORS.index(room) + 1 :]
        assert not [parts for parts in inner if parts[2] in above], path


def test_the_service_and_the_commands_know_only_the_library():
    for room in ("serve", "cli"):
        for path in (ROOT / "src/segue" / room).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            assert not [
                node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "catalog"
            ], path
            modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            modules |= {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
            assert not [name for name in modules if name and name.startswith("segue.catalog")], path


@pytest.mark.slow
def test_nothing_pickles():
    for path in (ROOT / "src").rglob("*.py"):
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not names & {"pickle", "joblib", "dill", "shelve", "marshal"}, path


OF_OTHERS = {"os._exit", "httpx._config"}
OF_NOTEBOOKS = {"_repr_html_", "_repr_svg_"}
PATCHING = {"setattr", "delattr", "getattr", "setitem", "delitem", "patch", "object"}


def is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def private_names(tree: ast.AST) -> list[tuple[int, str]]:
    """Lines and names of what a file takes from others that begins with an underscore."""
    names: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls"):
            if ast.unparse(node) not in OF_OTHERS and node.attr not in OF_NOTEBOOKS:
                names.append((node.lineno, node.attr))
        elif isinstance(node, ast.ImportFrom):
            names += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in PATCHING:
            given = [*node.args[:2], *(keyword.value for keyword in node.keywords)]
            texts = [one.value for one in given if isinstance(one, ast.Constant)]
            names += [(node.lineno, text) for text in texts if isinstance(text, str) and " " not in text]
    return [(line, name) for line, name in names if is_private(name)]


def test_private_names_are_seen():
    code = """
from segue.a import _b
from segue._a import b
import segue._c
x._d = self._own
monkeypatch.setattr(x, "_e", 1)
monkeypatch.setattr(x, name="_f", value=1)
patch("segue.a._g")
getattr(x, "_h")
x._config
x._repr_html_(), x.__version__, os._exit(0)
"""
    names = [name for _, name in private_names(ast.parse(code))]
    expected = "segue.a._b segue._a.b segue._c _d _e _f segue.a._g _h _config"
    assert sorted(names) == sorted(expected.split())


def test_tests_look_at_nothing_private():
    faults = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for line, name in private_names(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not faults


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
    assert "segue/embed/descriptors/prior.json" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests", "benchmarks")) for name in names)
