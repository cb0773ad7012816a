"""segue why: what makes two tracks alike?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from segue.cli.options import Context
from segue.cli.recommendations import json_option, view_option
from segue.cli.tables import clock, columns

if TYPE_CHECKING:
    from segue.recommend.explanation import Explanation

_DECIMALS = 4


@click.command(short_help="Explain why two tracks sound alike.")
@click.argument("a")
@click.argument("b")
@json_option
@view_option
@click.pass_obj
def why(context: Context, /, a: str, b: str, as_json: bool, view: str | None) -> None:
    """Explain what makes A and B sound alike, and what does not.

    Prints a sentence, how alike they are in timbre, harmony and rhythm, how much each space contributes to
    the cosine, the passages that are most
    similar, the labels that networks give both, the measurements of both, and what your likes and
    dislikes do to B's place among the tracks like A.
    """
    with context.open() as library:
        explanation = library.explain(a, b, view=view)
    if as_json:
        click.echo(json.dumps(_round(asdict(explanation)), indent=2, ensure_ascii=False))
    else:
        _print(explanation)


def _print(explanation: Explanation) -> None:
    click.echo(explanation.text)
    _table(("aspect", "score"), [(aspect.name, f"{aspect.score:.2f}") for aspect in explanation.aspects])
    spaces = [
        (part.space, f"{part.share:+.2f}", "" if part.score is None else f"{part.score:.2f}")
        for part in explanation.parts
    ]
    if len(spaces) > 1:
        spaces.append(("all together", f"{explanation.cosine:+.2f}", ""))
    _table(("space", "contribution", "score alone"), spaces)
    moments = [(clock(x.a_s), clock(x.b_s), f"{x.score:.2f}") for x in explanation.moments]
    _table(("in the first at", "in the second at", "score"), moments)
    labels = [(label.name, f"{label.a:.2f}", f"{label.b:.2f}") for label in explanation.labels]
    _table(("shared label", "first", "second"), labels)
    features = [(x.name, f"{x.a:.5g}", f"{x.b:.5g}", x.text) for x in explanation.features]
    _table(("measurement", "first", "second", "meaning"), features)
    if explanation.feedback:
        click.echo(f"\nYour likes and dislikes: {explanation.bias:+.2f} ({explanation.feedback})")


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        click.echo()
        columns(names, rows, cut=("measurement", "meaning"))


def _round(value: object) -> object:
    """With floats of a few decimals, wherever they are."""
    if isinstance(value, dict):
        return {name: _round(x) for name, x in value.items()}
    if isinstance(value, list | tuple):
        return [_round(x) for x in value]
    return round(value, _DECIMALS) if isinstance(value, float) else value
