"""Which methods there are at which address."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.routing import compile_path

from segue.serve.http.errors import ApiError


class MethodTable:
    """The methods of routes, by their addresses."""

    def __init__(self, routes: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._fixed: dict[str, set[str]] = {}
        self._patterns: list[tuple[re.Pattern[str], set[str]]] = []
        for path, methods in routes:
            if "{" in path:
                self._patterns.append((compile_path(path)[0], set(methods)))
            else:
                self._fixed.setdefault(path, set()).update(methods)

    def at(self, path: str) -> set[str]:
        """The methods at an address; none where there is nothing."""
        methods = self._fixed.get(path) or {
            method for pattern, methods in self._patterns if pattern.match(path) for method in methods
        }
        return methods | {"HEAD"} if "GET" in methods else methods


class Methods:
    """The methods that are described, and those that only still work."""

    def __init__(
        self, described: Iterable[tuple[str, Iterable[str]]], former: Iterable[tuple[str, Iterable[str]]]
    ) -> None:
        self._described, self._former = MethodTable(described), MethodTable(former)

    def check(self, method: str, path: str) -> None:
        """Refuse a method that there is not, and tell those that there are.

        Raises
        ------
        ApiError
            405
        """
        allowed = self._described.at(path)
        if allowed and method not in allowed and method not in self._former.at(path):
            headers = {"allow": ", ".join(sorted(allowed))}
            raise ApiError(405, "method_not_allowed", f"there is no {method[:20]} here", headers=headers)
