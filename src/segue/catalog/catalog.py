"""One library on disk: its connections, the doors to its tables, and the right to write."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from segue.catalog import schema, snapshots, summaries
from segue.catalog.albums import Discography, DiscographyCache
from segue.catalog.bookmarks import BookmarkTable
from segue.catalog.clusters import ClusterTables
from segue.catalog.connections import Connections
from segue.catalog.derived import Derived, generation
from segue.catalog.edges import EdgeTables
from segue.catalog.feedback import FeedbackTables, Opinions
from segue.catalog.files import MissingTrack, failures, known_files, missing_tracks
from segue.catalog.folders import FolderTables
from segue.catalog.overview import Overview, content_version, overview
from segue.catalog.play_queue import PlayQueueTable
from segue.catalog.playlists import PlaylistTables
from segue.catalog.selections import SelectionTables
from segue.catalog.settings import Settings, SettingTables
from segue.catalog.snapshots import Snapshot
from segue.catalog.tracks import TrackTables
from segue.errors import LibraryBusyError, LibraryWriteError
from segue.spec import EmbedderSpec
from segue.texts import reason

if TYPE_CHECKING:
    import filelock

    from segue.catalog.check import Check
    from segue.catalog.records import Failure, KnownFile
    from segue.catalog.writer import Writer

_Value = TypeVar("_Value")


class Catalog:
    """A library's tables and vectors; several threads may share one. ``Catalog(root)`` opens an existing one.

    Attributes
    ----------
    connections : to its database, one for each thread

    Raises
    ------
    LibraryNotFoundError, LibraryFormatError
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.connections = local = Connections(root)
        self._lock = threading.Lock()
        self._last: dict[tuple[int, int], Snapshot] = {}  # one, by its generation
        self._discography = DiscographyCache()
        self.derived = Derived(local)
        self.tracks = TrackTables(local, self.derived)
        self.clusters = ClusterTables(local)
        self.edges = EdgeTables(local)
        self.folders = FolderTables(local)
        self.settings = SettingTables(local)
        self._use(local)
        _ = local.db

    def _use(self, own: Connections) -> None:
        """Take what a listener keeps from these connections."""
        self._own = own
        self.playlists = PlaylistTables(own)
        self.selections = SelectionTables(own, self.derived)
        self.feedback = FeedbackTables(own)
        self.play_queue = PlayQueueTable(own)
        self.bookmarks = BookmarkTable(own)

    def with_own_data(self, file: Path) -> Catalog:
        """The same library, with the playlists, feedback, queue and bookmarks of a user's own file.

        Both share what they keep of the library in memory.
        """
        from segue.catalog.own_data import OwnConnections

        catalog = copy.copy(self)
        catalog._use(OwnConnections(self.root, file))
        return catalog

    @classmethod
    def create(cls, root: Path) -> Catalog:
        """Open the library in ``root``; make an empty one first where there is none."""
        schema.create(root)
        return cls(root)

    def close(self) -> None:
        """Close this thread's connection; those of ended threads close themselves.

        With a user's own data, only the connection to that.
        """
        self._own.close()

    def discography(self) -> Discography:
        """Artists and albums of the tracks whose files are there.

        New and removed tracks show at once, changes of tags after some seconds.
        """
        return self._discography.get(self.connections.db)

    def overview(self) -> Overview:
        """How much there is, counted without reading it."""
        db = self.connections.db
        return overview(db, self.derived.get("counts", summaries.counts))

    def known_files(self) -> dict[str, KnownFile]:
        """Every track's file, by path."""
        return known_files(self.connections.db)

    def missing_tracks(self) -> list[MissingTrack]:
        """Tracks whose files are gone, by path."""
        return missing_tracks(self.connections.db)

    def failures(self) -> list[Failure]:
        """Files that could not be used, by path."""
        return failures(self.connections.db)

    def spaces(self) -> dict[str, EmbedderSpec]:
        """What there are vectors of, by the names of the spaces."""
        return snapshots.read_spaces(self.connections.db)

    def snapshot(self) -> Snapshot:
        """All vectors as committed now; threads share the last snapshot until something is written."""
        db = self.connections.db
        if db.in_transaction:
            return snapshots.read_snapshot(self.root, db)
        now = self._as_last_written(self.connections, "generation", lambda: generation(db))
        with self._lock:
            if now not in self._last:
                snapshot = snapshots.read_snapshot(self.root, db)
                self._last.clear()
                self._last[now] = snapshot
            return self._last[now]

    def opinions(self) -> Opinions | None:
        """What is liked and disliked now, if anything."""
        return self._as_last_written(self._own, "opinions", self.feedback.opinions)

    def current_settings(self) -> Settings:
        """What a listener has set."""
        return self._as_last_written(self.connections, "settings", self.settings.load)

    @staticmethod
    def _as_last_written(local: Connections, name: str, read: Callable[[], _Value]) -> _Value:
        """What a table says; read again only where something has been written."""
        db = local.db
        moment = (*[db.execute(sql).fetchone()[0] for sql in local.versions], db.total_changes)
        last: tuple[tuple[int, ...], _Value] | None = getattr(local, name, None)
        if last is None or last[0] != moment or db.in_transaction:
            last = (moment, read())
            setattr(local, name, last)
        return last[1]

    def version(self) -> int:
        """Another number whenever another connection has changed the library."""
        return int(self.connections.db.execute("PRAGMA data_version").fetchone()[0])

    def changes(self) -> int:
        """A number that grows whenever tracks have changed, the same in all processes."""
        return sum(generation(self.connections.db))

    def content_version(self) -> tuple[object, ...]:
        """Another value after each scan, import and search for clusters.

        Tags, labels or clusters of a track may then differ.
        """
        return content_version(self.connections.db)

    def check(self) -> Check:
        """Read all of the library and compare what its parts say of each other."""
        from segue.catalog.check import check

        return check(self.root, self.connections.db)

    def drop_foreign(self) -> list[str]:
        """Drop triggers and views that are not Segue's, which a writer refuses; what was done."""
        from segue.catalog.repair import drop_foreign

        with self._as_only_writer(-1, None):
            return drop_foreign(self.connections.db)

    @contextlib.contextmanager
    def writing(self, wait_s: float = -1, on_wait: Callable[[], None] | None = None) -> Iterator[Writer]:
        """The right to change the library, held by one process at a time.

        Parameters
        ----------
        wait_s : how long to wait for another writer; -1 for as long as it takes.
        on_wait : called once, before waiting.

        Raises
        ------
        LibraryBusyError
            Where another process is still writing after ``wait_s``.
        LibraryNotFoundError
            Where the library has been moved away.
        LibraryWriteError
        """
        from segue.catalog import postings_writer
        from segue.catalog.writer import Writer

        with self._as_only_writer(wait_s, on_wait):
            writer = Writer(self.connections)
            before = postings_writer.watch(self.connections.db)
            yield writer
            summaries.keep(self.connections.db)
            postings_writer.keep(self.connections.db, before)

    @contextlib.contextmanager
    def _as_only_writer(self, wait_s: float, on_wait: Callable[[], None] | None) -> Iterator[None]:
        import filelock

        schema.check_present(self.root)
        lock = filelock.FileLock(self.root / "writer.lock")
        try:
            _acquire(lock, self.root, wait_s, on_wait)
        except (PermissionError, OSError) as error:
            raise LibraryWriteError(
                f"the library in {self.root} cannot be written to: {reason(error)}"
            ) from error
        try:
            yield
        finally:
            lock.release()


def _acquire(
    lock: filelock.BaseFileLock, root: Path, wait_s: float, on_wait: Callable[[], None] | None
) -> None:
    import filelock

    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if on_wait and wait_s:
            on_wait()
        try:
            lock.acquire(timeout=wait_s, poll_interval=0.2)
        except filelock.Timeout:
            raise LibraryBusyError(
                f"another Segue is writing to the library in {root}; try again when it is done"
            ) from None
