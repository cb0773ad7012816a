"""What a document says of its track beside the vector."""

from __future__ import annotations

import functools
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from segue.errors import UsageError
from segue.sources.table.chunks import Chunk
from segue.sources.table.columns import FIELDS, Mapped, map_columns
from segue.sources.table.fields import clean_fields

_DETAIL = 1000  # characters of one value that are kept
_DETAILS = 64  # values of a document that are kept
_SCALARS = (str, int, float, bool)


class BadIdError(Exception):
    """Why a document's _id cannot name a track."""


def parse_id(value: Any) -> str:
    """An _id as text: an ObjectId's 24 digits, a number as it is usually written.

    Raises
    ------
    BadIdError
    """
    if isinstance(value, str) and value:
        return value
    from bson import ObjectId

    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # 3.0 and 3 are one _id
    if isinstance(value, ObjectId | UUID | int | float) and not isinstance(value, bool):
        return str(value)
    raise BadIdError(
        f"its _id is {type(value).__name__} {str(value)[:50]!r}: expected text, a number, ObjectId or UUID"
    )


class DocumentColumns:
    """Documents to columns of the catalog.

    Parameters
    ----------
    chosen
        The document's field for one of ours, where its name would not tell: ``{"title": "song"}``.

    Raises
    ------
    UsageError
    """

    def __init__(self, chosen: Mapping[str, str]) -> None:
        for name in chosen:
            if name not in FIELDS or name == "id":
                field_names = ", ".join(field for field in FIELDS if field != "id")
                raise UsageError(f"{name!r} is not a known field; the fields are: {field_names}")
        self._chosen = chosen
        self._mapped = functools.lru_cache(1024)(self._map)

    def _map(self, keys: tuple[str, ...]) -> Mapped:
        chosen = {name: column for name, column in self._chosen.items() if column in keys}
        mapped = map_columns(keys, {**chosen, "id": "_id"}, features=False, needed=False)
        fields = {name: column for name, column in mapped.fields.items() if name != "id"}
        return Mapped(fields, {}, mapped.others, ())

    def columns(self, documents: Sequence[Mapping[str, Any]], counts: Counter[str]) -> dict[str, list[Any]]:
        """The values of some documents, cleaned as those of a table."""
        n = len(documents)
        values: dict[str, list[Any]] = {}
        details = []
        for i, document in enumerate(documents):
            fields = self._mapped(tuple(document))
            for name, column in fields.fields.items():
                if name not in values:
                    values[name] = [None] * n
                values[name][i] = _readable(document[column])
            details.append(_details(document, fields.others))
        mapped = Mapped({name: name for name in values}, {}, (), ())
        cleaned = clean_fields(Chunk(values, range(n), 0), mapped, counts)
        return {**cleaned, "details": details}


def _readable(value: Any) -> Any:
    """What cleaning knows how to read; no parts of documents."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, _SCALARS)]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    """The value as JSON can hold it, ``None`` where it is no single value."""
    if isinstance(value, str):
        return value[:_DETAIL]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list | bytes):
        return None
    from bson import Decimal128, ObjectId

    return str(value) if isinstance(value, ObjectId | UUID | Decimal128) else None


def _details(document: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """As JSON, the single values that have no column."""
    details: dict[str, Any] = {}
    for name in names:
        value = _scalar(document[name])
        if value is not None and len(details) < _DETAILS:
            details[name] = value
    return json.dumps(details, ensure_ascii=False) if details else None
