"""segue spark: embed, index and search with Spark's workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from segue.cli.options import AppError
from segue.cli.show import print_json
from segue.cli.tables import columns
from segue.errors import UsageError
from segue.paths import expand_home
from segue.texts import count

_FOLDER = click.Path(path_type=Path)
_SHOWN = 5

master_option = click.option(
    "--master",
    metavar="URL",
    help="A Spark Connect server (sc://HOST:PORT), or a master of Spark's such as local[*]. "
    "Default: Sail on this machine, if it is installed.",
)
vector_option = click.option(
    "--vector", metavar="COLUMN", help="Which vectors, such as mn04_2; needed if there are several."
)
into_option = click.option("--into", required=True, type=_FOLDER, help="Folder for the results.")


@click.group(short_help="Embed and search on Spark's workers.")
def spark() -> None:
    """Embed music and search neighbors with Spark's workers, on one machine or many.

    All machines must have the music and the results at the same place.
    """


@spark.command(short_help="Embed a folder of music.")
@click.argument("folder")
@into_option
@click.option("--embedder", "-e", "models", multiple=True, help="As for segue scan. Repeat it for several.")
@click.option("--retry", is_flag=True, help="Try files with an error again.")
@master_option
def embed(folder: str, into: Path, models: tuple[str, ...], retry: bool, master: str | None) -> None:
    """Embed the files of audio in FOLDER. What is there already is not made again.

    FOLDER may be an address of an object store, such as s3://bucket/music, if fsspec can read it.

    Exit code: 0 success, 1 some files failed, 2 nothing worked.
    """
    from segue import spark as on_spark
    from segue.spark.session import spark_session

    with spark_session(master) as session:
        tracks = on_spark.files(session, folder)
        rows = on_spark.embed(tracks, list(models) or None, into=into, retry_failed=retry)
        total = rows.count()
        failed = rows.where("error is not null").select("path", "error").limit(_SHOWN).collect()
        n_failed = rows.where("error is not null").count() if failed else 0
    click.echo(f"{total - n_failed} embedded, {n_failed} failed; embeddings: {into}")
    for row in failed:
        click.echo(f"  failed: {row['path']}: {row['error']}", err=True)
    if n_failed:
        raise AppError(1 if total > n_failed else 2)


@spark.command(short_help="Build an index over embeddings.")
@click.argument("embeddings", type=_FOLDER)
@into_option
@click.option(
    "--vector", metavar="COLUMN", help="Which vectors, such as mn04_2; needed if there are several."
)
@master_option
def index(embeddings: Path, into: Path, vector: str | None, master: str | None) -> None:
    """Build an index over the vectors in EMBEDDINGS, a folder that "segue spark embed" filled."""
    from segue import spark as on_spark
    from segue.spark.manifest import Manifest
    from segue.spark.session import spark_session

    Manifest.of_embeddings(embeddings)  # before Spark starts, which takes a while
    with spark_session(master) as session:
        rows = on_spark.embeddings(session, embeddings)
        result = on_spark.build_index(rows, into=into, vector=vector)
    vectors = count(result.rows, "vector")
    click.echo(f"{vectors} of {result.dim} numbers, {result.left_out} left out; index: {into}")


@spark.command(short_help="Find the nearest neighbors of all tracks.")
@click.argument("queries", type=_FOLDER)
@click.argument("index", type=_FOLDER)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="Neighbors of each track.")
@click.option("--recall", default=0.95, show_default=True, help="Share of the nearest to find.")
@click.option("--exact", is_flag=True, help="Compare with every vector.")
@click.option(
    "--vector", metavar="COLUMN", help="Which vectors, such as mn04_2; needed if there are several."
)
@click.option(
    "--shards-at-once",
    metavar="N",
    type=click.IntRange(1),
    help="Search N shards of the index at a time (all), if they do not fit in memory.",
)
@click.option("--output", "-o", type=_FOLDER, help="Write a Parquet file instead of printing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@master_option
def nearest(index: Path, queries: Path, output: Path | None, as_json: bool, **options: Any) -> None:
    """Find what in INDEX is nearest to each track of QUERIES, a folder that "segue spark embed" filled."""
    from segue import spark as on_spark
    from segue.spark.manifest import Manifest
    from segue.spark.session import spark_session

    Manifest.of_embeddings(queries)  # before Spark starts, which takes a while
    with spark_session(options.pop("master")) as session:
        rows = on_spark.embeddings(session, queries)
        table = on_spark.nearest(rows, index, **options).toArrow()
    table = table.sort_by([("id", "ascending"), ("rank", "ascending")])
    if output:
        import pyarrow.parquet as pq

        pq.write_table(table, output)
        click.echo(f"{count(table.num_rows, 'row')}: {output}", err=True)
    elif as_json:
        print_json(table.to_pylist())
    else:
        names = ("id", "rank", "neighbor", "score")
        records = table.to_pylist()
        columns(
            names, [[_cell(record[name]) for name in names] for record in records], cut=("id", "neighbor")
        )


@spark.command(short_help="Recommend tracks, also from MongoDB.")
@click.argument("song_id")
@click.argument("source")
@click.option("--collection", "-c", help="Collection of MongoDB; needed if SOURCE is an address.")
@click.option(
    "--vector", metavar="COLUMN", help="Which vectors, such as embedding; needed if there are several."
)
@click.option(
    "--view",
    metavar="VIEW",
    help="Compare as a library does; of a library only. Use default for its usual view.",
)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@master_option
def recommend(song_id: str, source: str, as_json: bool, master: str | None, **options: Any) -> None:
    """Find the tracks in SOURCE that are nearest to SONG_ID, by the cosine.

    SOURCE is a MongoDB address (mongodb://HOST/DATABASE), the folder of a library, or a folder that
    "segue spark embed" or "segue spark index" filled; an index answers at once, without Spark.
    """
    if _is_mongo(source) and not options["collection"]:
        raise UsageError("an address of MongoDB also needs --collection NAME")
    records = _from_index(song_id, Path(source), options["k"])
    if records is None:
        records = _from_rows(song_id, source, master, **options)
    if as_json:
        print_json(records)
        return
    names = list(records[0]) if records else ["rank", "id", "score"]
    shown = [[_cell(record[name]) for name in names] for record in records]
    columns(names, shown, cut=("id", "title", "artist"))


def _from_index(song_id: str, folder: Path, k: int) -> list[dict[str, Any]] | None:
    """The answers of an index; none where the folder holds none."""
    from segue.spark import Shards
    from segue.spark.manifest import is_index

    if not is_index(folder):
        return None
    shards = Shards.open(folder)
    neighbors = [one for one in shards.nearest(shards.vector_of(song_id), k + 1) if one[0] != song_id][:k]
    return [{"rank": i, "id": name, "score": score} for i, (name, score) in enumerate(neighbors, 1)]


def _from_rows(
    song_id: str, source: str, master: str | None, *, k: int, collection: str | None, vector: str | None,
    view: str | None,
) -> list[dict[str, Any]]:  # fmt: skip
    from segue import spark as on_spark
    from segue.spark.session import spark_session

    with spark_session(master) as session:
        on_spark.register(session)
        rows = _rows_of(session, source, collection=collection, view=view)
        recommendations = on_spark.recommend(rows, song_id, k=k, vector=vector or (view and "view"))
        records: list[dict[str, Any]] = recommendations.toArrow().to_pylist()
    return records


def _is_mongo(source: str) -> bool:
    return source.startswith(("mongodb://", "mongodb+srv://"))


def _rows_of(session: Any, source: str, *, collection: str | None, view: str | None) -> Any:
    """The tracks of whatever a source is."""
    from segue import spark as on_spark

    if _is_mongo(source):
        return session.read.format("mongodb").options(uri=source, collection=collection).load()
    if (Path(source) / "manifest.json").exists():
        return on_spark.embeddings(session, source)
    options = {"view": view} if view else {}
    return session.read.format("segue").options(**options).load(str(expand_home(source).absolute()))


@spark.command(short_help="Make a library of embeddings.")
@click.argument("embeddings", type=_FOLDER)
@click.argument("library", type=_FOLDER)
def library(embeddings: Path, library: Path) -> None:
    """Put what is in EMBEDDINGS into the library in the folder LIBRARY, which is made if needed."""
    from segue import spark as on_spark

    report = on_spark.library(embeddings, library)
    click.echo(
        f"{report.added} added, {report.unchanged} unchanged, {report.failed} failed; library: {library}"
    )


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
