"""segue scan, and segue check."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.model_download import hint_at_missing, installed, pull_missing, wanted_by_default
from segue.cli.more_networks import with_more_networks
from segue.cli.onnx import onnx_embedder, onnx_options
from segue.cli.options import AppError, Context
from segue.cli.report import show_failures
from segue.cli.shared_catalog import shared_catalog_at, sync
from segue.cli.tables import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segue.ingest.report import Report
    from segue.library.upgrades import Upgrade
    from segue.spec import Embedder


@click.command(short_help="Add music from folders, or update the library.")
@click.argument("folders", nargs=-1, required=True, type=click.Path())
@click.option("--jobs", "-j", type=click.IntRange(1, 256), help="Number of threads (default: one per core).")
@click.option("--retry", is_flag=True, help="Also retry files that failed before and have not changed.")
@click.option("--full", is_flag=True, help="Also read files whose size and times are what they were.")
@click.option("--wait/--no-wait", default=True, help="Wait while another Segue writes (default), or stop.")
@click.option(
    "--embedder",
    "-e",
    "embedders",
    multiple=True,
    help="Embedder to use: descriptors, musicnn, mn04, aisfx, vggish, vggish-int8 or vggish-relu. Repeat it "
    "for several (default: the first three, or those that the library has).",
)
@click.option(
    "--pull/--no-pull",
    default=wanted_by_default,
    help="First download missing models of the default set (default), or do without.",
)
@click.option(
    "--upgrade",
    is_flag=True,
    help="Also make the vectors of newer versions of the library's embedders. Nothing else is made again.",
)
@click.option(
    "--yes",
    "-y",
    "agreed",
    is_flag=True,
    help="Do not ask: let networks of the default set that the library has been without analyze it, too.",
)
@onnx_options
@click.option(
    "--catalog",
    "shared_uri",
    metavar="URI",
    envvar="SEGUE_CATALOG",
    help="MongoDB to share tracks and vectors with other libraries (or $SEGUE_CATALOG).",
)
@click.option(
    "--exclude",
    metavar="PATTERN",
    multiple=True,
    help="Leave out what this names, now and in later scans: Audiobooks/ or *.wav, as in a .gitignore file. "
    "May be repeated; segue folders shows what is kept.",
)
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.pass_obj
def scan(
    context: Context,
    /,
    folders: tuple[str, ...],
    jobs: int | None,
    retry: bool,
    wait: bool,
    embedders: tuple[str, ...],
    pull: bool,
    quiet: bool,
    **others: Any,
) -> None:
    """Add the music in FOLDERS to the library, or update it.

    Unchanged files are skipped and moved files keep their id. Ctrl-C stops cleanly, and the next scan
    continues; so do SIGTERM and SIGHUP. Exit code: 0 success, 1 some files failed, 2 nothing worked,
    130 interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.
    """
    from segue.display.terminal import TerminalProgress

    _require_folders(context, folders)  # before anything is asked or downloaded
    shared = shared_catalog_at(others.pop("shared_uri"))
    upgrade, exclude, agreed = (others.pop(name) for name in ("upgrade", "exclude", "agreed"))
    how = {"jobs": jobs, "retry": retry, "full": others.pop("full")}
    chosen: list[Embedder | str] = [*embedders, *onnx_embedder(**others)]
    named = bool(chosen)
    if not named:
        names = with_more_networks(context, folders, jobs, pull=pull, agreed=agreed)
        if pull:
            pull_missing(context, names, quiet=quiet)
        chosen += installed(names)
    waiting: dict[str, Any] = {"wait_s": -1 if wait else 0, "on_wait": say_waiting}
    with context.open(create=True, embedders=chosen) as library, TerminalProgress(quiet=quiet) as progress:
        for folder in filter(os.path.isdir, folders) if exclude else ():
            library.exclude(folder, exclude)
        if upgrade:
            library.start_upgrade(**waiting)
        report = library.scan(folders, progress=progress, **how, **waiting)
        upgrades = library.upgrades()
    _show_report(report, context)
    _show_upgrades(upgrades, context)
    if not named:
        hint_at_missing(context)
    sync_code = sync(context, shared, quiet=quiet) if shared and not report.interrupted else 0
    if report.exit_code or sync_code:
        raise AppError(report.exit_code or sync_code)


def refuse_nameless(folders: Sequence[str]) -> None:
    """Refuse an empty name, as of a shell's variable that is not set, which would be the current folder."""
    if "" in folders:
        raise click.UsageError("a folder has an empty name; the current folder is .")


def _require_folders(context: Context, folders: tuple[str, ...]) -> None:
    """Refuse what is not there, unless the library has tracks from it."""
    refuse_nameless(folders)
    for folder in folders:
        if not os.path.lexists(folder) and not _had_tracks(context, folder):
            raise click.UsageError(f"{folder!r} does not exist")


def _had_tracks(context: Context, folder: str) -> bool:
    from segue.errors import LibraryNotFoundError

    try:
        with context.open() as library:
            return library.folders.count(os.path.abspath(folder), missing=True) > 0  # noqa: PTH100
    except LibraryNotFoundError:
        return False


def say_waiting() -> None:
    click.echo("waiting for another Segue that is writing to this library", err=True)


def _show_upgrades(upgrades: Sequence[Upgrade], context: Context) -> None:
    for upgrade in upgrades:
        rest = f"until nearly all have it, {upgrade.older} goes on answering"
        click.echo(f"{upgrade}; {rest}", err=True)
    if upgrades:
        click.echo(f"  to add it: {command('scan --upgrade FOLDER', library=context.path)}", err=True)


def _show_report(report: Report, context: Context) -> None:
    click.echo(f"{report.summary()}; library: {context.path}")
    if report.audio_s and report.elapsed_s > 0:
        rate = report.audio_s / report.elapsed_s
        click.echo(f"{clock(report.audio_s)} of music in {report.elapsed_s:.1f} s, {rate:.0f}x real time")
    show_failures(report, context.path)
    for note in report.notes:
        click.echo(f"  {note}", err=True)
    if report.is_all_left_out:
        click.echo(
            f"nothing else is there: {report.left_out} are left out, {report.left_out_in_words()}; what you "
            f"exclude: {command('folders', library=context.path)}",
            err=True,
        )
    if report.newly_missing:
        click.echo(
            f"  to remove the tracks whose files are gone: {command('prune', library=context.path)}", err=True
        )
    if report.interrupted:
        click.echo("stopped; finished files are kept, and the next scan continues from here", err=True)
