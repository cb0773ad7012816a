"""Every error of a route leaves in the service's one shape."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from segue.errors import SegueError
from segue.serve.http.errors import ApiError, api_error
from segue.serve.http.validation import validation_error
from segue.serve.settings import Settings

_LEFT = 499  # which nobody sees but the metrics: the client has gone
_CODES = {404: "not_found", 405: "method_not_allowed", 408: "too_slow", 413: "too_large", 415: "not_json"}


def add_error_handlers(app: FastAPI, settings: Settings) -> None:
    """Answer each kind of exception so."""

    async def on_our_error(_: Request, error: Exception) -> Response:
        if isinstance(error, SegueError):
            error = api_error(error, settings.library)
        assert isinstance(error, ApiError)
        return error.response()

    async def on_http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status, headers = error.status_code, error.headers
        code = _CODES.get(status, "http")
        return ApiError(status, code, str(error.detail), headers=dict(headers or {})).response()

    async def on_invalid_request(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return validation_error(error.errors()).response()

    async def on_leaving(_: Request, __: Exception) -> Response:
        return Response(status_code=_LEFT)

    async def on_bug(_: Request, __: Exception) -> Response:
        return ApiError(500, "internal", "internal error; the service's log has the details").response()

    app.add_exception_handler(ApiError, on_our_error)
    app.add_exception_handler(SegueError, on_our_error)
    app.add_exception_handler(ClientDisconnect, on_leaving)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(Exception, on_bug)
