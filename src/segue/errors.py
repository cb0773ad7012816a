"""Every error that Segue raises on purpose.

SegueError
├── UsageError (also ValueError)      an argument cannot mean anything
│   ├── TrackNotFoundError (also LookupError)
│   └── AmbiguousQueryError           the text fits several tracks
├── AudioError                        one file, one reason
│   ├── UnreadableError               the file could not be opened or read
│   ├── NotAudioError                 no decoder knows the content
│   ├── DamagedAudioError             a decoder knows it, the samples make no sense
│   ├── TooShortError
│   ├── SilentError                   digital silence has no sound to compare
│   └── EmbeddingError                a model makes no vector of this sound
├── VectorError (also ValueError)     a row that has no place in an index
├── IndexFormatError                  an index file that is foreign, newer or damaged
├── LibraryError
│   ├── LibraryNotFoundError
│   ├── LibraryBusyError              another process is writing
│   ├── LibraryFormatError            foreign, newer or damaged files
│   └── LibraryWriteError             read-only folder, full disk
├── SourceError                       a catalogue to be imported cannot be read, or has too little
├── EmptyLibraryError                 nothing to compare with
├── SpecMismatchError                 vectors of two embedders would be mixed
├── ModelError                        the folder of models cannot be used as asked
    │   ├── ModelNotFoundError (also LookupError)   not there, or not whole; pull it
    │   └── DownloadError                 a published file could not be fetched
    ├── WeightsError                      a file of weights is missing, damaged or another's
└── MissingExtraError (also ImportError)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segue.track import Track


class SegueError(Exception):
    """Root of all errors of Segue; the command line prints its message in one line."""


class UsageError(SegueError, ValueError):
    """An argument has a value that cannot be used."""


class TrackNotFoundError(UsageError, LookupError):
    """Neither an id, a path nor a text of any track."""


class AmbiguousQueryError(UsageError):
    """A text fits several tracks; ``matches`` holds the first of them."""

    def __init__(self, message: str, matches: Sequence[Track]) -> None:
        super().__init__(message)
        self.matches = tuple(matches)


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
    """No decoder recognises the content."""

    kind = "not audio"


class DamagedAudioError(AudioError):
    """The header or the samples cannot be true."""

    kind = "damaged"


class TooShortError(AudioError):
    """Less sound than an embedder needs."""

    kind = "too short"


class SilentError(AudioError):
    """Every sample is zero, or so near that nothing can be heard."""

    kind = "silent"


class EmbeddingError(AudioError):
    """The sound is fine, but a model fails on it or gives values that are not numbers."""

    kind = "no vector"


class VectorError(SegueError, ValueError):
    """A vector is not finite, zero, or of a wrong type or size; ``row`` is its number, where it has one."""

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


class IndexFormatError(SegueError):
    """A file of an index is foreign, of another format, or damaged, or its vectors are not what they were."""


class LibraryError(SegueError):
    """A library's folder cannot be used as asked."""


class LibraryNotFoundError(LibraryError):
    """There is no library at that path."""


class LibraryBusyError(LibraryError):
    """Another process is writing to the library."""


class LibraryFormatError(LibraryError):
    """A file of the library is foreign, of a newer format, or damaged."""


class LibraryWriteError(LibraryError):
    """The library's folder cannot be written to."""


class SourceError(SegueError):
    """A catalogue that was to be imported cannot be reached or read, or lacks what is needed."""


class EmptyLibraryError(SegueError):
    """The library holds no track to compare with."""


class SpecMismatchError(SegueError):
    """Vectors of one embedder were offered where another's are kept."""


class WeightsError(SegueError):
    """A file of published weights cannot be used; ``path`` names it where it is known."""

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class MissingExtraError(SegueError, ImportError):
    """A feature needs an optional dependency that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional dependency: pip install 'segue[{extra}]'")


class ModelError(SegueError):
    """The folder of models cannot be used as asked."""


class ModelNotFoundError(ModelError, LookupError):
    """A model is not in the folder, or not in a state to be used; ``model`` names it."""

    def __init__(self, message: str, model: str) -> None:
        super().__init__(message)
        self.model = model


class DownloadError(ModelError):
    """A published file could not be fetched; ``source`` says from where."""

    def __init__(self, message: str, source: str) -> None:
        super().__init__(message)
        self.source = source
