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
from segue.index.options import IndexOptions
from segue.spec import Prior
from segue.views.spec import ViewSpec, default_view, parse_view
from segue.views.view_index import ViewIndex

_KEPT = 4  # indexes that stay open


class ViewIndexes:
    """Those below ``folder``.

    Parameters
    ----------
    prior : asked for values of the spaces when an index is built

    Attributes
    ----------
    options : of indexes that are built from now on
    """

    def __init__(self, folder: Path, prior: Callable[[], Mapping[str, Prior | None]]) -> None:
        self._folder = folder
        self._prior = prior
        self.options = IndexOptions()
        self._open: dict[str | None, ViewIndex] = {}  # by the text that asked for a view
        self._lock = threading.Lock()

    def get(self, snapshot: Snapshot, view: str | None = None) -> ViewIndex:
        """The index of a snapshot in a view, such as ``audioset/windows``; the default view unless told.

        Raises
        ------
        UsageError
            Where there is no such view.
        """
        with self._lock:
            index = self._open.get(view)
            if index is None or index.stamp != snapshot.stamp:
                spec = parse_view(view, snapshot.spaces) if view else default_view(snapshot.spaces)
                index = self._load_or_build(snapshot, spec)
                self._open.pop(view, None)
                while len(self._open) >= _KEPT:
                    self._open.pop(next(iter(self._open)))
                self._open[view] = index
            return index

    def _load_or_build(self, snapshot: Snapshot, spec: ViewSpec) -> ViewIndex:
        path = self.path_of(spec)
        specs = [space.spec for space in snapshot.spaces.values()]
        saved = None
        with contextlib.suppress(FileNotFoundError, IndexFormatError, PermissionError):
            saved = ViewIndex.load(path, specs, spec)
        if saved and saved.stamp == snapshot.stamp:
            return saved
        prior = self._prior()
        if saved:
            index = saved.update(snapshot, prior)
        else:
            index = ViewIndex.build(snapshot, prior, spec, self.options)
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
