"""segue clusters: groups of tracks that sound alike."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from segue.cli.options import Context
from segue.cli.show import columns
from segue.errors import TrackNotFoundError

if TYPE_CHECKING:
    from segue.library import Clusters, Library
    from segue.track import TrackId

_FAINT = 0.03  # of separation: hardly more than rows without any clusters show
_SHOWN = 3  # genres


@click.command()
@click.option("--k", "-k", type=click.IntRange(2), help="How many; as many as stand out unless told.")
@click.option("--view", help="How tracks are compared, such as features/raw; the usual way unless told.")
@click.option("--show", is_flag=True, help="Only show the clusters that were found last.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def clusters(context: Context, k: int | None, view: str | None, show: bool, as_json: bool) -> None:
    """Find groups of tracks that sound alike, name them by what is measured, and keep them.

    They take the place of those before. "segue similar --cluster NAME" looks in one of them only.
    """
    if show and (k is not None or view is not None):
        raise click.UsageError("--show finds nothing: it goes with neither --k nor --view")
    with context.open() as library:
        found = library.clusters() if show else library.find_clusters(k, view=view)
        if as_json:
            click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
        else:
            _print(library, found)
    _remark(found)


def _print(library: Library, found: Clusters) -> None:
    rows = [
        (
            str(cluster.number),
            cluster.name,
            str(cluster.size),
            ", ".join(f"{name} {share:.0%}" for name, share in cluster.genres[:_SHOWN]),
            "; ".join(_labels(library, cluster.central)),
        )
        for cluster in found
    ]
    if rows:
        columns(("no.", "name", "tracks", "genres", "in the middle"), rows)


def _labels(library: Library, ids: Sequence[TrackId]) -> Iterator[str]:
    for track_id in ids:
        with contextlib.suppress(TrackNotFoundError):  # it may have been pruned since
            yield library[track_id].display_name


def _remark(found: Clusters) -> None:
    if not found:
        click.echo("no clusters have been found here yet: segue clusters", err=True)
        return
    if found.separation < _FAINT:
        click.echo("these tracks fall into no clear groups: others would be as good", err=True)
    if found.new:
        click.echo(f"{found.new} tracks have come since, and are in none: segue clusters", err=True)
    elif found.stale:
        click.echo("the library has changed since; anew: segue clusters", err=True)


def _as_json(found: Clusters) -> dict[str, object]:
    return {
        "clusters": [
            {**asdict(cluster), "words": dict(cluster.words), "genres": dict(cluster.genres)}
            for cluster in found
        ],
        "view": found.view,
        "separation": found.separation,
        "new": found.new,
        "stale": found.stale,
    }
