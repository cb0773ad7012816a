"""Segue recommends music by how it sounds."""

from __future__ import annotations

from segue.late import load_late
from segue.version import __version__

TYPE_CHECKING = False  # typing's own would take as long to load as all else that a start needs
if TYPE_CHECKING:
    from segue.catalog import Cluster, Where
    from segue.errors import SegueError
    from segue.index import Index, IndexOptions
    from segue.ingest.embed_files import embed_files
    from segue.library import Library, Report
    from segue.map import Map
    from segue.recommend import Match, Matrix, Recommendations
    from segue.recommend.evaluate import Evaluation
    from segue.recommend.explanation import Explanation
    from segue.spec import Embedder, EmbedderSpec, Embedding
    from segue.track import Track

__all__ = [
    "Cluster",
    "Embedder",
    "EmbedderSpec",
    "Embedding",
    "Evaluation",
    "Explanation",
    "Index",
    "IndexOptions",
    "Library",
    "Map",
    "Match",
    "Matrix",
    "Recommendations",
    "Report",
    "SegueError",
    "Track",
    "Where",
    "__version__",
    "embed_files",
]

_HOMES = {
    "Cluster": "segue.catalog",
    "Embedder": "segue.spec",
    "EmbedderSpec": "segue.spec",
    "Embedding": "segue.spec",
    "Evaluation": "segue.recommend.evaluate",
    "Explanation": "segue.recommend.explanation",
    "Index": "segue.index",
    "IndexOptions": "segue.index",
    "Library": "segue.library",
    "Map": "segue.map",
    "Match": "segue.recommend",
    "Matrix": "segue.recommend",
    "Recommendations": "segue.recommend",
    "Report": "segue.library",
    "SegueError": "segue.errors",
    "Track": "segue.track",
    "Where": "segue.catalog",
    "embed_files": "segue.ingest.embed_files",
}


def __dir__() -> list[str]:
    """What there is, for completion: what is loaded late is there, too."""
    return sorted(__all__)


__getattr__ = load_late(__name__, _HOMES)  # `segue --help` should not wait for decoders
