"""segue clusters: groups of tracks that sound alike."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from segue.advice import command
from segue.cli.options import Context
from segue.cli.tables import columns
from segue.errors import TrackNotFoundError
from segue.texts import count

if TYPE_CHECKING:
    from segue.library import Clusters, Library
    from segue.track import TrackId

_FAINT = 0.03  # of separation: hardly more than rows without any clusters show
_SHOWN = 3  # genres


@click.command(short_help="Find and name groups of similar tracks.")
@click.option("--k", "-k", type=click.IntRange(2), help="Number of clusters (default: as many as stand out).")
@click.option(
    "--view", help="How tracks are compared, such as features/raw (default: the library's default view)."
)
@click.option("--show", is_flag=True, help="Show the clusters of the last run; do not search again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.pass_obj
def clusters(
    context: Context, k: int | None, view: str | None, show: bool, as_json: bool, quiet: bool
) -> None:
    """Find groups of tracks that sound alike, name them by their measurements, and keep them.

    They replace the clusters of the last run. "segue similar --cluster NAME" searches one cluster.
    """
    if show and (k is not None or view is not None):
        raise click.UsageError("--show shows the clusters of the last run: leave out --k and --view")
    with context.open() as library:
        result = library.clusters() if show else _search(library, k, view, quiet=quiet)
        if as_json:
            click.echo(json.dumps(_as_json(result), indent=2, ensure_ascii=False))
        else:
            _print(library, result)
    _remark(result, context)


def _search(library: Library, k: int | None, view: str | None, *, quiet: bool) -> Clusters:
    from segue.display.terminal import TerminalProgress

    with TerminalProgress("clusters", quiet=quiet) as progress:
        return library.find_clusters(k, view=view, progress=progress)


def _print(library: Library, clusters: Clusters) -> None:
    rows = [
        (
            str(cluster.number),
            cluster.name,
            str(cluster.size),
            ", ".join(f"{name} {share:.0%}" for name, share in cluster.genres[:_SHOWN]),
            "; ".join(_labels(library, cluster.central)),
        )
        for cluster in clusters
    ]
    if rows:
        columns(
            ("no.", "name", "tracks", "genres", "typical tracks"),
            rows,
            cut=("name", "genres", "typical tracks"),
        )


def _labels(library: Library, ids: Sequence[TrackId]) -> Iterator[str]:
    for track_id in ids:
        with contextlib.suppress(TrackNotFoundError):  # it may have been pruned since
            yield library[track_id].display_name


def _remark(clusters: Clusters, context: Context) -> None:
    again = command("clusters", library=context.path)
    if not clusters:
        click.echo(f"no clusters yet; find some with: {again}", err=True)
        return
    if clusters.separation < _FAINT:
        click.echo("these tracks form no clear groups: other clusters would fit about as well", err=True)
    if clusters.new:
        click.echo(
            f"in no cluster: {count(clusters.new, 'track')} added since; to find new clusters: {again}",
            err=True,
        )
    elif clusters.stale:
        click.echo(f"the library has changed since; to find new clusters: {again}", err=True)


def _as_json(clusters: Clusters) -> dict[str, object]:
    return {
        "clusters": [
            {**asdict(cluster), "words": dict(cluster.words), "genres": dict(cluster.genres)}
            for cluster in clusters
        ],
        "view": clusters.view,
        "separation": clusters.separation,
        "new": clusters.new,
        "stale": clusters.stale,
    }
