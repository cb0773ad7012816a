"""What a file holds, as hashes: of all its bytes, and of its audio alone, without tags and pictures."""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path
from typing import BinaryIO

from segue.sources.content import chunks, ogg, plain
from segue.sources.content.parts import Part
from segue.sources.contract import FileHashes

_CHUNK = 1 << 20  # bytes
_EDGE = 1 << 18  # bytes at both ends of the audio that are hashed, and not only summed up


def hash_file(path: str) -> FileHashes:
    """Hashes of the whole file and of its audio, 32 hexadecimal digits each.

    The first is BLAKE2b. That of the audio is BLAKE2b of its length, its CRC-32 and 256 KiB at both of its
    ends, which takes a fifth of the time. The audio is what no edit of tags, pictures or padding changes: MP3
    and the like without their tags and their frame of lengths, FLAC's frames, the packets of Ogg without the
    comments, the payloads of ``data`` (WAV), ``SSND`` (AIFF), ``mdat`` (MP4) and so on. Where no such part is
    found it is the whole file.

    Raises
    ------
    OSError
    """
    whole = hashlib.blake2b(digest_size=16)
    with Path(path).open("rb") as f:
        parts = audio_parts(f, os.fstat(f.fileno()).st_size)
        audio = _AudioDigest(sum(stop - start for start, stop in parts))
        f.seek(0)
        first = i = 0
        while chunk := f.read(_CHUNK):
            whole.update(chunk)
            end, view = first + len(chunk), memoryview(chunk)
            while i < len(parts) and parts[i][0] < end:
                start, stop = parts[i]
                audio.update(view[max(start, first) - first : min(stop, end) - first])
                if stop > end:
                    break
                i += 1
            first = end
    return FileHashes(whole.hexdigest(), audio.hexdigest())


class _AudioDigest:
    """Of so many bytes of audio, which come piece by piece."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._n = self._crc = 0
        self._edges = hashlib.blake2b(digest_size=16)

    def update(self, piece: memoryview) -> None:
        self._crc = zlib.crc32(piece, self._crc)
        head = piece[: max(0, _EDGE - self._n)]
        self._edges.update(head)
        self._edges.update(piece[max(len(head), self._size - _EDGE - self._n) :])
        self._n += len(piece)

    def hexdigest(self) -> str:
        self._edges.update(b"%d:%d" % (self._n, self._crc))
        return self._edges.hexdigest()


def audio_parts(f: BinaryIO, size: int) -> list[Part]:
    """Where the audio of a file lies, in the order of its bytes; the whole file where nobody knows."""
    start, stop = plain.without_tags(f, size)
    f.seek(start)
    head = f.read(16)
    for find in (ogg.parts, chunks.parts, plain.parts):
        spans = find(f, head, start, stop)
        parts = [(first, min(end, stop)) for first, end in spans if first < min(end, stop)]
        if parts:
            return parts
    return [(0, size)]
