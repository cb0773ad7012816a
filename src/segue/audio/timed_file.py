"""A file that FFmpeg reads only for so long while it opens it.

FFmpeg keeps tags in lists and compares each new one with all others: a file of few megabytes that holds very
many would keep it busy for hours, and nothing else can interrupt it.
"""

from __future__ import annotations

import io
import time
from typing import BinaryIO

_CPU_S = 5.0  # that the headers of any file may take: no time counts in which a disk wakes up
OPENING_S = 30.0  # by the clock, where FFmpeg reads the file itself


class TimedFile(io.RawIOBase):
    """Reads like another file, until its time is over.

    Parameters
    ----------
    file : whose position is its own
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._ends_at = float("inf")

    def start(self) -> None:
        """After 5 s of this thread's work from now on, the file ends wherever it is."""
        self._ends_at = time.thread_time() + _CPU_S

    def stop(self) -> None:
        """Read without end again."""
        self._ends_at = float("inf")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = b"" if time.thread_time() > self._ends_at else self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
