"""segue export: the library for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli import export_mongo, export_site
from segue.cli.options import Context
from segue.errors import UsageError
from segue.texts import count

if TYPE_CHECKING:
    import numpy as np

    from segue.export.tables import Names, Rows
    from segue.library import Library

FORMATS = ("json", "csv", "parquet", "npy", "audioset-json")


@click.group(invoke_without_command=True, short_help="Export tracks or vectors for other programs.")
@click.option(
    "--format", "-f", "kind", type=click.Choice(FORMATS), help="Default: by the ending of --output, or json."
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Default: stdout.")
@click.option("--vectors", is_flag=True, help="Add each track's vector (a list; npy always has them).")
@click.option("--space", help='Space of the vectors; "segue info" lists the spaces.')
@click.pass_obj
def export(context: Context, kind: str | None, output: Path | None, vectors: bool, space: str | None) -> None:
    """Write the tracks as JSON, CSV or Parquet, or the vectors as a NumPy matrix.

    npy writes two files: the matrix, NAME.npy, and beside it NAME.tracks.csv, a header and then the track of
    each row.
    """
    place = click.get_current_context().invoked_subcommand
    if place:
        if kind or output or vectors or space:
            raise UsageError(
                f"options before {place} are for files; put them after it: {command(f'export {place} ...')}"
            )
    else:
        _to_file(context, kind, output, vectors, space)


export.add_command(export_mongo.mongo)
export.add_command(export_site.site)


def _to_file(
    context: Context, kind: str | None, output: Path | None, vectors: bool, space: str | None
) -> None:
    from segue.export import tables as formats

    kind = kind or (output.suffix.lstrip(".").lower() if output else "json")
    if kind not in FORMATS:
        raise UsageError(
            f"the ending of {output} names no format; choose one with --format: {', '.join(FORMATS)}"
        )
    if output is None and kind in {"parquet", "npy"}:
        raise UsageError(f"{kind} is a binary format: name a file with --output")
    if kind == "audioset-json":
        if vectors or space:
            raise UsageError("audioset-json always holds AudioSet's frames: leave out --vectors and --space")
        _write_segments(context, output)
        return
    with context.open() as library:
        clusters = library.cluster_names()
        with_vectors = vectors or kind == "npy"
        rows = library.rows(space) if with_vectors or space else formats.without_vectors(library)
        rows = rows if with_vectors else formats.without_vectors(track for track, _ in rows)
        if kind == "npy" and output:
            shape = _shape(library, space)
            n, beside = formats.write_npy(rows, output, clusters, shape)
            click.echo(
                f"wrote {count(n, 'row')} of {shape[0]} numbers to {output}, their tracks to {beside}",
                err=True,
            )
        elif kind == "parquet" and output:
            formats.write_parquet(rows, output, clusters, _shape(library, space)[1] if with_vectors else None)
            click.echo(f"wrote {count(len(library), 'track')} to {output}", err=True)
        elif output:
            formats.save_text(output, lambda out: _write_text(kind, rows, out, clusters, vectors))
            click.echo(f"wrote {count(len(library), 'track')} to {output}", err=True)
        else:
            _write_text(kind, rows, sys.stdout, clusters, vectors)


def _write_text(kind: str, rows: Rows, out: IO[str], clusters: Names, vectors: bool) -> None:
    from segue.export import tables as formats

    if kind == "csv":
        formats.write_csv(rows, out, clusters, vectors=vectors)
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
        raise UsageError("audioset-json needs a file: name one with --output")
    with context.open() as library:
        if SPEC.space not in library.spaces():
            raise UsageError(
                "the library has no AudioSet segments; import some with: "
                + command("import audioset FILE", library=context.path)
            )
        windows = library.windows(SPEC.space)
        segments = (
            segment_of(track.source_id or track.id, track.details, frames)
            for track, frames in windows
            if "start_s" in track.details
        )
        click.echo(f"{write_json(segments, output)} segments", err=True)
