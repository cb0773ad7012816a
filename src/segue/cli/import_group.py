"""segue import: data sets other than folders of audio. Each kind has its own file."""

from __future__ import annotations

from pathlib import Path

import click

from segue.cli import import_audioset, import_fma, import_mongo, import_table, import_vectors


class _Kinds(click.Group):
    """A file or folder in the place of a kind is no riddle."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and Path(args[0]).exists():
            ctx.fail(
                f"say first what kind of data set {args[0]!r} is: {', '.join(sorted(self.commands))}, "
                "such as: segue import table FILE; to add music: segue scan FOLDER"
            )
        return super().resolve_command(ctx, args)


@click.group(name="import", cls=_Kinds, short_help="Import a data set: table, AudioSet, FMA, ...")
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
