"""A library's tracks and vectors to MongoDB: what is new or has changed is written, what is gone deleted."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog import Catalog, Snapshot
from segue.errors import EmptyLibraryError, LibraryError
from segue.files import replacing
from segue.ingest.cancel import cancellable
from segue.ingest.report import Report
from segue.progress import Progress, Silent
from segue.sources.contract import Problem
from segue.sources.mongo.address import Address
from segue.sources.mongo.connection import connect
from segue.sources.mongo.shared_catalog import source_name
from segue.sources.mongo.tracks import has_vector, to_document
from segue.sources.mongo.writer import BULK, CollectionWriter, StoredHash
from segue.spec import settings_to_json, spec_to_json

TRACKS = "tracks"  # the usual collection
DATABASE = "segue"  # the usual database
_ID_FILE = "library.id"
_WHOLE = "every document that was written is whole, and the same export goes on from there"


def export_mongo(
    root: Path,
    address: Address,
    *,
    collection: str = TRACKS,
    spaces: Sequence[str] = (),
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Report:
    """Bring a collection up to date with the library in ``root``; a second time changes nothing.

    Ctrl-C ends it early; what was written is whole, and the next time goes on from there.

    Parameters
    ----------
    spaces : of the vectors to export; by default, all
    stop : set from another thread, it does what Ctrl-C does

    Raises
    ------
    SourceError
        Where the server cannot be reached, or refuses.
    EmptyLibraryError, LibraryError, SpecMismatchError
    """
    with contextlib.closing(Catalog(root)) as catalog:
        snapshot = catalog.snapshot()
        unknown = [space for space in spaces if space not in snapshot.spaces]
        if unknown:
            raise LibraryError(
                f"no space {unknown[0]!r} in this library; it has: {', '.join(snapshot.spaces) or 'none'}"
            )
        if not (snapshot.keys >= 0).any():  # a wrong folder must not delete what another export wrote
            add = command("scan FOLDER", library=root)
            raise EmptyLibraryError(f"the library in {root} has no tracks yet; add some with: {add}")
        library = library_id(catalog)
        with connect(address, doing=_WHOLE) as database:
            writer = CollectionWriter(database, collection, library)
            chosen = tuple(spaces) or tuple(snapshot.spaces)
            export = _Export(catalog, snapshot, chosen, writer, library, source_name(address))
            return export.run(f"{address}.{collection}", progress or Silent(), stop)


def library_id(catalog: Catalog) -> str:
    """By what a library's documents are known again; made when it is first needed."""
    path = catalog.root / _ID_FILE
    if not path.is_file():
        with catalog.writing():
            if not path.is_file():
                with replacing(path) as part:
                    part.write_text(uuid.uuid4().hex, "ascii")
    return path.read_text("ascii").strip()


class _Export:
    """One run; ``run`` does it."""

    def __init__(
        self,
        catalog: Catalog,
        snapshot: Snapshot,
        spaces: Sequence[str],
        writer: CollectionWriter,
        library: str,
        not_ours: str,
    ) -> None:
        self._catalog = catalog
        self._snapshot = snapshot
        self._spaces = {name: snapshot.spaces[name] for name in spaces}
        self._writer = writer
        self._library = library
        self._not_ours = not_ours  # the source whose tracks came from there
        self._digest = 0

    def run(self, location: str, progress: Progress, stop: threading.Event | None) -> Report:
        started = time.monotonic()
        report = Report("export", location)
        rows = np.flatnonzero(self._snapshot.keys >= 0)
        progress.begin(len(rows), "records")
        with cancellable(stop, report.note_signal) as flag:
            self._writer.prepare(self._space_documents())
            stored = self._writer.stored_hashes()
            for start in range(0, len(rows), BULK):
                if flag.is_set():
                    break
                self._put(list(self._documents(rows[start : start + BULK], stored, report)), stored, report)
                progress.advance(min(start + BULK, len(rows)))
        report.interrupted = flag.is_set()
        if not report.interrupted:
            progress.note("making the server's indexes")
            report.notes += self._writer.index()  # writing is quicker without
            # What is left was not among the library's tracks.
            report.deleted = self._writer.remove([name for name, one in stored.items() if one.mine])
            self._writer.finish(
                {
                    "tracks": report.usable - report.others,
                    "failed": report.failed,
                    "spaces": list(self._spaces),
                    "digest": f"{self._digest:016x}",
                }
            )
        report.elapsed_s = time.monotonic() - started
        return report

    def _space_documents(self) -> list[dict[str, Any]]:
        return [
            {
                "_id": name,
                "spec": spec_to_json(space.spec),
                "dimensions": list(space.dimensions),
                "settings": settings_to_json(space.settings),
            }
            for name, space in self._spaces.items()
        ]

    def _documents(
        self, rows: NDArray[np.int64], stored: dict[str, StoredHash], report: Report
    ) -> Iterator[dict[str, Any]]:
        from bson.errors import BSONError

        tracks = self._catalog.tracks.by_keys(self._snapshot.keys[rows])
        labels = self._catalog.tracks.labels(track.id for track in tracks.values())
        vectors = {name: np.asarray(space.vectors[rows]) for name, space in self._spaces.items()}
        for i, row in enumerate(rows):
            track = tracks.get(int(self._snapshot.keys[row]))
            if track is None or track.source == self._not_ours:  # pruned meanwhile
                continue
            embeddings = {name: matrix[i] for name, matrix in vectors.items() if has_vector(matrix[i])}
            try:
                yield to_document(track, embeddings, labels.get(track.id, {}), self._library)
            except (BSONError, ValueError, OverflowError) as error:
                stored.pop(track.id, None)  # it is no reason to delete what was written before
                report.fail([Problem(track.id, str(error))])

    def _put(
        self, documents: Sequence[dict[str, Any]], stored: dict[str, StoredHash], report: Report
    ) -> None:
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for document in documents:
            stored_hash = stored.pop(document["_id"], None)
            if stored_hash and not stored_hash.mine:
                report.others += 1
                continue
            self._digest ^= _mixed(document)
            if stored_hash and stored_hash.hash == document["hash"]:
                report.unchanged += 1
                continue
            (changed if stored_hash else new).append(document)
        first = self._writer.add(new)
        # They may be ours: a connection that broke, or a server that lost track, has hidden them.
        again = [document for document in new if document["_id"] in first.existing]
        second = self._writer.put([*again, *changed])
        refused = second.existing | {problem.where for problem in (*first.problems, *second.problems)}
        report.added += sum(document["_id"] not in refused for document in new)
        report.changed += sum(document["_id"] not in refused for document in changed)
        report.others += len(second.existing)
        report.fail([*first.problems, *second.problems])


def _mixed(document: dict[str, Any]) -> int:
    text = json.dumps([document["_id"], document["hash"]])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
