"""What answers questions about a library: each answer is of one moment, also while others write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from segue.catalog import Catalog, Snapshot
from segue.errors import EmptyLibraryError
from segue.recommend.seeds import AnalyzedSound, analyze
from segue.recommend.session import Session
from segue.spec import Embedder, Prior
from segue.views.spec import default_view, parse_view
from segue.views.store import ViewIndexes

_ATTEMPTS = 20  # at an answer while others write

Answer = TypeVar("Answer")


class Recommender:
    """Opens sessions on a catalog; the verbs beside this file ask them.

    Parameters
    ----------
    priors : what is known of spaces beforehand, for views fitted here, beside what the embedders know
    """

    def __init__(
        self, catalog: Catalog, embedders: Sequence[Embedder], priors: Callable[[], dict[str, Prior | None]]
    ) -> None:
        self.catalog = catalog
        self.embedders = tuple(embedders)
        self.indexes = ViewIndexes(catalog.root / "index", priors)

    def ask(self, answer: Callable[[Session], Answer], view: str | None = None) -> Answer:
        """An answer of one moment: asked again where somebody wrote to the library meanwhile.

        Raises
        ------
        EmptyLibraryError
        UsageError
            Where there is no such view.
        """
        for _ in range(_ATTEMPTS):
            version = self.catalog.version()
            result = answer(self.session(view))
            # What was written meanwhile may have given a track another vector.
            if self.catalog.version() == version:
                break
        return result

    def session(self, view: str | None = None) -> Session:
        """The library as it is now. Raises as ``ask``."""
        snapshot = self.snapshot()
        spec = parse_view(view, snapshot.spaces) if view else default_view(snapshot.spaces)
        return Session(self.catalog, snapshot, self.indexes.get(snapshot, spec), self.embedders)

    def snapshot(self) -> Snapshot:
        """All vectors as they are now. Raises EmptyLibraryError where there is no track."""
        snapshot = self.catalog.snapshot()
        if not (snapshot.keys >= 0).any():
            raise EmptyLibraryError(
                f"the library in {self.catalog.root} has no tracks yet: segue scan FOLDER"
            )
        return snapshot

    def analyze(self, path: str | Path) -> AnalyzedSound:
        """A file outside the library, analyzed once to be asked about several times. Raises AudioError."""
        return analyze(path, self.embedders)
