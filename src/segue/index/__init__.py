"""Approximate nearest neighbors of vectors of any origin; needs NumPy and Faiss alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.late import load_late

if TYPE_CHECKING:
    from segue.index.calibration import OperatingPoint
    from segue.index.evaluation import IndexEvaluation, RecallMeasurement
    from segue.index.index import Index
    from segue.index.options import IndexOptions

__all__ = ["Index", "IndexEvaluation", "IndexOptions", "OperatingPoint", "RecallMeasurement"]

_HOMES = {
    "Index": "segue.index.index",
    "IndexEvaluation": "segue.index.evaluation",
    "IndexOptions": "segue.index.options",
    "OperatingPoint": "segue.index.calibration",
    "RecallMeasurement": "segue.index.evaluation",
}
__getattr__ = load_late(__name__, _HOMES)  # what only reads the header of a file needs none of them
