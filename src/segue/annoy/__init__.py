"""Annoy's class over Segue's index: ``from segue.annoy import AnnoyIndex`` is the one line that changes."""

from __future__ import annotations

from segue.annoy.annoy_index import AnnoyIndex
from segue.annoy.errors import FileError, ItemError, NoVectorError, SavingError, SizeError

__all__ = ["AnnoyIndex", "FileError", "ItemError", "NoVectorError", "SavingError", "SizeError"]
