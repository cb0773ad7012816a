"""Approximate nearest neighbors of vectors of any origin; needs NumPy and Faiss alone."""

from __future__ import annotations

from segue.index.calibration import OperatingPoint
from segue.index.evaluation import IndexEvaluation, RecallMeasurement
from segue.index.index import Index
from segue.index.options import IndexOptions

__all__ = ["Index", "IndexEvaluation", "IndexOptions", "OperatingPoint", "RecallMeasurement"]
