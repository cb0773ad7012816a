"""Which folders of this machine a client may have scanned."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from segue.advice import command
from segue.serve.http.errors import ApiError


def is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def resolve_scan_roots(
    asked: Sequence[str] | None, scanned: Sequence[str], allowed: Iterable[str]
) -> list[str]:
    """The folders to scan: those that are given, or else all that were scanned before.

    Raises
    ------
    ApiError
        Where one is outside those scanned before and those allowed when the service was started.
    """
    if asked is None:
        if not scanned:
            raise ApiError(400, "no_folders", "nothing has been scanned yet: give a folder")
        return list(scanned)
    if not asked:
        raise ApiError(400, "no_folders", "the list of folders is empty")
    tops = [Path(os.path.realpath(top)) for top in (*scanned, *allowed)]
    return [_allowed(folder, tops) for folder in asked]


def _allowed(folder: str, tops: Sequence[Path]) -> str:
    # Compared with links followed, so that none leads out of what is allowed.
    try:
        true = Path(os.path.realpath(os.path.expanduser(folder)))  # noqa: PTH111 - realpath takes no Path alone
    except (OSError, ValueError):
        true = Path("/\0")
    if not any(true == top or top in true.parents for top in tops):
        raise ApiError(
            403,
            "folder_not_allowed",
            f"{folder!r} may not be scanned; to allow a folder: {command('serve --folder DIR')}",
        )
    if not true.is_dir():
        raise ApiError(400, "no_folder", f"{folder!r} is not a folder")
    return str(true)
