"""JSON answers, and what OpenAPI says of a route's answers."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

_MEANINGS = {
    400: "The request is no proper HTTP.",
    401: "Log in first.",
    403: "Not allowed.",
    404: "Not found.",
    408: "The body arrived too slowly.",
    409: "The library has no such thing, or is not ready for this.",
    413: "Too large.",
    415: "The body is not JSON.",
    416: "The file has no such range.",
    422: "A value is not valid, or the sound cannot be used.",
    429: "Too many requests; wait a little.",
    503: "The service is too busy, or its library is not there; try again later.",
}


class ErrorDetail(BaseModel):
    code: str
    message: str
    details: dict[str, Any] | None


_EXAMPLE: dict[str, Any] = {
    "code": "ambiguous",
    "message": "2 tracks match 'dawn'; name one by its id",
    "details": {"matches": [{"id": "5f8d3c2b7a1e4d60", "label": "Iron Vale - Dawn"}]},
}


class Error(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"error": _EXAMPLE}]})

    error: ErrorDetail


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """``body`` as JSON; NumPy values may be in it, and NaN becomes null."""
    return Response(
        orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), status, headers, "application/json"
    )


def openapi_responses(
    model: type[BaseModel] | None = None, *errors: int, status: int = 200, media: str | None = None
) -> dict[int | str, dict[str, Any]]:
    """A route's answers for OpenAPI: the model or media type of success, and the codes of its errors."""
    codes = sorted({400, 401, 403, 409, 422, 503, *errors})
    responses: dict[int | str, dict[str, Any]] = {
        code: {"model": Error, "description": _MEANINGS[code]} for code in codes
    }
    if model is not None:
        responses[status] = {"model": model}
    if media is not None:
        schema = {"type": "object"} if media.endswith("json") else {"type": "string", "format": "binary"}
        responses[status] = {"content": {media: {"schema": schema}}}
    return responses
