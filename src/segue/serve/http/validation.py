"""What pydantic finds wrong with a request, in the service's one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segue.serve.http.errors import ApiError

_SHOWN = 10


def invalid(errors: Sequence[Any]) -> ApiError:
    """The first few places where a request is not as it must be."""
    found = [
        {"where": ".".join(str(part) for part in error["loc"]), "what": error["msg"]}
        for error in errors[:_SHOWN]
    ]
    first = found[0] if found else {"where": "", "what": "not valid"}
    return ApiError(422, "invalid", f"{first['where']}: {first['what']}".lstrip(": "), {"errors": found})
