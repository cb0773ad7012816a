"""segue export: the library for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from segue.cli import export_mongo
from segue.cli.options import Context
from segue.errors import UsageError

FORMATS = ("json", "csv", "parquet", "npy", "audioset-json")


@click.group(invoke_without_command=True)
@click.option(
    "--format", "-f", "kind", type=click.Choice(FORMATS), help="Default: the file's ending, or json."
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Default: stdout.")
@click.option("--vectors", is_flag=True, help="Add each track's vector (JSON, Parquet; npy is vectors).")
@click.option("--space", help="Whose vectors; 'segue info' lists them.")
@click.pass_obj
def export(context: Context, kind: str | None, output: Path | None, vectors: bool, space: str | None) -> None:
    """Write the tracks as JSON, CSV or Parquet, or the vectors as a NumPy matrix.

    npy comes with a CSV beside it whose lines are the matrix's rows.
    """
    place = click.get_current_context().invoked_subcommand
    if place:
        if kind or output or vectors or space:
            raise UsageError(f"options for files stand before {place}: write segue export {place} ...")
    else:
        _to_file(context, kind, output, vectors, space)


export.add_command(export_mongo.mongo)


def _to_file(
    context: Context, kind: str | None, output: Path | None, vectors: bool, space: str | None
) -> None:
    from segue import export as formats

    kind = kind or (output.suffix.lstrip(".").lower() if output else "json")
    if kind not in FORMATS:
        raise UsageError(f"no format {kind!r}; there are: {', '.join(FORMATS)}")
    if output is None and kind in {"parquet", "npy"}:
        raise UsageError(f"{kind} is no text: name a file with --output")
    if vectors and kind == "csv":
        raise UsageError("CSV has no place for vectors; take npy, Parquet or JSON")
    if kind == "audioset-json":
        _write_segments(context, output)
        return
    with context.open() as library:
        if vectors or kind == "npy" or space:
            ids, matrix = library.vectors(space)
            by_id = {track.id: track for track in library}
            tracks = [by_id[track_id] for track_id in ids]
        else:
            tracks, matrix = list(library), None
        clusters = library.cluster_names()
    chosen = matrix if vectors else None
    if kind == "npy" and output and matrix is not None:
        beside = formats.write_npy(tracks, matrix, output, clusters)
        click.echo(f"{len(tracks)} rows; their tracks: {beside}", err=True)
    elif kind == "parquet" and output:
        formats.write_parquet(tracks, chosen, output, clusters)
    elif output:
        formats.save_text(
            output,
            lambda out: (
                formats.write_csv(tracks, out, clusters)
                if kind == "csv"
                else formats.write_json(tracks, chosen, out, clusters)
            ),
        )
    elif kind == "csv":
        formats.write_csv(tracks, sys.stdout, clusters)
    else:
        formats.write_json(tracks, chosen, sys.stdout, clusters)


def _write_segments(context: Context, output: Path | None) -> None:
    from segue.sources.audioset import write_json
    from segue.sources.audioset.catalogue import SPEC, segment_of

    if output is None:
        raise UsageError("name a file for AudioSet's JSON with --output")
    with context.open() as library:
        if SPEC.space not in library.spaces():
            raise UsageError("the library has no segments of AudioSet: segue import audioset FILE")
        found = library.windows(SPEC.space)
        segments = (
            segment_of(track.source_id or track.id, track.details, frames)
            for track, frames in found
            if "start_s" in track.details
        )
        click.echo(f"{write_json(segments, output)} segments", err=True)
