"""A collection that holds a library's tracks: every document is written whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from segue.errors import SpecMismatchError
from segue.sources.imported import Problem

if TYPE_CHECKING:
    from pymongo.database import Database

BULK = 1000  # documents in one request
EXPORTS = "segue_exports"  # a document each library, written when an export is through
SPACES = "segue_spaces"  # a document each space, written before the first of its vectors
_DUPLICATE = 11000
_INDEXES: tuple[tuple[str, int | str], ...] = (
    ("library", 1), ("artist", 1), ("genre", 1), ("year", 1), ("title", "text"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What the collection has of a track."""

    mine: bool
    hash: str


class Shelf:
    """The part of a collection that is one library's.

    Parameters
    ----------
    library : the id of the library, which is in each of its documents
    """

    def __init__(self, database: Database[dict[str, Any]], collection: str, library: str) -> None:
        self._database = database
        self._tracks = database[collection]
        self._library = library
        self._marker = f"{collection}:{library}"

    def prepare(self, spaces: Iterable[Mapping[str, Any]]) -> list[str]:
        """Make the indexes and note the spaces; what the server would not do.

        Raises
        ------
        SpecMismatchError
            Where the database has vectors of another spec under the same name.
        """
        from pymongo.errors import OperationFailure

        for space in spaces:
            found = self._database[SPACES].find_one({"_id": space["_id"]})
            if found and (found["spec"], found["dimensions"]) != (space["spec"], space["dimensions"]):
                raise SpecMismatchError(
                    f"{self._database.name} holds vectors of another {space['_id']}: {found['spec']}; "
                    f"here they are of {space['spec']}"
                )
            if found != space:
                self._database[SPACES].replace_one({"_id": space["_id"]}, dict(space), upsert=True)
        refused = []
        for name, kind in _INDEXES:
            try:
                self._tracks.create_index([(name, kind)])
            except OperationFailure as error:  # searching is slower without, that is all
                said = str(error).partition(", full error:")[0]
                refused.append(f"no index on {name}: {said}")
        return refused

    def held(self) -> dict[str, Held]:
        """What is there of all libraries."""
        found = self._tracks.find({}, {"library": 1, "hash": 1}, batch_size=10 * BULK)
        return {
            str(document["_id"]): Held(document.get("library") == self._library, str(document.get("hash")))
            for document in found
        }

    def put(self, documents: Sequence[dict[str, Any]]) -> tuple[list[str], list[Problem]]:
        """Write some documents over those that are there, or add them.

        Returns
        -------
        ids : of those that another library has written meanwhile; they are left as they are
        problems : with documents that the server did not take
        """
        from pymongo import ReplaceOne
        from pymongo.errors import BulkWriteError

        requests = [
            ReplaceOne({"_id": d["_id"], "library": self._library}, d, upsert=True) for d in documents
        ]
        try:
            _twice(partial(self._tracks.bulk_write, requests, ordered=False))
        except BulkWriteError as error:
            errors = error.details.get("writeErrors", [])
            if not errors:
                raise
            ids = {e["index"]: str(documents[e["index"]]["_id"]) for e in errors}
            others = [ids[e["index"]] for e in errors if e.get("code") == _DUPLICATE]
            problems = [
                Problem(ids[e["index"]], str(e.get("errmsg"))) for e in errors if e.get("code") != _DUPLICATE
            ]
            return others, problems
        return [], []

    def remove(self, ids: Sequence[str]) -> int:
        """Delete documents of this library; how many there were."""
        from pymongo import DeleteOne

        n = 0
        for start in range(0, len(ids), BULK):
            some = ids[start : start + BULK]
            requests = [DeleteOne({"_id": name, "library": self._library}) for name in some]
            n += int(_twice(partial(self._tracks.bulk_write, requests, ordered=False)).deleted_count)
        return n

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Say that all of an export is there; nothing happens where that is said already."""
        exports = self._database[EXPORTS]
        found = exports.find_one({"_id": self._marker}) or {}
        if all(found.get(name) == value for name, value in facts.items()):
            return
        marker = {
            "_id": self._marker,
            "library": self._library,
            "collection": self._tracks.name,
            "generation": int(found.get("generation", 0)) + 1,
            "finished_at": datetime.now(UTC),
            **facts,
        }
        _twice(partial(exports.replace_one, {"_id": self._marker}, marker, upsert=True))


def _twice(write: Callable[[], Any]) -> Any:
    """Once more where the connection breaks: what is written twice is the same as once."""
    from pymongo.errors import ConnectionFailure

    try:
        return write()
    except ConnectionFailure:
        return write()
