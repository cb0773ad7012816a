"""What other libraries have put into a database that is home to several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import SourceError
from segue.sources.contract import ImportBatch, Problem, Space, SpaceRows
from segue.sources.mongo.address import Address
from segue.sources.mongo.connection import connect
from segue.sources.mongo.reader import read_documents
from segue.sources.mongo.tracks import document_details, document_title, labels_in, vectors_in
from segue.sources.mongo.vectors import NoVectorError, parse_vector
from segue.sources.mongo.writer import SPACES
from segue.spec import EmbedderSpec, SpaceSettings, empty_row, settings_from_json, spec_from_json
from segue.track import TAG_COLUMNS

_COLUMNS = (*TAG_COLUMNS, "url", "content_hash")
_KEPT = "what was read is kept, and the next scan goes on from there"


def source_name(address: Address) -> str:
    """Under which a library knows the tracks that other libraries have put into a database."""
    return f"mongo-{address.database}"


class OtherLibraries:
    """Tracks of other libraries, with their vectors, as a source.

    Parameters
    ----------
    library : the id of the one that reads; its own tracks are passed over
    here : ids of tracks that it has itself, and so does not take from others
    settings : of its spaces, which stay as they are

    Raises
    ------
    SourceError
    """

    kind = "mongo"
    unit = "records"
    whole = True

    def __init__(
        self,
        address: Address,
        collection: str,
        library: str,
        *,
        here: Set[str],
        settings: Mapping[str, SpaceSettings],
    ) -> None:
        self._address, self._collection, self._library = address, collection, library
        self._here = here
        self.name = source_name(address)
        self.location = f"{address}.{collection}"
        with connect(address) as database:
            self.total: int | None = database[collection].estimated_document_count()
            spaces = list(database[SPACES].find())
        self._spaces = [_space(space, settings, self.location) for space in spaces]
        self._specs = {space.spec.space: space.spec for space in self._spaces}

    def spaces(self) -> Sequence[Space]:
        return self._spaces

    def batches(self) -> Iterator[ImportBatch]:
        done = 0
        others = {"library": {"$ne": self._library}}
        with connect(self._address, doing=_KEPT) as database:
            for batch in read_documents(database[self._collection], others):
                done += len(batch)
                documents = [read.document for read in batch if read.document is not None]
                yield self._batch([document for document in documents if self._wants(document)], done)

    def _wants(self, document: Mapping[str, Any]) -> bool:
        is_track = all(isinstance(document.get(name), str) for name in ("_id", "library", "hash"))
        return is_track and document["_id"] not in self._here and "missing_since" not in document

    def _batch(self, documents: Sequence[Mapping[str, Any]], done: int) -> ImportBatch:
        usable: list[Mapping[str, Any]] = []
        hashes: list[bytes] = []
        vectors: dict[str, list[Any]] = {name: [] for name in self._specs}
        problems: list[Problem] = []
        for document in documents:
            try:
                hashed = bytes.fromhex(document["hash"]).rjust(8, b"\0")[:8]
                rows = {name: _row(document, spec) for name, spec in self._specs.items()}
            except (NoVectorError, ValueError) as error:
                problems.append(Problem(document["_id"], str(error)))
                continue
            usable.append(document)
            hashes.append(hashed)
            for name, row in rows.items():
                vectors[name].append(row)
        records = self._records(usable, np.frombuffer(b"".join(hashes), np.int64), vectors)
        return replace(records, done=done, problems=problems)

    def _records(
        self,
        documents: Sequence[Mapping[str, Any]],
        hashes: NDArray[np.int64],
        vectors: Mapping[str, list[Any]],
    ) -> ImportBatch:
        columns: dict[str, list[Any]] = {name: [_plain(d.get(name)) for d in documents] for name in _COLUMNS}
        columns["title"] = [document_title(document) for document in documents]
        columns["duration_s"] = [_number(document.get("duration_s")) for document in documents]
        columns["details"] = [document_details(document) for document in documents]
        rows = {
            name: np.stack(vectors[name]) if documents else np.zeros((0, spec.dim), spec.dtype)
            for name, spec in self._specs.items()
        }
        return ImportBatch(
            source=self.name,
            ids=[document["_id"] for document in documents],
            hashes=hashes,
            columns=columns,
            spaces={name: SpaceRows.without_windows(matrix) for name, matrix in rows.items()},
            labels={name: [labels_in(document, name) for document in documents] for name in self._specs},
        )


def _space(document: Mapping[str, Any], settings: Mapping[str, SpaceSettings], location: str) -> Space:
    name = str(document["_id"])
    try:
        spec = spec_from_json(document["spec"])
        own = settings.get(name) or settings_from_json(document["settings"])
        return Space(spec, list(document["dimensions"]), own)
    except (KeyError, TypeError, ValueError):
        raise SourceError(
            f"{location} has vectors of {name}, which this version of Segue does not know: "
            "probably a newer version wrote it: update this one"
        ) from None


def _row(document: Mapping[str, Any], spec: EmbedderSpec) -> Any:
    """(dim,), of the spec's type; an empty one where there is no vector."""
    value = vectors_in(document).get(spec.space)
    if value is None:
        return empty_row(spec)
    return parse_vector(value, spec.dim, holes=spec.dtype == "float32").astype(spec.dtype)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int) else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
