"""The command ``segue``. Results go to stdout, progress and complaints to stderr."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from click.core import ParameterSource

from segue import __version__
from segue.advice import ask_for_extra, command
from segue.cli.choice import list_choices
from segue.cli.config import defaults_of, load_config, root_defaults
from segue.cli.lazy_group import LazyGroup
from segue.cli.options import AppError, Context
from segue.cli.streams import Results, give_up_results, prepare_streams, wants_plain
from segue.cli.verbose import tell_of_run
from segue.errors import AmbiguousQueryError, AudioError, MissingExtraError, SegueError
from segue.texts import one_line

WITHOUT_LIBRARY = {
    "demo": "it makes a library of its own; choose where with --folder DIR",
    "embed": "it reads and writes no library",
    "max-serve": "it serves a model and no library",
    "models": "all libraries share the models",
    "plan": "it reads no library",
    "spark": "it works on folders of its own; segue spark library makes a library of them",
}

# Objects between two looks for garbage: after each 700, as Python does, they take a tenth of a start.
_COLLECT_AFTER = 20_000

COMMANDS = {
    "albums": ("segue.cli.albums:albums", "List albums, or find ones that sound alike."),
    "artists": ("segue.cli.albums:artists", "List artists, or find ones who sound alike."),
    "backup": ("segue.cli.backup:backup", "Copy the library, also while it is in use."),
    "check": ("segue.cli.check:check", "Check that the whole library fits together."),
    "clusters": ("segue.cli.clusters:clusters", "Find and name groups of similar tracks."),
    "demo": ("segue.cli.demo:demo", "Try Segue on about 100 generated pieces."),
    "doctor": ("segue.cli.doctor:doctor", "Find what is wrong, and what to do about it."),
    "duplicates": ("segue.cli.duplicates:duplicates", "List recordings that you have several files of."),
    "embed": ("segue.cli.embed:embed", "Compute the embeddings of audio files."),
    "evaluate": ("segue.cli.evaluate:evaluate", "Measure how often neighbors share a tag."),
    "export": ("segue.cli.export:export", "Export tracks or vectors for other programs."),
    "failures": ("segue.cli.show:failures", "List files that failed or are damaged."),
    "feedback": ("segue.cli.feedback:feedback", "Like and dislike tracks, and take it back."),
    "folders": ("segue.cli.folders:folders", "List the scanned folders and what they leave out."),
    "import": ("segue.cli.import_group:import_", "Import a data set: table, AudioSet, FMA, ..."),
    "info": ("segue.cli.show:info", "Describe the library or one track."),
    "journey": ("segue.cli.journey:journey", "Go from one track to another in small steps."),
    "map": ("segue.cli.map:map_", "Map all tracks: neighbors sound alike."),
    "matrix": ("segue.cli.matrix:matrix", "Compare several tracks, each with each other."),
    "max-serve": ("segue.cli.serve:max_serve", "Serve IBM's MAX audio embedding API."),
    "models": ("segue.cli.models:models", "List, download and remove neural networks."),
    "plan": ("segue.cli.plan:plan", "Estimate hours, memory and disk for many tracks."),
    "playlist": ("segue.cli.playlist:playlist", "Make a varied playlist from one or more seeds."),
    "prune": ("segue.cli.prune:prune", "Remove tracks whose files are gone."),
    "radio": ("segue.cli.radio:radio", "Play on and on near one or more seeds."),
    "scan": ("segue.cli.scan:scan", "Add music from folders, or update the library."),
    "search": ("segue.cli.search:search", "Find tracks by words: a name, a mood, a sound."),
    "serve": ("segue.cli.serve:serve", "Start the player and the HTTP API."),
    "settings": ("segue.cli.settings:settings", "Show or change which tracks may be recommended."),
    "similar": ("segue.cli.similar:similar", "Find tracks that sound like one or more seeds."),
    "spark": ("segue.cli.spark:spark", "Embed and search on Spark's workers."),
    "users": ("segue.cli.users:users", "Manage the people who share the library."),
    "watch": ("segue.cli.watch:watch", "Follow folders, and take in what changes at once."),
    "why": ("segue.cli.why:why", "Explain why two tracks sound alike."),
}


@click.group(
    cls=LazyGroup,
    homes=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=f"""Recommend music by how it sounds.

    Start with "{command("scan ~/Music")}", then "{command("similar TITLE")}". Without music of your own:
    "{command("demo")}".
    """,
)
@click.option(
    "--library",
    "-l",
    type=click.Path(file_okay=False),
    envvar="SEGUE_LIBRARY",
    help="Folder of the library (default: library in your user data folder; also $SEGUE_LIBRARY).",
)
@click.option(
    "--verbose",
    "-v",
    is_flag=True,
    envvar="SEGUE_VERBOSE",
    help="Say which library and settings are used, and how long it took; show where an error came from.",
)
@click.version_option(__version__, "--version", "-V", prog_name="segue", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, library: str | None, verbose: bool) -> None:
    library_given = context.get_parameter_source("library") is ParameterSource.COMMANDLINE
    if wants_plain():
        context.color = False
    name = context.invoked_subcommand
    if library_given and name in WITHOUT_LIBRARY:
        raise click.UsageError(f"--library does not apply to segue {name}: {WITHOUT_LIBRARY[name]}")
    this_run: _Run = context.obj
    context.obj = Context(library)
    subcommand = cli.get_command(context, name) if name else None
    if name and subcommand and name in this_run.config:
        context.default_map = {name: defaults_of(subcommand, this_run.config[name], name)}
    this_run.verbose = verbose
    if verbose:
        tell_of_run(context)


@dataclass(slots=True)
class _Run:
    """What holds for all of a run: the file of settings, and whether to tell more."""

    config: dict[str, Any] = field(default_factory=dict)
    verbose: bool = False


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 success, 1 something failed, 2 nothing worked, 130 interrupted."""
    this_run = _Run()
    try:
        this_run.config = load_config()
        code = _main(arguments, this_run)
        sys.stdout.flush()
        return code
    except (click.ClickException, SegueError) as error:
        if this_run.verbose:
            import traceback

            traceback.print_exc()
        return _complain(error)
    except OSError as error:
        if not (isinstance(sys.stdout, Results) and sys.stdout.failed):
            raise
        give_up_results()
        if not isinstance(error, BrokenPipeError):  # the reader of our output, `head` say, has seen enough
            click.echo(f"segue: the output could not be written: {error.strerror}", err=True)
        return 1


def _main(arguments: Sequence[str] | None, this_run: _Run) -> int:
    defaults = root_defaults(cli, this_run.config)
    try:
        code = cli.main(
            arguments, prog_name=command(""), standalone_mode=False, obj=this_run, default_map=defaults
        )
        return int(code or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except AppError as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("segue: interrupted", err=True)
        return 130


def _complain(error: click.ClickException | SegueError) -> int:
    if isinstance(error, click.ClickException):
        error.show()
        return 2
    if isinstance(error, MissingExtraError) and ask_for_extra(error.extra):
        return 2  # start.py says what it does
    where = f"{error.path}: " if isinstance(error, AudioError) and error.path else ""
    click.echo(f"segue: {one_line(f'{where}{error}')}", err=True)
    if isinstance(error, AmbiguousQueryError):
        list_choices(error)
    return 2


def main() -> None:
    """Entry point of the console script."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy loads; segue.library.verbs says why
    prepare_streams()
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    code = run()
    if _threads_given_up():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _threads_given_up() -> bool:
    """Whether a stopped scan has left threads at work, for which the process is not to wait."""
    return any(thread.name.startswith("segue-scan") for thread in threading.enumerate())
