"""A collection of MongoDB as a source."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from segue.errors import SourceError
from segue.sources.contract import ImportBatch, Problem, Space, SpaceRows, validate_name, vector_faults
from segue.sources.mongo.address import parse_address
from segue.sources.mongo.connection import connect
from segue.sources.mongo.metadata import BadIdError, DocumentColumns, parse_id
from segue.sources.mongo.reader import RawDocument, read_documents
from segue.sources.mongo.vectors import NoVectorError, parse_vector, value_at
from segue.sources.vectors.source import make_spec, settings_for
from segue.spec import COSINE
from segue.track import Vector

if TYPE_CHECKING:
    from pymongo.collection import Collection

_RECIPE = 1  # rises whenever the same document would be read otherwise
_KEPT = "what was read is kept, and the same import goes on from there"


@dataclass(frozen=True, slots=True)
class Fields:
    """What is where in a document.

    Attributes
    ----------
    vector : ``embedding``, or ``vectors.audio`` within a document; BSON's vectors of float32 or int8, bytes
        of little-endian float32, or an array of numbers
    dim : the size of a vector; by default, that of the first usable one
    columns : the field for a title, an artist and so on, where its name would not tell: ``{"title": "song"}``
    without : fields that are not read, such as another vector
    """

    vector: str
    dim: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()


class Mongo:
    """The documents of a collection, each a track with a vector.

    Parameters
    ----------
    uri
        ``mongodb://user:password@host:27017/database``. The login is never shown or kept.
    collection
        Its name.
    fields
        What is where in its documents.
    database
        Goes before the one in ``uri``.
    name
        The source's name in the library; by default, the collection's name.
    space
        Of the vectors.
    metric, transform
        How they are compared, as in ``segue.sources.vectors.Vectors``.

    Raises
    ------
    SourceError
        Where no server answers, it refuses the login, or the collection has no vector to be used.
    UsageError, MissingExtraError
    """

    kind = "mongo"
    unit = "records"
    whole = True

    def __init__(
        self,
        uri: str,
        collection: str,
        fields: Fields,
        *,
        database: str | None = None,
        name: str | None = None,
        space: str = "vectors",
        metric: str = COSINE,
        transform: str = "raw",
    ) -> None:
        self._address = parse_address(uri, database)
        self._collection, self._fields = collection, fields
        self._without = dict.fromkeys(fields.without, 0)
        self.name = validate_name(name or collection.replace(":", "-"))
        self.location = f"{self._address}.{collection}"
        self._settings = settings_for(metric, transform)
        self._document_columns = DocumentColumns(fields.columns)
        make_spec(space, fields.dim or 1, "float32")  # a wrong name is told before the network is asked
        self.total: int | None = None
        self._spec = make_spec(space, self._look(), "float32")
        recipe = [_RECIPE, self._spec.digest(), fields.vector, dict(fields.columns), sorted(fields.without)]
        self._key = hashlib.blake2b(json.dumps(recipe).encode()).digest()

    def spaces(self) -> list[Space]:
        names = [f"{self._spec.name}_{i:04d}" for i in range(self._spec.dim)]
        return [Space(self._spec, names, self._settings)]

    def batches(self) -> Iterator[ImportBatch]:
        done = 0
        kinds: set[type] = set()
        seen: set[str] | None = None
        for documents in self._documents():
            kinds |= {type(read.document["_id"]) for read in (documents[0], documents[-1]) if read.document}
            # Sorted as they are, ids of one type follow each other; texts of two types may be alike.
            if seen is None and len(kinds) > 1:
                with connect(self._address, doing=_KEPT) as database:
                    seen = _ids(database[self._collection], done)
            done += len(documents)
            yield self._batch(documents, done, seen)

    def _look(self) -> int:
        """Note how much there is; the size of the vectors."""
        with connect(self._address) as database:
            collection = database[self._collection]
            self.total = collection.estimated_document_count()
            first = next(read_documents(collection, fields=self._without), [])
            if not first:
                names = ", ".join(sorted(database.list_collection_names())) or "none"
                raise SourceError(f"{self.location} has no documents; collections there: {names}")
            # The first ones usually tell; only where none of them will do, all are asked.
            others = read_documents(collection, fields={self._fields.vector: 1})
            for read in chain(first, chain.from_iterable(others)):
                with contextlib.suppress(NoVectorError):
                    return self._fields.dim or len(self._vector_in(read))
        vector, has = self._fields.vector, ", ".join(first[0].document or {})
        raise SourceError(
            f"no document of {self.location} has a vector in {vector!r}; the first one has: {has}"
        )

    def _documents(self) -> Iterator[list[RawDocument]]:
        with connect(self._address, doing=_KEPT) as database:
            collection = database[self._collection]
            yield from read_documents(collection, fields=self._without, expected=self.total)

    def _batch(self, documents: Sequence[RawDocument], done: int, seen: set[str] | None) -> ImportBatch:
        ids: list[str] = []
        usable: list[RawDocument] = []
        vectors: list[Vector] = []
        problems: list[Problem] = []
        for i, read in enumerate(documents, done - len(documents) + 1):
            where = f"document {i}"
            try:
                where = name = _document_id(read, seen)
                vectors.append(self._vector_in(read, self._spec.dim))
            except (BadIdError, NoVectorError) as error:
                problems.append(Problem(where, str(error)))
            else:
                ids.append(name)
                usable.append(read)
        counts: Counter[str] = Counter()
        columns = self._document_columns.columns([read.document or {} for read in usable], counts)
        hashes = [hashlib.blake2b(read.raw, digest_size=8, key=self._key).digest() for read in usable]
        matrix = np.stack(vectors) if vectors else np.zeros((0, self._spec.dim), np.float32)
        return ImportBatch(
            source=self.name,
            ids=ids,
            hashes=np.frombuffer(b"".join(hashes), np.int64),
            columns=columns,
            spaces={self._spec.space: SpaceRows.without_windows(matrix)},
            done=done,
            problems=problems,
            cleaning=dict(counts),
        )

    def _vector_in(self, read: RawDocument, dim: int | None = None) -> Vector:
        vector = parse_vector(value_at(read.document or {}, self._fields.vector), dim)
        for fault in vector_faults(vector[None], self._settings).values():
            raise NoVectorError(f"its vector {fault}")
        return vector


def _document_id(read: RawDocument, seen: set[str] | None) -> str:
    if read.document is None:
        raise BadIdError("it is not valid BSON")
    name = parse_id(read.document["_id"])
    if seen is not None and name in seen:
        raise BadIdError(f"its _id {name!r} looks the same as that of another document")
    if seen is not None:
        seen.add(name)
    return name


def _ids(collection: Collection[dict[str, Any]], n: int) -> set[str]:
    """What the first n documents are called."""
    ids: set[str] = set()
    for read in islice(chain.from_iterable(read_documents(collection, fields={"_id": 1})), n):
        with contextlib.suppress(BadIdError):
            _document_id(read, ids)
    return ids
