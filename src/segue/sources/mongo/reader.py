"""All documents of a collection in the order of their _id, batch by batch."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pymongo.collection import Collection

DOCUMENTS = 8192  # asked for at a time; the server gives no more than 16 MB
_LENGTH = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A document, its bytes, and nothing but those where they cannot be understood."""

    raw: bytes
    document: Mapping[str, Any] | None


def read_documents(
    collection: Collection[dict[str, Any]],
    where: Mapping[str, Any] | None = None,
    fields: Mapping[str, int] | None = None,
    *,
    expected: int | None = None,
    between: tuple[Any, Any] = (None, None),
) -> Iterator[list[RawDocument]]:
    """Documents in batches.

    Where the connection breaks after some were read, it is tried once again from the last of them. An end is
    believed when as many came as were expected, or nothing follows the last document: some servers end a
    cursor that they have lost.

    Parameters
    ----------
    where : a query
    fields : a projection; it must keep ``_id``
    expected : how many there should be
    between : the ``_id`` of the first, and one that they end before; ``None`` for no such bound
    """
    from pymongo.errors import ConnectionFailure, CursorNotFound

    first_id, end_id = between
    last: Any = None
    failed = False
    more = True
    n = 0
    while more:
        more = False
        cursor = collection.find_raw_batches(where or {}, fields, batch_size=DOCUMENTS).sort("_id", 1)
        # The query {"$gt": last} would give ids of the same type only.
        lower = first_id if last is None else last
        if lower is not None:
            cursor = cursor.hint([("_id", 1)]).min([("_id", lower)])
        if end_id is not None:
            cursor = cursor.hint([("_id", 1)]).max([("_id", end_id)])
        try:
            for data in cast("Iterator[bytes]", cursor):
                documents = _split(data, collection)
                first = documents[0].document if documents else None
                if last is not None and first and first.get("_id") == last:
                    documents = documents[1:]
                if documents:
                    n += len(documents)
                    yield documents
                    failed, more = False, True
                    last = next((r.document["_id"] for r in reversed(documents) if r.document), last)
        except (ConnectionFailure, CursorNotFound):
            if failed or last is None:
                raise
            failed = more = True
        else:
            more = more and (expected is None or n < expected)
        finally:
            cursor.close()


def _split(data: bytes, collection: Collection[dict[str, Any]]) -> list[RawDocument]:
    import bson
    from bson.errors import BSONError

    raws = []
    at = 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        raws.append(data[at : at + length])
        at += length
    options = collection.codec_options
    try:
        return [
            RawDocument(raw, document)
            for raw, document in zip(raws, bson.decode_all(data, options), strict=True)
        ]
    except BSONError:
        return [_alone(raw, collection) for raw in raws]


def _alone(raw: bytes, collection: Collection[dict[str, Any]]) -> RawDocument:
    import bson
    from bson.errors import BSONError

    try:
        return RawDocument(raw, bson.decode(raw, collection.codec_options))
    except BSONError:
        return RawDocument(raw, None)
