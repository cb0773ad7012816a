"""Nearest neighbours of vectors of any origin."""

from __future__ import annotations

from segue.index.index import Index

__all__ = ["Index"]
