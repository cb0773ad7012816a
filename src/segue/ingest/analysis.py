"""One file of audio to all that is found out about it, or to why it cannot be used."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from segue.audio.limits import DecodingStoppedError, stoppable
from segue.catalog import AnalyzedFile, Failure, FileState
from segue.errors import AudioError, WeightsError
from segue.sources.contract import AudioFile, AudioSource
from segue.spec import Embedder


def analyze(
    source: AudioSource,
    file: AudioFile,
    state: FileState,
    embedders: Sequence[Embedder],
    stop: threading.Event,
) -> AnalyzedFile:
    """A file's tags, sound and embeddings.

    Raises
    ------
    AudioError, OSError, WeightsError
    DecodingStoppedError
        Once ``stop`` is set.
    """
    with stoppable(stop):
        sound, tags = source.load(file)
    embeddings = {}
    for embedder in embedders:
        if stop.is_set():
            raise DecodingStoppedError
        embeddings[embedder.spec.space] = embedder.embed(sound)
    return AnalyzedFile(
        path=file.path,
        state=state,
        tags=tags,
        duration_s=sound.duration_s,
        sr=sound.info.sr,
        channels=sound.info.channels,
        codec=sound.info.codec,
        warning=sound.warning,
        embeddings=embeddings,
    )


def failure_of(file: AudioFile, error: Exception) -> Failure:
    """What a fault of a file's own says of it; raises what would befall every file."""
    if isinstance(error, WeightsError | DecodingStoppedError):
        raise error
    if isinstance(error, AudioError):
        return Failure(file.path, error.kind, str(error), file.size, file.mtime_ns)
    if isinstance(error, OSError):
        return Failure(file.path, "unreadable", f"cannot be read: {error.strerror or error}")
    if isinstance(error, MemoryError):
        return Failure(file.path, "damaged", "asks for more memory than there is", file.size, file.mtime_ns)
    # A fault of ours, met by one file, must not cost the others.
    return Failure(file.path, "bug", f"{type(error).__name__}: {error}", file.size, file.mtime_ns)
