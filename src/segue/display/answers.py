"""Tracks with their scores, as lines of text, as HTML and as data frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from segue.display.frames import indexed_frame
from segue.display.html import link, note, table, together
from segue.display.media import clip, cover
from segue.display.options import options
from segue.texts import clock, count, one_line
from segue.track import Track

_LINES = 10  # of a text


class Answer(Protocol):
    """A track and its score."""

    @property
    def track(self) -> Track: ...
    @property
    def score(self) -> float: ...


def to_text(kind: str, answers: Sequence[Answer], notes: Iterable[str] = ()) -> str:
    """A heading, and a line for each of the first ten."""
    lines = [f"<{kind}: {count(len(answers), 'track')}>"]
    lines += [f"{x.score:6.2f}  {one_line(x.track.display_name)}" for x in answers[:_LINES]]
    lines += [f"        and {len(answers) - _LINES} more"] if len(answers) > _LINES else []
    return "\n".join([*lines, *map(one_line, notes)])


def to_html(
    heading: str, answers: Sequence[Answer], more: Mapping[str, Sequence[str]], notes: Iterable[str] = ()
) -> str:
    """A table with covers, and with sound for the first of them.

    Parameters
    ----------
    more : further columns, by their names
    """
    shown = answers[: options.rows]
    rows = [
        (
            i + 1, cover(x.track), link(x.track.title, x.track.url), x.track.artist or "",
            x.track.tags.album or "", clock(x.track.duration_s) if x.track.duration_s else "",
            f"{x.score:.2f}", *(column[i] for column in more.values()),
            clip(x.track, options.clip_s) if i < options.clips else "",
        )
        for i, x in enumerate(shown)
    ]  # fmt: skip
    head = ("no.", "cover", "track", "artist", "album", "time", "score", *more, "sound")
    parts = [note(heading)] if heading else []
    parts += [table(head, rows, right=("no.", "time", "score", "step"))] if rows else []
    parts += [note(f"and {len(answers) - len(shown)} more")] if len(shown) < len(answers) else []
    return together([*parts, *(note(text) for text in notes)])


def to_frame(answers: Sequence[Answer], more: Mapping[str, Sequence[Any]]) -> Any:
    """A data frame of pandas: a row for each, by the tracks' ids.

    Raises
    ------
    MissingExtraError
    """
    records = [
        {
            "id": x.track.id, "score": x.score, **{name: values[i] for name, values in more.items()},
            "title": x.track.title, "artist": x.track.artist, "album": x.track.tags.album,
            "genre": x.track.tags.genre, "year": x.track.tags.year, "duration_s": x.track.duration_s,
            "path": x.track.path,
        }
        for i, x in enumerate(answers)
    ]  # fmt: skip
    names = ("id", "score", *more, "title", "artist", "album", "genre", "year", "duration_s", "path")
    return indexed_frame(records, names)
