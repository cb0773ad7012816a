"""segue models: list, download, check and remove neural networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.options import AppError
from segue.cli.tables import columns, megabytes
from segue.errors import ModelNotFoundError, SegueError, UsageError

if TYPE_CHECKING:
    from segue.embed.models import Model


@click.group(invoke_without_command=True, short_help="List, download and remove neural networks.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False),
    help="Folder of the models (default: models in your user data folder; also $SEGUE_MODELS).",
)
@click.pass_context
def models(context: click.Context, folder: str | None) -> None:
    """List, download and remove published neural networks.

    Without a subcommand, this lists them. Only "pull" downloads.
    """
    context.obj = folder
    if context.invoked_subcommand is None:
        context.invoke(list_models)


@models.command("list", short_help="List the models and which are installed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_models(folder: str | None, as_json: bool = False) -> None:
    """List the models and which of them are installed."""
    import json

    from segue.embed.models import MODELS, status

    records = [_record(status(name, folder=folder)) for name in MODELS]
    if as_json:
        click.echo(json.dumps(records, indent=2, ensure_ascii=False))
        return
    rows = [(r["name"], r["state"], megabytes(r["size_bytes"]), r["license"], r["purpose"]) for r in records]
    columns(("model", "state", "download", "license", "purpose"), rows, cut=("purpose",))
    for record in records:
        for name, report in record["agreement"].items():
            click.echo(f"  {_describe_report(name, report, record['name'])}")
        if record["state"] in ("damaged", "outdated"):
            pull = command(f"models pull {record['name']}")
            click.echo(f"  {record['name']}: {record['reason']}; to repair it: {pull}", err=True)


def _describe_report(name: str, report: dict[str, Any], model: str) -> str:
    return (
        f"{name} compared with {model} on {report['sounds']} test sounds: mean cosine "
        f"{report['cosine_mean']:.3f} (lowest {report['cosine_min']:.3f}); {report['equal']:.0%} of the "
        f"8-bit numbers are equal, the mean difference is {report['difference']:.2f}"
    )


def _record(status: Any) -> dict[str, Any]:
    model: Model = status.model
    return {
        "name": model.name,
        "title": model.title,
        "purpose": model.purpose,
        "license": model.license,
        "reference": model.reference,
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "sources": [download.source for download in model.downloads],
        "state": status.state,
        "reason": status.reason,
        "path": str(status.onnx) if status.state == "ready" else None,
        "agreement": _agreements(status) if status.state == "ready" else {},
    }


def _agreements(status: Any) -> dict[str, dict[str, Any]]:
    """How close the model's quantized forms come to it, by embedder."""
    from segue.embed.models import quantization_reports

    try:
        reports = quantization_reports(status.model, folder=status.folder.parent)
    except SegueError as error:
        click.echo(f"segue: {error}; see: {command(f'models check {status.model.name}')}", err=True)
        return {}
    return {name: asdict(report) for name, report in reports.items()}


@models.command(short_help="Download, verify and convert models.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.pass_obj
def pull(folder: str | None, names: tuple[str, ...], quiet: bool) -> None:
    """Download models by NAME ("all" for all), verify their checksums and convert them.

    An interrupted download resumes. Exit code: 0 all are installed, 1 some failed, 2 all failed.
    """
    from segue.display.terminal import TerminalProgress
    from segue.embed.models import MODELS
    from segue.embed.models import pull as fetch

    def one(name: str) -> str:
        with TerminalProgress(name, quiet=quiet) as progress:
            return f"{name} is ready: {fetch(name, folder=folder, progress=progress, on_wait=_waiting)}"

    _each(MODELS if "all" in names else names, one)


@models.command(short_help="Install a model from files on this machine.")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_obj
def add(folder: str | None, name: str, files: tuple[str, ...]) -> None:
    """Install a model from its published FILE..., or from the folder that holds them."""
    from segue.embed.models import add as take

    click.echo(f"{name} is ready: {take(name, *files, folder=folder, on_wait=_waiting)}")


@models.command(short_help="Delete models and partial downloads.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def remove(folder: str | None, names: tuple[str, ...]) -> None:
    """Delete models by NAME, and their partial downloads."""
    from segue.embed.models import remove as delete

    def one(name: str) -> str:
        delete(name, folder=folder, on_wait=_waiting)
        return f"removed {name}"

    _each(names, one)


@models.command(short_help="Verify the checksums of models.")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.pass_obj
def check(folder: str | None, names: tuple[str, ...]) -> None:
    """Read models (default: all that are installed) and verify every checksum."""
    from segue.embed.models import MODELS, status
    from segue.embed.models import check as compare

    def one(name: str) -> str:
        compare(name, folder=folder)
        return f"{name}: all checksums match"

    installed = [name for name in MODELS if status(name, folder=folder).state != "missing"]
    if not (names or installed):
        click.echo(f"no models are installed; to download one: {command('models pull NAME')}", err=True)
    _each(names or installed, one)


@models.command(short_help="Write models to one file, for another machine.")
@click.argument("file", type=click.Path(dir_okay=False))
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.pass_obj
def pack(folder: str | None, file: str, names: tuple[str, ...]) -> None:
    """Write models (default: all that are installed) to FILE, a zip for machines without a network."""
    from segue.embed.models.pack import pack as write

    packed = write(file, names, folder=folder)
    click.echo(f"{', '.join(packed)}: {file}")
    click.echo(f"  on the other machine: segue models unpack {file}", err=True)


@models.command(short_help="Install what segue models pack wrote.")
@click.argument("file", type=click.Path())
@click.pass_obj
def unpack(folder: str | None, file: str) -> None:
    """Install the models in FILE, which "segue models pack" wrote. All sums are compared first."""
    from segue.embed.models.pack import unpack as install

    for name in install(file, folder=folder, on_wait=_waiting):
        click.echo(f"{name} is ready")


def _each(names: Iterable[str], work: Callable[[str], str]) -> None:
    """Do ``work`` for every name; one that fails stops none of the others."""
    done = failed = 0
    for name in dict.fromkeys(names):
        try:
            click.echo(work(name))
            done += 1
        except SegueError as error:
            place = "" if isinstance(error, UsageError | ModelNotFoundError) else f"{name}: "
            click.echo(f"segue: {place}{error}", err=True)
            failed += 1
    if failed:
        raise AppError(1 if done else 2)


def _waiting() -> None:
    click.echo("waiting for another Segue that is writing to the folder of models", err=True)
