"""Options that filter which tracks may be recommended."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from segue import Where

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Ends = tuple[float | None, float | None] | None


def _range(
    read: Callable[[str], float | None], expected: str, *, alone: bool = False
) -> Callable[..., _Ends]:
    """What reads ``LOW-HIGH``, ``LOW-`` or ``-HIGH``; where ``alone``, also one value for both ends."""

    def convert(context: click.Context, option: click.Parameter, value: str | None) -> _Ends:
        if value is None:
            return None
        texts = [text.strip() for text in re.split("[-\N{EN DASH}]", value)]
        ends = [read(text) if text else None for text in texts]
        unread = any(text and end is None for text, end in zip(texts, ends, strict=True))
        wrong_count = len(ends) != 2 and not (len(ends) == 1 and alone)
        if unread or wrong_count or not any(texts):
            raise click.BadParameter(f"{value!r} is not a range; expected {expected}.")
        return ends[0], ends[-1]

    return convert


def _year(text: str) -> float | None:
    return int(text) if re.fullmatch("[0-9]{4}", text) else None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else None


def _seconds(text: str) -> float | None:
    """Of ``1:02:03``, ``2:03``, or a number of seconds."""
    match = re.fullmatch(r"(?:([0-9]+):)?([0-9]+):([0-5][0-9])", text)
    if not match or (match[1] and int(match[2]) > 59):
        return _number(text)
    return 3600 * int(match[1] or 0) + 60 * int(match[2]) + int(match[3])


def _length(context: click.Context, option: click.Parameter, value: str | None) -> float | None:
    seconds = None if value is None else _seconds(value.strip())
    if value is not None and seconds is None:
        raise click.BadParameter(
            f"{value!r} is not a length; expected minutes:seconds, or seconds: 1:30 or 90."
        )
    return seconds


_OPTIONS = (
    click.option("--genre", metavar="NAME", help="Only this genre; rock/pop means either."),
    click.option(
        "--years",
        metavar="RANGE",
        callback=_range(_year, "1990-1999, 1990-, -1999 or 1995", alone=True),
        help="Only these years: 1990-1999, 1990-, -1999 or 1995.",
    ),
    click.option(
        "--tempo",
        "tempo_bpm",
        metavar="RANGE",
        callback=_range(_number, "beats per minute: 90-120, 90- or -120"),
        help="Only this estimated tempo in beats per minute: 90-120, 90- or -120.",
    ),
    click.option(
        "--duration",
        "duration_s",
        metavar="RANGE",
        callback=_range(_seconds, "minutes:seconds, or seconds: 2:00-5:00, 2:00- or -300"),
        help="Only this length in minutes:seconds or seconds: 2:00-5:00, 2:00- or -300.",
    ),
    click.option("--folder", metavar="DIR", help="Only files below this folder."),
    click.option("--artist", metavar="NAME", help="Only this artist's tracks and albums."),
    click.option("--album", metavar="TITLE", help="Only albums with this title."),
    click.option(
        "--label", metavar="NAME", help="Only tracks that a network gives this label, such as Guitar."
    ),
    click.option("--cluster", metavar="NAME", help="Only this cluster, by number or name."),
    click.option("--not-genre", metavar="NAME", multiple=True, help="Without this genre; may be repeated."),
    click.option("--not-artist", metavar="NAME", multiple=True, help="Without this artist; may be repeated."),
    click.option(
        "--not-label",
        metavar="NAME",
        multiple=True,
        help="Without tracks that have this label, such as Speech; may be repeated.",
    ),
    click.option("--min-length", metavar="TIME", callback=_length, help="At least this long: 1:30 or 90."),
    click.option("--max-length", metavar="TIME", callback=_length, help="At most this long: 20:00 or 1200."),
)


def where_options(command: _Command) -> _Command:
    """Add the options; the command gets them all as ``**conditions``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def where_of(conditions: dict[str, Any]) -> Where | None:
    """What the options say, if anything.

    Raises
    ------
    UsageError
    """
    from segue import Where  # NumPy takes a moment to load

    shortest, longest = conditions.pop("min_length"), conditions.pop("max_length")
    if shortest is not None or longest is not None:
        if conditions["duration_s"]:
            raise click.UsageError(
                "--duration says both ends of a length; leave out --min-length and --max-length"
            )
        conditions["duration_s"] = (shortest, longest)
    given = {name: value for name, value in conditions.items() if value is not None and value != ()}
    return Where(**given) if given else None
