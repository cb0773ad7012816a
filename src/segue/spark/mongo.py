"""Spark's format "mongodb": collections of MongoDB as DataFrames, over pymongo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql import types
from pyspark.sql.datasource import (
    DataSource,
    DataSourceArrowWriter,
    DataSourceReader,
    EqualTo,
    Filter,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    InputPartition,
    IsNotNull,
    LessThan,
    LessThanOrEqual,
    WriterCommitMessage,
)

from segue.errors import UsageError
from segue.sources.mongo.address import Address, parse_address
from segue.sources.mongo.connection import connect
from segue.sources.mongo.reader import read_documents
from segue.sources.mongo.writer import upsert
from segue.spark.columns import Columns
from segue.spark.mongo_values import infer_schema, names_of, to_arrow, to_documents, to_object_id

if TYPE_CHECKING:
    import pyarrow as pa
    from pymongo.collection import Collection

SAMPLE = 1000  # documents from which columns are told
PARTITION_DOCUMENTS = 50_000
_SAMPLED = 20  # ids for each partition, from which the bounds are taken
_COMPARED = {
    GreaterThan: "$gt", GreaterThanOrEqual: "$gte", LessThan: "$lt", LessThanOrEqual: "$lte",
}  # fmt: skip
_WHOLE_NUMBERS = (types.ByteType, types.ShortType, types.IntegerType, types.LongType)


class MongoSource(DataSource):
    """The documents of a collection; its options are those of ``Where``."""

    @classmethod
    def name(cls) -> str:
        return "mongodb"

    def schema(self) -> types.StructType:
        """What the first documents have."""
        where = Where.of(self.options)
        with connect(where.address) as database:
            cursor = database[where.collection].find({}).sort("_id", 1).limit(where.number("sample", SAMPLE))
            return infer_schema(cursor)

    def reader(self, schema: types.StructType) -> MongoReader:
        return MongoReader(Where.of(self.options), Columns(schema))

    def writer(self, schema: types.StructType, overwrite: bool) -> MongoWriter:
        if overwrite:
            raise UsageError('mode("overwrite") would delete the collection; expected mode("append")')
        return MongoWriter(Where.of(self.options), Columns(schema).names)


class Where:
    """Which collection; made of the options of a format.

    Parameters
    ----------
    options : ``uri``, or ``connection.uri``; ``collection``; ``database``, if the address has none;
        ``partitions``; ``sample``, how many documents tell the columns; for writing ``id``, the column that
        is the ``_id`` (default: ``_id``), ``ids``, ``text`` or ``objectid``, and ``vectors``, ``bson`` or
        ``array``

    Raises
    ------
    UsageError
    """

    def __init__(self, address: Address, collection: str, options: Mapping[str, str]) -> None:
        self.address, self.collection, self._options = address, collection, options

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Where:
        by_name = {name.lower(): value for name, value in options.items()}
        uri = by_name.get("uri") or by_name.get("connection.uri")
        collection = by_name.get("collection")
        if not uri or not collection:
            raise UsageError(
                'format "mongodb" needs .option("uri", "mongodb://host/database") '
                'and .option("collection", ...)'
            )
        return cls(parse_address(uri, by_name.get("database")), collection, by_name)

    def number(self, name: str, usual: int) -> int:
        """An option that is a number of 1 or more."""
        text = self._options.get(name, str(usual))
        if not text.isdecimal() or int(text) < 1:
            raise UsageError(f"option {name} is {text!r}, expected a number of 1 or more")
        return int(text)

    def choice(self, name: str, values: tuple[str, ...]) -> str:
        """One of some values; by default, the first."""
        value = self._options.get(name, values[0])
        if value not in values:
            raise UsageError(f"option {name} is {value!r}, expected {' or '.join(values)}")
        return value

    def text(self, name: str, usual: str) -> str:
        return self._options.get(name, usual)


class MongoReader(DataSourceReader):
    """Reads the columns of a schema, and of the rows those that the server takes for possible ones."""

    def __init__(self, where: Where, columns: Columns) -> None:
        self._where, self._columns = where, columns
        self._query: list[dict[str, Any]] = []

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802  # Spark's name
        """Note what the server can do; Spark applies all filters again, so no answer hangs on it."""
        self._query = [query for one in filters if (query := to_query(one, self._columns.struct))]
        return filters

    def partitions(self) -> list[InputPartition]:
        """Ranges of ``_id``, about as long as each other: the first, and one that they end before."""
        with connect(self._where.address) as database:
            collection = database[self._where.collection]
            n = collection.estimated_document_count()
            usual = 1 if self._query else max(1, -(-n // PARTITION_DOCUMENTS))
            bounds = _bounds(collection, self._where.number("partitions", usual))
        return [InputPartition(ends) for ends in zip([None, *bounds], [*bounds, None], strict=True)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        where = {"$and": self._query} if self._query else {}
        fields = dict.fromkeys(self._columns.names, 1) | {"_id": 1}
        with connect(self._where.address) as database:
            collection = database[self._where.collection]
            for documents in read_documents(collection, where, fields, between=partition.value):
                yield to_arrow([read.document or {} for read in documents], self._columns)


def _bounds(collection: Collection[dict[str, Any]], partitions: int) -> list[Any]:
    """Every so manieth of some ids that the server draws, in its own order of them."""
    if partitions == 1:
        return []
    steps = [{"$sample": {"size": _SAMPLED * partitions}}, {"$project": {"_id": 1}}, {"$sort": {"_id": 1}}]
    drawn = [document["_id"] for document in collection.aggregate(steps)]
    bounds = [drawn[i * len(drawn) // partitions] for i in range(1, partitions)] if drawn else []
    return [bound for i, bound in enumerate(bounds) if not i or bound != bounds[i - 1]]


def to_query(condition: Filter, schema: types.StructType) -> dict[str, Any] | None:
    """A query that finds all rows that a filter of Spark's keeps, maybe more; none if there is none."""
    path: Sequence[str] = getattr(condition, "attribute", ())
    value: Any = getattr(condition, "value", None)
    kind = _type_at(schema, path)
    name = ".".join(path)
    if kind is None:
        return None
    if isinstance(condition, IsNotNull):
        return {name: {"$ne": None}}
    if isinstance(condition, EqualTo | In):
        return _one_of(name, value if isinstance(condition, In) else [value], kind)
    if comparison := _COMPARED.get(type(condition)):
        if isinstance(kind, _WHOLE_NUMBERS):
            return {name: {comparison: value}}
        if isinstance(kind, types.DoubleType):  # for Spark, NaN is more than every number
            return {"$or": [{name: {comparison: value}}, {name: float("nan")}]}
    return None


def _type_at(schema: types.DataType, path: Sequence[str]) -> types.DataType | None:
    """That of a column, or of a field inside one; none where MongoDB would read the name otherwise."""
    kind = schema
    for name in path:
        fields = {field.name: field.dataType for field in getattr(kind, "fields", ())}
        if name not in fields or "." in name or name.startswith("$"):
            return None
        kind = fields[name]
    return kind if path else None


def _one_of(name: str, values: Iterable[Any], kind: types.DataType) -> dict[str, Any] | None:
    if isinstance(kind, types.StringType):
        return {name: {"$in": [one for value in values for one in names_of(value)]}}
    if isinstance(kind, (*_WHOLE_NUMBERS, types.DoubleType, types.BooleanType)):
        return {name: {"$in": list(values)}}
    return None


class MongoWriter(DataSourceArrowWriter):
    """Sets the fields of documents by their ``_id``: a task that runs twice writes the same twice."""

    def __init__(self, where: Where, names: Sequence[str]) -> None:
        self._where = where
        self._arrays = where.choice("vectors", ("bson", "array")) == "array"
        self._id = where.text("id", "_id")
        if self._id not in names:
            raise UsageError(
                f"no column {self._id!r} is there to be the _id; there are {', '.join(names)}: "
                'name one with .option("id", ...)'
            )
        if len(names) == 1:
            raise UsageError(f"there is nothing to write but {self._id!r}; expected another column")
        self._to_id = to_object_id if where.choice("ids", ("text", "objectid")) == "objectid" else str

    def write(self, iterator: Iterator[pa.RecordBatch]) -> WriterCommitMessage:
        with connect(self._where.address, doing="the same write completes what is there") as database:
            for batch in iterator:
                documents = to_documents(batch, arrays=self._arrays)
                for document in documents:
                    name = document.pop(self._id)
                    document["_id"] = name if name is None else self._to_id(name)
                upsert(database, self._where.collection, documents)
        return WriterCommitMessage()
