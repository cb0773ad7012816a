"""segue check: whether all of a library fits together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.options import AppError, Context
from segue.texts import count

if TYPE_CHECKING:
    from segue.library import CheckReport


@click.command(short_help="Check that the whole library fits together.")
@click.option("--repair", is_flag=True, help="Mend what can be mended from what the library still has.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="Analyze N files again, and compare with their vectors.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def check(context: Context, repair: bool, sample: int | None, as_json: bool) -> None:
    """Read the whole library, verify every checksum, and find what does not fit together.

    Exit code: 0 all fits, 1 something does not, 2 the library cannot be read.
    """
    from segue.display.terminal import TerminalProgress

    with context.open() as library, TerminalProgress(quiet=not sample) as progress:
        report = library.check(repair=repair, sample=sample or 0, progress=progress)
    if as_json:
        click.echo(json.dumps(_record(report), indent=2, ensure_ascii=False))
    else:
        _show(report, context, repair=repair)
    if not report.is_whole:
        raise AppError(1)


def _record(report: CheckReport) -> dict[str, Any]:
    return {
        "tracks": report.tracks,
        "matrices": report.matrices,
        "faults": [{"kind": f.kind, "message": f.message, "mendable": f.mendable} for f in report.faults],
        "mended": report.mended,
        "notes": report.notes,
        "sampled": report.sampled,
        "differing": [track.id for track in report.differing],
    }


def _show(report: CheckReport, context: Context, *, repair: bool) -> None:
    for line in report.mended:
        click.echo(f"mended: {line}")
    for fault in report.faults:
        click.echo(f"{'cannot be mended' if repair else 'wrong'}: {fault.message}", err=True)
    for track in report.differing:
        click.echo(f"wrong: the vectors of {track.path} are not what the file gives now", err=True)
    if report.is_whole:
        checked = count(report.tracks, "track"), count(report.matrices, "matrix", "matrices")
        click.echo(f"all checksums match: {', '.join(checked)}")
    elif not repair and any(fault.mendable for fault in report.faults):
        click.echo(f"to mend what can be mended: {command('check --repair', library=context.path)}", err=True)
    elif report.differing:
        click.echo(f"to analyze all files again: {command('scan --full', library=context.path)}", err=True)
    if report.sampled:
        click.echo(f"{count(report.sampled, 'file')} analyzed again, {len(report.differing)} differ")
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
