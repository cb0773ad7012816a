"""Writes records of AudioSet by hand, right ones and odd ones, to meet the readers."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from segue.sources.audioset import BadRecord, Segment, read_segments
from tests.tf_files import chunk, masked, varint


def framed(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + struct.pack("<I", masked(length)) + payload + struct.pack("<I", masked(payload))


def entry(name: str, value: bytes) -> bytes:
    """A map's entry."""
    return chunk(1, chunk(1, name.encode()) + chunk(2, value))


def texts(*values: bytes) -> bytes:
    return chunk(1, b"".join(chunk(1, value) for value in values))


def floats(*values: float) -> bytes:
    return chunk(2, chunk(1, struct.pack(f"<{len(values)}f", *values)))


def integers(*values: int) -> bytes:
    return chunk(3, chunk(1, b"".join(varint(value) for value in values)))


def frame_list(frames: Iterable[bytes]) -> bytes:
    return b"".join(chunk(1, texts(bytes(frame))) for frame in frames)


CONTEXT = {
    "video_id": texts(b"rmLnozgTQMY"),
    "start_time_seconds": floats(30.0),
    "labels": integers(0, 300, 308),
    "end_time_seconds": floats(40.0),
}


def some_frames(n: int = 10, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 128), np.uint8)


def example(
    context: Mapping[str, bytes] = CONTEXT,
    frames: Iterable[bytes] | None = None,
    *,
    name: str = "audio_embedding",
    lists: Mapping[str, bytes] | None = None,
) -> bytes:
    """A SequenceExample's bytes, the context's entries in the order given."""
    if lists is None:
        lists = {name: frame_list(some_frames() if frames is None else frames)}
    whole = [b"".join(entry(*item) for item in part.items()) for part in (context, lists)]
    return chunk(1, whole[0]) + chunk(2, whole[1])


def tar(members: Iterable[tuple[str, bytes] | tarfile.TarInfo], **options: Any) -> bytes:
    """An archive of files, and of whatever else a TarInfo says."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **options) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            header = tarfile.TarInfo(member[0])
            header.size = len(member[1])
            archive.addfile(header, io.BytesIO(member[1]))
    return out.getvalue()


def read(*paths: Path) -> tuple[list[Segment], list[BadRecord]]:
    bad: list[BadRecord] = []
    return list(read_segments(paths, on_bad=bad.append)), bad


def read_bytes(tmp_path: Path, data: bytes) -> tuple[list[Segment], list[BadRecord]]:
    path = tmp_path / "made.tfrecord"
    path.write_bytes(data)
    return read(path)
