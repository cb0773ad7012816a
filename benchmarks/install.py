"""What an installation takes: ``python benchmarks/install.py`` sets Segue up in a copy, as a newcomer does.

It runs ``python3 start.py`` there, and prints the time until the first recommendation is shown, the size of
the environment, and that of its largest packages. It needs the network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "player", "site", "dist", "*_cache", "__pycache__"
)


def packages(name: str = "segue") -> dict[str, int]:
    """Each package that Segue needs, with the bytes of its files as they are delivered, uncompiled."""
    sizes: dict[str, int] = {}

    def add(name: str) -> None:
        if canonicalize_name(name) in sizes:
            return
        found = distribution(name)
        sizes[canonicalize_name(name)] = _size(found)
        for text in found.requires or ():
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                add(wanted.name)

    add(name)
    return sizes


def _size(package: Distribution) -> int:
    files = (Path(str(file.locate())) for file in package.files or () if file.suffix != ".pyc")
    return sum(file.stat().st_size for file in files if file.is_file())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "segue"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        env = os.environ | {"XDG_DATA_HOME": folder, "PYTHONUNBUFFERED": "1"}
        env.pop("PYTHONPATH", None)
        started = time.monotonic()
        command = [sys.executable, "start.py"]
        with subprocess.Popen(command, cwd=copy, env=env, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            for line in run.stdout:
                if "score" in line:
                    print(f"{time.monotonic() - started:.0f} s to the first recommendation")
                    break
            run.stdout.read()
        used = int(subprocess.check_output(["du", "-sm", copy / ".venv"], text=True).split()[0])
        print(f"{used} MB (2^20 bytes) on disk, with pip and what Python has compiled")
    for name, size in sorted(packages().items(), key=lambda item: -item[1])[:8]:
        print(f"{size / 1e6:7.1f} MB (10^6 bytes)  {name}")
    print(f"{sum(packages().values()) / 1e6:7.1f} MB in all")


if __name__ == "__main__":
    main()
