"""The maps of a library, one a view: from their files where those are up to date, else recomputed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segue.catalog import Catalog
from segue.display.following import following
from segue.errors import IndexFormatError, LibraryError, UsageError
from segue.index.file import IndexFile, write_sections
from segue.map import Coloring, Legend, Map, compute_layout, neighbor_graph, principal_plane, scale_to_square
from segue.map.layout import MIN_ROWS, N_NEIGHBORS, Points
from segue.progress import Follow, Progress
from segue.recommend.session import Recommender, Session
from segue.track import Track, TrackId
from segue.views.view_index import ViewIndex

METHOD = "1"  # rises whenever the same vectors would be laid out otherwise


def make_map(recommender: Recommender, *, view: str | None = None, progress: Follow = None) -> Map:
    """A place in the plane for every track, so that neighbors are alike; kept beside the index.

    The same library has the same map. Where the library has changed since, it is recomputed.

    Parameters
    ----------
    progress : follows the rounds, or ``True`` for a bar; Ctrl-C ends them with nothing kept.

    Raises
    ------
    EmptyLibraryError, LibraryError, UsageError
    """
    session = recommender.session(view)  # what is written meanwhile makes another map, another time
    path = recommender.indexes.map_path(session.index.spec)
    current = _load_current(session, path)
    if current is not None:
        return current
    with following(progress) as follower:
        return _make_and_keep(session, path, follower)


def load_map(recommender: Recommender, *, view: str | None = None) -> Map | None:
    """The map if it has been made of the library as it is."""
    session = recommender.session(view)
    return _load_current(session, recommender.indexes.map_path(session.index.spec))


def _load_current(session: Session, path: Path) -> Map | None:
    session.require_one_vector_each("a map")
    with contextlib.suppress(FileNotFoundError, IndexFormatError, PermissionError):
        return _load(path, _note(session.index), session.catalog)
    return None


def _make_and_keep(session: Session, path: Path, progress: Progress) -> Map:
    note, music_map = _note(session.index), _make(session, progress)
    with contextlib.suppress(OSError, UsageError):  # a read-only library is as usable without the file
        names = np.array([track_id.encode() for track_id in music_map.ids], "S")
        width = max(1, names.dtype.itemsize)
        write_sections(path, {"note": note}, {
            "ids": names.view(np.uint8).reshape(len(names), width), "xy": music_map.xy,
        })  # fmt: skip
    return music_map


def _note(index: ViewIndex) -> dict[str, str]:
    # Files of all versions call the view their "reading".
    return {"map": METHOD, "reading": str(index.spec), "stamp": index.stamp}


def _load(path: Path, note: dict[str, str], catalog: Catalog) -> Map:
    file = IndexFile(path)
    if file.header.get("note") != note or "ids" not in file or "xy" not in file:
        raise IndexFormatError(f"{path} is not a map of this library in its present state")
    names, xy = file.array("ids"), file.array("xy")
    if names.ndim != 2 or xy.shape != (len(names), 2):
        raise IndexFormatError(f"{path} has {len(names)} names for {xy.shape} places")
    ids = np.ascontiguousarray(names).view(f"S{names.shape[1]}").ravel().tolist()
    tracks = [TrackId(track_id.decode()) for track_id in ids]
    return Map(tracks, np.array(xy, np.float32), partial(read_legend, catalog))


def read_legend(catalog: Catalog, ids: Sequence[TrackId], by: Coloring | None) -> Legend:
    """What tracks are called, and their groups: by default the clusters if there are any, else genres."""
    tracks = {track.id: track for track in catalog.tracks.by_ids(ids)}
    clusters = catalog.clusters.names() if by in (None, "cluster") else {}
    chosen: Coloring = by or ("cluster" if clusters else "genre")
    names = [tracks[one].display_name if one in tracks else "" for one in ids]
    if chosen == "cluster":
        colors = {cluster.name: cluster.color for cluster in catalog.clusters.load("")}
        return Legend(chosen, names, [clusters.get(one) for one in ids], colors)
    return Legend(chosen, names, [_tag(tracks.get(one), chosen) for one in ids], {})


def _tag(track: Track | None, name: str) -> str | None:
    if track is None:
        return None
    value: str | None = track.artist if name == "artist" else getattr(track.tags, name)
    return value


def _make(session: Session, progress: Progress) -> Map:
    index = session.index
    if not len(index.rows):
        raise LibraryError("no track has a vector for the map: scan again")
    with threadpool_limits(1, "blas"):  # sums depend on the number of threads
        xy = scale_to_square(_lay_out(index, progress))
    ids = session.catalog.tracks.ids_of(index.keys.tolist())
    items = [i for i in np.argsort(index.rows, kind="stable").tolist() if int(index.keys[i]) in ids]
    return Map([ids[int(index.keys[i])] for i in items], xy[items], partial(read_legend, session.catalog))


def _lay_out(index: ViewIndex, progress: Progress) -> Points:
    vectors: NDArray[Any] = index.vectors
    if index.spec.metric == "hamming":
        vectors = np.unpackbits(vectors, axis=1)
    start = principal_plane(vectors)
    if len(start) < MIN_ROWS:
        return start
    neighbors, distances = index.index.neighbors(index.index.ids, min(N_NEIGHBORS, len(start) - 1))
    places = np.where(neighbors < 0, -1, np.searchsorted(index.index.ids, neighbors))
    return compute_layout(start, neighbor_graph(places, distances), progress=progress)
