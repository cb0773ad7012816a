"""What a file holds, as hashes: of all its bytes, and of its audio alone, without tags and pictures."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from segue.sources.content import chunks, ogg, plain
from segue.sources.content.parts import Part
from segue.sources.contract import FileHashes

_CHUNK = 1 << 20  # bytes


def hash_file(path: str) -> FileHashes:
    """BLAKE2b of the whole file and of its audio, 32 hexadecimal digits each.

    The audio is what no edit of tags, pictures or padding changes: MP3 and the like without their tags and
    their frame of lengths, FLAC's frames, the packets of Ogg without the comments, the payloads of ``data``
    (WAV), ``SSND`` (AIFF), ``mdat`` (MP4) and so on. Where no such part is found it is the whole file.

    Raises
    ------
    OSError
    """
    whole, audio = (hashlib.blake2b(digest_size=16) for _ in range(2))
    with Path(path).open("rb") as f:
        parts = audio_parts(f, os.fstat(f.fileno()).st_size)
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


def audio_parts(f: BinaryIO, size: int) -> list[Part]:
    """Where the audio of a file lies, in the order of its bytes; the whole file where nobody knows."""
    start, stop = plain.without_tags(f, size)
    f.seek(start)
    head = f.read(16)
    for find in (ogg.parts, chunks.parts, plain.parts):
        found = find(f, head, start, stop)
        parts = [(first, min(end, stop)) for first, end in found if first < min(end, stop)]
        if parts:
            return parts
    return [(0, size)]
