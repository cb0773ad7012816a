"""Answers of the service, held to what its OpenAPI document promises."""

from __future__ import annotations

import functools
import re
from typing import Any

from pydantic import BaseModel

from segue.serve.api import album_models, library_models, recommendation_models, track_models, user_models
from segue.serve.app import make_api

MODELS = (track_models, album_models, recommendation_models, library_models, user_models)


@functools.cache
def _models() -> dict[tuple[str, int], list[tuple[re.Pattern[str], type[BaseModel]]]]:
    """By method and status: patterns of paths, those without parameters first, and the answer's model."""
    models: dict[tuple[str, int], list[tuple[re.Pattern[str], type[BaseModel]]]] = {}
    paths = make_api().openapi()["paths"]
    for path in sorted(paths, key=lambda path: "{" in path):
        pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))
        for method, operation in paths[path].items():
            for status, answer in operation["responses"].items():
                schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
                name = schema.get("$ref", "").rsplit("/", 1)[-1]
                found = [getattr(room, name) for room in MODELS if name and hasattr(room, name)]
                if found and status.startswith("2"):
                    models.setdefault((method.upper(), int(status)), []).append((pattern, found[0]))
    assert sum(map(len, models.values())) > 25
    return models


def assert_documented(method: str, path: str, status: int, answer: Any) -> None:
    """That an answer has the fields of its route's model, of their types, and no others."""
    for pattern, model in _models().get((method, status), ()):
        if pattern.fullmatch(path):
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
