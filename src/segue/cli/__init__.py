"""The command ``segue``. Results go to stdout, progress and complaints to stderr."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from segue import __version__
from segue.cli import (
    albums,
    backup,
    check,
    clusters,
    demo,
    duplicates,
    embed,
    evaluate,
    export,
    feedback,
    folders,
    import_group,
    journey,
    matrix,
    models,
    plan,
    playlist,
    prune,
    radio,
    scan,
    search,
    serve,
    settings,
    show,
    similar,
    spark,
    why,
)
from segue.cli import map as map_
from segue.cli.choice import list_choices
from segue.cli.options import AppError, Context
from segue.errors import AmbiguousQueryError, AudioError, SegueError

WITHOUT_LIBRARY = {
    "demo": "it makes a library of its own; choose where with --folder DIR",
    "embed": "it reads and writes no library",
    "max-serve": "it serves a model and no library",
    "models": "all libraries share the models",
    "plan": "it reads no library",
    "spark": "it works on folders of its own; segue spark library makes a library of them",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--library",
    "-l",
    type=click.Path(file_okay=False),
    envvar="SEGUE_LIBRARY",
    help="Folder of the library (default: library in your user data folder; also $SEGUE_LIBRARY).",
)
@click.version_option(__version__, prog_name="segue", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, library: str | None) -> None:
    """Recommend music by how it sounds.

    Start with "segue scan ~/Music", then "segue similar TITLE". Without music of your own: "segue demo".
    """
    given = context.get_parameter_source("library") is ParameterSource.COMMANDLINE
    if given and context.invoked_subcommand in WITHOUT_LIBRARY:
        name = context.invoked_subcommand
        raise click.UsageError(f"--library does not apply to segue {name}: {WITHOUT_LIBRARY[name]}")
    context.obj = Context(library)


for command in (
    scan.scan,
    import_group.import_,
    similar.similar,
    playlist.playlist,
    radio.radio,
    journey.journey,
    why.why,
    matrix.matrix,
    evaluate.evaluate,
    map_.map_,
    search.search,
    albums.albums,
    albums.artists,
    show.info,
    show.failures,
    folders.folders,
    duplicates.duplicates,
    settings.settings,
    clusters.clusters,
    feedback.feedback,
    export.export,
    embed.embed,
    prune.prune,
    backup.backup,
    check.check,
    models.models,
    serve.serve,
    serve.max_serve,
    spark.spark,
    plan.plan,
    demo.demo,
):
    cli.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 success, 1 something failed, 2 nothing worked, 130 interrupted."""
    try:
        return int(cli.main(arguments, prog_name="segue", standalone_mode=False) or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except AppError as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("segue: interrupted", err=True)
        return 130
    except (click.ClickException, SegueError, BrokenPipeError) as error:
        return _complain(error)


def _complain(error: click.ClickException | SegueError | BrokenPipeError) -> int:
    if isinstance(error, BrokenPipeError):  # the reader of our output, `head` say, has seen enough
        sys.stderr.close()
        return 1
    if isinstance(error, click.ClickException):
        error.show()
        return 2
    where = f"{error.path}: " if isinstance(error, AudioError) and error.path else ""
    click.echo(f"segue: {where}{error}", err=True)
    if isinstance(error, AmbiguousQueryError):
        list_choices(error)
    return 2


def main() -> None:
    """Entry point of the console script."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy loads; segue.library.verbs says why
    _silence_native_libraries()
    for stream in (sys.stdout, sys.stderr):
        # Names of files may hold what the terminal's encoding cannot.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    code = run()
    if _threads_given_up():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _threads_given_up() -> bool:
    """Whether a stopped scan has left threads at work, for which the process is not to wait."""
    return any(thread.name.startswith("segue-scan") for thread in threading.enumerate())


def _silence_native_libraries() -> None:
    """Give stderr another descriptor: decoders write notes about broken files straight to number 2."""
    try:
        ours = os.dup(2)
        sys.stderr = os.fdopen(ours, "w", buffering=1, encoding=sys.stderr.encoding)
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
    except OSError:  # started without a stderr
        return
    faulthandler.enable(file=ours)
