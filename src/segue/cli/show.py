"""Commands that only read: info, failures; and how tracks are listed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from segue.advice import command
from segue.cli.describe import library_rows, moment, track_rows
from segue.cli.options import Context
from segue.cli.tables import WIDE, clock, columns, one_line, terminal_width

if TYPE_CHECKING:
    from segue.library import Imported, Library
    from segue.track import Track

_ROOMY = 80  # letters; in fewer, titles need the room


def list_tracks(
    tracks: Sequence[Track],
    scores: Sequence[float] = (),
    steps: Sequence[float | None] = (),
    reasons: Sequence[str] = (),
    *,
    versions: Sequence[Sequence[Track]] = (),
    nearer_than: Sequence[float | None] = (),
    ids: bool = False,
    err: bool = False,
) -> None:
    """Print tracks as a table; with ids and paths if asked for, or where the terminal is wide.

    Parameters
    ----------
    nearer_than : shares of the library, 0 to 1; a narrow terminal has no room for them
    """
    from segue.track import readable

    names = ["track", "artist", "album", "time"]
    rows = [
        [t.title, t.artist or "", t.tags.album or "", clock(t.duration_s) if t.duration_s else ""]
        for t in tracks
    ]
    if scores:
        names.append("score")
        rows = [[*row, f"{score:.2f}"] for row, score in zip(rows, scores, strict=True)]
    if any(share is not None for share in nearer_than) and terminal_width(err=err) >= _ROOMY:
        names.append("nearer than")
        rows = [[*row, percentile(share)] for row, share in zip(rows, nearer_than, strict=True)]
    if steps:
        names.append("step")
        rows = [[*row, "" if step is None else f"{step:.2f}"] for row, step in zip(rows, steps, strict=True)]
    if reasons:
        names.append("why")
        rows = [[*row, reason] for row, reason in zip(rows, reasons, strict=True)]
    if any(versions):
        names.append("also")
        rows = [[*row, also(others)] for row, others in zip(rows, versions, strict=True)]
    if ids or terminal_width(err=err) >= WIDE:
        names += ["id", "path"]
        rows = [[*row, t.id, t.url or readable(t.path)] for row, t in zip(rows, tracks, strict=True)]
    columns(names, rows, cut=() if ids else ("track", "artist", "album", "why", "also", "path"), err=err)


def percentile(share: float | None) -> str:
    """``99 %``, which is also said of what is nearer than all."""
    return "" if share is None else f"{min(int(100 * share + 1e-9), 99)} %"


def also(versions: Sequence[Track]) -> str:
    """Other versions of a recording, for a cell: ``2 flac, mp3``."""
    kinds = Counter(track.codec or track.source or "?" for track in versions)
    return ", ".join(f"{n} {kind}" if n > 1 else kind for kind, n in kinds.items())


@click.command(short_help="Describe the library or one track.")
@click.argument("track", required=False)
@click.option("--all", "everything", is_flag=True, help="Also show all labels, descriptors and raw values.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def info(context: Context, track: str | None, everything: bool, as_json: bool) -> None:
    """Show what the library holds, or what is known of one TRACK."""
    if everything and not track:
        raise click.UsageError("--all shows all that is known of a track: name one, or leave out --all")
    with context.open() as library:
        facts = _track_facts(library, library.find(track)) if track else _library_facts(library)
    if as_json:
        print_json(facts)
        return
    columns(("what", "value"), track_rows(facts) if track else library_rows(facts))
    if track and everything:
        _print_everything(facts)


def _print_everything(facts: dict[str, Any]) -> None:
    labels, descriptors = facts["labels"], facts["descriptors"]
    raw = [(name, str(value)) for name, value in facts.items() if name not in {"labels", "descriptors"}]
    for names, rows in (
        (("field", "value"), raw),
        *(
            ((f"label by {space}", "score"), [(w, f"{x:.2f}") for w, x in words.items()])
            for space, words in labels.items()
        ),
        (("descriptor", "value"), [(name, f"{value:.5g}") for name, value in descriptors.items()]),
    ):
        if rows:
            click.echo()
            columns(names, rows)


def _library_facts(library: Library) -> dict[str, Any]:
    overview, index = library.overview(), library.index_facts()
    bytes_used = sum(path.stat().st_size for path in library.path.rglob("*") if path.is_file())
    return {
        "library": str(library.path),
        "tracks": overview.tracks,
        "missing": overview.missing,
        "away": overview.away,
        "failures": overview.failures,
        "music": clock(overview.duration_s),
        "artists": overview.artists,
        "albums": overview.albums,
        "imports": [_import_line(one) for one in overview.imports],
        "tags": str(index.tag_fit) if index and index.tag_fit else None,
        "index": str(index) if index else None,
        "spaces": [f"{name}, {spec.dim} dimensions" for name, spec in library.spaces().items()],
        "upgrades": [
            f"{one}: {command('scan --upgrade FOLDER', library=library.path)}" for one in library.upgrades()
        ],
        "disk": f"{bytes_used / 1e6:.1f} MB",
    }


def _import_line(one: Imported) -> str:
    when = "not finished yet"
    if one.finished_at is not None and not one.report.get("interrupted"):
        when = moment(one.finished_at)
    return f"{one.source}, {one.kind} {one.location}, {when}"


def _track_facts(library: Library, track: Track) -> dict[str, Any]:
    facts = _record(track)
    facts["cluster"] = library.cluster_names([track]).get(track.id)
    facts["labels"] = library.labels(track)
    facts["descriptors"] = library.values(track)
    return facts


def _record(track: Track) -> dict[str, Any]:
    from segue.export.tables import as_record

    return as_record(track)


@click.command(short_help="List files that failed or are damaged.")
@click.option("--all", "everything", is_flag=True, help="Also list failures that were dismissed.")
@click.option(
    "--dismiss",
    metavar="PATH",
    is_flag=False,
    flag_value="",
    help="List the failure of this file, or those below this folder, no more until a file changes; without "
    "PATH, all of them.",
)
@click.option(
    "--show-again",
    metavar="PATH",
    is_flag=False,
    flag_value="",
    help="Take back --dismiss; without PATH, all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def failures(
    context: Context, /, everything: bool, dismiss: str | None, show_again: str | None, as_json: bool
) -> None:
    """List the files that failed and why, then those that are damaged but usable."""
    from segue.track import readable

    if dismiss is not None and show_again is not None:
        raise click.UsageError("choose one of --dismiss and --show-again")
    with context.open() as library:
        if dismiss is not None:
            click.echo(f"{library.dismiss_failures(dismiss or None)} failures dismissed")
            return
        if show_again is not None:
            click.echo(f"{library.dismiss_failures(show_again or None, again=True)} failures are shown again")
            return
        listed = library.failures(dismissed=everything)
        rows = [(f.kind, readable(f.path), f.reason) for f in listed]
        rows += [("warning", readable(t.path), t.warning or "") for t in library.damaged()]
    if as_json:
        print_json([{"kind": kind, "path": path, "reason": reason} for kind, path, reason in rows])
    elif not rows:
        click.echo("no failures")
    elif terminal_width() < WIDE:  # nothing of a path or a reason should be cut
        for kind, path, reason in rows:
            click.echo(f"{one_line(path)}\n  {kind}: {one_line(reason)}")
    else:
        columns(("kind", "path", "reason"), rows)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
