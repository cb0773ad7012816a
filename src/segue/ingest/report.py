"""What a scan did, and how it tells while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from segue.catalog import Failure


@dataclass(slots=True)
class ScanReport:
    """Every file of a scan ends in one of added, changed, completed, moved, unchanged, failed."""

    added: int = 0
    completed: int = 0  # known before, but not to all of the embedders
    changed: int = 0
    moved: int = 0
    unchanged: int = 0
    failed: list[Failure] = field(default_factory=list)
    still_failing: int = 0  # not tried again, as the files are the same as last time
    newly_missing: int = 0
    warnings: int = 0
    audio_s: float = 0.0  # of the tracks embedded
    elapsed_s: float = 0.0
    interrupted: bool = False

    @property
    def usable(self) -> int:
        return self.added + self.changed + self.completed + self.moved + self.unchanged

    @property
    def exit_code(self) -> int:
        """0 all fine, 1 something failed, 2 nothing worked, 130 interrupted."""
        if self.interrupted:
            return 130
        if not self.usable:
            return 2
        return 1 if self.failed or self.still_failing else 0


class Progress(Protocol):
    """Told of a scan's course; called from several threads."""

    def begin(self, n_files: int) -> None:
        """The walk found so many files to look at."""

    def start(self, path: str) -> None:
        """A file is being read now."""

    def done(self, path: str, audio_s: float) -> None:
        """A file is dealt with; so much sound was embedded."""

    def fail(self, failure: Failure) -> None:
        """A file could not be used."""


class Silent:
    """Tells nobody."""

    def begin(self, n_files: int) -> None: ...

    def start(self, path: str) -> None: ...

    def done(self, path: str, audio_s: float) -> None: ...

    def fail(self, failure: Failure) -> None: ...


def summary(report: ScanReport) -> str:
    """The counts in one line, without those that are zero."""
    counts: Sequence[tuple[int, str]] = (
        (report.added, "added"),
        (report.changed, "changed"),
        (report.completed, "given vectors of another embedder"),
        (report.moved, "moved"),
        (report.unchanged, "unchanged"),
        (len(report.failed), "failed"),
        (report.still_failing, "failed before and not tried again"),
        (report.newly_missing, "gone missing"),
    )
    return ", ".join(f"{n} {word}" for n, word in counts if n) or "nothing found"
