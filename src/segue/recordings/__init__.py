"""Which tracks are versions of one recording: copies in other formats, remasters, a song of two albums."""

from __future__ import annotations

from segue.recordings.names import plain_title, same_name
from segue.recordings.quality import quality
from segue.recordings.versions import Versions, VersionStore, numbers_to_fold

__all__ = ["VersionStore", "Versions", "numbers_to_fold", "plain_title", "quality", "same_name"]
