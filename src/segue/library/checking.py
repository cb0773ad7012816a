"""Whether all of a library fits together, and mending what does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.errors import AudioError, EmbeddingError, LibraryError, LibraryFormatError, UsageError
from segue.library.upkeep import Upkeep
from segue.progress import Progress, Silent
from segue.spec import Embedder
from segue.texts import reason
from segue.track import Track

if TYPE_CHECKING:
    from segue.catalog import Fault, Snapshot

_DEVIATION = 0.1  # mean difference of two vectors of one sound, in standard deviations of the library
_SCALED_BY = 4096  # tracks
_LEAST_STD, _LEAST_SHARE = 1e-6, 1e-3


@dataclass(slots=True)
class CheckReport:
    """What a check found, and what was mended.

    Attributes
    ----------
    tracks, matrices : how many were read
    faults : what does not fit; after a repair, what still does not
    mended : what a repair did
    notes : what could not be checked
    sampled : tracks whose files were analyzed again
    differing : those of them whose vectors are not what their files give now
    """

    tracks: int
    matrices: int
    faults: list[Fault]
    mended: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sampled: int = 0
    differing: list[Track] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.faults and not self.differing


class Checking(Upkeep):
    """The part of ``Library`` that looks for what does not fit together."""

    def check(
        self,
        *,
        repair: bool = False,
        sample: int = 0,
        wait_s: float = -1,
        progress: Progress | None = None,
    ) -> CheckReport:
        """Read all of the library, compare checksums, and find what does not fit together.

        Parameters
        ----------
        repair : mend what can be mended from what the library still has. Tracks whose vectors may be
            another's are no answers until the next scan or import analyzes them again.
        sample : so many files, drawn at random, are analyzed again and compared with their vectors

        Raises
        ------
        LibraryFormatError
            Where the catalog cannot be read at all.
        UsageError
            Where ``sample`` is below 0.
        """
        if sample < 0:
            raise UsageError(f"sample is {sample}, expected 0 or more files")
        report = self._check_all()
        if repair and report.faults:
            mended = self._catalog.drop_foreign()
            with self._catalog.writing(wait_s) as writer:
                mended += writer.repair()
            report, before = self._check_all(), report
            if not mended and len(report.faults) < len(before.faults):  # as each writer does first
                mended = ["indexed the words of tracks that were not indexed"]
            report.mended = mended
        if sample and not any(fault.kind in ("rows", "database", "matrix") for fault in report.faults):
            self._sample(sample, report, progress or Silent())
        return report

    def verify(self) -> int:
        """Read everything and compare checksums; how many matrices were read.

        Raises
        ------
        LibraryFormatError, LibraryError
            The first thing that does not fit.
        """
        report = self._check_all()
        for fault in report.faults:
            raise (LibraryError if fault.kind == "database" else LibraryFormatError)(fault.message)
        return report.matrices

    def _check_all(self) -> CheckReport:
        from segue.catalog import Fault
        from segue.library import model_copies
        from segue.users.checking import user_faults

        result = self._catalog.check()
        faults = list(result.faults)
        try:
            model_copies.verify_copies(self._catalog.root, self.spaces().values())
        except LibraryFormatError as error:
            faults.append(Fault("model", str(error), mendable=False))
        faults += [
            Fault("users", f"{message}; restore a copy of it", mendable=False)
            for message in user_faults(self._catalog.root)
        ]
        return CheckReport(result.n_tracks, result.n_matrices, faults, notes=list(result.notes))

    def _sample(self, n: int, report: CheckReport, progress: Progress) -> None:
        """Analyze some files again, and compare."""
        snapshot = self._catalog.snapshot()
        scales = _scales(snapshot, self._embedders)
        candidates = [track for track in self if track.source is None and _is_unchanged(track)]
        chosen = np.random.default_rng().permutation(len(candidates))[:n]
        progress.begin(len(chosen), "files")
        for done, at in enumerate(chosen.tolist()):
            track = candidates[at]
            try:
                if not self._is_as_stored(track, snapshot, scales):
                    report.differing.append(track)
                report.sampled += 1
            except (AudioError, EmbeddingError, OSError) as error:
                report.notes.append(f"{track.path} cannot be analyzed again: {reason(error)}")
            progress.advance(done + 1)
        if len(chosen) < n:
            report.notes.append(
                f"only {len(chosen)} of {n} files can be compared: others are gone or were changed"
            )

    def _is_as_stored(self, track: Track, snapshot: Snapshot, scales: dict[str, NDArray[np.float64]]) -> bool:
        from segue.sources.audio_folders import AudioFolders
        from segue.sources.contract import AudioFile

        row = snapshot.row_of(self.tracks.key_of(track.id))
        sound, _ = AudioFolders([]).load(AudioFile(track.path, track.size, 0))
        for embedder in self._embedders:
            name = embedder.spec.space
            if name not in scales or row is None:
                continue
            stored = np.asarray(snapshot.spaces[name].vectors[row], np.float64)
            if np.isfinite(stored).all():
                computed = np.asarray(embedder.embed(sound).pooled, np.float64)
                if float(np.mean(np.abs(computed - stored) / scales[name])) > _DEVIATION:
                    return False
        return True


def _is_unchanged(track: Track) -> bool:
    try:
        return Path(track.path).stat().st_size == track.size
    except OSError:
        return False


def _scales(snapshot: Snapshot, embedders: Sequence[Embedder]) -> dict[str, NDArray[np.float64]]:
    """float64 (dim,) by space: how much each dimension varies among the tracks."""
    scales = {}
    for name in {embedder.spec.space for embedder in embedders} & snapshot.spaces.keys():
        space = snapshot.spaces[name]
        rows = np.flatnonzero((snapshot.keys >= 0) & space.has_vector()[: len(snapshot.keys)])[:_SCALED_BY]
        vectors = np.asarray(space.vectors[rows], np.float64)
        if len(rows):
            size = np.nanmean(np.abs(vectors), axis=0)
            std = np.nanstd(vectors, axis=0) if len(rows) > 1 else size
            scales[name] = np.maximum(std, _LEAST_STD + _LEAST_SHARE * size)
    return scales
