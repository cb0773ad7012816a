"""Tables of songs and their audio features, such as the 1.2 million rows from Spotify."""

from __future__ import annotations

from segue.sources.table.source import Table

__all__ = ["Table"]
