"""Processor time of commands from start to end, beside what Python, click, NumPy and Faiss take alone.

Modules are compiled first, as they are after any first run. The processes take turns, so that what else the
machine does meets all of them alike.

Usage: python -m benchmarks.start FOLDER [--tracks 1000] [--turns 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from catalog_speed import MadeLibrary
from page_tables import Table

from segue import Library


def cpu_s(command: list[str], environment: dict[str, str]) -> float:
    """User and system time of a process. Raises CalledProcessError."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    path = options.folder / f"start-{options.tracks}"
    if not path.exists():
        with Library.open(path, create=True) as library:
            library.import_from(MadeLibrary(options.tracks))
    with Library.open(path) as library:
        title = next(iter(library)).title
    python = [sys.executable, "-c"]
    segue = [sys.executable, "-m", "segue", "-l", str(path)]
    commands = {
        "python -c pass": [*python, "pass"],
        "import click": [*python, "import click"],
        "import numpy": [*python, "import numpy"],
        "import click, sqlite3, numpy": [*python, "import click, sqlite3, numpy"],
        "import faiss": [*python, "import faiss"],
        "segue --help": [*segue[:3], "--help"],
        "segue info": [*segue, "info"],
        "segue search TITLE": [*segue, "search", title],
        "segue similar TITLE": [*segue, "similar", title],
    }
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(options.folder / "compiled")
    for command in commands.values():
        cpu_s(command, environment)
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(options.turns):
        for name, command in commands.items():
            times[name].append(cpu_s(command, environment))
    print(f"{options.tracks} imported tracks; processor time in s, {options.turns} turns. Less is better.")
    table = Table("", "median", "least", "most", first=30)
    for name, own in times.items():
        table.row(f"`{name}`", *(f"{count(own):.3f}" for count in (statistics.median, min, max)))


if __name__ == "__main__":
    main()
