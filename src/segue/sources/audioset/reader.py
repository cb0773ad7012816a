"""Folders, files and archives of TFRecords to segments, one at a time."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from segue.errors import UsageError
from segue.sources.audioset.example import read_example
from segue.sources.audioset.segment import BadRecord, Segment
from segue.sources.audioset.tar import BLOCK, is_header, members
from segue.sources.audioset.tfrecord import HEAD, READ_ERRORS, record_length, records
from segue.sources.packed import Bounded, stream_unpacker
from segue.wire.protobuf import WireError

OnBad = Callable[[BadRecord], None]
OnRead = Callable[[int], None]

ENDING = ".tfrecord"
_BUFFER = 1 << 18  # bytes read at a time

_log = logging.getLogger(__name__)


def read_segments(
    paths: str | Path | Iterable[str | Path],
    *,
    on_bad: OnBad | None = None,
    on_read: OnRead | None = None,
) -> Iterator[Segment]:
    """The segments of AudioSet's or YouTube-8M's features, in the order of the files.

    One record is in memory at a time. A record that is damaged or says something else costs itself.

    Parameters
    ----------
    paths
        Folders, of which every `.tfrecord` below is read, files of any name, and tar archives such as
        `features.tar.gz`, which are read as they come: nothing is unpacked, and of their members those
        that end in `.tfrecord` count. Files and archives may be packed with gzip, bzip2 or xz.
    on_bad
        Called with each record that cannot be used; unless given, it is logged as a warning.
    on_read
        Called before each segment with how many of the bytes of all files lie behind it.

    Raises
    ------
    UsageError
        Where a path does not exist, or a folder has no such file.
    """
    report = on_bad or warn
    files = find_files(paths, on_bad=report)
    return (segment for file in _with_starts(files, on_read) for segment in _of_file(*file, report))


def find_files(paths: str | Path | Iterable[str | Path], *, on_bad: OnBad | None = None) -> list[Path]:
    """The files that ``read_segments`` reads, in order.

    Raises
    ------
    UsageError
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    return [file for path in given for file in _files(Path(path), on_bad or warn)]


def _with_starts(files: Iterable[Path], on_read: OnRead | None) -> Iterator[tuple[Path, OnRead]]:
    """Each file, and how its places are named in messages."""
    start = 0
    for path in files:
        yield path, partial(_tell, on_read, start)
        with contextlib.suppress(OSError):
            start += path.stat().st_size


def _tell(on_read: OnRead | None, start: int, at: int) -> None:
    if on_read:
        on_read(start + at)


def warn(bad: BadRecord) -> None:
    """Log what could not be read."""
    _log.warning("%s", bad)


def _files(path: Path, on_bad: OnBad) -> list[Path]:
    if not path.exists():
        raise UsageError(f"{path} does not exist; give TFRecords, their folder, or their archive")
    if not path.is_dir():
        return [path]

    def tell(error: OSError) -> None:
        on_bad(BadRecord(str(error.filename), 0, f"the folder cannot be read: {error.strerror}"))

    files = [
        Path(folder, name)
        for folder, _, names in os.walk(path, onerror=tell)
        for name in names
        if _is_ours(name)
    ]
    if not files:
        raise UsageError(f"{path} has no file that ends in {ENDING}")
    return sorted(files)


def _is_ours(name: str) -> bool:
    return name.endswith(ENDING) and not name.rpartition("/")[2].startswith(".")


def _of_file(path: Path, on_read: OnRead, on_bad: OnBad) -> Iterator[Segment]:
    if not path.is_file():
        on_bad(BadRecord(str(path), 0, "not a regular file but a pipe, socket or device"))
        return
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            for segment in _of_stream(file, str(path), on_bad):
                on_read(file.tell())
                yield segment
    except READ_ERRORS as error:
        on_bad(BadRecord(str(path), 0, f"cannot be read: {getattr(error, 'strerror', None) or error}"))


def _of_stream(file: BinaryIO, source: str, on_bad: OnBad) -> Iterator[Segment]:
    """The segments of TFRecords or of a tar archive, packed or not; which, its first bytes say."""
    start = file.read(BLOCK)
    file.seek(0)
    if record_length(start[:HEAD]) < 0 and stream_unpacker(file, start) is not None:
        start = _open_packed(file).read(BLOCK)
        yield from _of_plain(_open_packed(file), start, source, on_bad)
    else:
        yield from _of_plain(file, start, source, on_bad)


def _open_packed(file: BinaryIO) -> BinaryIO:
    """The content of a packed file from its beginning, as much as a file of its size may unpack to."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    unpacker = stream_unpacker(file, file.peek(HEAD)[:HEAD])  # type: ignore[attr-defined]
    return io.BufferedReader(Bounded(unpacker, size), _BUFFER)


def _of_plain(file: BinaryIO, start: bytes, source: str, on_bad: OnBad) -> Iterator[Segment]:
    if record_length(start[:HEAD]) >= 0 or not is_header(start):
        yield from _of_records(file, source, on_bad)
        return
    for name, member in members(file, lambda at, reason: on_bad(BadRecord(source, at, reason))):
        if _is_ours(name):
            yield from _of_records(member, f"{source}:{name}", on_bad)


def _of_records(file: BinaryIO, source: str, on_bad: OnBad) -> Iterator[Segment]:
    for at, payload in records(file.read, lambda at, reason: on_bad(BadRecord(source, at, reason))):
        try:
            segment = Segment(*read_example(payload), source, at)
        except WireError as error:
            on_bad(BadRecord(source, at, f"it is no segment of AudioSet: {error}"))
            continue
        yield segment
