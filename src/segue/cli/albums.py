"""segue albums and segue artists: what there is, or what sounds like some seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from segue.cli.options import Context
from segue.cli.recommendations import json_option, view_option
from segue.cli.show import print_json
from segue.cli.tables import clock, columns

if TYPE_CHECKING:
    from segue.library import Album, Artist

_Command = TypeVar("_Command", bound=Callable[..., Any])
_ALBUM_SORTS = ("artist", "name", "year", "added", "played", "often")
_ARTIST_SORTS = ("name", "tracks", "played", "often")


def _common(sorts: Sequence[str]) -> Callable[[_Command], _Command]:
    """The options ``k``, ``sort``, ``view`` and ``as_json``."""
    k = click.option("--k", "-k", type=click.IntRange(1), help="How many; with seeds, 10 by default.")
    sort = click.option(
        "--sort", type=click.Choice(sorts), default=sorts[0], show_default=True, help="Without seeds."
    )
    return lambda command: k(sort(view_option(json_option(command))))


@click.command(short_help="List albums, or find ones that sound alike.")
@click.argument("seeds", nargs=-1)
@click.option("--genre", help="Only albums with a track of this genre; without seeds.")
@_common(_ALBUM_SORTS)
@click.pass_obj
def albums(
    context: Context,
    /,
    seeds: tuple[str, ...],
    genre: str | None,
    k: int | None,
    sort: Any,
    view: str | None,
    as_json: bool,
) -> None:
    """List the library's albums, or those that sound most like SEEDS, nearest first.

    Seeds are those of "segue similar", such as album:TITLE. Albums that the seeds are on are left out.
    """
    _refuse_with_seeds(seeds)
    with context.open() as library:
        scores: list[float] | None = None
        if seeds:
            matches = library.similar_albums(seeds, k=k or 10, view=view).matches
            albums, scores = [m.album for m in matches], [m.score for m in matches]
        else:
            albums = library.albums(sort, genre=genre)[:k]
    if as_json:
        print_json(_with_scores([_album(album) for album in albums], scores))
        return
    if not albums and not seeds:
        what = f"no album has a track of the genre {genre!r}" if genre else "no track has the tag 'album'"
        click.echo(what, err=True)
        return
    rows = [[a.name, a.artist, str(a.year or ""), str(len(a.tracks)), clock(a.duration_s)] for a in albums]
    _print(["album", "artist", "year", "tracks", "time"], rows, scores)


@click.command(short_help="List artists, or find ones who sound alike.")
@click.argument("seeds", nargs=-1)
@_common(_ARTIST_SORTS)
@click.pass_obj
def artists(
    context: Context,
    /,
    seeds: tuple[str, ...],
    k: int | None,
    sort: Any,
    view: str | None,
    as_json: bool,
) -> None:
    """List the library's artists, or those who sound most like SEEDS, nearest first.

    Seeds are those of "segue similar", such as artist:NAME. Artists of the seeds are left out.
    """
    _refuse_with_seeds(seeds)
    with context.open() as library:
        scores: list[float] | None = None
        if seeds:
            matches = library.similar_artists(seeds, k=k or 10, view=view).matches
            artists, scores = [m.artist for m in matches], [m.score for m in matches]
        else:
            artists = library.artists(sort)[:k]
    if as_json:
        print_json(_with_scores([_artist(artist) for artist in artists], scores))
        return
    if not artists and not seeds:
        click.echo("no track has the tag 'artist'", err=True)
        return
    rows = [[a.name, str(len(a.albums)), str(len(a.tracks))] for a in artists]
    _print(["artist", "albums", "tracks"], rows, scores)


def _refuse_with_seeds(seeds: Sequence[str]) -> None:
    context = click.get_current_context()
    for name in ("sort", "genre"):
        if seeds and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"with seeds, the nearest come first, of any genre: leave out --{name}")


def _album(album: Album) -> dict[str, Any]:
    return {
        "id": album.id, "album": album.name, "artist": album.artist, "year": album.year,
        "genres": album.genres, "duration_s": round(album.duration_s, 3), "tracks": album.tracks,
    }  # fmt: skip


def _artist(artist: Artist) -> dict[str, Any]:
    names = [album.name for album in artist.albums]
    return {"id": artist.id, "artist": artist.name, "albums": names, "tracks": artist.tracks}


def _with_scores(records: list[dict[str, Any]], scores: Sequence[float] | None) -> list[dict[str, Any]]:
    each = [None] * len(records) if scores is None else [round(score, 4) for score in scores]
    return [{**record, "score": score} for record, score in zip(records, each, strict=True)]


def _print(names: list[str], rows: list[list[str]], scores: Sequence[float] | None) -> None:
    if scores is not None:
        names = [*names, "score"]
        rows = [[*row, f"{score:.2f}"] for row, score in zip(rows, scores, strict=True)]
    columns(names, rows, cut=("album", "artist"))
