"""MongoDB as home of a catalogue that several libraries share; each library stays a whole one of its own."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from segue.catalog import Catalog
from segue.errors import EmptyLibraryError
from segue.export.mongo import DATABASE, TRACKS, ExportReport, export_mongo, library_id
from segue.ingest.records import ImportReport
from segue.library import Library
from segue.sources.mongo.address import Address, address_of
from segue.sources.mongo.connection import connected
from segue.sources.mongo.shared_catalog import Shared, source_name
from segue.sources.mongo.writer import EXPORTS


@dataclass(frozen=True, slots=True)
class Together:
    """What went to the home, and what came from there."""

    sent: ExportReport | None  # None where the library has no tracks of its own
    taken: ImportReport | None  # None where the sending was interrupted


class Home:
    """A database in which libraries keep their tracks and vectors.

    Parameters
    ----------
    uri : ``mongodb://user:password@host:27017/database``; the database is ``segue`` unless named

    Raises
    ------
    UsageError, MissingExtraError
    """

    def __init__(self, uri: str, collection: str = TRACKS) -> None:
        self.address: Address = address_of(uri, None, usual=DATABASE)
        self._collection = collection

    def check(self) -> None:
        """See that it can be read, before long work.

        Raises
        ------
        SourceError
        """
        with connected(self.address, doing="a scan without --catalog needs no server") as database:
            database[EXPORTS].find_one({"_id": ""})

    def meet(self, root: Path) -> Together:
        """Send the tracks of the library in ``root``, and take those that only other libraries have.

        Its own tracks come first: where this ends early, the library is whole, and the next time goes on.

        Raises
        ------
        SourceError, SpecMismatchError, LibraryBusyError, LibraryWriteError
        """
        sent = None
        with contextlib.suppress(EmptyLibraryError):
            sent = export_mongo(root, self.address, collection=self._collection)
        if sent and sent.interrupted:
            return Together(sent, None)
        with contextlib.closing(Catalog(root)) as catalog:
            mine = source_name(self.address)
            source = Shared(
                self.address,
                self._collection,
                library_id(catalog),
                here={track.id for track in catalog.tracks if track.source != mine},
                settings={name: space.settings for name, space in catalog.snapshot().spaces.items()},
            )
        with Library.open(root) as library:
            return Together(sent, library.import_from(source))
