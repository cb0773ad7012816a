"""What a check found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    name : of the check
    state : "fault" where Segue, or a part of it, does not work; "warning" where it works less well
    text : what was found
    remedy : what to do about it; empty where there is nothing to do
    """

    name: str
    state: State
    text: str
    remedy: str = ""


Check = Callable[[Path], Finding]
