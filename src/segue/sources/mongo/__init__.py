"""MongoDB as a catalogue's source and home."""

from __future__ import annotations

from segue.sources.mongo.source import Fields, Mongo

__all__ = ["Fields", "Mongo"]
