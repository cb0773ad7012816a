"""How long work says how far it is: one protocol for scans, imports, exports, downloads, maps and jobs."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Follows long work. Work may call it from several threads at once.

    An exception that one of these methods raises ends the work.
    """

    def begin(self, total: int | None, unit: str) -> None:
        """The work begins, or a next stage of it.

        Parameters
        ----------
        total : how much there is to do; ``None`` where nobody knows.
        unit : what ``total`` counts: "files", "records", "bytes", "rounds".
        """

    def note(self, text: str) -> None:
        """What is done at this moment: the name of a file, or "making the index"."""

    def advance(self, done: int, tally: str = "") -> None:
        """So much is done since ``begin``.

        Parameters
        ----------
        tally : what has come of it so far, in words, such as "2 failed".
        """


Follow = Progress | bool | None
"""What callers hand in: an object that follows the work, or ``True`` for a bar."""


class Silent:
    """Shows nothing."""

    def begin(self, total: int | None, unit: str) -> None: ...

    def note(self, text: str) -> None: ...

    def advance(self, done: int, tally: str = "") -> None: ...
