"""segue export mongo."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from segue.cli.options import AppError, Context

if TYPE_CHECKING:
    from segue.export.mongo import ExportReport

_SHOWN = 5  # failures named afterwards


@click.command()
@click.argument("uri")
@click.option("--collection", "-c", default="tracks", show_default=True, help="Where the documents go.")
@click.option("--database", help="Default: the one in the URI, or segue.")
@click.option(
    "--space", "spaces", multiple=True, help="Whose vectors; several times for several (default: all)."
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
    """Write the tracks and their vectors to MongoDB, a document each.

    URI is mongodb://user:password@host:27017/database. A second time, only what is new or has changed is
    written, and what left the library deleted.
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
        click.echo("stopped; what was written is whole, and the next export goes on from here", err=True)
