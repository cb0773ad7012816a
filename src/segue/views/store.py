"""The indexes of a library, one a view: from their files where those are up to date, built anew where not."""

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
from segue.views.spec import ViewSpec, default_view
from segue.views.view_index import ViewIndex

_KEPT = 4  # indexes that stay open


class ViewIndexes:
    """Those below ``folder``.

    Parameters
    ----------
    prior : asked for values of the spaces when an index is built
    """

    def __init__(self, folder: Path, prior: Callable[[], Mapping[str, Prior | None]]) -> None:
        self._folder = folder
        self._prior = prior
        self._last: dict[ViewSpec, ViewIndex] = {}
        self._lock = threading.Lock()

    def get(self, snapshot: Snapshot, spec: ViewSpec | None = None) -> ViewIndex:
        """The index of a snapshot; the default view unless told."""
        with self._lock:
            return self._get(snapshot, spec or default_view(snapshot.spaces))

    def _get(self, snapshot: Snapshot, spec: ViewSpec) -> ViewIndex:
        found = self._last.get(spec)
        if found is None or found.stamp != snapshot.stamp:
            found = self._found(snapshot, spec)
            self._last.pop(spec, None)
            while len(self._last) >= _KEPT:
                self._last.pop(next(iter(self._last)))
            self._last[spec] = found
        return found

    def _found(self, snapshot: Snapshot, spec: ViewSpec) -> ViewIndex:
        path = self.path_of(spec)
        specs = [space.spec for space in snapshot.spaces.values()]
        found = None
        with contextlib.suppress(FileNotFoundError, IndexFormatError, PermissionError):
            found = ViewIndex.load(path, specs, spec)
        if found and found.stamp == snapshot.stamp:
            return found
        prior = self._prior()
        index = found.update(snapshot, prior) if found else ViewIndex.build(snapshot, prior, spec)
        with contextlib.suppress(OSError, UsageError):  # a read-only library is as usable without the file
            index.save(path, specs)
        return index

    def path_of(self, spec: ViewSpec) -> Path:
        """``default.index``, or named after the view."""
        name = "default" if spec == ViewSpec() else re.sub(r"[^\w.-]+", "-", str(spec))
        return self._folder / f"{name}.index"

    def map_path(self, spec: ViewSpec) -> Path:
        """Of the map, beside the index."""
        return self.path_of(spec).with_suffix(".map")

    def sweep(self) -> None:
        """Delete what killed processes left."""
        sweep(self._folder)
