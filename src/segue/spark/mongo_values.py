"""Values of MongoDB's documents as columns of Spark, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from segue.sources.mongo.vectors import SUBTYPE, NoVectorError, as_bytes, parse_vector

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.types import DataType, StructType

    from segue.spark.columns import Columns

_TEXT = (str, UUID)


def infer_schema(documents: Iterable[Mapping[str, Any]]) -> StructType:
    """The columns of some documents, in the order in which they first have them.

    A vector is an array of floats, numbers of both kinds are doubles, an ``_id`` is a string, a date a time
    of UTC without its zone. A field with values of several types is a string: numbers and ids are written
    out, all else is null.
    """
    from pyspark.sql.types import StringType, StructField, StructType

    values: dict[str, list[Any]] = {}
    for document in documents:
        for name, value in document.items():
            values.setdefault(name, []).append(value)
    names = ["_id", *(name for name in values if name != "_id")]
    types = {name: _type_of(values.get(name, [])) for name in names} | {"_id": StringType()}
    return StructType([StructField(name, types[name]) for name in names])


def _type_of(values: Sequence[Any]) -> DataType:
    """The type that holds most of some values."""
    from pyspark.sql import types

    values = [value for value in values if value is not None]
    kinds = {_kind(value) for value in values}
    if kinds == {"document"}:
        inner = infer_schema(values)
        if "_id" not in set().union(*values):
            inner = types.StructType(inner.fields[1:])
        return inner if inner.fields else types.StringType()
    if kinds == {"list"}:
        return types.ArrayType(_type_of([item for value in values for item in value]))
    if kinds == {"vector"}:
        return types.ArrayType(types.FloatType())
    if kinds and kinds <= {"long", "double"}:
        return types.DoubleType() if "double" in kinds else types.LongType()
    simple = {"boolean": types.BooleanType, "timestamp": types.TimestampNTZType, "binary": types.BinaryType}
    return simple[kinds.pop()]() if len(kinds) == 1 and kinds <= simple.keys() else types.StringType()


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, bytes):
        return "vector" if getattr(value, "subtype", 0) == SUBTYPE else "binary"
    for kind, name in ((int, "long"), (float, "double"), (datetime, "timestamp"), (list, "list")):
        if isinstance(value, kind):
            return name
    return "document" if isinstance(value, Mapping) else "string"


def to_arrow(documents: Sequence[Mapping[str, Any]], columns: Columns) -> pa.RecordBatch:
    """Documents as rows; a value of another type than its column's is null."""
    import pyarrow as pa

    arrays = [
        pa.array([to_spark(document.get(field.name), field.dataType) for document in documents], kind.type)
        for field, kind in zip(columns.struct.fields, columns.arrow, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=columns.arrow)


def to_spark(value: Any, kind: DataType) -> Any:
    """A document's value for a column of some type."""
    from pyspark.sql import types

    if isinstance(kind, types.StructType):
        inner = value if isinstance(value, Mapping) else None
        return inner and {
            field.name: to_spark(inner.get(field.name), field.dataType) for field in kind.fields
        }
    if isinstance(kind, types.ArrayType):
        return _to_list(value, kind.elementType)
    read: Callable[[Any], Any] | None = {
        types.StringType: _to_text,
        types.BinaryType: lambda one: bytes(one) if isinstance(one, bytes) else None,
        types.TimestampType: _to_time,
        types.TimestampNTZType: lambda one: (time := _to_time(one)) and time.replace(tzinfo=None),
        types.BooleanType: lambda one: one if isinstance(one, bool) else None,
    }.get(type(kind))
    return read(value) if read else _to_number(value, kind)


def _to_list(value: Any, kind: DataType) -> Any:
    from pyspark.sql import types

    if isinstance(kind, types.FloatType | types.DoubleType) and isinstance(value, bytes | list):
        try:
            return parse_vector(value)
        except NoVectorError:
            pass
    return [to_spark(item, kind) for item in value] if isinstance(value, list) else None


def _to_text(value: Any) -> str | None:
    from bson import Decimal128, ObjectId

    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # 3.0 and 3 are one _id
    scalar = isinstance(value, (*_TEXT, ObjectId, Decimal128, int, float)) and not isinstance(value, bool)
    return str(value) if scalar else None


def _to_time(value: Any) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _to_number(value: Any, kind: DataType) -> Any:
    from pyspark.sql import types

    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(kind, types.FloatType | types.DoubleType):
        return float(value)
    bits: dict[type[DataType], int] = {
        types.ByteType: 8,
        types.ShortType: 16,
        types.IntegerType: 32,
        types.LongType: 64,
    }
    width = bits.get(type(kind))
    if width is None or not math.isfinite(value) or value != int(value):
        return None
    return int(value) if -(1 << (width - 1)) <= value < 1 << (width - 1) else None


def names_of(text: str) -> list[Any]:
    """All values that ``to_spark`` gives a column of strings as this text."""
    from bson import Decimal128, ObjectId

    names: list[Any] = [text]
    for read in (int, float, ObjectId, UUID, Decimal128):
        try:
            value = read(text)
        except (ValueError, ArithmeticError, TypeError):
            continue
        except Exception as error:  # of bson's own class, for what is no ObjectId
            if type(error).__name__ != "InvalidId":
                raise
            continue
        if not isinstance(value, int) or -(1 << 63) <= value < 1 << 63:
            names.append(value)
    return names


def to_documents(batch: pa.RecordBatch, *, arrays: bool) -> list[dict[str, Any]]:
    """Rows as documents; an array of float32 is a vector of BSON's, if it is not to be an array."""
    import pyarrow as pa
    from bson import Binary

    documents: list[dict[str, Any]] = batch.to_pylist()
    for field in batch.schema:
        is_list = pa.types.is_list(field.type) or pa.types.is_large_list(field.type)
        if arrays or not is_list or not pa.types.is_float32(field.type.value_type):
            continue
        for document in documents:
            value = document[field.name]
            if value is not None and None not in value:
                document[field.name] = Binary(as_bytes(np.asarray(value, np.float32)), SUBTYPE)
    return documents


def to_object_id(text: str) -> Any:
    """The ObjectId of 24 hexadecimal digits; any other text as it is."""
    from bson import ObjectId

    return ObjectId(text) if ObjectId.is_valid(text) else text
