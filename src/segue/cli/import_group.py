"""segue import: data sets other than folders of audio. Each kind has its own file."""

from __future__ import annotations

import click

from segue.cli import import_audioset, import_fma, import_mongo, import_table, import_vectors


@click.group(name="import", short_help="Import a data set: table, AudioSet, FMA, ...")
def import_() -> None:
    """Import a data set: a table of songs, AudioSet, FMA, vectors or a MongoDB collection.

    Importing the same source again updates it. Ctrl-C stops cleanly and keeps finished records. Exit
    code: 0 success, 1 some records failed, 2 nothing worked, 130 interrupted.
    """


for command in (
    import_audioset.audioset,
    import_fma.fma,
    import_mongo.mongo,
    import_table.table,
    import_vectors.vectors,
):
    import_.add_command(command)
