"""Answers as JSON, and what OpenAPI says of them."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from segue.serve.api.schemas import Error

Docs = dict[int | str, dict[str, Any]]

_MEANINGS = {
    400: "The request cannot mean anything.",
    401: "Log in first.",
    403: "Not allowed.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "The library is not in a state for this.",
    413: "Too large.",
    416: "No such range.",
    422: "A value is not valid, or the sound cannot be used.",
    429: "Too often.",
    503: "Too much at the moment.",
}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), status, headers, "application/json"
    )


def docs(model: Any = None, *others: int, status: int = 200, media: str | None = None) -> Docs:
    """For a route: the model of its answer or its media type, and the errors that it may give."""
    codes = sorted({400, 401, 403, 409, *others})
    found: Docs = {code: {"model": Error, "description": _MEANINGS[code]} for code in codes}
    if model is not None:
        found[status] = {"model": model}
    if media is not None:
        found[status] = {"content": {media: {"schema": {"type": "string", "format": "binary"}}}}
    return found
