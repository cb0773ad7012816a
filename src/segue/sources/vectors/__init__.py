"""Vectors of any origin, with ids and what else is known of their tracks."""

from __future__ import annotations

from segue.sources.vectors.source import Vectors

__all__ = ["Vectors"]
