"""The player's files, which are built from ``web/`` into ``player/``; a plain page where they were not."""

from __future__ import annotations

import functools
import gzip
import hashlib
import re
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from segue.serve.http.compression import accepts_gzip
from segue.serve.http.conditions import is_unchanged
from segue.serve.http.errors import ApiError
from segue.serve.http.security import PLAIN_POLICY

PLAYER = Path(__file__).parent.with_name("player")
_FOREVER = "public, max-age=31536000, immutable"
_BASE = b'<base href="/"'  # by which all other addresses of the page go
_HASHED = re.compile(r"/assets/.+-[\w-]{8}\.\w+$")  # names of most built files hold their checksums
_TYPES = {
    ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html",
    ".json": "application/json", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2",
    ".png": "image/png", ".ico": "image/x-icon", ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
}  # fmt: skip

_COMPRESSED = {".js", ".css", ".svg", ".html", ".json", ".webmanifest", ".wasm", ".txt"}


async def page(request: Request) -> Response:
    """A file of the player, or its one page at every other address: the page knows its own routes."""
    path = request.url.path
    file = _file(path)
    if file:
        cache_control = (
            _FOREVER
            if _HASHED.search(path)
            else "max-age=3600"
            if path.startswith("/assets/")
            else "no-cache"
        )
        return _file_response(file, {"cache-control": cache_control}, request)
    if path.startswith(("/assets/", "/api/", "/rest", "/model/")):
        raise ApiError(404, "not_found", "there is nothing at this address")
    start = PLAYER / "index.html"
    if start.is_file():
        return _file_response(start, {"cache-control": "no-cache"}, request)
    base = request.scope.get("root_path", "")
    return plain_page("Segue", _NOT_BUILT.replace('href="/', f'href="{base}/'))


def _file_response(file: Path, headers: dict[str, str], request: Request) -> Response:
    """A file of the player, compressed where that makes it smaller and the client takes it."""
    kind, is_page = _TYPES.get(file.suffix), file.suffix == ".html"
    compressed = file.suffix in _COMPRESSED and accepts_gzip(request.headers)
    if file.suffix in _COMPRESSED:
        headers["vary"] = "accept-encoding"
    if not compressed and not is_page:
        return FileResponse(file, headers=headers, media_type=kind)
    base = request.scope.get("root_path", "") if is_page else ""
    body, tag = _read(file, file.stat().st_mtime_ns, base, compressed)
    headers["etag"] = tag
    if compressed:
        headers["content-encoding"] = "gzip"
    if is_unchanged(request.headers, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)


@functools.lru_cache(maxsize=64)
def _read(file: Path, mtime_ns: int, base_path: str, compressed: bool) -> tuple[bytes, str]:
    """A file whose addresses begin with the base path, compressed as far as it goes or not; and its tag."""
    body = file.read_bytes()
    if base_path:
        body = body.replace(_BASE, _BASE.replace(b'"/"', f'"{base_path}/"'.encode()), 1)
    if compressed:
        body = gzip.compress(body, 9, mtime=0)
    return body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def _file(path: str) -> Path | None:
    """A file below the player's folder, and nowhere else."""
    if not PLAYER.is_dir() or path == "/":
        return None
    try:
        file = (PLAYER / path.lstrip("/")).resolve()
        return file if PLAYER.resolve() in file.parents and file.is_file() else None
    except (OSError, ValueError):  # too long a name, a zero byte: no file is called so
        return None


_NOT_BUILT = (
    "<p>The service runs, but its player has not been built. In a clone: <code>cd web</code>, then "
    "<code>npm ci</code> and <code>npm run build</code>; then load this page again.</p>"
    '<p>All that it does is there over HTTP too: <a href="/docs">the interface</a>.</p>'
)


def plain_page(title: str, body: str) -> Response:
    """A page of our own without scripts."""
    return HTMLResponse(_html(title, body), headers={"content-security-policy": PLAIN_POLICY})


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
        "color:#222;background:#fff}code,pre{background:#f2f2f4;border-radius:4px;padding:.1em .3em}"
        "pre{padding:.7em;overflow:auto}h2{margin-top:2em}summary{cursor:pointer;padding:.25em 0}"
        "table{border-collapse:collapse}td,th{text-align:left;padding:.2em .8em .2em 0;vertical-align:top}"
        "@media(prefers-color-scheme:dark){body{color:#ddd;background:#16161a}code,pre{background:#26262c}"
        f"a{{color:#8ab4ff}}}}</style><h1>{escape(title)}</h1>{body}</html>"
    )
