"""One shape for everything that goes wrong: ``{"error": {"code", "message", "details"}}``."""

from __future__ import annotations

import re
from typing import Any

import orjson
from starlette.responses import Response

from segue import errors

_STATUS: tuple[tuple[type[errors.SegueError], int, str], ...] = (
    (errors.TrackNotFoundError, 404, "track_not_found"),
    (errors.AmbiguousQueryError, 409, "ambiguous"),
    (errors.UsageError, 409, "bad_request"),  # well formed, but nothing that this library can do
    (errors.AudioError, 422, "audio"),
    (errors.LibraryNotFoundError, 503, "library_gone"),
    (errors.LibraryBusyError, 409, "library_busy"),
    (errors.LibraryWriteError, 409, "library_read_only"),
    (errors.EmptyLibraryError, 409, "library_empty"),
    (errors.ModelNotFoundError, 409, "model_missing"),
    (errors.MissingExtraError, 501, "not_installed"),
    (errors.LibraryError, 409, "library"),
    (errors.SegueError, 500, "failed"),
)


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.details, self.headers = details, headers

    def response(self, *, as_max: bool = False) -> Response:
        """In our shape, or in that of IBM's service."""
        if as_max:
            body = {"status": "error", "message": one_line(self.message)}
            return Response(orjson.dumps(body), self.status, self.headers, "application/json")
        return error_response(self.status, self.code, self.message, self.details, self.headers)


def error_response(
    status: int,
    code: str,
    message: str,
    details: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body = {"error": {"code": code, "message": one_line(message), "details": details}}
    return Response(orjson.dumps(body), status, headers, "application/json")


def one_line(message: str) -> str:
    """Text as JSON can hold it, in one line; bytes of names that are no text are escaped."""
    return " ".join(message.encode("utf-8", "backslashreplace").decode().split())


def api_error(error: errors.SegueError, root: str = "") -> ApiError:
    """The answer to a client for one of our errors: folders of this machine appear by their name only."""
    status, code = next((status, code) for kind, status, code in _STATUS if isinstance(error, kind))
    message, details = str(error), None
    if isinstance(error, errors.AudioError):
        code = error.kind.replace(" ", "_")
        message = message.replace(error.path, "the file") if error.path else message
    if isinstance(error, errors.AmbiguousQueryError):
        details = {"matches": [{"id": seed, "label": text} for seed, text in error.choices]}
    return ApiError(status, code, without_paths(message, root), details)


def without_paths(message: str, root: str) -> str:
    """A message in which folders of this machine are not named."""
    if root:
        message = message.replace(f" --library {root}", "").replace(f"library in {root}", "library")
        message = message.replace(root, "the library")
    return re.sub(r"(?<![\w.])(?:/[^\s'\":;,]+){2,}", lambda match: match[0].rsplit("/", 1)[-1], message)
