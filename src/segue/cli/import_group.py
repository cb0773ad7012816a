"""segue import: catalogues that are no folders of audio. Each kind has its command in a file of its own."""

from __future__ import annotations

import click

from segue.cli import import_audioset, import_fma, import_mongo, import_table, import_vectors


@click.group(name="import")
def import_() -> None:
    """Add the tracks of a catalogue that is no folder of audio.

    A second import of the same source brings it up to date. Ctrl-C stops cleanly with what was done
    kept. Exit code: 0 all fine, 1 some record failed, 2 nothing worked, 130 interrupted.
    """


for command in (
    import_audioset.audioset,
    import_fma.fma,
    import_mongo.mongo,
    import_table.table,
    import_vectors.vectors,
):
    import_.add_command(command)
