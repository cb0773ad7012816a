"""The playlists that somebody sees: their own, and those that others let everybody see."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from typing import Any

from segue.errors import SegueError
from segue.library import Library, Playlist
from segue.recommend.grouped_search import rank_by_name
from segue.recommend.lookup import MOST_OF_ONE
from segue.recommend.seeds import SeedGroup
from segue.serve.service import Service
from segue.texts import count
from segue.track import Track, TrackId, folded
from segue.users import User

_PREFIX = "playlist:"


@dataclass(frozen=True, slots=True)
class SeenPlaylist:
    """A playlist, and whose it is.

    Attributes
    ----------
    owner : somebody else, who lets everybody see it; none where it is one's own
    public : whether everybody sees it
    """

    playlist: Playlist
    owner: User | None
    public: bool
    _library: Library  # with what its owner keeps

    def tracks(self) -> list[TrackId]:
        """The ids of its tracks in their order; some tracks may be gone from the library."""
        return self._library.playlists.tracks(self.playlist.id)

    def seed(self) -> SeedGroup:
        """What it means as a seed: its tracks, each once; of very many, some from all of it."""
        tracks = self._library.tracks.by_ids(list(dict.fromkeys(self.tracks())))
        by = f" by {self.owner.name}" if self.owner else ""
        name = f"{count(len(tracks), 'track')} of the playlist {self.playlist.name}{by}"
        seeds: list[Track] = tracks[:: -(-len(tracks) // MOST_OF_ONE)] if tracks else []
        return SeedGroup(tuple(seeds), name)

    @property
    def seed_text(self) -> str:
        """The text that means this playlist as a seed, for those who see it."""
        return _PREFIX + self.playlist.id

    def record(self) -> dict[str, Any]:
        """As routes send it, without its tracks."""
        owner = self.owner.name if self.owner else None
        return asdict(self.playlist) | {"owner": owner, "public": self.public}


def own(service: Service, playlist: Playlist) -> SeenPlaylist:
    """One of one's own playlists."""
    return SeenPlaylist(playlist, None, playlist.id in service.shared(), service.library)


def all_playlists(service: Service) -> list[SeenPlaylist]:
    """One's own, the last changed first, then those that others let everybody see, likewise."""
    return [own(service, playlist) for playlist in service.library.playlists.all()] + _of_others(service)


def find_by_words(service: Service, text: str, limit: int) -> list[SeenPlaylist]:
    """Those whose names hold every word of a text, the best matches first."""
    return rank_by_name(all_playlists(service), text, lambda seen: seen.playlist.name)[:limit]


def others_seeds(service: Service, text: str, limit: int) -> list[SeenPlaylist]:
    """Those of others that may be seeds and whose names hold every word of a text, the best matches first."""
    playlists = (seen for seen in _of_others(service) if seen.playlist.n)
    return rank_by_name(playlists, text, lambda seen: seen.playlist.name)[:limit]


def others_seed(service: Service, text: str) -> SeedGroup | None:
    """What ``playlist:ID`` or ``playlist:NAME`` means among those of others; the last changed of a name."""
    name = text.removeprefix(_PREFIX).strip()
    for seen in _of_others(service):
        if seen.playlist.n and (seen.playlist.id == name or folded(seen.playlist.name) == folded(name)):
            return seen.seed()
    return None


def find_playlist(service: Service, playlist_id: str) -> SeenPlaylist | None:
    """One of those that one sees."""
    playlist = service.library.playlists.get(playlist_id)
    return own(service, playlist) if playlist else _of_another(service, playlist_id)


def _of_others(service: Service) -> list[SeenPlaylist]:
    ids = {playlist.id for playlist in service.library.playlists.all()}
    seen = [_of_another(service, name) for name in service.shared() if name not in ids]
    return sorted(filter(None, seen), key=lambda seen: (-seen.playlist.changed_at, seen.playlist.id))


def _of_another(service: Service, playlist_id: str) -> SeenPlaylist | None:
    """A playlist that somebody else lets everybody see: there is no other way to what another keeps."""
    owner = service.shared().get(playlist_id)
    if owner is None:
        return None
    library = service.base.for_user(owner).library
    with contextlib.suppress(SegueError):  # of somebody who was removed a moment ago
        playlist = library.playlists.get(playlist_id)
        if playlist:
            return SeenPlaylist(playlist, owner, True, library)
    return None
