"""How one track plays into the next: where it is left, where the next begins, how long both sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from segue.audio.edges import Edges, measure_edges
from segue.audio.metadata import read_gain
from segue.catalog import Catalog, Snapshot
from segue.errors import AudioError, UsageError
from segue.recommend.session import Recommender
from segue.track import Track

Kind = Literal["gapless", "cut", "fade", "crossfade"]
CROSSFADE_S, LONGEST_S = 5.0, 12.0
_REFERENCE_DB = -18.0  # LKFS, to which tracks are leveled, as ReplayGain 2.0 does
_MOST_GAIN_DB = 12.0
_RING_S = 0.8  # of what rings out at a cold end, that the next track may begin in
_SHARE = 1 / 3  # of a track's length, that a transition takes at most


@dataclass(frozen=True, slots=True)
class Transition:
    """How a track leads into the next.

    Attributes
    ----------
    kind : "gapless", an album that runs on; "fade", the first dies away by itself; "crossfade", the first
        goes on and is faded; "cut", the first has ended
    out_s : where the first one ends, in its own time
    in_s : where the second begins, in its own time
    overlap_s : how long both sound, up to ``out_s``
    """

    kind: Kind
    out_s: float
    in_s: float
    overlap_s: float


@dataclass(frozen=True, slots=True)
class Playback:
    """How a track is to be played.

    Attributes
    ----------
    edges : none where its file cannot be read
    gain_db : that makes it as loud as others: by its ReplayGain tags, or as its loudness was measured
    """

    track: Track
    edges: Edges | None
    gain_db: float


@dataclass(frozen=True, slots=True)
class Transitions:
    """Of some tracks in their order.

    Attributes
    ----------
    steps : from each track to the one after it; none where an end of either is not known
    """

    playbacks: tuple[Playback, ...]
    steps: tuple[Transition | None, ...]


def transition(first: Edges, second: Edges, crossfade_s: float = CROSSFADE_S, *, album: bool) -> Transition:
    """How a sound leads into another.

    A fade rides long, up to twice the crossfade; a cold ending is cut tight; what goes on to the end of its
    file is faded, or, where the next one of its album goes on with it, not touched at all.

    Parameters
    ----------
    crossfade_s : 0 to 12; with 0 no two sound at once
    album : whether the second comes after the first on one album
    """
    if album and first.ending == "runs on" and second.start_s <= 0.1:
        return Transition("gapless", first.end_s, 0.0, 0.0)
    most = _SHARE * min(first.end_s - first.start_s, second.end_s - second.start_s)
    start = max(0.0, second.start_s - 0.02)  # the attack whole
    if first.ending == "runs on":
        overlap = min(crossfade_s, most)
        return Transition("crossfade" if overlap else "cut", first.end_s, start, round(overlap, 2))
    if first.ending == "fade":
        overlap = min(first.decay_s, 2 * crossfade_s, LONGEST_S, most)
        return Transition("fade" if overlap else "cut", first.end_s, start, round(overlap, 2))
    overlap = min(first.decay_s / 2, _RING_S, crossfade_s, most)
    return Transition("cut", first.end_s, start, round(overlap, 2))


def transitions(
    recommender: Recommender,
    tracks: Sequence[Track],
    *,
    crossfade_s: float = CROSSFADE_S,
    measure: bool = True,
) -> Transitions:
    """How each of the tracks leads into the next, in their order.

    Parameters
    ----------
    crossfade_s : how long two tracks may sound at once: 0 to 12; a fade rides up to twice as long.
    measure : decode the ends of those files whose ends are not known yet: a fifth of a second each, once.

    Raises
    ------
    UsageError
    """
    if not 0 <= crossfade_s <= LONGEST_S:
        raise UsageError(f"crossfade_s is {crossfade_s:g}, expected 0 to {LONGEST_S:g}")
    catalog = recommender.catalog
    edges_by_content = _edges(catalog, tracks, measure=measure)
    loudness = _loudness(catalog, recommender.catalog.snapshot(), tracks)
    playbacks = tuple(
        _playback(track, edges_by_content.get(_content(track)), loudness.get(track.id)) for track in tracks
    )
    steps = tuple(
        None if a.edges is None or b.edges is None
        else transition(a.edges, b.edges, crossfade_s, album=follows(a.track, b.track))
        for a, b in pairwise(playbacks)
    )  # fmt: skip
    return Transitions(playbacks, steps)


def follows(first: Track, second: Track) -> bool:
    """Whether a track comes next on the album of another."""
    a, b = first.tags, second.tags
    artists = [tags.album_artist or tags.artist for tags in (a, b)]
    numbers = (a.track_number, b.track_number)
    if not a.album or a.album != b.album or artists[0] != artists[1] or None in numbers:
        return False
    return (a.disc_number or 1) == (b.disc_number or 1) and numbers[1] == (numbers[0] or 0) + 1


def _content(track: Track) -> str:
    return track.content_hash or track.id


def _edges(catalog: Catalog, tracks: Sequence[Track], *, measure: bool) -> dict[str, dict[str, object]]:
    """What is known of the tracks' ends, by content; measured and kept where it is not."""
    stored = catalog.edges.get({_content(track) for track in tracks})
    missing = {_content(track): track for track in tracks if _content(track) not in stored}
    if not measure:
        return stored
    measured = {content: one for content, track in missing.items() if (one := _measure(track))}
    if measured:
        catalog.edges.keep(measured)
    return stored | measured


def _measure(track: Track) -> dict[str, object] | None:
    if not track.has_file or not Path(track.path).is_file():
        return None
    try:
        return asdict(measure_edges(track.path)) | {"gain_db": read_gain(track.path)}
    except (AudioError, OSError):
        return None


def _loudness(catalog: Catalog, snapshot: Snapshot, tracks: Sequence[Track]) -> dict[str, float]:
    """LKFS of the tracks, as far as the descriptors measured it, by id."""
    keys = catalog.tracks.keys_of([track.id for track in tracks])
    loudness: dict[str, float] = {}
    for space in snapshot.spaces.values():
        if "loudness_lkfs_mean" not in space.dimensions:
            continue
        column = space.dimensions.index("loudness_lkfs_mean")
        rows = {track_id: snapshot.row_of(key) for track_id, key in keys.items()}
        values = {name: float(space.vectors[row, column]) for name, row in rows.items() if row is not None}
        loudness |= {name: value for name, value in values.items() if np.isfinite(value)}
    return loudness


def _playback(track: Track, stored: dict[str, object] | None, loudness: float | None) -> Playback:
    fields = dict(stored) if stored else {}
    tagged = fields.pop("gain_db", None)
    edges = Edges(**fields) if fields else None  # type: ignore[arg-type]
    if loudness is None and edges:
        loudness = edges.level_db
    gain = tagged if isinstance(tagged, float) else 0.0 if loudness is None else _REFERENCE_DB - loudness
    return Playback(track, edges, round(float(np.clip(gain, -_MOST_GAIN_DB, _MOST_GAIN_DB)), 2))
