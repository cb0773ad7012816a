"""Checks of the machine: Python, memory, space, limits, clock, proxies."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from segue.advice import command, data_folder
from segue.doctor.finding import Check, Finding
from segue.version import __version__

_LEAST_PYTHON = (3, 11)
_LEAST_MEMORY = 500e6  # bytes
_LEAST_SPACE, _FULL = 1e9, 50e6  # bytes
_LEAST_FILES = 1024  # that may be open
_MEMORY = Path("/proc/meminfo")
_PORT = 8765
_WAIT_S = 1.0  # for a proxy


def python(_: Path) -> Finding:
    """Whether this Python is new enough."""
    text = (
        f"Segue {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    if sys.version_info < _LEAST_PYTHON:
        return Finding("python", "fault", text, "install Python 3.11 or newer")
    return Finding("python", "ok", text)


def memory(_: Path) -> Finding:
    """How much memory is free."""
    free = _free_memory()
    if free is None:
        return Finding("memory", "ok", f"{os.cpu_count()} cores; free memory is not known here")
    text = f"{free / 1e9:.1f} GB free, {os.cpu_count()} cores"
    if free < _LEAST_MEMORY:
        return Finding("memory", "warning", text, f"scan with fewer threads: {command('scan -j 1 FOLDER')}")
    return Finding("memory", "ok", text)


def _free_memory() -> float | None:
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text("ascii").splitlines())
        return float(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def temporary(_: Path) -> Finding:
    """Whether uploads and downloads have room."""
    return _room("temporary files", Path(tempfile.gettempdir()), "set TMPDIR to a folder with more room")


def data(_: Path) -> Finding:
    """Whether the user's data can be written."""
    return _room("data folder", data_folder(), "make it writable, or name others with --library and --folder")


def _room(name: str, folder: Path, remedy: str) -> Finding:
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(existing, os.W_OK):
        return Finding(name, "fault", f"{existing} cannot be written", remedy)
    free = shutil.disk_usage(existing).free
    text = f"{folder}: {free / 1e9:.1f} GB free"
    if free < _FULL:
        return Finding(name, "fault", text, "delete something, or choose another disk")
    return Finding(name, "warning" if free < _LEAST_SPACE else "ok", text, remedy * (free < _LEAST_SPACE))


def clock(_: Path) -> Finding:
    """Whether the clock can be right: certificates and "added" dates depend on it."""
    now, newest = time.time(), Path(__file__).stat().st_mtime
    text = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if now < newest - 86_400:
        return Finding("clock", "warning", f"{text} is before Segue was installed", "set the clock")
    return Finding("clock", "ok", text)


def open_files(_: Path) -> Finding:
    """How many files may be open."""
    try:
        import resource
    except ImportError:
        return Finding("open files", "ok", "this system has no limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"{soft} at a time" if soft != resource.RLIM_INFINITY else "no limit"
    if 0 <= hard < _LEAST_FILES:
        return Finding("open files", "warning", text, f"raise the limit to {_LEAST_FILES} (ulimit -n)")
    return Finding("open files", "ok", text)


def names(_: Path) -> Finding:
    """Whether names of files and the terminal are in UTF-8."""
    encoding = sys.getfilesystemencoding()
    shown = getattr(sys.stdout, "encoding", None) or "none"
    text = f"names of files in {encoding}, output in {shown}"
    if "utf" not in (encoding + shown).lower() or "utf" not in shown.lower():
        return Finding("names", "warning", text, "set LANG to a locale in UTF-8, or PYTHONUTF8=1")
    return Finding("names", "ok", text)


def proxy(_: Path) -> Finding:
    """Whether the proxy for downloads can be reached."""
    import urllib.request

    proxies = urllib.request.getproxies()
    address = proxies.get("https") or proxies.get("http") or proxies.get("all")
    if not address:
        return Finding("proxy", "ok", "none is set: downloads go straight to the network")
    parts = urlsplit(address if "://" in address else f"http://{address}")
    shown = f"{parts.hostname}:{parts.port or 80}"  # without a password
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), _WAIT_S).close()
    except (OSError, ValueError) as error:
        remedy = "correct or unset https_proxy and http_proxy"
        return Finding("proxy", "warning", f"{shown} does not answer: {error}", remedy)
    return Finding("proxy", "ok", f"downloads go through {shown}")


def port(_: Path) -> Finding:
    """Whether the usual port of the service is free."""
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _PORT))
        except OSError as error:
            text = f"{_PORT} is in use ({error.strerror}), perhaps by a Segue that runs"
            remedy = "none is needed: segue serve takes the next one; --port chooses"
            return Finding("port", "warning", text, remedy)
    return Finding("port", "ok", f"{_PORT} is free")


CHECKS: Mapping[str, Check] = {
    "python": python, "memory": memory, "temporary files": temporary, "data folder": data, "clock": clock,
    "open files": open_files, "names": names, "proxy": proxy, "port": port,
}  # fmt: skip
