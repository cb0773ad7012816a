"""libsndfile's files, read from front to back."""

from __future__ import annotations

import soundfile


class StreamedFile(soundfile.SoundFile):  # type: ignore[misc]
    """Reads on where it is: soundfile would seek after each read, which is slow in Ogg and inexact in MP3."""

    def seekable(self) -> bool:
        return False
