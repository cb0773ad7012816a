"""Which pages of other sites may use OpenSubsonic: those of the origins that ``--cors-origin`` names."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from segue.serve.settings import Settings

REST = "/rest/"
_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"content-type, range"),
    (b"access-control-max-age", b"86400"),
)
_EXPOSED = b"accept-ranges, content-length, content-range"
SAME_ORIGIN = (b"cross-origin-resource-policy", b"same-origin")
_ANY_ORIGIN = (
    b"cross-origin-resource-policy",
    b"cross-origin",
)  # elements ask without saying for whom

Pairs = list[tuple[bytes, bytes]]


def is_named(settings: Settings, path: str, headers: Mapping[str, str]) -> bool:
    """Whether a page of a named origin sent a request to OpenSubsonic.

    Sounds and pictures are asked for without ``Origin``; then the origin of ``Referer`` counts, which no page
    can choose.
    """
    origin = headers.get("origin") or origin_of(headers.get("referer", ""))
    return path.startswith(REST) and origin is not None and origin.lower() in settings.cors_origins


def origin_of(address: str) -> str | None:
    """Of ``https://music.example.org/page``, ``https://music.example.org``; none of what is no address."""
    try:
        parts = urlsplit(address.lower())
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else None


def sharing_headers(settings: Settings, path: str, headers: Mapping[str, str]) -> Pairs:
    """What tells a browser whose pages may read an answer."""
    if not settings.cors_origins or not path.startswith(REST):
        return [SAME_ORIGIN]
    pairs = [_ANY_ORIGIN, (b"vary", b"origin")]
    if "origin" in headers and is_named(settings, path, headers):
        pairs.append((b"access-control-allow-origin", headers["origin"].encode("latin-1")))
        pairs.append((b"access-control-expose-headers", _EXPOSED))
    return pairs


def preflight_headers(settings: Settings, method: str, path: str, headers: Mapping[str, str]) -> Pairs | None:
    """The answer to a browser that asks whether it may ask; none to all other requests."""
    asks = method == "OPTIONS" and "access-control-request-method" in headers
    return list(_PREFLIGHT) if asks and is_named(settings, path, headers) else None
