"""A MongoDB in which several libraries share their tracks; each library stays whole on its own."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from segue.catalog import Catalog
from segue.errors import EmptyLibraryError
from segue.export.mongo import DATABASE, TRACKS, export_mongo, library_id
from segue.ingest.report import Report
from segue.library import Library
from segue.progress import Progress
from segue.sources.mongo.address import Address, parse_address
from segue.sources.mongo.connection import connect
from segue.sources.mongo.shared_catalog import OtherLibraries, source_name
from segue.sources.mongo.writer import EXPORTS


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one library gave to the others, and what it got from them.

    Attributes
    ----------
    sent : ``None`` where the library has no tracks of its own
    received : ``None`` where the sending was interrupted
    """

    sent: Report | None
    received: Report | None


class SharedCatalog:
    """A database in which libraries share their tracks and vectors.

    Parameters
    ----------
    uri : ``mongodb://user:password@host:27017/database``; the database is ``segue`` unless named

    Raises
    ------
    UsageError, MissingExtraError
    """

    def __init__(self, uri: str, collection: str = TRACKS) -> None:
        self.address: Address = parse_address(uri, None, usual=DATABASE)
        self._collection = collection

    def check(self) -> None:
        """Make sure that it can be read, before long work.

        Raises
        ------
        SourceError
        """
        with connect(self.address, doing="a scan without --catalog needs no server") as database:
            database[EXPORTS].find_one({"_id": ""})

    def sync(self, root: Path, *, progress: Progress | None = None) -> SyncReport:
        """Send the tracks of the library in ``root``, and receive those that only other libraries have.

        Its own tracks come first: where this ends early, the library is whole, and the next time goes on.

        Raises
        ------
        SourceError, SpecMismatchError, LibraryBusyError, LibraryWriteError
        """
        sent = None
        with contextlib.suppress(EmptyLibraryError):
            sent = export_mongo(root, self.address, collection=self._collection, progress=progress)
        if sent and sent.interrupted:
            return SyncReport(sent, None)
        with contextlib.closing(Catalog(root)) as catalog:
            own_name = source_name(self.address)
            source = OtherLibraries(
                self.address,
                self._collection,
                library_id(catalog),
                here={track.id for track in catalog.tracks if track.source != own_name},
                settings={name: space.settings for name, space in catalog.snapshot().spaces.items()},
            )
        with Library.open(root) as library:
            return SyncReport(sent, library.import_from(source, progress=progress))
