"""Conditions of a request: in a query string as ``genre=rock&years=1990-1999``, or in a body."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import Depends, Query
from pydantic import StringConstraints

from segue.errors import UsageError
from segue.library import Where, display_path
from segue.serve.api.request_models import Conditions
from segue.serve.http.errors import ApiError
from segue.serve.http.inputs import LONGEST_NAME, TEXT
from segue.serve.service import Service
from segue.track import normal_form

_END = r"(\d{1,6}(\.\d{1,6})?)?"
_Text = Annotated[str | None, Query(min_length=1, max_length=LONGEST_NAME, pattern=TEXT)]
_Texts = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=TEXT)]] | None,
    Query(max_length=100, description="May be repeated; a track must have none of these"),
]
_Seconds = Annotated[float | None, Query(ge=0, le=1e6, description="Seconds")]
_Ends = Annotated[
    str | None,
    Query(max_length=40, pattern=f"^{_END}(-{_END})?$", description="LOW-HIGH, LOW-, -HIGH, or one number"),
]


def _range(text: str | None) -> tuple[float | None, float | None] | None:
    if not text or text == "-":
        return None
    values = [float(end) if end else None for end in text.split("-")]
    return values[0], values[-1]


def conditions(  # noqa: PLR0913, PLR0917 - a parameter is what the query string may hold
    genre: _Text = None,
    label: _Text = None,
    artist: _Text = None,
    album: _Text = None,
    folder: _Text = None,
    cluster: _Text = None,
    years: _Ends = None,
    tempo: _Ends = None,
    duration: _Ends = None,
    min_length: _Seconds = None,
    max_length: _Seconds = None,
    not_genre: _Texts = None,
    not_artist: _Texts = None,
    not_label: _Texts = None,
) -> Conditions | None:
    """What was given, if anything."""
    length = _range(duration)
    if min_length is not None or max_length is not None:
        if length:
            raise ApiError(409, "bad_request", "give duration, or min_length and max_length")
        length = (min_length, max_length)
    given = Conditions(
        genre=genre, label=label, artist=artist, album=album, folder=folder, cluster=cluster,
        years=_range(years), tempo=_range(tempo), duration_s=length,
        not_genre=not_genre, not_artist=not_artist, not_label=not_label,
    )  # fmt: skip
    return given if given != Conditions() else None


QueryConditions = Annotated[Conditions | None, Depends(conditions)]


def as_where(service: Service, conditions: Conditions | None) -> Where | None:
    """The conditions as the library takes them; a displayed folder becomes the real one."""
    if conditions is None:
        return None
    values = conditions.model_dump(exclude_none=True)
    if "tempo" in values:
        values["tempo_bpm"] = values.pop("tempo")
    for name in ("years", "tempo_bpm", "duration_s"):
        if values.get(name) == (None, None):
            del values[name]
    if "folder" in values:
        values["folder"] = _real_folder(values["folder"], service.scanned_folders())
    return Where(**values) if values else None


def _real_folder(name: str, scanned: list[str]) -> str:
    for top in scanned:
        inside = Path(top) / Path(*Path(name).parts[1:]) if Path(name).parts else Path(top)
        shown = display_path(str(inside / "x"), scanned)
        same = normal_form(shown) == normal_form(f"{name.strip('/')}/x")
        if same and ".." not in inside.parts:
            return str(inside)
    raise UsageError(f"no track is in the folder {name!r}")
