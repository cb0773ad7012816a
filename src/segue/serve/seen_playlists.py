"""The playlists that somebody sees: their own, and those that others let everybody see."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from typing import Any

from segue.errors import SegueError
from segue.library import Library, Playlist
from segue.serve.service import Service
from segue.track import TrackId
from segue.users import User


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

    def record(self) -> dict[str, Any]:
        """As routes send it, without its tracks."""
        owner = self.owner.name if self.owner else None
        return asdict(self.playlist) | {"owner": owner, "public": self.public}


def own(service: Service, playlist: Playlist) -> SeenPlaylist:
    """One of one's own playlists."""
    return SeenPlaylist(playlist, None, playlist.id in service.shared(), service.library)


def all_playlists(service: Service) -> list[SeenPlaylist]:
    """One's own, the last changed first, then those that others let everybody see, likewise."""
    mine = [own(service, playlist) for playlist in service.library.playlists.all()]
    ids = {seen.playlist.id for seen in mine}
    others = [_of_another(service, name) for name in service.shared() if name not in ids]
    shared = [seen for seen in others if seen]
    return mine + sorted(shared, key=lambda seen: (-seen.playlist.changed_at, seen.playlist.id))


def find_playlist(service: Service, playlist_id: str) -> SeenPlaylist | None:
    """One of those that one sees."""
    playlist = service.library.playlists.get(playlist_id)
    return own(service, playlist) if playlist else _of_another(service, playlist_id)


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
