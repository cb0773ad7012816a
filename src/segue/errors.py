"""Every error that Segue raises on purpose.

SegueError
├── UsageError (also ValueError)      an argument has a value that cannot be used
│   ├── TrackNotFoundError (also KeyError)        no track has this id, path or text
│   ├── IdNotFoundError (also KeyError)           an index has no vector with this id
│   └── AmbiguousQueryError           the text fits several tracks
├── AudioError                        one audio file cannot be used
│   ├── UnreadableError               the file cannot be opened or read
│   ├── NotAudioError                 no decoder recognizes the content
│   ├── ProtectedError                the sound is encrypted
│   ├── DamagedAudioError             the header or the samples make no sense
│   ├── TooShortError                 less sound than an embedder needs
│   ├── SilentError                   digital silence, which cannot be compared
│   └── EmbeddingError                an embedder fails on this sound
├── VectorError (also ValueError)     a vector that an index cannot hold
├── IndexFormatError                  an index file that is foreign, newer or damaged
├── LibraryError                      the library's folder cannot be used
│   ├── LibraryNotFoundError          there is no library in it
│   ├── LibraryBusyError              another process is writing to it
│   ├── LibraryFormatError            its files are foreign, newer or damaged
│   └── LibraryWriteError             the folder is read-only or the disk is full
├── SourceError                       a data set cannot be read or lacks what an import needs
├── EmptyLibraryError                 the library has no track to compare with
├── SpecMismatchError                 vectors of two embedders would be mixed
├── WeightsError                      a file of weights is missing, damaged or not the expected one
├── ModelError                        the folder of models cannot be used
│   ├── ModelNotFoundError (also LookupError)     a model is missing or incomplete
│   └── DownloadError                 a published file could not be downloaded
└── MissingExtraError (also ImportError)          an optional dependency is not installed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segue.track import Track


class SegueError(Exception):
    """Root of all errors of Segue; the command line prints its message on one line."""


class UsageError(SegueError, ValueError):
    """An argument has a value that cannot be used."""


class TrackNotFoundError(UsageError, KeyError):
    """No track has this id or path, or matches this text."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would quote it


class IdNotFoundError(UsageError, KeyError):
    """An index holds no vector with this id; ``id`` is the first that is missing."""

    def __init__(self, message: str, id: int) -> None:  # noqa: A002 - the word that users know
        super().__init__(message)
        self.id = id

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would quote it


class AmbiguousQueryError(UsageError):
    """A text fits several tracks; ``matches`` holds the first of them.

    ``choices`` holds, for these and for the artists, albums and playlists that fit too, the text that means
    that one alone, and what it is.
    """

    def __init__(
        self, message: str, matches: Sequence[Track], choices: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.matches = tuple(matches)
        self.choices = tuple(choices) or tuple((track.id, track.display_name) for track in matches)


class AudioError(SegueError):
    """One audio file cannot be used; ``path`` names it, ``kind`` is the word kept with the failure."""

    kind = "audio"

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class UnreadableError(AudioError):
    """The file is missing, locked, a folder, or may not be read."""

    kind = "unreadable"


class NotAudioError(AudioError):
    """No decoder recognizes the content."""

    kind = "not audio"


class ProtectedError(AudioError):
    """The sound is encrypted, so that only a certain player can play it."""

    kind = "protected"


class DamagedAudioError(AudioError):
    """The header or the samples make no sense."""

    kind = "damaged"


class TooShortError(AudioError):
    """Less sound than an embedder needs."""

    kind = "too short"


class SilentError(AudioError):
    """Every sample is zero, or so near that the track is silent."""

    kind = "silent"


class EmbeddingError(AudioError):
    """The sound is fine, but an embedder fails on it or returns NaN or infinite values."""

    kind = "no vector"


class VectorError(SegueError, ValueError):
    """A vector is not finite, zero, or of a wrong type or size; ``row`` is its number, if it has one."""

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


class IndexFormatError(SegueError):
    """An index file is foreign, newer or damaged, or its vectors have changed."""


class LibraryError(SegueError):
    """A library's folder cannot be used."""


class LibraryNotFoundError(LibraryError):
    """There is no library at that path."""


class LibraryBusyError(LibraryError):
    """Another process is writing to the library."""


class LibraryFormatError(LibraryError):
    """A file of the library is foreign, of a newer format, or damaged."""


class LibraryWriteError(LibraryError):
    """The library's folder cannot be written to."""


class SourceError(SegueError):
    """A data set to be imported cannot be reached or read, or lacks what is needed."""


class EmptyLibraryError(SegueError):
    """The library holds no track to compare with."""


class SpecMismatchError(SegueError):
    """Vectors of one embedder would be stored among those of another."""


class WeightsError(SegueError):
    """A file of weights cannot be used; ``path`` names it where it is known."""

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class MissingExtraError(SegueError, ImportError):
    """A feature needs an optional dependency that is not installed; ``extra`` names it."""

    def __init__(self, feature: str, extra: str) -> None:
        from segue.advice import install  # errors stand on the ground

        super().__init__(f"{feature} needs an optional dependency: {install(extra)}")
        self.extra = extra


class ModelError(SegueError):
    """The folder of models cannot be used."""


class ModelNotFoundError(ModelError, LookupError):
    """A model is missing or incomplete; ``model`` names it."""

    def __init__(self, message: str, model: str) -> None:
        super().__init__(message)
        self.model = model


class DownloadError(ModelError):
    """A published file could not be downloaded; ``source`` is its address."""

    def __init__(self, message: str, source: str) -> None:
        super().__init__(message)
        self.source = source
