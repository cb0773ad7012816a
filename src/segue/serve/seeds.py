"""What requests start from, as they name it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segue.errors import TrackNotFoundError
from segue.serve.clips import Clips
from segue.serve.seen_playlists import others_seed
from segue.serve.service import Service


def resolve_seed(service: Service, name: str) -> Any:
    """A track, the sound of a clip that was uploaded, or what a text means; no path is looked at.

    A playlist of somebody else, which everybody may see, is meant where nothing of one's own is.

    Raises
    ------
    ApiError, TrackNotFoundError, AmbiguousQueryError
    """
    if Clips.is_clip(name):
        return service.clips.seed(name)
    track = service.library.tracks.by_id(name)
    if track:
        return track
    try:
        return service.library.seed_group(name, paths=False)
    except TrackNotFoundError:
        seed = others_seed(service, name)
        if seed is None:
            raise
        return seed


def resolve_seeds(service: Service, names: Sequence[str]) -> list[Any]:
    """Each of several."""
    return [resolve_seed(service, name) for name in names]
