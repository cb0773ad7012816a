"""The command ``segue models``: what there is, and how it comes and goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from segue.cli.options import AppError, megabytes
from segue.cli.show import columns
from segue.errors import SegueError, UsageError

if TYPE_CHECKING:
    from segue.embed.models import Model


@click.group(invoke_without_command=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False),
    help="Where models are kept (default: models in your user data folder; also $SEGUE_MODELS).",
)
@click.pass_context
def models(context: click.Context, folder: str | None) -> None:
    """List, fetch and remove the networks that others published.

    Without a subcommand: list. Nothing is fetched unless you say pull.
    """
    context.obj = folder
    if context.invoked_subcommand is None:
        context.invoke(list_models)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_models(folder: str | None, as_json: bool = False) -> None:
    """List the models, and which of them are here."""
    import json

    from segue.embed.models import MODELS, status

    records = [_record(status(name, folder=folder)) for name in MODELS]
    if as_json:
        click.echo(json.dumps(records, indent=2, ensure_ascii=False))
        return
    rows = [(r["name"], r["state"], megabytes(r["size_bytes"]), r["licence"], r["purpose"]) for r in records]
    columns(("model", "state", "download", "licence", "what for"), rows)
    for record in records:
        for name, found in record["agreement"].items():
            click.echo(f"  {_in_words(name, found, record['name'])}")
        if record["state"] in ("damaged", "outdated"):
            click.echo(
                f"  {record['name']}: {record['reason']}; segue models pull {record['name']}", err=True
            )


def _in_words(name: str, found: dict[str, Any], model: str) -> str:
    return (
        f"{name} against {model} on {found['sounds']} made sounds: cosine {found['cosine_mean']:.3f} "
        f"(least {found['cosine_min']:.3f}); {found['equal']:.0%} of the 8-bit numbers equal, "
        f"{found['difference']:.2f} apart on average"
    )


def _record(found: Any) -> dict[str, Any]:
    model: Model = found.model
    return {
        "name": model.name,
        "title": model.title,
        "purpose": model.purpose,
        "licence": model.licence,
        "reference": model.reference,
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "sources": [download.source for download in model.downloads],
        "state": found.state,
        "reason": found.reason,
        "path": str(found.onnx) if found.state == "ready" else None,
        "agreement": _agreements(found) if found.state == "ready" else {},
    }


def _agreements(found: Any) -> dict[str, dict[str, Any]]:
    """How close the model's quantized forms come to it, by embedder."""
    from segue.embed.models import quantization_reports

    try:
        reports = quantization_reports(found.model, folder=found.folder.parent)
    except SegueError as error:
        click.echo(f"segue: {error}; segue models check {found.model.name}", err=True)
        return {}
    return {name: asdict(report) for name, report in reports.items()}


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.pass_obj
def pull(folder: str | None, names: tuple[str, ...], quiet: bool) -> None:
    """Fetch models by NAME ("all" for all), check their sums and convert them.

    An interrupted download goes on where it stopped. Exit code: 0 all are here, 1 some failed, 2 none.
    """
    from segue.cli.progress import PullProgress
    from segue.embed.models import MODELS
    from segue.embed.models import pull as fetch

    def one(name: str) -> str:
        with PullProgress(name, quiet=quiet) as progress:
            return f"{name} is ready: {fetch(name, folder=folder, progress=progress, on_wait=_waiting)}"

    _each(MODELS if "all" in names else names, one)


@models.command()
@click.argument("name")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_obj
def add(folder: str | None, name: str, files: tuple[str, ...]) -> None:
    """Take the published FILE... of a model, or the folder they lie in, from this machine."""
    from segue.embed.models import add as take

    click.echo(f"{name} is ready: {take(name, *files, folder=folder, on_wait=_waiting)}")


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def remove(folder: str | None, names: tuple[str, ...]) -> None:
    """Delete models by NAME, and what was fetched of them so far."""
    from segue.embed.models import remove as delete

    def one(name: str) -> str:
        delete(name, folder=folder, on_wait=_waiting)
        return f"{name} is removed"

    _each(names, one)


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.pass_obj
def check(folder: str | None, names: tuple[str, ...]) -> None:
    """Read models (all that are here unless named) and compare every sum."""
    from segue.embed.models import MODELS, status
    from segue.embed.models import check as compare

    def one(name: str) -> str:
        compare(name, folder=folder)
        return f"{name} is as it was written"

    here = [name for name in MODELS if status(name, folder=folder).state != "missing"]
    if not (names or here):
        click.echo("there are no models here; segue models pull NAME fetches one", err=True)
    _each(names or here, one)


def _each(names: Iterable[str], work: Callable[[str], str]) -> None:
    """Do ``work`` for every name; one that fails stops none of the others."""
    done = failed = 0
    for name in dict.fromkeys(names):
        try:
            click.echo(work(name))
            done += 1
        except SegueError as error:
            place = "" if isinstance(error, UsageError) else f"{name}: "
            click.echo(f"segue: {place}{error}", err=True)
            failed += 1
    if failed:
        raise AppError(1 if done else 2)


def _waiting() -> None:
    click.echo("waiting for another segue that writes to the models", err=True)
