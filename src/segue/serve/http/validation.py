"""What pydantic finds wrong with a request, in the service's one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant

from segue.serve.http.errors import ApiError
from segue.serve.http.inputs import LONGEST_PATH, refuse_text

_SHOWN = 10


def validation_error(errors: Sequence[Any]) -> ApiError:
    """The first few places where a request is not as it must be."""
    problems = [
        {"where": ".".join(str(part) for part in error["loc"]), "what": error["msg"]}
        for error in errors[:_SHOWN]
    ]
    first = problems[0] if problems else {"where": "", "what": "not valid"}
    return ApiError(422, "invalid", f"{first['where']}: {first['what']}".lstrip(": "), {"errors": problems})


def check_parameters(request: Request) -> None:
    """A dependency of each route: no text is too long, and a misspelled parameter is an error.

    Raises
    ------
    ApiError
    """
    for name, text in request.query_params.multi_items():
        reason = refuse_text(text, LONGEST_PATH)
        if reason:
            raise validation_error([{"loc": ("query", name[:100]), "msg": reason}])
    names = _query_names(request.scope["route"].dependant)
    unknown = next((name for name in request.query_params if name not in names), None)
    if unknown is not None:
        expected = f"expected {', '.join(sorted(names))}" if names else "this route takes none"
        raise validation_error([{"loc": ("query", unknown[:100]), "msg": f"unknown parameter; {expected}"}])


def _query_names(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*map(_query_names, dependant.dependencies))
