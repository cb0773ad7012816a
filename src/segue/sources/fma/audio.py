"""FMA's audio: ``000/000002.mp3`` is track 2."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"[0-9]{6,}")


def id_of_file(path: str) -> str | None:
    """The id in a file's name, in whatever folder it lies and whatever its ending; none in other names."""
    stem = Path(path).stem
    return stem if _NAME.fullmatch(stem) else None
