"""What one run did, be it a scan, an import or an export: counts by name, and why things failed."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from segue.sources.contract import SYSTEM_FOLDER, Problem

LISTED = 1000  # failures that a report names; all are counted

Run = Literal["scan", "import", "export"]

# The counts of each kind of run in the order in which people read them, and what they say there.
COUNTS: Mapping[Run, Mapping[str, str]] = {
    "scan": {
        "added": "added",
        "returned": "back again",
        "changed": "changed",
        "completed": "given vectors of another embedder",
        "retagged": "given other tags",
        "moved": "moved",
        "unchanged": "unchanged",
        "links": "linked to known files",
        "failed": "failed",
        "still_failing": "failed as before",
        "newly_missing": "gone missing",
        "away": "away",
        "left_out": "left out",
    },
    "import": {
        "added": "added",
        "changed": "changed",
        "unchanged": "unchanged",
        "failed": "failed",
        "newly_missing": "gone from the source",
    },
    "export": {
        "added": "added",
        "changed": "changed",
        "unchanged": "unchanged",
        "deleted": "deleted",
        "others": "written by another library and left",
        "failed": "failed",
    },
}
_AS_BEFORE = ("unchanged", "links", "still_failing", "away", "left_out")  # what a scan finds every time
_USABLE = ("added", "returned", "changed", "completed", "retagged", "moved", "unchanged", "links", "others")


@dataclass(slots=True, repr=False)
class Report:
    """Each track of a run ends in one of the counts from ``added`` to ``failed``.

    Attributes
    ----------
    run : what kind of run it was
    name : of the source that was read, or the place that was written to
    completed : tracks that lacked vectors of some embedder, and have got them
    returned : tracks that had been removed, and are back as they were
    retagged : tracks whose file has other tags, but the same audio
    moved : tracks whose file has another path than before, perhaps with other tags
    found_again : unchanged tracks that were missing or away before
    links : files that are there under another path, and are one track with it
    others : tracks that another library has written, left as they are
    still_failing : files that failed before and have not changed, or fail as before
    away, newly_away : tracks that are missing with all of a folder or disk, which may not be mounted
    left_out : folders and files that were passed over, as their owner wants it
    left_out_by : how many of them by each pattern, file of patterns, or as ``SYSTEM_FOLDER``
    newly_missing : tracks that were in the source before and are no more, or were away and did not come back
    deleted : documents of tracks that have left the library
    warnings : tracks whose file is damaged, but could be used
    attached, with_file, without_file : imported tracks that were given a file, have one, have none
    unmatched : audio files that belong to no track
    cleaning : what cleaning did, by the names of its steps
    failures : where and why, the first ``LISTED`` of them
    files : of a scan, paths by the names of the counts that tell of a change, the first ``LISTED`` of each
    notes : what else people should know
    audio_s : seconds of music that were analyzed
    interrupted : it was stopped before its end; what it had done is kept
    stop_signal : the number of the signal that stopped it, Ctrl-C's where none did
    """

    run: Run = "scan"
    name: str = ""
    added: int = 0
    returned: int = 0
    changed: int = 0
    completed: int = 0
    retagged: int = 0
    moved: int = 0
    unchanged: int = 0
    found_again: int = 0
    links: int = 0
    others: int = 0
    failed: int = 0
    still_failing: int = 0
    newly_missing: int = 0
    away: int = 0
    newly_away: int = 0
    left_out: int = 0
    left_out_by: Mapping[str, int] = field(default_factory=dict)
    deleted: int = 0
    warnings: int = 0
    attached: int = 0
    with_file: int = 0
    without_file: int = 0
    unmatched: int = 0
    cleaning: dict[str, int] = field(default_factory=dict)
    failures: list[Problem] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    audio_s: float = 0.0
    elapsed_s: float = 0.0
    interrupted: bool = False
    stop_signal: int = signal.SIGINT

    def __repr__(self) -> str:
        return f"<Report of the {self.run}: {self.summary()}>"

    def fail(self, problems: Sequence[Problem]) -> None:
        """Count these, and name as many as there is room for."""
        self.failed += len(problems)
        self.failures += problems[: max(0, LISTED - len(self.failures))]

    def count(self, name: str, paths: Sequence[str]) -> None:
        """Add files to one of the counts, and keep which they are where that tells of a change."""
        setattr(self, name, getattr(self, name) + len(paths))
        if paths and name not in _AS_BEFORE:
            listed = self.files.setdefault(name, [])
            listed += paths[: max(0, LISTED - len(listed))]

    def note_signal(self, number: int) -> None:
        """Keep which signal stopped the work; the exit code tells it."""
        self.stop_signal = number

    @property
    def usable(self) -> int:
        """How many tracks were dealt with and did not fail."""
        return sum(getattr(self, name) for name in _USABLE)

    @property
    def total(self) -> int:
        """How many tracks were looked at."""
        return self.usable + self.failed + self.still_failing

    @property
    def exit_code(self) -> int:
        """0 success, 1 something failed that had not failed before, 2 nothing worked.

        Stopped by a signal: 128 and its number, so 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP.
        """
        if self.interrupted:
            return 128 + self.stop_signal
        nothing_to_write = self.run == "export" and not self.total
        if self.failed or self.newly_away or (self.away and not self.usable):
            return 1 if self.usable or self.away else 2
        return 0 if self.total or nothing_to_write or self.is_all_left_out else 2

    @property
    def is_all_left_out(self) -> bool:
        """Whether a scan found nothing because its user's own rules leave out what is there."""
        return not self.total and not self.left_out_by.keys() <= {SYSTEM_FOLDER}

    def left_out_in_words(self) -> str:
        """``2 by .nomedia, 1 as system folder``, the commonest first."""
        counts = sorted(self.left_out_by.items(), key=lambda item: -item[1])
        return ", ".join(f"{n} {'as' if name == SYSTEM_FOLDER else 'by'} {name}" for name, n in counts)

    def counts(self) -> dict[str, int]:
        """The counts of this kind of run by their names, also those that are zero."""
        return {name: getattr(self, name) for name in COUNTS[self.run]}

    def summary(self) -> str:
        """The counts in one line, without those that are zero."""
        return self._count_text(self.counts()) or (
            "nothing to write" if self.run == "export" else "nothing found"
        )

    def changes(self) -> str:
        """The counts of what a scan found to be otherwise than before; empty where nothing was."""
        return ", ".join(what for what, _ in self.changed_files())

    def changed_files(self) -> list[tuple[str, Sequence[str]]]:
        """Each kind of change that a scan found, ``11 added``, and the first of its files."""
        words = {**COUNTS[self.run], "newly_away": COUNTS["scan"]["away"], "found_again": "there again"}
        counts = {name: n for name, n in self.counts().items() if name not in _AS_BEFORE}
        counts |= {"newly_away": self.newly_away, "found_again": self.found_again}
        return [(f"{n} {words[name]}", self.files.get(name, ())) for name, n in counts.items() if n]

    def _count_text(self, counts: Mapping[str, int]) -> str:
        words = COUNTS[self.run]
        return ", ".join(f"{n} {words[name]}" for name, n in counts.items() if n)

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        record: dict[str, Any] = dict(self.counts())
        if self.run == "scan":
            record |= {"warnings": self.warnings, "audio_s": round(self.audio_s, 1)}
        if self.run == "import":
            record |= {"cleaning": self.cleaning}
        if self.run == "export":
            record |= {"notes": self.notes}
        return record | {
            "interrupted": self.interrupted,
            "elapsed_s": round(self.elapsed_s, 3),
            "problems": [[problem.where, problem.reason] for problem in self.failures],
        }
