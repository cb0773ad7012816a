"""Songs, albums and artists as the protocol has them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segue.library import NO_ARTIST, Album, Artist, Discography, display_path, name_id, split_names
from segue.serve.http.media_types import listed_type
from segue.serve.service import Service
from segue.serve.subsonic.encoding import Tree
from segue.tags import VARIOUS_ARTISTS
from segue.track import Track, clean, readable, split_artists

_LAST = datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC).timestamp()


def date(at: float) -> str:
    """ISO 8601, of seconds since the epoch; what lies outside the years 1970 to 9999 becomes their end."""
    at = min(max(at, 0.0), _LAST) if at == at else 0.0  # noqa: PLR0124 - NaN is no date
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _artists(text: str) -> Tree:
    """Artists as older players know them, as a text and an id, and each with its own."""
    ids = _ids(text)
    return {"artist": text, "artistId": ids[0]["id"], "artists": ids, "displayArtist": text}


def _ids(text: str) -> list[Tree]:
    return [{"id": name_id("ar", name), "name": name} for name in split_artists(text) or (text,)]


def _genres(names: Sequence[str]) -> Tree:
    return {"genre": names[0], "genres": [{"name": name} for name in names]} if names else {}


@dataclass(frozen=True, slots=True)
class Entries:
    """Writes entries at one moment of the library."""

    discography: Discography
    folders: Sequence[str]
    stars: Mapping[str, Mapping[str, float]]
    plays: Mapping[str, tuple[int, float]]
    ratings: Mapping[str, int]

    @classmethod
    def of(cls, service: Service) -> Entries:
        library = service.library
        stars = {kind: library.feedback.stars(kind) for kind in ("track", "album", "artist")}
        plays, ratings = library.feedback.plays(), library.feedback.ratings()
        return cls(service.library.discography(), library.folders.all(), stars, plays, ratings)

    def song(self, track: Track) -> Tree:
        tags, album_id = track.tags, self.discography.album_of.get(track.id)
        album = self.discography.albums.get(album_id or "")
        artist = clean(track.artist) or NO_ARTIST
        played = self.plays.get(track.id)
        kind, ending = listed_type(track.path, track.codec)
        record: Tree = {
            "id": track.id,
            "parent": album_id,
            "isDir": False,
            "title": clean(readable(track.title)),
            "album": album.name if album else None,
            "track": tags.track_number,
            "year": tags.year or None,
            **_genres(list(split_names("genre", clean(tags.genre) or "").values())),
            "coverArt": track.id,
            "size": track.size,
            "contentType": kind,
            "suffix": ending or None,
            "duration": round(track.duration_s),
            "bitRate": round(track.size * 8 / track.duration_s / 1000) if track.duration_s else None,
            "samplingRate": track.sr or None,
            "channelCount": track.channels or None,
            "path": readable(display_path(track.path, self.folders)),
            "discNumber": tags.disc_number,
            "created": date(track.added_at),
            "albumId": album_id,
            **_artists(artist),
            **({"albumArtists": _ids(album.artist), "displayAlbumArtist": album.artist} if album else {}),
            "type": "music",
            "mediaType": "song",
            "isVideo": False,
            "playCount": played[0] if played else None,
            "played": date(played[1]) if played and played[1] else None,
            "starred": self._star("track", track.id),
            "userRating": self.ratings.get(track.id),
        }
        return {name: value for name, value in record.items() if value is not None}

    def album(self, album: Album) -> Tree:
        record: Tree = {
            "id": album.id,
            "name": album.name,
            "title": album.name,
            "album": album.name,
            **_artists(album.artist),
            "isCompilation": album.artist == VARIOUS_ARTISTS or None,
            "parent": album.artist_id,
            "isDir": True,
            "coverArt": album.id,
            "songCount": len(album.tracks),
            "duration": round(album.duration_s),
            "created": date(album.created_at),
            "year": album.year,
            **_genres(album.genres),
            "playCount": sum(self.plays[name][0] for name in album.tracks if name in self.plays),
            "starred": self._star("album", album.id),
            "userRating": self.ratings.get(album.id),
        }
        return {name: value for name, value in record.items() if value is not None}

    def artist(self, artist: Artist) -> Tree:
        star = self._star("artist", artist.id)
        record = {
            "id": artist.id,
            "name": artist.name,
            "coverArt": artist.id,
            "albumCount": len(artist.albums),
        }
        rating = self.ratings.get(artist.id)
        return record | ({"starred": star} if star else {}) | ({"userRating": rating} if rating else {})

    def _star(self, kind: str, name: str) -> str | None:
        at = self.stars[kind].get(name)
        return date(at) if at else None
