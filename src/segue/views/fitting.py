"""A view's transform, fitted on a library's vectors and, where that helps, on its tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot
from segue.progress import Progress
from segue.spec import Prior
from segue.track import Vectors
from segue.views.index_facts import TagFit
from segue.views.spec import Rows, ViewSpec
from segue.views.tag_fit import fit_on_tags, tags_of
from segue.views.transform import ENERGY, SpaceToFit, ViewTransform
from segue.views.within_track import covariance_within_tracks


def fit_view(
    snapshot: Snapshot,
    prior: Mapping[str, Prior | None],
    spec: ViewSpec,
    rows: NDArray[np.int64],
    items: Sequence[Rows],
    catalog: Catalog | None,
    progress: Progress | None,
) -> tuple[ViewTransform, Vectors, TagFit | None]:
    """The transform of a view, what it makes of all items, and what tags do, where they were looked at.

    Parameters
    ----------
    rows, items : as ``item_vectors`` gives them
    catalog : of the tracks, for their tags; none where they are not to be used
    """
    if spec.transform == "centered":
        transform = ViewTransform.center(items)
    else:
        transform = ViewTransform.fit(_spaces_to_fit(snapshot, prior, spec, rows, items))
    vectors = transform(items)
    if catalog is None or spec.transform != "fitted" or spec.granularity != "tracks":
        return transform, vectors, None
    if progress:
        progress.note("looking at what tags teach")
    matrix, tag_fit = fit_on_tags(vectors, tags_of(catalog, snapshot.keys[rows]))
    if progress:
        progress.note(f"tags {tag_fit}")
    if matrix is not None:
        transform = replace(transform, projection=np.ascontiguousarray(transform.projection @ matrix))
        vectors = transform(items)
    return transform, vectors, tag_fit


def _spaces_to_fit(
    snapshot: Snapshot,
    prior: Mapping[str, Prior | None],
    spec: ViewSpec,
    rows: NDArray[np.int64],
    items: Sequence[Rows],
) -> list[SpaceToFit]:
    # What is known of whole tracks is not so of ten windows side by side.
    whole = spec.granularity != "first10"
    tracks = np.unique(rows)
    return [
        SpaceToFit(
            x,
            covariance_within_tracks(space, tracks) if whole else None,
            prior.get(name) if whole else None,
            space.settings.weights * (x.shape[1] // space.spec.dim),
            ENERGY.get(space.spec.name, 1.0),
        )
        for (name, space), x in zip(spec.spaces_of(snapshot).items(), items, strict=True)
    ]
