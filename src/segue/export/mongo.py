"""A library's tracks and vectors to MongoDB: what is new or has changed is written, what is gone deleted."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot
from segue.errors import EmptyLibraryError, LibraryError
from segue.files import replacing
from segue.ingest.cancel import stopped_by_ctrl_c
from segue.ingest.records import LISTED, ImportProgress, Unseen
from segue.sources.contract import Problem, settings_to_json
from segue.sources.mongo.address import Address
from segue.sources.mongo.connection import connected
from segue.sources.mongo.shared_catalog import source_name
from segue.sources.mongo.tracks import document_of, has_vector
from segue.sources.mongo.writer import BULK, Held, Shelf
from segue.spec import spec_to_json

TRACKS = "tracks"  # the usual collection
DATABASE = "segue"  # the usual database
_ID_FILE = "library.id"
_WHOLE = "every document that was written is whole, and the same export goes on from there"


@dataclass(slots=True)
class ExportReport:
    """Every track of an export ends in one of added, changed, unchanged, others, failed."""

    location: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    others: int = 0  # documents that another library has written, left as they are
    failed: int = 0
    deleted: int = 0  # documents of tracks that left the library
    problems: list[Problem] = field(default_factory=list)  # the first ones
    notes: list[str] = field(default_factory=list)
    elapsed_s: float = 0.0
    interrupted: bool = False

    @property
    def tracks(self) -> int:
        return self.added + self.changed + self.unchanged + self.others + self.failed

    @property
    def exit_code(self) -> int:
        """0 all fine, 1 something failed, 2 nothing worked, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.failed and self.failed == self.tracks:
            return 2
        return 1 if self.failed else 0

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        names = ("location", "added", "changed", "unchanged", "others", "failed", "deleted", "notes")
        return {name: getattr(self, name) for name in names} | {
            "elapsed_s": round(self.elapsed_s, 3),
            "problems": [[problem.where, problem.reason] for problem in self.problems],
            "interrupted": self.interrupted,
        }


def export_mongo(
    root: Path,
    address: Address,
    *,
    collection: str = TRACKS,
    spaces: Sequence[str] = (),
    progress: ImportProgress | None = None,
) -> ExportReport:
    """Bring a collection up to date with the library in ``root``; a second time changes nothing.

    Ctrl-C ends it early; what was written is whole, and the next time goes on from there.

    Parameters
    ----------
    spaces : whose vectors; those of all unless told

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
                f"no vectors of {unknown[0]!r} here; there are: {', '.join(snapshot.spaces) or 'none'}"
            )
        if not (snapshot.keys >= 0).any():  # a wrong folder must not delete what another export wrote
            raise EmptyLibraryError(f"the library in {root} has no tracks yet: segue scan FOLDER")
        library = library_id(catalog)
        with connected(address, doing=_WHOLE) as database:
            shelf = Shelf(database, collection, library)
            chosen = tuple(spaces) or tuple(snapshot.spaces)
            export = _Export(catalog, snapshot, chosen, shelf, library, source_name(address))
            return export.run(f"{address}.{collection}", progress or Unseen())


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
        shelf: Shelf,
        library: str,
        not_ours: str,
    ) -> None:
        self._catalog = catalog
        self._snapshot = snapshot
        self._spaces = {name: snapshot.spaces[name] for name in spaces}
        self._shelf = shelf
        self._library = library
        self._not_ours = not_ours  # the source whose tracks came from there
        self._digest = 0

    def run(self, location: str, progress: ImportProgress) -> ExportReport:
        started = time.monotonic()
        report = ExportReport(location)
        stop = threading.Event()
        rows = np.flatnonzero(self._snapshot.keys >= 0)
        progress.begin(len(rows), "records")
        with stopped_by_ctrl_c(stop):
            self._shelf.prepare(self._described())
            held = self._shelf.held()
            for start in range(0, len(rows), BULK):
                if stop.is_set():
                    break
                self._put(list(self._documents(rows[start : start + BULK], held, report)), held, report)
                progress.advance(min(start + BULK, len(rows)), report.tracks)
        report.interrupted = stop.is_set()
        if not report.interrupted:
            report.notes += self._shelf.index()  # writing is quicker without
            # What is left was not among the library's tracks.
            report.deleted = self._shelf.remove([name for name, known in held.items() if known.mine])
            self._shelf.finish(
                {
                    "tracks": report.tracks - report.failed - report.others,
                    "failed": report.failed,
                    "spaces": list(self._spaces),
                    "digest": f"{self._digest:016x}",
                }
            )
        report.elapsed_s = time.monotonic() - started
        return report

    def _described(self) -> list[dict[str, Any]]:
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
        self, rows: NDArray[np.int64], held: dict[str, Held], report: ExportReport
    ) -> Iterator[dict[str, Any]]:
        from bson.errors import BSONError

        tracks = self._catalog.tracks.by_keys(self._snapshot.keys[rows])
        labels = self._catalog.tracks.labels(track.id for track in tracks.values())
        vectors = {name: np.asarray(space.vectors[rows]) for name, space in self._spaces.items()}
        for i, row in enumerate(rows):
            track = tracks.get(int(self._snapshot.keys[row]))
            if track is None or track.source == self._not_ours:  # pruned meanwhile
                continue
            there = {name: matrix[i] for name, matrix in vectors.items() if has_vector(matrix[i])}
            try:
                yield document_of(track, there, labels.get(track.id, {}), self._library)
            except (BSONError, ValueError, OverflowError) as error:
                held.pop(track.id, None)  # it is no reason to delete what was written before
                _fail(report, [Problem(track.id, str(error))])

    def _put(self, documents: Sequence[dict[str, Any]], held: dict[str, Held], report: ExportReport) -> None:
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for document in documents:
            known = held.pop(document["_id"], None)
            if known and not known.mine:
                report.others += 1
                continue
            self._digest ^= _mixed(document)
            if known and known.hash == document["hash"]:
                report.unchanged += 1
                continue
            (changed if known else new).append(document)
        first = self._shelf.add(new)
        # They may be ours: a connection that broke, or a server that lost track, has hidden them.
        again = [document for document in new if document["_id"] in first.there]
        second = self._shelf.put([*again, *changed])
        refused = second.there | {problem.where for problem in (*first.problems, *second.problems)}
        report.added += sum(document["_id"] not in refused for document in new)
        report.changed += sum(document["_id"] not in refused for document in changed)
        report.others += len(second.there)
        _fail(report, [*first.problems, *second.problems])


def _fail(report: ExportReport, problems: Sequence[Problem]) -> None:
    report.failed += len(problems)
    report.problems += problems[: LISTED - len(report.problems)]


def _mixed(document: dict[str, Any]) -> int:
    text = json.dumps([document["_id"], document["hash"]])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
