"""Tracks of a library as documents of MongoDB, and what another library takes from those."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.sources.mongo.vectors import SUBTYPE, as_bytes
from segue.spec import Label
from segue.track import TAG_COLUMNS, Track, readable

MAX_BYTES = 16_000_000  # a little less than a document may have
# Not every server takes these in names of fields; full-width ones were MongoDB's own advice.
_UNSAFE = str.maketrans({".": "\uff0e", "$": "\uff04", "\0": "\u2400"})
_SAFE = str.maketrans({"\uff0e": ".", "\uff04": "$", "\u2400": "\0"})
_FACTS = (
    "duration_s", "sr", "channels", "codec", "size", "content_hash", "warning", "source", "source_id", "url",
)  # fmt: skip


def to_document(
    track: Track,
    vectors: Mapping[str, NDArray[Any]],
    labels: Mapping[str, Mapping[str, float]],
    library: str,
) -> dict[str, Any]:
    """A track's document; its ``hash`` is another one whenever anything else in it is.

    Raises
    ------
    ValueError, OverflowError, bson.errors.InvalidDocument
        Where something of the track has no place in BSON.
    """
    import bson

    facts = {name: getattr(track.tags, name) for name in TAG_COLUMNS}
    facts |= {name: getattr(track, name) for name in _FACTS}
    document = {
        "_id": track.id,
        "path": readable(track.path),
        **{name: value for name, value in facts.items() if value not in (None, "", 0)},
        "added_at": datetime.fromtimestamp(track.added_at, UTC),
        "details": _rename_keys(dict(track.details), _UNSAFE),
        "vectors": {
            space.translate(_UNSAFE): bson.Binary(as_bytes(vector), SUBTYPE)
            for space, vector in vectors.items()
        },
        "labels": [
            {"space": space, "name": name, "score": score}
            for space, words in labels.items()
            for name, score in words.items()
        ],
    }
    if track.missing_since is not None:
        document["missing_since"] = datetime.fromtimestamp(track.missing_since, UTC)
    encoded = bson.encode(document)
    if len(encoded) > MAX_BYTES:
        raise ValueError(f"its document would have {len(encoded)} bytes, more than MongoDB takes")
    return document | {"library": library, "hash": hashlib.blake2b(encoded, digest_size=8).hexdigest()}


def document_details(document: Mapping[str, Any]) -> str:
    """As JSON, what a document says beside the columns."""
    details = _rename_keys(document.get("details") or {}, _SAFE)
    own = {name: document[name] for name in ("path", "library") if isinstance(document.get(name), str)}
    return json.dumps({**details, **own}, ensure_ascii=False, default=str)


def document_title(document: Mapping[str, Any]) -> str | None:
    """A track's title, or the name of its file, which is elsewhere."""
    title, path = document.get("title"), document.get("path")
    if isinstance(title, str):
        return title
    if not document.get("codec") or not isinstance(path, str):
        return None
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[0] or name


def vectors_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a document's vectors by their spaces."""
    vectors = document.get("vectors")
    return _rename_keys(vectors, _SAFE) if isinstance(vectors, dict) else {}


def labels_in(document: Mapping[str, Any], space: str) -> Sequence[Label]:
    """The words that a network has for a document's track."""
    entries = document.get("labels")
    return [
        Label(str(label["name"]), float(label["score"]))
        for label in (entries if isinstance(entries, list) else [])
        if isinstance(label, dict) and label.get("space") == space and {"name", "score"} <= set(label)
    ]


def _rename_keys(value: Any, table: dict[int, Any]) -> Any:
    if isinstance(value, dict):
        return {str(name).translate(table): _rename_keys(inner, table) for name, inner in value.items()}
    return [_rename_keys(item, table) for item in value] if isinstance(value, list) else value


def has_vector(row: NDArray[Any]) -> bool:
    """Whether a row of a space stands for a vector, be it with holes, and not for none."""
    return bool(row.any()) if row.dtype == np.uint8 else bool(np.isfinite(row).any())
