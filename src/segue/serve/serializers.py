"""Tracks as JSON."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from segue.library import display_path, name_id
from segue.recommend import Match, Recommendations
from segue.track import Track, clean, readable, split_artists

Record = dict[str, Any]


@functools.lru_cache(4096)
def artists_record(text: str | None) -> list[Record]:
    """Each of the artists in a text, by name and id."""
    return [{"id": name_id("ar", name), "name": name} for name in split_artists(text)]


def track_record(track: Track, cluster: int | None, folders: Sequence[str]) -> Record:
    """A track for clients: its path is for reading, and opens nothing."""
    tags = track.tags
    return {
        "id": track.id,
        "title": clean(readable(track.title)),
        "artist": clean(track.artist),
        "artists": artists_record(clean(track.artist)),
        "album": clean(tags.album),
        "album_artist": clean(tags.album_artist),
        "genre": clean(tags.genre),
        "year": tags.year or None,
        "disc_number": tags.disc_number,
        "track_number": tags.track_number,
        "duration_s": round(track.duration_s, 3),
        "path": readable(display_path(track.path, folders)) if track.has_file else None,
        "url": clean(track.url),
        "source": clean(track.source),
        "has_file": track.has_file,
        "missing": track.missing_since is not None,
        "cluster": cluster,
    }


def track_records(
    tracks: Iterable[Track], clusters: Mapping[Any, int], folders: Sequence[str]
) -> list[Record]:
    return [track_record(track, clusters.get(track.id), folders) for track in tracks]


def _bias_record(match: Match) -> Record | None:
    bias = match.bias
    if bias is None:
        return None
    liked, disliked = (track.id if track else None for track in (bias.liked, bias.disliked))
    text = clean(readable(match.feedback))
    return {"value": bias.value, "text": text, "liked": liked, "disliked": disliked}


def matches_record(
    recommendations: Recommendations, clusters: Mapping[Any, int], folders: Sequence[str]
) -> dict[str, Any]:
    """What was recommended, with scores to four digits."""
    matches = [
        {
            "score": round(match.score, 4),
            "bias": _bias_record(match),
            "track": track_record(match.track, clusters.get(match.track.id), folders),
            "versions": track_records(match.versions, clusters, folders),
        }
        for match in recommendations.matches
    ]
    return {
        "matches": matches,
        "shortfall": recommendations.shortfall,
        "seeds": list(recommendations.seeds),
        "left_out": [{**asdict(one), "text": str(one)} for one in recommendations.left_out],
    }
