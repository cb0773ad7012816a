"""Programs that tests call: those of the environment they run in, else those of the machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def find_program(name: str) -> str | None:
    """Where a program is; an environment's own need not be on the path."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
