"""segue doctor: what stands in the way, and what to do about it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from segue.cli.options import AppError, Context
from segue.cli.recommendations import json_option
from segue.cli.show import print_json
from segue.cli.tables import one_line
from segue.texts import count

if TYPE_CHECKING:
    from segue.doctor import Finding

_WIDTHS = (8, 16)


@click.command(short_help="Find what is wrong, and what to do about it.")
@json_option
@click.pass_obj
def doctor(context: Context, as_json: bool) -> None:
    """Look at this machine, at what Segue is made of, and at the library.

    Each line is ok, a warning or a fault, with what to do about it. Nothing is changed. Exit code: 0, or 1 if
    there is a fault.
    """
    from segue.doctor import examine

    findings = []
    for finding in (*_settings(), *examine(context.path.absolute())):
        findings.append(finding)
        if not as_json:
            _show(finding)
    counts = Counter(finding.state for finding in findings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        faults, warnings = counts["fault"], counts["warning"]
        click.echo(f"{count(len(findings), 'check')}: {count(faults, 'fault')}, {count(warnings, 'warning')}")
    if counts["fault"]:
        raise AppError(1)


def _settings() -> Iterator[Finding]:
    """Of the file of settings and the variables."""
    from segue import advice
    from segue.cli import cli
    from segue.cli.config import OTHER_VARIABLES, config_path, load_config, variables
    from segue.doctor import Finding

    path, config = config_path(), load_config()  # a wrong one ends every command before it begins
    content = (", ".join(config) or "nothing") if path.exists() else "not there"
    yield Finding("settings", "ok", f"{path}: {content}")
    from_start_py = {advice.VARIABLE, advice.MISSING_EXTRA}  # what nobody has set by hand
    names = sorted(name for name in os.environ if name.startswith("SEGUE_") and name not in from_start_py)
    unknown = [name for name in names if name not in OTHER_VARIABLES.union(variables(cli))]
    if unknown:
        text = f"nothing in Segue reads {', '.join(unknown)}"
        yield Finding("environment", "warning", text, "correct or unset them")
    else:
        yield Finding("environment", "ok", ", ".join(names) or "no variable of Segue's is set")


def _show(finding: Finding) -> None:
    state, name = finding.state.ljust(_WIDTHS[0]), finding.name.ljust(_WIDTHS[1])
    color = {"ok": None, "warning": "yellow", "fault": "red"}[finding.state]
    click.echo(f"{click.style(state, fg=color)} {name} {one_line(finding.text)}")
    if finding.remedy:
        click.echo(f"{'':{sum(_WIDTHS) + 2}}-> {one_line(finding.remedy)}")
