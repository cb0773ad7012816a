"""The API's documentation as a page without scripts, made from its OpenAPI document."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from segue.serve.http.player_page import plain_page


async def docs_page(request: Request) -> Response:
    source = f"{request.scope.get('root_path', '')}/openapi.json"
    return plain_page("Segue: the HTTP API", describe_operations(request.app.openapi(), source))


def describe_operations(description: dict[str, Any], source: str) -> str:
    """All operations as HTML."""
    about = escape(description["info"].get("description", ""))
    parts = [f'<p>{about}</p><p>For programs: <a href="{source}">{source}</a>.</p>']
    groups: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(_operation(method, path, operation, description))
    parts += [f"<h2>{escape(tag)}</h2>{''.join(operations)}" for tag, operations in groups.items()]
    return "".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any], description: dict[str, Any]) -> str:
    text = escape(operation.get("description") or operation.get("summary") or "")
    rows = [
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td>"
        f"<td>{escape(_kind(p.get('schema', p)))}</td><td>{escape(p.get('description', ''))}</td></tr>"
        for p in operation.get("parameters", [])
    ]
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    body = ""
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        shape = _resolve(content.get("schema", {}), description)
        body += f"<p>Body, {escape(media)}:</p><pre>{escape(json.dumps(shape, indent=2))}</pre>"
    answers = ", ".join(operation.get("responses", {}))
    head = f"<summary><code>{method.upper()} {escape(path)}</code></summary>"
    return f"<details>{head}<p>{text}</p>{table}{body}<p>Answers: {escape(answers)}</p></details>"


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("type", "any"))


def _resolve(schema: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    """Each field's kind, one level deep."""
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return {name: _kind(part) for name, part in schema.get("properties", {}).items()} or {"": _kind(schema)}
