"""Which folders lie on other machines, and what is mounted below some folders."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from segue.ingest.absence import Below

_MOUNTS = Path("/proc/self/mountinfo")
# File systems that do not tell of changes that another machine makes.
_REMOTE = re.compile(r"nfs\d?|cifs|smb\w*|9p|afs|ceph|glusterfs|ncpfs|vboxsf|virtiofs|drvfs|lustre|fuse\..*")
_DRIVE_REMOTE = 4


def is_remote(folder: str) -> bool:
    """Whether a folder is on a file system that tells of no changes; known of Linux and Windows alone."""
    if sys.platform == "win32":
        import ctypes

        top = os.path.splitdrive(folder)[0]
        return top.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(f"{top}\\") == _DRIVE_REMOTE
    real = os.path.realpath(folder)
    holding = [(point, kind) for point, kind in _mounts() if real in Below([point])]
    return bool(holding) and _REMOTE.fullmatch(max(holding, key=lambda one: len(one[0]))[1]) is not None


def mounts_below(folders: Iterable[str]) -> frozenset[str]:
    """Where something is mounted at or below some folders; empty where the system does not tell."""
    inside = Below(folders)
    return frozenset(point for point, _ in _mounts() if point in inside)


def _mounts() -> list[tuple[str, str]]:
    """Points and kinds of what is mounted, in the order in which it was."""
    try:
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return []
    mounts = []
    for line in lines:
        before, _, after = line.partition(b" - ")
        point = re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8)]), before.split(b" ")[4])
        mounts.append((os.fsdecode(point), after.split(b" ", 1)[0].decode()))
    return mounts
