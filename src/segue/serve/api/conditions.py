"""Conditions in a query string: ``genre=rock&years=1990-1999``."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Query

from segue.serve.api.request_models import Conditions
from segue.serve.http.errors import ApiError

_Text = Annotated[str | None, Query(min_length=1, max_length=300)]
_Ends = Annotated[
    str | None,
    Query(max_length=40, pattern=r"^[0-9.]*-?[0-9.]*$", description="LOW-HIGH, LOW-, -HIGH, or one number"),
]


def _range(name: str, text: str | None) -> tuple[float | None, float | None] | None:
    if not text or text == "-":
        return None
    ends = text.split("-")
    if any(end and not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", end) for end in ends):
        raise ApiError(400, "bad_request", f"{name} is {text!r}, expected LOW-HIGH, LOW- or -HIGH")
    values = [float(end) if end else None for end in ends]
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
) -> Conditions | None:
    """What was given, if anything."""
    found = Conditions(
        genre=genre, label=label, artist=artist, album=album, folder=folder, cluster=cluster,
        years=_range("years", years), tempo=_range("tempo", tempo), duration_s=_range("duration", duration),
    )  # fmt: skip
    return found if found != Conditions() else None


QueryConditions = Annotated[Conditions | None, Depends(conditions)]
