"""Tracks and their vectors on disk, row-aligned: the truth of a library.

``catalog.sqlite`` says what exists; ``vectors/<space>/`` holds matrices that only grow. A row
exists when the database says so, and it says so only after the row is on the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.catalog.schema import FILE_NAME as CATALOG_FILE
from segue.catalog.schema import FORMAT_VERSION
from segue.catalog.settings import NAMES as SETTING_NAMES
from segue.late import load_late

if TYPE_CHECKING:
    from segue.catalog.album_lists import (
        ARTICLES,
        AlbumSort,
        ArtistSort,
        album_ids,
        last_played,
        list_albums,
        list_artists,
        n_plays,
        sort_albums,
        sort_name,
    )
    from segue.catalog.albums import NO_ALBUM, NO_ARTIST, Album, Artist, Discography, name_id
    from segue.catalog.bookmarks import Bookmark, BookmarkTable
    from segue.catalog.catalog import Catalog
    from segue.catalog.check import Check, Fault
    from segue.catalog.clusters import Cluster, Clusters
    from segue.catalog.conditions import Where
    from segue.catalog.feedback import Feedback, FeedbackTables, Opinions, StarKind, Verdict
    from segue.catalog.files import MissingTrack
    from segue.catalog.folders import FolderTables, display_path
    from segue.catalog.listing import Facets, Sort
    from segue.catalog.name_search import ranked
    from segue.catalog.names import split_names
    from segue.catalog.overview import Imported, Overview
    from segue.catalog.play_queue import PlayQueue, PlayQueueTable
    from segue.catalog.playlists import Playlist, PlaylistTables
    from segue.catalog.records import (
        Analysis,
        AnalyzedFile,
        Failure,
        FileState,
        KnownFile,
        SeenFile,
        UpsertResult,
    )
    from segue.catalog.removed import RemovedTracks
    from segue.catalog.selections import Selection
    from segue.catalog.settings import Settings, SettingTables
    from segue.catalog.snapshots import Snapshot, SpaceVectors
    from segue.catalog.tracks import TrackReader, TrackTables
    from segue.catalog.upsert import SeenKeys
    from segue.catalog.writer import Writer

__all__ = [
    "ARTICLES",
    "CATALOG_FILE",
    "FORMAT_VERSION",
    "NO_ALBUM",
    "NO_ARTIST",
    "SETTING_NAMES",
    "Album",
    "AlbumSort",
    "Analysis",
    "AnalyzedFile",
    "Artist",
    "ArtistSort",
    "Bookmark",
    "BookmarkTable",
    "Catalog",
    "Check",
    "Cluster",
    "Clusters",
    "Discography",
    "Facets",
    "Failure",
    "Fault",
    "Feedback",
    "FeedbackTables",
    "FileState",
    "FolderTables",
    "Imported",
    "KnownFile",
    "MissingTrack",
    "Opinions",
    "Overview",
    "PlayQueue",
    "PlayQueueTable",
    "Playlist",
    "PlaylistTables",
    "RemovedTracks",
    "SeenFile",
    "SeenKeys",
    "Selection",
    "SettingTables",
    "Settings",
    "Snapshot",
    "Sort",
    "SpaceVectors",
    "StarKind",
    "TrackReader",
    "TrackTables",
    "UpsertResult",
    "Verdict",
    "Where",
    "Writer",
    "album_ids",
    "display_path",
    "last_played",
    "list_albums",
    "list_artists",
    "n_plays",
    "name_id",
    "ranked",
    "sort_albums",
    "sort_name",
    "split_names",
]

_NAMES = {
    "album_lists": "ARTICLES AlbumSort ArtistSort album_ids last_played list_albums list_artists n_plays "
    "sort_albums sort_name",
    "albums": "Album Artist Discography NO_ALBUM NO_ARTIST name_id",
    "bookmarks": "Bookmark BookmarkTable",
    "catalog": "Catalog",
    "check": "Check Fault",
    "clusters": "Cluster Clusters",
    "conditions": "Where",
    "feedback": "Feedback FeedbackTables Opinions StarKind Verdict",
    "files": "MissingTrack",
    "folders": "FolderTables display_path",
    "listing": "Facets Sort",
    "name_search": "ranked",
    "names": "split_names",
    "overview": "Imported Overview",
    "play_queue": "PlayQueue PlayQueueTable",
    "playlists": "Playlist PlaylistTables",
    "records": "Analysis AnalyzedFile Failure FileState KnownFile SeenFile UpsertResult",
    "removed": "RemovedTracks",
    "selections": "Selection",
    "settings": "SettingTables Settings",
    "snapshots": "Snapshot SpaceVectors",
    "tracks": "TrackReader TrackTables",
    "upsert": "SeenKeys",
    "writer": "Writer",
}
_HOMES = {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
__getattr__ = load_late(__name__, _HOMES)  # who reads needs none of what writes
