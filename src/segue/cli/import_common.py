"""What all commands of ``segue import`` share: their options, and what is told afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.options import AppError, Context

if TYPE_CHECKING:
    from segue.ingest.attach_audio import JoinReport
    from segue.ingest.records import ImportReport
    from segue.sources.contract import Source

_SHOWN = 5  # failures named afterwards


def import_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every import; the command hands them to ``bring_in``."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the report as JSON."),
        click.option("--quiet", "-q", is_flag=True, help="Show no progress."),
        click.option(
            "--wait/--no-wait", default=True, help="Wait while another Segue writes (default), or stop."
        ),
    ):
        command = option(command)
    return command


def bring_in(
    context: Context,
    source: Source,
    *,
    as_json: bool,
    quiet: bool,
    wait: bool,
    audio: Path | None = None,
    id_of: Callable[[str], str | None] = lambda _: None,
) -> None:
    """Import a source into the library, and tell what was done.

    Parameters
    ----------
    audio : a folder of the tracks' files, to be joined to them and scanned
    id_of : the id of the track that a path there holds
    """
    from segue.cli.progress import ScanProgress, SourceProgress

    how: dict[str, Any] = {
        "wait_s": -1 if wait else 0,
        "on_wait": lambda: click.echo("waiting for another Segue that is writing to this library", err=True),
    }
    joined = None
    with context.open(create=True) as library:
        with SourceProgress(quiet=quiet) as progress:
            report = library.import_from(source, progress=progress, **how)
        if not as_json:
            _tell(report, context)
        if audio and report.exit_code < 2:
            with ScanProgress(quiet=quiet) as scanning:
                joined = library.join_files(source.name, audio, id_of, progress=scanning, **how)
            if not as_json:
                _tell_joined(joined, audio, context)
    if as_json:
        heard = {"audio": joined.as_record()} if joined else {}
        record = {"source": report.source, **report.as_record(), **heard}
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    heard_code = joined.exit_code if joined else 0
    # The import has worked, even where no file was found for it.
    exit_code = max(report.exit_code, 1 if heard_code == 2 else heard_code)
    if exit_code:
        raise AppError(exit_code)


def _tell_joined(report: JoinReport, folder: Path, context: Context) -> None:
    from segue.ingest.report import summary

    click.echo(f"{report.with_file} tracks have audio in {folder}, {report.joined} of them new")
    click.echo(f"  scanned: {summary(report.scan)}")
    if report.without:
        click.echo(f"  {report.without} tracks have no file there", err=True)
    if report.strangers:
        click.echo(f"  {report.strangers} audio files belong to no track and were ignored", err=True)
    for failure in report.scan.failed[:_SHOWN]:
        click.echo(f"  failed: {failure.path}: {failure.reason}", err=True)
    if report.without or len(report.scan.failed) > _SHOWN or report.scan.still_failing:
        click.echo(f"  to see all of them: {command('failures', library=context.path)}", err=True)
    if report.scan.interrupted:
        click.echo("stopped; finished records are kept, and the next import continues from here", err=True)


def _tell(report: ImportReport, context: Context) -> None:
    counts = (
        (report.added, "added"),
        (report.changed, "changed"),
        (report.unchanged, "unchanged"),
        (report.failed, "failed"),
        (report.newly_missing, "gone from the source"),
    )
    told = ", ".join(f"{n} {word}" for n, word in counts if n) or "nothing found"
    click.echo(f"{report.source}: {told}; library: {context.path}")
    for step, n in report.counts.items():
        click.echo(f"  {step}: {n}")
    if report.records and report.elapsed_s > 0:
        click.echo(f"{report.records / report.elapsed_s:.0f} records/s, {report.elapsed_s:.1f} s")
    for problem in report.problems[:_SHOWN]:
        click.echo(f"  failed: {problem.where}: {problem.reason}", err=True)
    if report.failed > _SHOWN:
        click.echo(f"  to see all of them: {command('failures', library=context.path)}", err=True)
    if report.newly_missing:
        click.echo(
            f"  to remove the tracks that are gone: {command('prune', library=context.path)}", err=True
        )
    if report.interrupted:
        click.echo("stopped; finished records are kept, and the next import continues from here", err=True)
