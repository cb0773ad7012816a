"""How many tracks make so many minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from segue.errors import UsageError
from segue.recommend.result import Match
from segue.recommend.session import Session

LONGEST_MIN = 1440  # a day
_MOST = 2_000  # tracks
_ROUNDS = 12


def require_minutes(minutes: float | None) -> None:
    """Raises UsageError where nothing can be so long."""
    if minutes is not None and not 0 < minutes <= LONGEST_MIN:
        raise UsageError(f"minutes is {minutes:g}, expected more than 0 and at most {LONGEST_MIN}")


def n_tracks(session: Session, minutes: float | None, k: int) -> int:
    """How many of the library's tracks are so long together, on average; k without minutes."""
    if minutes is None:
        return k
    held = session.catalog.overview()
    mean_s = held.duration_s / max(1, held.tracks)
    return max(1, min(_MOST, round(60 * minutes / mean_s))) if mean_s else k


def pick_by_length(
    matches: Sequence[Match], minutes: float | None, k: int, pick: Callable[[int], Sequence[int]]
) -> Sequence[int]:
    """What ``pick(n)`` takes of some matches, for the n that comes nearest to so many minutes.

    Parameters
    ----------
    k : the n that is tried first; the only one without minutes
    pick : places of n matches, or of all where there are fewer
    """
    if minutes is None or not matches:
        return pick(k)
    lengths = [match.track.duration_s for match in matches]
    tried: dict[int, Sequence[int]] = {}
    off: dict[int, float] = {}
    n = min(k, len(matches))
    while n not in tried and len(tried) < _ROUNDS:
        tried[n] = pick(n)
        total = sum(lengths[i] for i in tried[n])
        off[n] = abs(total - 60 * minutes)
        mean_s = total / max(1, len(tried[n])) or 1.0
        n = max(1, min(len(matches), n + round((60 * minutes - total) / mean_s)))
    return tried[min(off, key=lambda n: (off[n], n))]
