"""Media types of files of sound: by their content, or, in lists, by what the library knows of them."""

from __future__ import annotations

from pathlib import Path

from segue import tags

UNKNOWN = "application/octet-stream"
_PLAYED_CODECS = frozenset(("mp3", "wav", "flac", "vorbis", "opus", "aac"))  # that browsers know
_PLAYED_TYPES = frozenset(
    ("audio/mpeg", "audio/wav", "audio/flac", "audio/ogg", "audio/mp4", "audio/aac", "audio/webm")
)
_BY_ENDING = {
    "mp3": "audio/mpeg", "wav": "audio/wav", "wave": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg",
    "oga": "audio/ogg", "opus": "audio/ogg", "m4a": "audio/mp4", "m4b": "audio/mp4", "mp4": "audio/mp4",
    "aac": "audio/aac", "webm": "audio/webm", "mka": "audio/x-matroska", "wma": "audio/x-ms-wma",
    "aif": "audio/aiff", "aiff": "audio/aiff", "wv": "audio/x-wavpack",
}  # fmt: skip
# The types of files that hold a codec, the usual one first, with its ending.
_OF_CODEC = {
    "mp3": ("mp3", "audio/mpeg", "audio/wav", "audio/x-matroska", "audio/mp4"),
    "wav": ("wav", "audio/wav"),
    "flac": ("flac", "audio/flac", "audio/ogg", "audio/mp4", "audio/x-matroska"),
    "vorbis": ("ogg", "audio/ogg", "audio/webm", "audio/x-matroska"),
    "opus": ("opus", "audio/ogg", "audio/webm", "audio/x-matroska", "audio/mp4"),
    "aac": ("m4a", "audio/mp4", "audio/aac", "audio/x-matroska"),
    "alac": ("m4a", "audio/mp4", "audio/x-matroska"),
    "aiff": ("aiff", "audio/aiff"),
    "wavpack": ("wv", "audio/x-wavpack", "audio/x-matroska"),
}


def media_type(path: Path) -> str:
    """By the content of the file."""
    try:
        return tags.media_type(path) or UNKNOWN
    except OSError:
        return UNKNOWN


def is_playable(path: Path, codec: str) -> bool:
    """Whether browsers play the file as it is."""
    return codec in _PLAYED_CODECS and media_type(path) in _PLAYED_TYPES


def listed_type(path: str, codec: str) -> tuple[str, str]:
    """The media type of a track's file and its ending, without a look at the file.

    Where the ending does not go with the codec, which is known from the content, the codec's are told.
    """
    ending = Path(path).suffix[1:].lower()
    named = _BY_ENDING.get(ending)
    if codec not in _OF_CODEC:
        return named or UNKNOWN, ending
    usual, *types = _OF_CODEC[codec]
    return (named, ending) if named in types else (types[0], usual)
