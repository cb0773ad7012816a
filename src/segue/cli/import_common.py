"""What all commands of ``segue import`` share: their options, and what they print afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.options import AppError, Context
from segue.cli.report import show_failures
from segue.texts import count

if TYPE_CHECKING:
    from segue.ingest.report import Report
    from segue.sources.contract import Source

REPEATED = "id that came before, left out"  # a step of cleaning
_STOPPED = "stopped; finished records are kept, and the next import continues from here"


encoding_option = click.option(
    "--encoding", help="Encoding of text files, such as windows-1251 (default: by their first bytes)."
)


rounded_ids_option = click.option(
    "--rounded-ids", is_flag=True, help="Take ids although a spreadsheet has rounded them (1.2E+14)."
)


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
    """Import a source into the library, and print what was done.

    Parameters
    ----------
    audio : a folder of the tracks' audio files, to be attached and scanned
    id_of : the id of the track that a path there holds
    """
    from segue.display.terminal import TerminalProgress

    how: dict[str, Any] = {
        "wait_s": -1 if wait else 0,
        "on_wait": lambda: click.echo("waiting for another Segue that is writing to this library", err=True),
    }
    attached = None
    with context.open(create=True) as library:
        with TerminalProgress(quiet=quiet) as progress:
            report = library.import_from(source, progress=progress, **how)
        if not as_json:
            _show_import(report, context)
        if audio and report.exit_code < 2:
            with TerminalProgress(quiet=quiet) as progress:
                attached = library.attach_audio(source.name, audio, id_of, progress=progress, **how)
            if not as_json:
                _show_attached(attached, audio, context)
    if as_json:
        record = {"source": report.name, **report.as_record()}
        if attached:
            record["audio"] = _attached_record(attached)
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    audio_code = attached.exit_code if attached else 0
    # The import has worked, even where no file was found for it.
    exit_code = max(report.exit_code, 1 if audio_code == 2 else audio_code)
    if exit_code:
        raise AppError(exit_code)


def _attached_record(report: Report) -> dict[str, Any]:
    counts = {
        "joined": report.attached, "with_file": report.with_file, "without": report.without_file,
        "strangers": report.unmatched,
    }  # fmt: skip
    return counts | {"scan": report.as_record()}


def _show_attached(report: Report, folder: Path, context: Context) -> None:
    click.echo(f"{count(report.with_file, 'track')} with audio in {folder}, {report.attached} of them new")
    click.echo(f"  scanned: {report.summary()}")
    if report.without_file:
        click.echo(f"  {count(report.without_file, 'track')} without a file there", err=True)
    if report.unmatched:
        click.echo(f"  {report.unmatched} audio files belong to no track and were ignored", err=True)
    show_failures(report, context.path, others=bool(report.without_file))
    if report.interrupted:
        click.echo(_STOPPED, err=True)


def _show_import(report: Report, context: Context) -> None:
    click.echo(f"{report.name}: {report.summary()}; library: {context.path}")
    for step, n in report.cleaning.items():
        click.echo(f"  {step}: {n}")
    if (repeated := report.cleaning.get(REPEATED, 0)) > report.total:
        click.echo(
            f"  most rows ({repeated}) have an id of a row before them: is the column of ids the right one?",
            err=True,
        )
    if report.total and report.elapsed_s > 0:
        click.echo(f"{report.total / report.elapsed_s:.0f} records/s, {report.elapsed_s:.1f} s")
    show_failures(report, context.path)
    if report.newly_missing:
        click.echo(
            f"  to remove the tracks that are gone: {command('prune', library=context.path)}", err=True
        )
    if report.interrupted:
        click.echo(_STOPPED, err=True)
