"""The indexes of a library, one a reading: from their files where those are up to date, else made so."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from segue.catalog import Snapshot
from segue.errors import IndexFormatError, UsageError
from segue.files import sweep
from segue.spec import Prior
from segue.views.spec import Reading, usual
from segue.views.view_index import ViewIndex

_KEPT = 4  # indexes that stay open


class Indexes:
    """Those below ``folder``.

    Parameters
    ----------
    prior : asked for values of the spaces when an index is built
    """

    def __init__(self, folder: Path, prior: Callable[[], Mapping[str, Prior | None]]) -> None:
        self._folder = folder
        self._prior = prior
        self._last: dict[Reading, ViewIndex] = {}
        self._lock = threading.Lock()

    def get(self, snapshot: Snapshot, reading: Reading | None = None) -> ViewIndex:
        """The index of a snapshot; the usual reading unless told."""
        with self._lock:
            return self._get(snapshot, reading or usual(snapshot.spaces))

    def _get(self, snapshot: Snapshot, reading: Reading) -> ViewIndex:
        found = self._last.get(reading)
        if found is None or found.stamp != snapshot.stamp:
            found = self._found(snapshot, reading)
            self._last.pop(reading, None)
            while len(self._last) >= _KEPT:
                self._last.pop(next(iter(self._last)))
            self._last[reading] = found
        return found

    def _found(self, snapshot: Snapshot, reading: Reading) -> ViewIndex:
        path = self.path_of(reading)
        specs = [space.spec for space in snapshot.spaces.values()]
        found = None
        with contextlib.suppress(FileNotFoundError, IndexFormatError, PermissionError):
            found = ViewIndex.load(path, specs, reading)
        if found and found.stamp == snapshot.stamp:
            return found
        prior = self._prior()
        index = found.updated(snapshot, prior) if found else ViewIndex.build(snapshot, prior, reading)
        with contextlib.suppress(OSError, UsageError):  # a read-only library is as usable without the file
            index.save(path, specs)
        return index

    def path_of(self, reading: Reading) -> Path:
        """``default.index``, or named after what is read."""
        name = "default" if reading == Reading() else re.sub(r"[^\w.-]+", "-", str(reading))
        return self._folder / f"{name}.index"

    def map_path_of(self, reading: Reading) -> Path:
        """Of the map, beside the index."""
        return self.path_of(reading).with_suffix(".map")

    def sweep(self) -> None:
        """Delete what killed processes left."""
        sweep(self._folder)
