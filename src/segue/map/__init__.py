"""Points in the plane for tracks, so that neighbors sound alike."""

from segue.map.graph import Graph, neighbor_graph
from segue.map.layout import compute_layout, principal_plane, scale_to_square
from segue.map.map import Coloring, Legend, Map

__all__ = [
    "Coloring", "Graph", "Legend", "Map", "compute_layout", "neighbor_graph", "principal_plane",
    "scale_to_square",
]  # fmt: skip
