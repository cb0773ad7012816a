"""Where the paths of changed files come from: the system tells, or folders are listed again and again."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Protocol

from segue.sources.audio_files import walk

_DEBOUNCE_MS, _STEP_MS = 400, 50
_State = tuple[int, int, int]


class Notices(Protocol):
    """Tells of changed paths."""

    def take(self, wait_s: float) -> set[str]:
        """What changed since the last time; waits at most so long for something."""

    def close(self) -> None:
        """Stop looking."""


class TooManyFoldersError(Exception):
    """The system does not watch so many folders."""


class SystemNotices:
    """What the system tells of some folders that are there.

    Raises
    ------
    TooManyFoldersError
    """

    def __init__(self, folders: Sequence[str], stop: threading.Event) -> None:
        self._folders, self._stop = folders, stop
        self._changes = self._watch()
        self._first = self._next()  # watches from now on

    def _watch(self) -> Generator[set[tuple[Any, str]], None, None]:
        import watchfiles

        return watchfiles.watch(
            *self._folders, watch_filter=None, debounce=_DEBOUNCE_MS, step=_STEP_MS, stop_event=self._stop,
            rust_timeout=_DEBOUNCE_MS, yield_on_timeout=True, raise_interrupt=False,
            force_polling=False, ignore_permission_denied=True,
        )  # fmt: skip

    def _next(self) -> set[str]:
        try:
            return {path for _, path in next(self._changes, ())}
        except (OSError, RuntimeError) as error:  # watchfiles' own is a RuntimeError
            if "decode" in str(error):  # a name that is no text, which it has no way to tell
                self._changes = self._watch()
                return set(self._folders)
            raise TooManyFoldersError(str(error)) from error

    def take(self, wait_s: float) -> set[str]:
        first, self._first = self._first, set()
        return first or self._next()

    def close(self) -> None:
        self._changes.close()


class Polling:
    """Lists folders again and again; the walks run in a thread, as those of a file system that is gone hang.

    Parameters
    ----------
    exclude : as for ``walk``
    """

    def __init__(self, folders: Sequence[str], every_s: float, exclude: Mapping[str, Sequence[str]]) -> None:
        self._folders, self._every_s, self._exclude = folders, every_s, exclude
        self._changes: queue.SimpleQueue[set[str]] = queue.SimpleQueue()
        self._closed = threading.Event()
        threading.Thread(target=self._run, name="segue-poll", daemon=True).start()

    def _run(self) -> None:
        before = self._look()
        while not self._closed.wait(self._every_s):
            now = self._look()
            if before.keys() - now.keys():  # what moves while folders are listed may be seen at neither place
                now = self._look()
            self._changes.put({path for path, _ in before.items() ^ now.items()})
            before = now

    def _look(self) -> dict[str, _State]:
        return {
            file.path: (file.size, file.mtime_ns, file.ctime_ns)
            for file in walk(self._folders, self._exclude).files
        }

    def take(self, wait_s: float) -> set[str]:
        paths: set[str] = set()
        while not self._changes.empty():
            paths |= self._changes.get()
        self._closed.wait(0 if paths else wait_s)
        return paths

    def close(self) -> None:
        self._closed.set()
