"""Answers of the service, held to what its OpenAPI document promises."""

from __future__ import annotations

import functools
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import Match

from segue.serve.app import make_api


@functools.cache
def _routes() -> list[APIRoute]:
    return [route for route in make_api().routes if isinstance(route, APIRoute)]


def assert_documented(method: str, path: str, status: int, answer: Any) -> None:
    """That an answer has the fields of its route's model, of their types, and no others."""
    for route in _routes():
        if route.matches({"type": "http", "method": method, "path": path})[0] is Match.FULL:
            model = route.responses.get(status, {}).get("model")
            if model is not None:
                _assert_no_others(model.model_validate(answer).model_dump(mode="json"), answer, path)
            return


def _assert_no_others(documented: Any, answer: Any, where: str) -> None:
    if isinstance(answer, dict) and isinstance(documented, dict):
        assert answer.keys() <= documented.keys(), where
        for name, value in answer.items():
            _assert_no_others(documented[name], value, f"{where}.{name}")
    elif isinstance(answer, list) and isinstance(documented, list):
        for one, other in zip(documented, answer, strict=True):
            _assert_no_others(one, other, where)
