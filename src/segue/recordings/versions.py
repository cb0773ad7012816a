"""The versions of each recording, the best first; kept beside the index until the library changes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot
from segue.errors import IndexFormatError, UsageError
from segue.index.file import IndexFile, write_sections
from segue.progress import Progress
from segue.track import Track, TrackId

if TYPE_CHECKING:
    from segue.recordings.pairs import Candidates, Pairs
    from segue.views.view_index import ViewIndex

_METHOD = 1  # rises whenever other tracks would be versions of each other
_SECTIONS = ("keys", "rows", "pairs", "members", "ends")
_FEW = 20  # answers
_SPARE = 6  # tracks, beside those that are asked for, where these are few


def numbers_to_fold(k: int, n_seeds: int, *, by_window: bool) -> list[int]:
    """How many of the nearest are looked at for k answers, as versions count once; and more for too few."""
    usual = 2 * k + 16 + n_seeds
    if by_window:
        return [usual, 40 * k + 400]
    return [k + _SPARE + n_seeds, usual] if k <= _FEW else [usual]


@dataclass(frozen=True)
class Versions:
    """Recordings of which a library has several versions.

    Attributes
    ----------
    groups : keys of the versions of each, the best first
    """

    groups: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def _by_key(self) -> dict[int, tuple[int, ...]]:
        return {key: group for group in self.groups for key in group}

    def versions_of(self, key: int) -> tuple[int, ...]:
        """All versions of a track's recording, itself among them, the best first."""
        return self._by_key.get(key) or (key,)

    def recording_of(self, key: int) -> int:
        """The key of the best version, by which a recording is called here."""
        return self.versions_of(key)[0]

    @cached_property
    def _recordings(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All keys of the groups, rising, and for each the key of its best version."""
        pairs = np.array([(key, group[0]) for group in self.groups for key in group], np.int64).reshape(-1, 2)
        keys, best = pairs[np.argsort(pairs[:, 0])].T
        return keys, best

    def one_each(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 (n,), rising: the places of the first version of each recording among some keys."""
        return self.split(keys)[0]

    def split(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The recordings of some keys.

        Returns
        -------
        first : int64 (n_recordings,), rising: the places of the first version of each
        numbers : int64 (n,), which of them each key is of: ``keys[first][numbers]`` are first versions
        """
        grouped, best = self._recordings
        if not len(grouped):
            return np.arange(len(keys)), np.arange(len(keys))
        at = np.searchsorted(grouped, keys).clip(max=len(grouped) - 1)
        recordings = np.where(grouped[at] == keys, best[at], keys)
        first, numbers = np.unique(recordings, return_index=True, return_inverse=True)[1:]
        rank = np.argsort(np.argsort(first))
        return np.sort(first), rank[numbers]

    def fold(
        self,
        nearest: Iterable[tuple[int, float]],
        index: ViewIndex,
        *,
        allowed: NDArray[np.bool_] | None = None,
        without: Iterable[int] = (),
    ) -> list[tuple[tuple[int, ...], float]]:
        """The recordings of some tracks: keys of the versions of each, and the score of the nearest of them.

        In front is the best version that may be an answer, then come the others, the best first.

        Parameters
        ----------
        nearest : keys of tracks and their scores, best first
        index : whose items may be answers
        allowed : bool over the index's items, which of them may be answers; all if None
        without : keys of tracks whose recordings are no answers
        """

        def may_answer(key: int) -> bool:
            place = index.place(key)
            return place is not None and (allowed is None or bool(allowed[place]))

        seen, by_key = {self.recording_of(key) for key in without}, self._by_key
        recordings = []
        for key, score in nearest:
            group = by_key.get(key, (key,))
            if group[0] in seen:
                continue
            seen.add(group[0])
            if len(group) > 1:
                best = next((version for version in group if may_answer(version)), key)
                group = (best, *(version for version in group if version != best))
            recordings.append((group, score))
        return recordings

    def others(self, catalog: Catalog, tracks: Sequence[Track]) -> dict[TrackId, tuple[Track, ...]]:
        """By the ids of some tracks, the other versions of each recording, the best first."""
        keys = catalog.tracks.keys_of([track.id for track in tracks])
        groups = {name: [k for k in self.versions_of(key) if k != key] for name, key in keys.items()}
        others = catalog.tracks.by_keys({key for group in groups.values() for key in group})
        return {name: tuple(others[key] for key in group if key in others) for name, group in groups.items()}


class VersionStore:
    """Those of the library in ``folder``'s parent.

    Tracks that were compared before are compared with new ones only.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "versions.index"
        self._lock = threading.Lock()
        self._stamp: str | None = None
        self._versions = Versions()

    def get(
        self,
        catalog: Catalog,
        snapshot: Snapshot,
        index: Callable[[], ViewIndex],
        progress: Progress | None = None,
    ) -> Versions:
        """The versions of a snapshot.

        Parameters
        ----------
        index : gives that of the default view, of the same snapshot
        """
        with self._lock:
            if self._stamp != snapshot.stamp:
                self._versions = self._load_or_find(catalog, snapshot, index, progress)
                self._stamp = snapshot.stamp
            return self._versions

    def _load_or_find(
        self,
        catalog: Catalog,
        snapshot: Snapshot,
        index: Callable[[], ViewIndex],
        progress: Progress | None,
    ) -> Versions:
        saved = self._load()
        if saved and saved.header["note"]["stamp"] == snapshot.stamp:
            return _as_versions(saved)
        from segue.recordings.groups import group_versions
        from segue.recordings.pairs import find_candidates, find_pairs

        candidates = find_candidates(catalog, snapshot)
        pairs, new = _still_true(saved, candidates)
        if len(new):
            if progress:
                progress.note("looking for copies of one recording")
            new_pairs = find_pairs(catalog, snapshot, index(), candidates, new=new, progress=progress)
            pairs = np.unique(np.concatenate([pairs, new_pairs]), axis=0)
        versions = Versions(group_versions(catalog, pairs))
        with contextlib.suppress(OSError, UsageError):  # a read-only library is as usable without the file
            self._save(snapshot.stamp, candidates, pairs, versions)
        return versions

    def _load(self) -> IndexFile | None:
        with contextlib.suppress(FileNotFoundError, IndexFormatError, PermissionError):
            file = IndexFile(self._path)
            note = file.header.get("note")
            if isinstance(note, dict) and note.get("versions") == _METHOD and "stamp" in note:
                return file if all(name in file for name in _SECTIONS) else None
        return None

    def _save(self, stamp: str, candidates: Candidates, pairs: Pairs, versions: Versions) -> None:
        members = [key for group in versions.groups for key in group]
        ends = np.cumsum([len(group) for group in versions.groups], dtype=np.int64)
        write_sections(self._path, {"note": {"versions": _METHOD, "stamp": stamp}}, {
            "keys": candidates.keys, "rows": candidates.rows, "pairs": pairs,
            "members": np.array(members, np.int64), "ends": ends,
        })  # fmt: skip


def _as_versions(file: IndexFile) -> Versions:
    parts = np.split(np.array(file.array("members")), np.array(file.array("ends"))[:-1])
    return Versions(tuple(tuple(part.tolist()) for part in parts if len(part)))


def _still_true(saved: IndexFile | None, candidates: Candidates) -> tuple[Pairs, NDArray[np.int64]]:
    """The pairs of tracks that are as they were, and the keys of those that are new or were changed."""
    if saved is None:
        return np.zeros((0, 2), np.int64), candidates.keys
    before = np.stack([np.array(saved.array("keys")), np.array(saved.array("rows"))], axis=1)
    now = np.stack([candidates.keys, candidates.rows], axis=1)
    earlier = {tuple(pair) for pair in before.tolist()}
    new = np.array([tuple(pair) not in earlier for pair in now.tolist()], np.bool_)
    unchanged = candidates.keys[~new]
    pairs = np.array(saved.array("pairs")).reshape(-1, 2)
    return pairs[np.isin(pairs, unchanged).all(axis=1)], candidates.keys[new]
