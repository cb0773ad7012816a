"""How many of the nearest tracks are looked at for k answers."""

from __future__ import annotations

from segue.recommend.feedback import CANDIDATES, Preferences

_SPARE = 6  # beside those that are asked for


def widths(k: int, n_seeds: int, preferences: Preferences | None, *, by_window: bool) -> list[int]:
    """First a few more than k, as versions of one recording count once; then more, where that is too few."""
    most = 2 * k + 16 + n_seeds
    more = 40 * k + 400 if by_window else 0
    if preferences is not None:
        most = max(most, CANDIDATES, 4 * k)
        return [most, more + most + len(preferences.left_out)]
    return [most, more] if more else [k + _SPARE + n_seeds, most]
