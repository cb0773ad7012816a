"""The versions of a library's recordings, kept beside its index until the library changes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot
from segue.errors import IndexFormatError, UsageError
from segue.index.file import IndexFile, write_sections
from segue.progress import Progress
from segue.recordings.groups import Versions, group_versions
from segue.recordings.pairs import Candidates, Pairs, find_candidates, find_pairs
from segue.views.view_index import ViewIndex

_METHOD = 1  # rises whenever other tracks would be versions of each other
_SECTIONS = ("keys", "rows", "pairs", "members", "ends")


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
        candidates = find_candidates(catalog, snapshot)
        pairs, new = _still_true(saved, candidates)
        if len(new):
            if progress:
                progress.note("looking for copies of one recording")
            found = find_pairs(catalog, snapshot, index(), candidates, new=new, progress=progress)
            pairs = np.unique(np.concatenate([pairs, found]), axis=0)
        versions = group_versions(catalog, pairs)
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
    known = {tuple(pair) for pair in before.tolist()}
    new = np.array([tuple(pair) not in known for pair in now.tolist()], np.bool_)
    kept = candidates.keys[~new]
    pairs = np.array(saved.array("pairs")).reshape(-1, 2)
    return pairs[np.isin(pairs, kept).all(axis=1)], candidates.keys[new]
