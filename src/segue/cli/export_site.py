"""segue export site: a page of some tracks that any web server shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segue.cli.options import Context, FiniteRange
from segue.errors import EmptyLibraryError, UsageError
from segue.texts import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segue.library import Library
    from segue.track import Track


@click.command(short_help="Write a page with clips for any web server.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--tracks", "-t", "seeds", multiple=True, metavar="SEED",
    help="What to show: a track, artist:NAME, album:TITLE, playlist:NAME ...; may be repeated.",
)  # fmt: skip
@click.option(
    "--most", type=click.IntRange(1, 2000), default=100, show_default=True, help="How many tracks at most."
)
@click.option("--k", "-k", type=click.IntRange(1), default=10, show_default=True, help="Similar tracks each.")
@click.option(
    "--clip", "clip_s", type=FiniteRange(0, 60), default=20, show_default=True, metavar="SECONDS",
    help="Length of the clips; 0 for none.",
)  # fmt: skip
@click.option("--title", default="Music that sounds alike", show_default=True, help="Title of the page.")
@click.option("--view", help="How tracks are compared: a space such as descriptors (see docs).")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.pass_obj
def site(
    context: Context,
    /,
    folder: Path,
    seeds: tuple[str, ...],
    most: int,
    view: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Write a page that shows some tracks and what sounds like each, with pictures and short clips.

    FOLDER needs no program: open its index.html, or copy it to any web server. Without --tracks it shows
    some of the whole library. Clips of music by others are copies: whether you may publish them is for you
    to find out.
    """
    from segue.display.terminal import TerminalProgress
    from segue.export.site import write_site

    with context.open() as library:
        tracks = _choose_tracks(library, seeds)
        shown = [tracks[i * len(tracks) // most] for i in range(most)] if len(tracks) > most else tracks
        scores = library.matrix(shown, view=view).scores
        with TerminalProgress(quiet=quiet) as progress:
            result = write_site(folder, shown, scores, progress=progress, **options)
    if len(shown) < len(tracks):
        click.echo(f"{len(shown)} of {len(tracks)} tracks; --most {len(tracks)} takes them all", err=True)
    for name in result.without_clip:
        click.echo(f"no clip of {name}: its file cannot be played", err=True)
    click.echo(
        f"{count(result.tracks, 'track')}, {count(result.clips, 'clip')}, {result.n_bytes / 1e6:.1f} MB"
    )
    click.echo(f"open {result.folder / 'index.html'}")
    if result.clips:
        click.echo("before you publish it, find out whether you may publish these clips", err=True)


def _choose_tracks(library: Library, seeds: Sequence[str]) -> list[Track]:
    """The tracks that were asked for, each once; all that have files where none was."""
    from segue.track import Track

    if not seeds:
        tracks = [track for track in library if track.missing_since is None]
        if not tracks:
            raise EmptyLibraryError("the library has no tracks to show")
        return tracks
    tracks_by_id: dict[str, Track] = {}
    for text in seeds:
        for seed in library.seed_group(text).seeds:
            if not isinstance(seed, Track):
                raise UsageError(f"{text} is a file outside the library; scan it first")
            tracks_by_id[seed.id] = seed
    return list(tracks_by_id.values())
