"""segue export mongo."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from segue.cli.options import AppError, Context

if TYPE_CHECKING:
    from segue.export.mongo import ExportReport

_SHOWN = 5  # failures named afterwards


@click.command(short_help="Write tracks and vectors to MongoDB.")
@click.argument("uri")
@click.option("--collection", "-c", default="tracks", show_default=True, help="Collection to write to.")
@click.option("--database", help="Default: the one in the URI, or segue.")
@click.option(
    "--space", "spaces", multiple=True, help="Space of the vectors; may be repeated (default: all)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.pass_obj
def mongo(
    context: Context,
    uri: str,
    collection: str,
    database: str | None,
    spaces: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the tracks and their vectors to MongoDB, one document per track.

    URI is mongodb://user:password@host:27017/database. Later exports write only new and changed tracks,
    and delete those that left the library.
    """
    from segue.cli.progress import SourceProgress
    from segue.export.mongo import DATABASE, export_mongo
    from segue.sources.mongo.address import address_of

    address = address_of(uri, database, usual=DATABASE)
    with SourceProgress(quiet=quiet) as progress:
        report = export_mongo(context.path, address, collection=collection, spaces=spaces, progress=progress)
    if as_json:
        click.echo(json.dumps(report.as_record(), indent=2, ensure_ascii=False))
    else:
        tell(report)
    if report.exit_code:
        raise AppError(report.exit_code)


def tell(report: ExportReport) -> None:
    """Say what an export did."""
    counts = (
        (report.added, "added"),
        (report.changed, "changed"),
        (report.unchanged, "unchanged"),
        (report.deleted, "deleted"),
        (report.others, "written by another library and left"),
        (report.failed, "failed"),
    )
    told = ", ".join(f"{n} {word}" for n, word in counts if n) or "nothing to write"
    click.echo(f"{report.location}: {told}; {report.elapsed_s:.1f} s")
    for note in report.notes:
        click.echo(f"  {note}", err=True)
    for problem in report.problems[:_SHOWN]:
        click.echo(f"  failed: {problem.where}: {problem.reason}", err=True)
    if report.interrupted:
        click.echo("stopped; finished documents are kept, and the next export continues from here", err=True)
