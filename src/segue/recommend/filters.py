"""Which tracks may be answers: those that meet all conditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog import Catalog, Snapshot, Where
from segue.errors import UsageError
from segue.views.view_index import ViewIndex

# Dimensions that say a tempo: the descriptors', those of tables of songs, of FMA's Echo Nest.
_TEMPOS: tuple[tuple[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]], ...] = (
    ("tempo_bpm", np.positive),
    ("tempo_log2", np.exp2),
    ("tempo", np.positive),
)


def with_label(where: Where | None, label: str) -> Where:
    """The conditions, with a label among them that is given apart."""
    if where and where.label is not None:
        raise UsageError(f"two different labels are given, {label!r} and {where.label!r}; give one")
    return replace(where or Where(), label=label)


def allowed_items(
    where: Where | None,
    without_artists: Sequence[str],
    catalog: Catalog,
    snapshot: Snapshot,
    index: ViewIndex,
) -> NDArray[np.bool_]:
    """bool over an index's items, read-only: as ``allowed_rows``; kept until the library changes."""

    def look(_: object) -> NDArray[np.bool_]:
        mask = allowed_rows(where, without_artists, catalog, snapshot, index.rows)
        mask.flags.writeable = False
        return mask

    name = "allowed", str(index.spec), index.stamp, frozenset(without_artists), repr(where)
    return catalog.derived.get(name, look, lambda mask: mask.nbytes)


def allowed_rows(
    where: Where | None,
    without_artists: Sequence[str],
    catalog: Catalog,
    snapshot: Snapshot,
    rows: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """bool over ``rows``: as ``rows_meeting``, and which are by none of some artists."""
    allowed = rows_meeting(where, catalog, snapshot, rows) if where else np.ones(len(rows), np.bool_)
    if without_artists:
        allowed &= ~_are_of(catalog.tracks.keys_by_artists(without_artists), snapshot, rows)
    return allowed


def _are_of(keys: NDArray[np.int64], snapshot: Snapshot, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool over ``rows`` of the snapshot: which are of some tracks."""
    of = snapshot.rows_of(keys)
    among = np.zeros(len(snapshot.keys), np.bool_)
    among[of[of >= 0]] = True
    return among[rows]


def rows_meeting(
    where: Where, catalog: Catalog, snapshot: Snapshot, rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """bool over ``rows`` of the snapshot: which tracks meet all conditions.

    Raises
    ------
    UsageError
        Where no track could: a name is unknown, or the library has no tempos.
    """
    mask = np.ones(len(rows), np.bool_)
    if replace(where, tempo_bpm=None) != Where():
        mask = _are_of(catalog.tracks.keys_matching(where), snapshot, rows)
    if where.tempo_bpm is not None:
        low, high = where.tempo_bpm
        tempo = _tempos(snapshot, rows[mask])
        fits = tempo > 0  # neither 0, which stands for no onset at all, nor NaN, where nothing listened
        fits &= True if low is None else tempo >= low
        fits &= True if high is None else tempo <= high
        mask[mask] = fits
    return mask


def _tempos(snapshot: Snapshot, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64 (n,), beats per minute, of the first space that knows a track's; NaN where none does."""
    tempos = np.full(len(rows), np.nan)
    spaces = snapshot.spaces.values()
    columns = [(s, name, bpm) for name, bpm in _TEMPOS for s in spaces if name in s.dimensions]
    if not columns:
        raise UsageError(
            "this library has no tempos; the descriptors measure them: "
            + command("scan -e descriptors FOLDER")
        )
    for space, name, bpm in columns:
        values = bpm(np.asarray(space.vectors[rows, space.dimensions.index(name)], np.float64))
        np.copyto(tempos, values, where=~(tempos > 0))
    return tempos


def describe_shortfall(
    catalog: Catalog,
    snapshot: Snapshot,
    rows: NDArray[np.int64],
    n: int,
    k: int,
    where: Where | None,
    reason: str,
    *,
    feedback: bool,
) -> str:
    """Why there are n answers and not k.

    Parameters
    ----------
    rows : of the snapshot, of what is compared
    reason : what no more tracks do: they "qualify"
    feedback : whether dislikes leave tracks out
    """
    text = f"{n} of {k}: no more of the library's {len(catalog.tracks)} tracks {reason}"
    missing = int((snapshot.missing & (snapshot.keys >= 0)).sum())
    if missing:
        text += f"; the files of {missing} are missing or away"
    opinions = catalog.opinions() if feedback else None
    if opinions is not None and len(opinions.disliked):
        text += f"; you dislike {len(opinions.disliked)}"
    return text + (describe_counts(where, catalog, snapshot, rows) if where else "")


def describe_counts(where: Where, catalog: Catalog, snapshot: Snapshot, rows: NDArray[np.int64]) -> str:
    """How many tracks meet each condition, and all of them, seeds included, for the end of a sentence."""
    parts = where.parts()
    counts = [f"{part}: {rows_meeting(part, catalog, snapshot, rows).sum()}" for part in parts]
    if len(parts) > 1:
        counts.append(f"all together: {rows_meeting(where, catalog, snapshot, rows).sum()}")
    return f"; {', '.join(counts)}" if counts else ""
