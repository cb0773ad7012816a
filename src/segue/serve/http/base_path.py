"""The path below which a proxy shows the service, such as ``/segue``."""

from __future__ import annotations

from starlette.types import Scope

from segue.serve.settings import Settings, clean_base_path

HEADER = b"x-forwarded-prefix"


def below_base_path(scope: Scope, settings: Settings) -> Scope:
    """A request as if the service were at the top, with the base path as its ``root_path``.

    A proxy may have taken the base path away or not: both are understood. Behind a proxy, that may
    name it, in ``X-Forwarded-Prefix``.
    """
    base = settings.base_path
    if not base and settings.proxies is not None:
        prefixes = [value.decode("latin-1") for name, value in scope["headers"] if name == HEADER]
        base = (clean_base_path(prefixes[-1]) if prefixes else None) or ""
    if not base:
        return scope
    path = scope["path"]
    inside = path == base or path.startswith(f"{base}/")
    return {**scope, "root_path": base, "path": path.removeprefix(base) if inside else path}
