"""The columns of a format, as Spark and as Arrow name their types."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StructType


class Columns:
    """What a session asks a format for.

    Parameters
    ----------
    schema : Spark's, or Arrow's, which Sail gives; its rows must have just that one
    """

    def __init__(self, schema: StructType | pa.Schema) -> None:
        self.struct: StructType
        self.arrow: Any
        if isinstance(schema, StructType):
            self.struct, self.arrow = schema, to_arrow_schema(schema, timezone="UTC")
        else:
            self.struct, self.arrow = from_arrow_schema(schema), schema
        self.names = tuple(self.struct.names)
