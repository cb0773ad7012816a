"""segue export mongo."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from segue.cli.options import AppError, Context
from segue.cli.report import name_failures

if TYPE_CHECKING:
    from segue.ingest.report import Report


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
    from segue.display.terminal import TerminalProgress
    from segue.export.mongo import DATABASE, export_mongo
    from segue.sources.mongo.address import parse_address

    address = parse_address(uri, database, usual=DATABASE)
    with TerminalProgress(quiet=quiet) as progress:
        report = export_mongo(context.path, address, collection=collection, spaces=spaces, progress=progress)
    if as_json:
        record = {"location": report.name, **report.as_record()}
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        show_export(report)
    if report.exit_code:
        raise AppError(report.exit_code)


def show_export(report: Report) -> None:
    """Print what an export did."""
    click.echo(f"{report.name}: {report.summary()}; {report.elapsed_s:.1f} s")
    for note in report.notes:
        click.echo(f"  {note}", err=True)
    name_failures(report)
    if report.interrupted:
        click.echo("stopped; finished documents are kept, and the next export continues from here", err=True)
