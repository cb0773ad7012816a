"""Pictures as small SVG texts, for any browser."""

from segue.plots.heatmap import heatmap
from segue.plots.scatter import scatter

__all__ = ["heatmap", "scatter"]
