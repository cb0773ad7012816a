"""Whatever our OpenAPI allows, and what it does not: the service answers as it says it does."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from segue.serve.api import (
    album_models,
    library_models,
    recommendation_models,
    request_models,
    track_models,
    user_models,
)
from segue.serve.app import make_api
from segue.serve.http import responses
from tests.serve_process import serving
from tests.waiting import PATIENCE_S, machine_clock

ROOT = Path(__file__).resolve().parents[1]
MOST_S = 10.0  # that any answer may take
MODELS = (
    album_models, responses, request_models, track_models, recommendation_models, library_models, user_models,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "header", "examples", "phases"),  # examples of each operation; a login changes little
    [
        ((), "X-Segue: 1", 8, "examples,coverage,fuzzing,stateful"),
        (("--token", "t0ken"), "Authorization: Bearer t0ken", 2, "examples,fuzzing,stateful"),
        (("--token", "t0ken"), "X-Segue: 1", 2, "examples,fuzzing,stateful"),
    ],
    ids=["without login", "with login", "before login"],
)
def test_every_answer_is_as_described(
    scanned: Path, tmp_path: Path, options: tuple[str, ...], header: str, examples: int, phases: str
):
    """Every check of schemathesis, with requests as described and with others, also one after the other."""
    shutil.copytree(scanned, tmp_path / "library")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0, *options) as server:
        command = [
            Path(sys.executable).with_name("schemathesis"), "--config-file", ROOT / "schemathesis.toml",
            "run", "openapi.json", "--url", server.address, "-H", header, "-H", "X-Segue: 1",
            "--checks", "all", "--mode", "all", "-n", examples, "--phases", phases, "--seed", 7,
            "--generation-database", "none", "--no-color",
            "--suppress-health-check", "all", "--continue-on-failure", "--request-timeout", PATIENCE_S,
            "--max-response-time", PATIENCE_S, "--report-har-path", tmp_path / "har.json",
            "--report-preserve-bytes", "--output-sanitize", "false",
        ]  # fmt: skip
        (tmp_path / "openapi.json").write_text(json.dumps(make_api().openapi()))
        run = subprocess.run(
            list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
        assert "Stateful" in run.stdout
        asked = json.loads((tmp_path / "har.json").read_text())["log"]["entries"]
        assert len(asked) > 100
        assert not [slow["request"] for slow in asked if slow["time"] >= 1000 * MOST_S and is_slow(slow)]


def is_slow(entry: dict) -> bool:
    """Whether the answer is late once more: an answer that was is the machine's fault, too."""
    asked = entry["request"]
    headers = {each["name"]: each["value"] for each in asked["headers"]}
    body = base64.b64decode(asked.get("postData", {}).get("text", ""))
    with machine_clock() as elapsed:
        httpx.request(asked["method"], asked["url"], headers=headers, content=body, timeout=PATIENCE_S)
        return elapsed() >= MOST_S


@pytest.fixture(scope="module")
def document() -> dict:
    return make_api().openapi()


def operations(document: dict) -> list[tuple[str, str, dict]]:
    return [
        (path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()
    ]


def test_operations_have_plain_names_and_a_sentence_about_them(document: dict):
    names = [one["operationId"] for _, _, one in operations(document)]
    assert len(set(names)) == len(names)
    assert {"similar", "list_tracks", "get_track", "suggest_playlist", "get_evaluation"} <= set(names)
    for path, method, one in operations(document):
        assert re.fullmatch("[a-z0-9]+(_[a-z0-9]+)*", one["operationId"]), (path, method)
        assert one.get("description", "").endswith("."), (path, method)


def test_examples_are_what_the_service_takes_and_sends(document: dict):
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            (model, *_) = (getattr(room, name) for room in MODELS if hasattr(room, name))
            model.model_validate(example)
            assert example.keys() <= model.model_fields.keys(), name


def test_every_body_and_every_answer_has_an_example(document: dict):
    schemas = document["components"]["schemas"]
    for path, method, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            schema = body.get("content", {}).get("application/json", {}).get("schema", {})
            assert not schema or has_example(schema, schemas), f"{method} {path} {schema}"


def has_example(schema: dict, schemas: dict) -> bool:
    """Whether there is an example, or one of each part that is more than a text or a number."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    parts = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), schema.get("items", {})]
    parts = [part for part in parts if not is_plain(part)]
    return "examples" in schema or (len(parts) > 0 and all(has_example(part, schemas) for part in parts))


def is_plain(schema: dict) -> bool:
    return not schema or schema.get("type") in ("string", "number", "integer", "boolean", "null")


def test_old_addresses_are_not_described(document: dict):
    assert not {"/playlists/make", "/tracks/list", "/export/m3u8", "/evaluate"} & {
        path.removeprefix("/api/v1") for path in document["paths"]
    }


@pytest.mark.slow
def test_the_players_types_are_those_of_the_document():
    script = Path(__file__).resolve().parents[1] / "web" / "generate_types.py"
    run = subprocess.run([sys.executable, script, "--check"], check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_json_answer_has_a_model_that_names_its_fields(document: dict):
    schemas = document["components"]["schemas"]
    assert len(document["paths"]) > 25
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json")
            if content is not None:
                name = content["schema"].get("$ref", "").rsplit("/", 1)[-1]
                assert schemas.get(name, {}).get("properties"), f"{method} {path} {status}"
