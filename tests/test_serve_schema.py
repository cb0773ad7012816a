"""Whatever our OpenAPI allows, and what it does not: the service answers as it says it does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from segue.serve.app import make_api
from tests.serve_process import serving

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
_LEFT_OUT = ("/api/v1/session", "/metrics")
_EXAMPLES = 12  # an operation


@pytest.mark.slow
def test_every_answer_is_as_described(scanned: Path, tmp_path: Path):
    shutil.copytree(scanned, tmp_path / "library")
    asked = []
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as server:
        schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path not in _LEFT_OUT:
                ask(operation)
                asked.append(operation.path)
        assert server.get("/health")["status"] == "ok"
    assert len(asked) > 30


def test_every_json_answer_has_a_model_that_names_its_fields():
    description = make_api().openapi()
    schemas = description["components"]["schemas"]
    assert len(description["paths"]) > 25
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if content is not None:
                    name = content["schema"].get("$ref", "").rsplit("/", 1)[-1]
                    assert schemas.get(name, {}).get("properties"), f"{method} {path} {status}"


def ask(operation) -> None:
    checks = [CHECKS.get_one(name) for name in _CHECKS]

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(GenerationMode.POSITIVE))
    def holds(case) -> None:
        headers = {"X-Segue": "1"}
        case.validate_response(case.call(headers=headers, timeout=20), headers=headers, checks=checks)

    holds()
