"""segue demo: generate music, scan it and recommend from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from segue.advice import command, data_folder
from segue.cli.options import AppError, Context
from segue.cli.tables import clock, columns

if TYPE_CHECKING:
    from segue.library import Library
    from segue.track import Track

_SHOWN_SEEDS = 3
_SHOWN_MATCHES = 5


@click.command(short_help="Try Segue on about 100 generated pieces.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write the music and its library (default: your user data folder).",
)
def demo(folder: Path | None) -> None:
    """Try Segue without music of your own: generate about 100 short pieces, scan them, recommend.

    A synthesizer plays them in 8 styles by 24 invented artists. They get a library of their own;
    yours is not touched.
    """
    from segue.display.terminal import TerminalProgress

    root = folder or data_folder() / "demo"
    music = _write_music(root / "music")
    context = Context(str(root / "library"))
    with context.open(create=True) as library:
        with TerminalProgress() as progress:
            report = library.scan(music, progress=progress)
        if report.exit_code:
            raise AppError(report.exit_code)
        if report.added:
            rate = report.audio_s / report.elapsed_s
            took = f"{report.elapsed_s:.1f} s, {rate:.0f}x real time"
            click.echo(f"Scanned {clock(report.audio_s)} of music in {took}")
        _show(library)
    click.echo("\nNext steps:")
    click.echo(f"  {command('similar TITLE', library=context.path)}")
    click.echo(f"  {command('serve', library=context.path)}")
    click.echo(f"  {command('scan YOUR-MUSIC-FOLDER')}")


def _write_music(folder: Path) -> Path:
    import rich.progress
    from rich.console import Console

    from segue.demo import write_demo

    with rich.progress.Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Generating", total=None)
        paths = write_demo(folder, on_piece=lambda done, total: bar.update(task, completed=done, total=total))
    click.echo(f"Generated {len(paths)} short pieces in {folder}")
    return folder


def _show(library: Library) -> None:
    tracks = [track for track in library if track.tags.genre]
    styles = sorted({track.tags.genre or "" for track in tracks})
    for style in styles[:: max(1, len(styles) // _SHOWN_SEEDS)][:_SHOWN_SEEDS]:
        seed = next(track for track in tracks if track.tags.genre == style)
        click.echo(f"\nWhat sounds like {_name(seed)}?")
        recommendations = library.similar(seed, k=_SHOWN_MATCHES)
        rows = [
            (m.track.title, m.track.artist or "", m.track.tags.genre or "", f"{m.score:.2f}")
            for m in recommendations.matches
        ]
        columns(("track", "artist", "style", "score"), rows, cut=("track", "artist"))
    hits = [
        match.track.tags.genre == track.tags.genre
        for track in tracks
        for match in library.similar(track, k=_SHOWN_MATCHES).matches
    ]
    share = 100 * sum(hits) / max(1, len(hits))
    chance = 100 / max(1, len(styles))
    click.echo(
        f"\nOf the {_SHOWN_MATCHES} nearest of each piece, {share:.0f} % are of its style; "
        f"by chance it would be {chance:.0f} %."
    )


def _name(track: Track) -> str:
    return f"{track.display_name} ({track.tags.genre})"
