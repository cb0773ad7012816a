"""How much of an answer a notebook shows, and so how large it becomes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Options:
    """What a notebook shows of an answer; a change counts from the next output on.

    Attributes
    ----------
    rows : tracks of a table at the most
    clips : tracks of it at the most that have a player; a clip of 6 s takes 48 kB of the notebook
    clip_s : s, how long each clip is, from the middle of its track; 0 leaves sound out
    """

    rows: int = 20
    clips: int = 10
    clip_s: float = 6.0


options = Options()
"""Those of this process."""
