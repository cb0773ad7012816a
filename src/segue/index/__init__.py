"""Nearest rows. Derived from the catalog: delete it and nothing is lost."""

from __future__ import annotations

from segue.index.index import Index
from segue.index.view import View
from segue.index.view_index import ViewIndex

__all__ = ["Index", "View", "ViewIndex"]
