"""Players for tracks in a notebook, on request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from segue.display.html import table, together
from segue.display.media import clip, cover
from segue.texts import count
from segue.track import Track


@dataclass(frozen=True, slots=True, repr=False)
class Sounds:
    """Tracks, and how many seconds of each a notebook plays."""

    tracks: tuple[Track, ...]
    seconds: float

    def __repr__(self) -> str:
        return f"<Sounds of {count(len(self.tracks), 'track')}, for a notebook>"

    def _repr_html_(self) -> str:
        rows = [
            (cover(track), track.display_name, clip(track, self.seconds) or "no file")
            for track in self.tracks
        ]
        return together([table(("", "track", "sound"), rows)])


def listen(tracks: Track | Iterable[Track], seconds: float = 30.0) -> Sounds:
    """Shows tracks in a notebook with a player for each; a minute takes 480 kB of the notebook.

    Parameters
    ----------
    seconds : from the middle of each track
    """
    return Sounds((tracks,) if isinstance(tracks, Track) else tuple(tracks), seconds)
