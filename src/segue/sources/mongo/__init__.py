"""MongoDB: a source of tracks, and a place where libraries share theirs."""

from __future__ import annotations

from segue.sources.mongo.source import Fields, Mongo

__all__ = ["Fields", "Mongo"]
