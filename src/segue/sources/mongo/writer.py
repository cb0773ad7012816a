"""A collection that holds a library's tracks: every document is written whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from segue.errors import SourceError, SpecMismatchError
from segue.sources.contract import Problem

if TYPE_CHECKING:
    from pymongo.database import Database
    from pymongo.write_concern import WriteConcern

BULK = 1000  # documents in one request
EXPORTS = "segue_exports"  # a document each library, written when an export is through
SPACES = "segue_spaces"  # a document each space, written before the first of its vectors
_DUPLICATE = 11000
_INDEXES: tuple[tuple[str, int | str], ...] = (
    ("library", 1), ("artist", 1), ("genre", 1), ("year", 1), ("title", "text"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredHash:
    """What the collection has of a track."""

    mine: bool
    hash: str


@dataclass(frozen=True, slots=True)
class Refused:
    """What became of no document.

    Attributes
    ----------
    existing : ids for which there is a document that may not be replaced
    problems : with documents that the server did not take
    """

    existing: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def upsert(database: Database[dict[str, Any]], collection: str, documents: Sequence[dict[str, Any]]) -> None:
    """Set the fields of some documents by their ``_id``, and add those that are not there; other fields stay.

    Each needs a field beside its ``_id``.

    Raises
    ------
    SourceError
        Where the server does not take a document, or one has no ``_id``.
    """
    from pymongo import UpdateOne
    from pymongo.errors import BulkWriteError

    if any(document["_id"] is None for document in documents):
        raise SourceError("a row has no _id; expected one in each")
    target = database.get_collection(collection, write_concern=_journaled_write_concern(database))
    for start in range(0, len(documents), BULK):
        batch = documents[start : start + BULK]
        fields = [{name: value for name, value in document.items() if name != "_id"} for document in batch]
        requests = [
            UpdateOne({"_id": one["_id"]}, {"$set": new}, upsert=True)
            for one, new in zip(batch, fields, strict=True)
        ]
        try:
            _twice(partial(target.bulk_write, requests, ordered=False))
        except BulkWriteError as error:
            if not (faults := error.details.get("writeErrors", [])):
                raise
            name = batch[faults[0]["index"]]["_id"]
            raise SourceError(
                f"{database.name}.{collection} does not take {len(faults)} documents, the first of which is "
                f"{name!r}: {faults[0].get('errmsg')}"
            ) from None


class CollectionWriter:
    """The part of a collection that is one library's.

    Parameters
    ----------
    library : the id of the library, which is in each of its documents
    """

    def __init__(self, database: Database[dict[str, Any]], collection: str, library: str) -> None:
        self._database = database
        # What a server has only in memory is gone where it is killed: its answer is to come after the disk.
        write_concern = _journaled_write_concern(database)
        self._tracks = database.get_collection(collection, write_concern=write_concern)
        self._exports = database.get_collection(EXPORTS, write_concern=write_concern)
        self._library = library
        self._marker = f"{collection}:{library}"

    def prepare(self, spaces: Iterable[Mapping[str, Any]]) -> None:
        """Note the spaces.

        Raises
        ------
        SpecMismatchError
            Where the database has vectors of another spec under the same name.
        """
        for space in spaces:
            stored = self._database[SPACES].find_one({"_id": space["_id"]})
            if stored and (stored["spec"], stored["dimensions"]) != (space["spec"], space["dimensions"]):
                raise SpecMismatchError(
                    f"{self._database.name} holds vectors of another {space['_id']}: {stored['spec']}; "
                    f"here they are of {space['spec']}"
                )
            if stored != space:
                self._database[SPACES].replace_one({"_id": space["_id"]}, dict(space), upsert=True)

    def index(self) -> list[str]:
        """Make the indexes; which the server would not make."""
        from pymongo.errors import OperationFailure

        refused = []
        for name, kind in _INDEXES:
            try:
                self._tracks.create_index([(name, kind)])
            except OperationFailure as error:  # searching is slower without, that is all
                reason = str(error).partition(", full error:")[0]
                refused.append(f"no index on {name}: {reason}")
        return refused

    def stored_hashes(self) -> dict[str, StoredHash]:
        """What is there of all libraries."""
        documents = self._tracks.find({}, {"library": 1, "hash": 1}, batch_size=10 * BULK)
        return {
            str(document["_id"]): StoredHash(
                document.get("library") == self._library, str(document.get("hash"))
            )
            for document in documents
        }

    def add(self, documents: Sequence[dict[str, Any]]) -> Refused:
        """Write some documents where none is; several times quicker than ``put``."""
        from pymongo import InsertOne

        return self._write([InsertOne(document) for document in documents], documents)

    def put(self, documents: Sequence[dict[str, Any]]) -> Refused:
        """Write some documents over this library's, or add them; those of others are left as they are."""
        from pymongo import ReplaceOne

        requests = [
            ReplaceOne({"_id": d["_id"], "library": self._library}, d, upsert=True) for d in documents
        ]
        return self._write(requests, documents)

    def _write(self, requests: Sequence[Any], documents: Sequence[Mapping[str, Any]]) -> Refused:
        from pymongo.errors import BulkWriteError

        refused = Refused()
        try:
            if requests:
                _twice(partial(self._tracks.bulk_write, requests, ordered=False))
        except BulkWriteError as error:
            errors = error.details.get("writeErrors", [])
            if not errors:
                raise
            for fault in errors:
                name = str(documents[fault["index"]]["_id"])
                if fault.get("code") == _DUPLICATE:
                    refused.existing.add(name)
                else:
                    refused.problems.append(Problem(name, str(fault.get("errmsg"))))
        return refused

    def remove(self, ids: Sequence[str]) -> int:
        """Delete documents of this library; how many there were."""
        from pymongo import DeleteOne

        n = 0
        for start in range(0, len(ids), BULK):
            batch = ids[start : start + BULK]
            requests = [DeleteOne({"_id": name, "library": self._library}) for name in batch]
            n += int(_twice(partial(self._tracks.bulk_write, requests, ordered=False)).deleted_count)
        return n

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Say that all of an export is there; nothing happens where that is said already."""
        stored = self._exports.find_one({"_id": self._marker}) or {}
        if all(stored.get(name) == value for name, value in facts.items()):
            return
        marker = {
            "_id": self._marker,
            "library": self._library,
            "collection": self._tracks.name,
            "generation": int(stored.get("generation", 0)) + 1,
            "finished_at": datetime.now(UTC),
            **facts,
        }
        _twice(partial(self._exports.replace_one, {"_id": self._marker}, marker, upsert=True))


def _journaled_write_concern(database: Database[dict[str, Any]]) -> WriteConcern:
    """What the address asks for, on disk."""
    from pymongo.write_concern import WriteConcern

    options = database.write_concern.document
    return WriteConcern(w=options.get("w") or None, wtimeout=options.get("wtimeout"), j=True)


def _twice(write: Callable[[], Any]) -> Any:
    """Once more where the connection breaks: what is written twice is the same as once."""
    from pymongo.errors import ConnectionFailure

    try:
        return write()
    except ConnectionFailure:
        return write()
