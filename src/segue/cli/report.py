"""What every command that runs long prints of its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue.advice import command
from segue.texts import one_line

if TYPE_CHECKING:
    from segue.ingest.report import Report

_SHOWN = 5


def name_failures(report: Report) -> None:
    """The first failures, on stderr."""
    from segue.track import readable

    for problem in report.failures[:_SHOWN]:
        click.echo(f"  failed: {one_line(readable(problem.where))}: {one_line(problem.reason)}", err=True)


def show_failures(report: Report, library: Path, *, others: bool = False) -> None:
    """The first failures, on stderr, and how to see the rest.

    Parameters
    ----------
    others : the library keeps failures that are not in the report
    """
    name_failures(report)
    if report.failed > _SHOWN or report.still_failing or report.warnings or others:
        hint = command("failures", library=library)
        click.echo(f"  to see all that failed or are damaged: {hint}", err=True)
