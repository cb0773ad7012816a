"""segue import mongo."""

from __future__ import annotations

from typing import Any

import click

from segue.cli.import_common import bring_in, import_options
from segue.cli.options import Context, renamed
from segue.errors import UsageError


@click.command(
    short_help="Import a MongoDB collection with vectors.", context_settings=renamed(reading="transform")
)
@click.argument("uri")
@click.option("--collection", "-c", required=True, help="Collection whose documents are tracks.")
@click.option(
    "--vector-field", "-f", required=True, help="Field of the vector, such as embedding or vectors.audio."
)
@click.option("--database", help="Default: the one in the URI.")
@click.option("--name", help="Name of this source in the library (default: the collection's name).")
@click.option("--space", default="vectors", show_default=True, help="Space to store the vectors in.")
@click.option("--metric", default="cosine", show_default=True, help="Metric to compare vectors by.")
@click.option("--transform", default="raw", show_default=True, help="raw, centered or fitted.")
@click.option("--dim", type=click.IntRange(1), help="Length of a vector (default: that of the first).")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="WHAT=FIELD",
    help="Which field holds what, such as title=song.",
)
@click.option("--without", multiple=True, metavar="FIELD", help="Field to ignore.")
@import_options
@click.pass_obj
def mongo(context: Context, /, uri: str, collection: str, vector_field: str, **options: Any) -> None:
    """Import a MongoDB collection whose documents are tracks with a vector.

    URI is mongodb://user:password@host:27017/database. A vector is a BSON vector, bytes of float32, or an
    array of numbers. Importing again removes tracks whose documents were deleted.
    """
    from segue.sources.mongo import Fields, Mongo

    how = {name: options.pop(name) for name in ("as_json", "quiet", "wait")}
    columns = dict(_pair(text) for text in options.pop("columns"))
    fields = Fields(vector_field, options.pop("dim"), columns, options.pop("without"))
    bring_in(context, Mongo(uri, collection, fields, **options), **how)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise UsageError(f"--column {text!r}: expected WHAT=FIELD, such as title=song")
    return name, value
