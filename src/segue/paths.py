"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path


def expand_home(path: str | os.PathLike[str]) -> Path:
    """The path, with ``~`` as the user's folder; ``~old`` stays as it is where no user is called so."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser fails where there is no such user
