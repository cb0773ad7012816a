"""Commands that only look: search, info, failures."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from segue.cli.options import Context, clock

if TYPE_CHECKING:
    from segue.library import Imported, Library
    from segue.track import Track


_OF_FILES = ("duration_s", "sr", "channels", "codec", "size")


def columns(names: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """Print a table; on a terminal, its last column is cut to the width."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 1 << 20
    table = [[_one_line(cell) for cell in row] for row in rows]
    longest = [max(len(row[i]) for row in [list(names), *table]) for i in range(len(names))]
    for i, row in enumerate([list(names), *table]):
        line = "  ".join(cell.ljust(n) for cell, n in zip(row, longest, strict=True)).rstrip()
        line = line if len(line) <= width else line[: width - 1] + "…"
        click.echo(click.style(line, dim=True) if not i else line, err=err)


def _one_line(text: str) -> str:
    # Control characters in tags could rewrite the terminal.
    return "".join(c if c.isprintable() else " " for c in text)


def list_tracks(tracks: Sequence[Track], *, err: bool = False) -> None:
    rows = [(t.id, t.display_name, t.tags.album or "", clock(t.duration_s), t.path) for t in tracks]
    columns(("id", "track", "album", "time", "path"), rows, err=err)


@click.command()
@click.argument("text")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at the most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def search(context: Context, text: str, limit: int, as_json: bool) -> None:
    """List the tracks whose tags, file name or labels hold every word of TEXT."""
    with context.open() as library:
        tracks = library.search(text, limit=limit)
    if as_json:
        _print_json([_record(track) for track in tracks])
    elif tracks:
        list_tracks(tracks)
    else:
        click.echo(f"nothing matches {text!r}", err=True)


@click.command()
@click.argument("track", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def info(context: Context, track: str | None, as_json: bool) -> None:
    """Show what the library holds, or all that is known of one TRACK."""
    with context.open() as library:
        facts = _track_facts(library, library.find(track)) if track else _library_facts(library)
    if as_json:
        _print_json(facts)
        return
    labels, descriptors = facts.pop("labels", {}), facts.pop("descriptors", {})
    rows = [(name.replace("_", " "), _readable(value)) for name, value in facts.items() if _said(name, value)]
    columns(("what", "value"), rows)
    for space, words in labels.items():
        click.echo()
        columns((f"label by {space}", "score"), [(word, f"{score:.2f}") for word, score in words.items()])
    if descriptors:
        click.echo()
        columns(("descriptor", "value"), [(name, f"{value:.5g}") for name, value in descriptors.items()])


def _library_facts(library: Library) -> dict[str, Any]:
    held = library.overview()
    bytes_used = sum(path.stat().st_size for path in library.path.rglob("*") if path.is_file())
    return {
        "library": str(library.path),
        "tracks": held.tracks,
        "missing": held.missing,
        "failures": held.failures,
        "music": clock(held.duration_s),
        "artists": held.artists,
        "albums": held.albums,
        "imports": [_imported(one) for one in held.imports],
        "spaces": [f"{name}, {spec.dim} dimensions" for name, spec in library.spaces().items()],
        "disk": f"{bytes_used / 1e6:.1f} MB",
    }


def _imported(one: Imported) -> str:
    when = "not to its end yet"
    if one.finished_at is not None and not one.report.get("interrupted"):
        when = f"{datetime.fromtimestamp(one.finished_at).astimezone():%Y-%m-%d %H:%M}"
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


def _said(name: str, value: Any) -> bool:
    """Nothing is said of what is not known, nor of the file of a track that has none."""
    return value is not None and value not in ([], {}) and (value not in ("", 0) or name not in _OF_FILES)


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_readable(inner)}" for name, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def failures(context: Context, as_json: bool) -> None:
    """List the files that could not be used and why, then those that are damaged but usable."""
    from segue.track import readable

    with context.open() as library:
        rows = [(f.kind, readable(f.path), f.reason) for f in library.failures()]
        rows += [("warning", readable(t.path), t.warning or "") for t in library.damaged()]
    if as_json:
        _print_json([{"kind": kind, "path": path, "reason": reason} for kind, path, reason in rows])
    elif rows:
        columns(("kind", "path", "reason"), rows)
    else:
        click.echo("no failures")


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
