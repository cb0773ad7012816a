"""Answers sent once: a client that has one is told that it is as it was, and what is large is compressed."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping

from starlette.types import Message

from segue.serve.http.conditions import is_unchanged

LEAST_BYTES = 1024  # of a body that is compressed
LEVEL = 4  # of 9: a few percent larger, several times quicker
_KINDS = (b"application/json", b"application/xml", b"text/")
_KEPT_HEADERS = (b"etag", b"cache-control", b"vary", b"content-location", b"expires", b"date")


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    """Whether a client takes compressed answers."""
    for part in headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def is_text(start: Message) -> bool:
    """Whether an answer begins that is text, of a known length and not compressed."""
    headers = dict(start.get("headers", ()))
    kind: bytes = headers.get(b"content-type", b"")
    return b"content-length" in headers and b"content-encoding" not in headers and kind.startswith(_KINDS)


def shorten(method: str, headers: Mapping[str, str], start: Message, body: bytes) -> tuple[Message, bytes]:
    """A whole answer, or 304 where the client has it, or compressed where it takes that.

    Parameters
    ----------
    headers : of the request
    start : of the answer, as ``is_text`` lets through
    """
    values = dict(start["headers"])
    if method == "GET" and start["status"] == 200:
        tag = values.setdefault(
            b"etag", b'W/"%b"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()
        )
        values.setdefault(b"cache-control", b"private, no-cache")
        if is_unchanged(headers, tag.decode("latin-1")):
            kept = [pair for pair in values.items() if pair[0] in _KEPT_HEADERS]
            return {**start, "status": 304, "headers": kept}, b""
    if len(body) >= LEAST_BYTES:
        values[b"vary"] = b", ".join(filter(None, (values.get(b"vary"), b"accept-encoding")))
        if accepts_gzip(headers):
            body = gzip.compress(body, LEVEL, mtime=0)
            values |= {b"content-encoding": b"gzip", b"content-length": str(len(body)).encode()}
    return {**start, "headers": list(values.items())}, body
