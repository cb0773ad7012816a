"""segue why: what makes two tracks alike?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from segue.cli.options import Context, clock
from segue.cli.recommendations import json_option, view_option
from segue.cli.show import columns

if TYPE_CHECKING:
    from segue.recommend.explanation import Explanation

_DECIMALS = 4


@click.command()
@click.argument("a")
@click.argument("b")
@json_option
@view_option
@click.pass_obj
def why(context: Context, /, a: str, b: str, as_json: bool, view: str | None) -> None:
    """Say what makes A and B alike, and what not.

    First a sentence, then how much each space adds to the score, the moments that are most alike,
    what networks call both, and what is measured of both.
    """
    with context.open() as library:
        found = library.explain(a, b, view=view)
    if as_json:
        click.echo(json.dumps(_rounded(asdict(found)), indent=2, ensure_ascii=False))
    else:
        _print(found)


def _print(found: Explanation) -> None:
    click.echo(found.text)
    spaces = [
        (part.space, f"{part.share:+.2f}", "" if part.score is None else f"{part.score:.2f}")
        for part in found.parts
    ]
    _table(("space", "adds", "alone"), spaces)
    moments = [(clock(x.a_s), clock(x.b_s), f"{x.score:.2f}") for x in found.moments]
    _table(("first at", "second at", "score"), moments)
    labels = [(label.name, f"{label.a:.2f}", f"{label.b:.2f}") for label in found.labels]
    _table(("label of both", "first", "second"), labels)
    features = [(x.name, f"{x.a:.5g}", f"{x.b:.5g}", x.text) for x in found.features]
    _table(("measured", "first", "second", "so"), features)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        click.echo()
        columns(names, rows)


def _rounded(value: object) -> object:
    """With floats of a few decimals, wherever they are."""
    if isinstance(value, dict):
        return {name: _rounded(x) for name, x in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(x) for x in value]
    return round(value, _DECIMALS) if isinstance(value, float) else value
