"""What all commands share that recommend: seeds, options, and how matches are printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from segue.cli.filters import where_of, where_options
from segue.cli.options import FiniteRange
from segue.cli.show import list_tracks
from segue.cli.tables import clock, columns
from segue.texts import count

if TYPE_CHECKING:
    from segue.library import Library
    from segue.recommend import Match, Recommendations
    from segue.recommend.transitions import Transition
    from segue.track import Track

_Command = TypeVar("_Command", bound=Callable[..., Any])

view_option = click.option(
    "--view", help="How tracks are compared: a space such as descriptors, or descriptors/raw (see docs)."
)
minus_option = click.option(
    "--minus", metavar="SEED", multiple=True, help="Move away from this track; may be repeated."
)
same_artist_option = click.option(
    "--same-artist/--no-same-artist", default=True, help="Include (default) or exclude the seeds' artists."
)
feedback_option = click.option(
    "--feedback/--no-feedback",
    default=True,
    help="Let your likes and dislikes change the answer (default), or not.",
)
everything_option = click.option(
    "--everything", is_flag=True, help="Also speech, and what is unusually short or long for the library."
)
transitions_option = click.option(
    "--transitions",
    is_flag=True,
    help="Also how each track plays into the next; decodes the ends of the files once.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


minutes_option = click.option(
    "--minutes", type=FiniteRange(0, 1440, min_open=True), help="How long it is to be, instead of --k."
)


def _playlist_path(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Refuses what cannot be written before there is an answer."""
    if path is not None:
        from segue.export.playlist_files import check_playlist_path

        check_playlist_path(path)
    return path


def output_options(command: _Command) -> _Command:
    """Add the options ``as_json``, ``ids`` and ``output``."""
    output = click.option(
        "--output",
        "-o",
        "--m3u",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_playlist_path,
        help="Also write a playlist: .m3u8, .xspf or .jspf, by the file's ending.",
    )
    ids = click.option("--ids", is_flag=True, help="Also show ids and paths.")
    return json_option(ids(output(command)))


def refuse_both(context: click.Context) -> None:
    """Refuse a number of tracks beside a length."""
    if context.params.get("minutes") and context.get_parameter_source("k") is ParameterSource.COMMANDLINE:
        raise click.UsageError("choose one of --k and --minutes")


def seed_options(command: _Command) -> _Command:
    """All that goes with several seeds: ``minus``, output, artists, ``feedback``, ``view`` and conditions."""
    rest = feedback_option(everything_option(view_option(where_options(command))))
    return minus_option(output_options(same_artist_option(rest)))


def question_of(
    *,
    minus: tuple[str, ...],
    same_artist: bool,
    feedback: bool,
    everything: bool,
    view: str | None,
    **where: Any,
) -> dict[str, Any]:
    """What the options of ``seed_options`` ask of the library, but for the output."""
    return {
        "minus": minus, "same_artist": same_artist, "feedback": feedback, "everything": everything,
        "view": view, "where": where_of(where),
    }  # fmt: skip


def transitions_of(
    library: Library, recommendations: Recommendations, wanted: bool
) -> tuple[Transition | None, ...] | None:
    """How each of the tracks leads into the next, if that is wanted."""
    return library.transitions([match.track for match in recommendations]).steps if wanted else None


def print_found(
    recommendations: Recommendations,
    *,
    as_json: bool,
    ids: bool,
    output: Path | None,
    total: bool = False,
    steps_between: Sequence[Transition | None] | None = None,
) -> None:
    """Print the matches and why there are no more; write the playlist that is asked for.

    Parameters
    ----------
    total : say how long all are together
    steps_between : how each track leads into the next, if that is shown
    """
    seeds, matches = recommendations.seeds, recommendations.matches
    if seeds and not as_json:
        click.echo(f"{'seed' if len(seeds) == 1 else 'seeds'}: {'; '.join(seeds)}", err=True)
    if as_json:
        answer = _as_json(recommendations)
        if steps_between is not None:
            answer["transitions"] = [step and asdict(step) for step in steps_between]
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        steps = [m.step for m in matches] if any(m.step is not None for m in matches) else ()
        reasons = [m.feedback for m in matches] if any(m.feedback for m in matches) else ()
        versions = [m.versions for m in matches]
        tracks, scores = [m.track for m in matches], [m.score for m in matches]
        nearer_than = [m.nearer_than for m in matches]
        list_tracks(tracks, scores, steps, reasons, versions=versions, nearer_than=nearer_than, ids=ids)
        if steps_between:
            _list_transitions(tracks, steps_between)
    if recommendations.left_out:
        kinds = ", ".join(map(str, recommendations.left_out))
        click.echo(f"left out: {kinds}; with them: --everything", err=True)
    if recommendations.shortfall:
        click.echo(recommendations.shortfall, err=True)
    if total and matches and not as_json:
        length = f", {clock(recommendations.duration_s)}" if recommendations.duration_s else ""
        click.echo(f"{count(len(matches), 'track')}{length}", err=True)
    if output:
        _write(output, [match.track for match in matches])


def _list_transitions(tracks: Sequence[Track], steps: Sequence[Transition | None]) -> None:
    """A table of how each track leads into the next."""
    rows = [
        [track.title, step.kind, clock_tenths(step.out_s), clock_tenths(step.in_s), f"{step.overlap_s:.1f} s"]
        if step
        else [track.title, "not known", "", "", ""]
        for track, step in zip(tracks[1:], steps, strict=True)
    ]
    click.echo()
    columns(
        ["into", "transition", "the one before ends", "this one begins", "both sound"], rows, cut=("into",)
    )


def clock_tenths(seconds: float) -> str:
    """``3:59.7``."""
    minutes, rest = divmod(round(seconds * 10), 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"


def _as_json(recommendations: Recommendations) -> dict[str, object]:
    from segue.export.tables import as_record

    matches = [
        {**_numbers(match), **as_record(match.track), "versions": list(map(as_record, match.versions))}
        for match in recommendations.matches
    ]
    return {
        "matches": matches,
        "duration_s": round(recommendations.duration_s, 3),
        "shortfall": recommendations.shortfall,
        "seeds": recommendations.seeds,
        "left_out": [asdict(one) for one in recommendations.left_out],
    }


def _numbers(match: Match) -> dict[str, object]:
    """The score and its rank, on a journey the step from the track before, what likes and dislikes did."""
    step = {} if match.step is None else {"step": round(match.step, 4)}
    share = {} if match.nearer_than is None else {"nearer_than": round(match.nearer_than, 4)}
    bias = {"bias": match.bias.value, "feedback": match.feedback} if match.bias else {}
    return {"score": round(match.score, 4), **share, **step, **bias}


def _write(path: Path, tracks: list[Track]) -> None:
    from segue.export.playlist_files import write_playlist

    written = write_playlist(path, tracks)
    for track in written.unnameable:
        click.echo(f"not in the playlist, because its path has a line break: {track.display_name}", err=True)
    if written.not_there:
        click.echo(
            f"not in the playlist, because their files are not there: {len(written.not_there)} of "
            f"{count(len(tracks), 'track')}; if they have been moved: segue folders move OLD NEW",
            err=True,
        )
    click.echo(f"playlist: {path}", err=True)
