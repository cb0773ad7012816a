"""What a library is made of: its catalog; what answers questions and analyzes sounds, made when needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from segue.catalog import Catalog
from segue.errors import AmbiguousQueryError
from segue.spec import Embedder, Prior

if TYPE_CHECKING:
    from segue.recommend import Recommender


class Opened:
    """A catalog, its embedders and its recommender.

    Parameters
    ----------
    embedders : by default those that made the library's vectors
    """

    choose: Callable[[AmbiguousQueryError], str | None] | None = None
    """Asks which one is meant, where a text may mean several: gives the ``seed`` of a choice, or ``None``."""

    def __init__(self, catalog: Catalog, embedders: Sequence[Embedder] | None = None) -> None:
        self._catalog = catalog
        self._chosen, self._spaces_at_first = embedders, catalog.spaces()
        self._lock = threading.Lock()
        self._recommender: Recommender | None = None

    @cached_property
    def recommender(self) -> Recommender:
        """What answers questions."""
        from segue.recommend import Recommender

        with self._lock:
            if self._recommender is None:
                self._recommender = Recommender(self._catalog, self._all_embedders, self.prior, self._ask)
            return self._recommender

    def _ask(self, error: AmbiguousQueryError) -> str | None:
        return self.choose(error) if self.choose else None

    def _all_embedders(self) -> list[Embedder]:
        return [*self._embedders, *self._later]

    @cached_property
    def _embedders(self) -> tuple[Embedder, ...]:
        from segue.library.embedders import embedders_for

        if self._chosen is not None:
            return tuple(self._chosen)
        return tuple(embedders_for(self._spaces_at_first, self._catalog.root))

    @cached_property
    def _later(self) -> tuple[Embedder, ...]:
        """The versions to which the library can be upgraded."""
        from segue.library.embedders import later_embedders

        spaces = self._spaces_at_first
        own = spaces if self._chosen is None else [embedder.spec.space for embedder in self._chosen]
        return tuple(one for one in later_embedders(own) if one.spec.space not in spaces)

    def prior(self) -> dict[str, Prior | None]:
        """What is known of the spaces beforehand, by their names, for views fitted elsewhere."""
        from segue.embed.descriptors import SPEC, Descriptors

        priors: dict[str, Prior | None] = {e.spec.space: e.prior for e in self._embedders}
        return {SPEC.space: Descriptors().prior} | priors
