"""segue export: the library for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from segue.cli import export_mongo
from segue.cli.options import Context
from segue.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from segue.export.tables import Names, Rows
    from segue.library import Library

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
    from segue.export import tables as formats

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
        clusters = library.cluster_names()
        given = vectors or kind == "npy"
        rows = library.rows(space) if given or space else formats.without_vectors(library)
        rows = rows if given else formats.without_vectors(track for track, _ in rows)
        if kind == "npy" and output:
            n, beside = formats.write_npy(rows, output, clusters, _shape(library, space))
            click.echo(f"{n} rows; their tracks: {beside}", err=True)
        elif kind == "parquet" and output:
            formats.write_parquet(rows, output, clusters, _shape(library, space)[1] if given else None)
        elif output:
            formats.save_text(output, lambda out: _write_text(kind, rows, out, clusters))
        else:
            _write_text(kind, rows, sys.stdout, clusters)


def _write_text(kind: str, rows: Rows, out: IO[str], clusters: Names) -> None:
    from segue.export import tables as formats

    if kind == "csv":
        formats.write_csv((track for track, _ in rows), out, clusters)
    else:
        formats.write_json(rows, out, clusters)


def _shape(library: Library, space: str | None) -> tuple[int, np.dtype[Any]]:
    """The size and the type of a space's vectors."""
    import numpy as np

    specs = library.spaces()
    spec = specs[space or next(iter(specs))]
    return spec.dim, np.dtype(spec.dtype)


def _write_segments(context: Context, output: Path | None) -> None:
    from segue.sources.audioset import write_json
    from segue.sources.audioset.source import SPEC, segment_of

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
