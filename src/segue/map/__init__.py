"""A place in the plane for every track, so that neighbours are what sounds alike."""

from segue.map.graph import Graph, graph_of
from segue.map.layout import Map, framed, laid_out, principal

__all__ = ["Graph", "Map", "framed", "graph_of", "laid_out", "principal"]
