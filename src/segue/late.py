"""Names of a package that load when they are first asked for, so that a command waits for no others."""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own is slow to load
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def load_late(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package.

    Parameters
    ----------
    homes : the modules that names live in
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - it is a module's
        if name in homes:
            from importlib import import_module

            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__
