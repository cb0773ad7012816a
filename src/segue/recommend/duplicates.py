"""Recordings of which a library has several files."""

from __future__ import annotations

from dataclasses import dataclass

from segue.display.following import following
from segue.progress import Follow
from segue.recommend.session import Recommender
from segue.track import Track


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of a recording.

    ``identical`` is whether a file before it in the list has the same bytes.
    """

    track: Track
    identical: bool


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A recording of which there are several files, the best first."""

    copies: tuple[Copy, ...]

    @property
    def best(self) -> Track:
        return self.copies[0].track

    @property
    def extra_bytes(self) -> int:
        """The size of all files but the best."""
        return sum(copy.track.size for copy in self.copies[1:])


def duplicates(recommender: Recommender, *, progress: Follow = None) -> list[Duplicate]:
    """All recordings of which the library has several files that are there, those of the largest files first.

    Files of one recording are found by how their sound moves, their lengths and their names; see
    ``docs/recommend.md``. Nothing is changed on disk.

    Parameters
    ----------
    progress : follows the search, or ``True`` for a bar, where the library has changed since the last one.

    Raises
    ------
    EmptyLibraryError
    """
    with following(progress) as follower:
        versions = recommender.find_versions(recommender.snapshot(), progress=follower)
    tracks = recommender.catalog.tracks.by_keys({key for group in versions.groups for key in group})
    groups = ([tracks[key] for key in group if key in tracks] for group in versions.groups)
    files = ([track for track in group if track.has_file] for group in groups)
    recordings = [_duplicate(group) for group in files if len(group) > 1]
    return sorted(recordings, key=lambda one: (-one.extra_bytes, one.best.display_name))


def _duplicate(tracks: list[Track]) -> Duplicate:
    contents = [track.content_hash for track in tracks]
    copies = (Copy(track, track.content_hash in contents[:i]) for i, track in enumerate(tracks))
    return Duplicate(tuple(copies))
