"""Points in the plane for tracks, so that neighbors sound alike."""

from segue.map.graph import Graph, neighbor_graph
from segue.map.layout import Map, compute_layout, principal_plane, scale_to_square

__all__ = ["Graph", "Map", "compute_layout", "neighbor_graph", "principal_plane", "scale_to_square"]
