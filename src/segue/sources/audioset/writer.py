"""Segments to TFRecords that TensorFlow reads, byte for byte as AudioSet's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from segue.errors import UsageError
from segue.files import replacing
from segue.sources.audioset.example import serialize_example
from segue.sources.audioset.segment import Segment, check
from segue.sources.audioset.tfrecord import frame_record


def write_tfrecords(segments: Iterable[Segment], path: str | Path) -> int:
    """Write a file of AudioSet's form, whole or not at all; how many segments there were.

    The times are kept as float32, and YouTube-8M's segments under AudioSet's names.

    Raises
    ------
    UsageError
        Where a segment holds what the form does not, or the file cannot be written.
    """
    n = 0
    with replacing(Path(path)) as part, part.open("wb") as out:
        for segment in segments:
            check(segment)
            try:
                payload = serialize_example(segment)
            except OverflowError as error:
                raise UsageError(f"{segment.video_id!r}: {error}; times are kept as float32") from error
            out.write(frame_record(payload))
            n += 1
    return n
