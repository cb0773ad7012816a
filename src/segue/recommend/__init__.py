"""What sounds like this? A file for each verb: pure functions on top, the verb below."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segue.recommend import albums as albums
    from segue.recommend import clusters as clusters
    from segue.recommend import duplicates as duplicates
    from segue.recommend import evaluate as evaluate
    from segue.recommend import explain as explain
    from segue.recommend import filters as filters
    from segue.recommend import grouped_search as grouped_search
    from segue.recommend import home as home
    from segue.recommend import journey as journey
    from segue.recommend import map as map  # noqa: A004 - as it is called
    from segue.recommend import matrix as matrix
    from segue.recommend import opinions as opinions
    from segue.recommend import percentiles as percentiles
    from segue.recommend import playlist as playlist
    from segue.recommend import query as query
    from segue.recommend import radio as radio
    from segue.recommend import search as search
    from segue.recommend import similar as similar
    from segue.recommend import transitions as transitions
    from segue.recommend.result import Match, Matrix, Recommendations
    from segue.recommend.session import Recommender

__all__ = ["Match", "Matrix", "Recommendations", "Recommender"]

_HOMES = {"Match": "result", "Matrix": "result", "Recommendations": "result", "Recommender": "session"}


def __getattr__(name: str) -> Any:
    """A class, or the file of a verb, loaded when it is first asked for."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
