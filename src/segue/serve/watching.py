"""The library's folders are followed while the service runs: one of its workers has what changes scanned."""

from __future__ import annotations

import threading
import traceback
from pathlib import Path

from filelock import FileLock, Timeout

from segue.library import Library
from segue.serve.jobs import ENDED, Jobs
from segue.serve.scans import queue_changes
from segue.serve.settings import Settings
from segue.watch import Watcher
from segue.watch.changed import ChangedPlaces

_LOOK_EVERY_S = 1.0  # for whether to follow
_JOB_EVERY_S = 0.1
_AGAIN_S = 60.0  # after a fault
_BUSY_AGAIN_S, _FAILED_AGAIN_S = 2.0, 300.0  # after which changes are scanned that could not be
_END_S = 2.0


class Watching:
    """A thread that follows the folders as long as somebody wants it.

    Who started the service decides, or else the library's setting, which may change at any time.
    """

    def __init__(self, settings: Settings, library: Library, jobs: Jobs) -> None:
        self._watch, self._library, self._jobs = settings.watch, library, jobs
        self._lock = FileLock(Path(settings.scratch) / "watch.lock", timeout=0)
        self._ending = threading.Event()
        self._off = threading.Event()
        self._thread = threading.Thread(target=self._run, name="segue-watch", daemon=True)

    def start(self) -> None:
        if self._watch is not False:
            self._thread.start()

    @property
    def should_watch(self) -> bool:
        return self._library.settings.load().watch if self._watch is None else self._watch

    def stop(self) -> None:
        self._ending.set()
        self._off.set()

    def close(self) -> None:
        self.stop()
        if self._thread.ident is not None:
            self._thread.join(_END_S)

    # In the thread

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._follow_if_wanted()
                self._ending.wait(_LOOK_EVERY_S)
        finally:
            self._library.close()

    def _follow_if_wanted(self) -> None:
        try:
            if self.should_watch:
                with self._lock:  # this worker alone
                    self._follow()
        except Timeout:
            return
        except Exception:  # the library is gone, say; the service goes on
            traceback.print_exc()
            self._ending.wait(_AGAIN_S)

    def _follow(self) -> None:
        self._off.clear()
        if self._ending.is_set():
            return
        watcher = Watcher(self._library, self._roots, self._scan)
        watcher.start(self._off)
        watcher.run()

    def _roots(self) -> list[str]:
        if not self.should_watch:
            self._off.set()
        return self._library.folders.all()

    def _scan(self, source: ChangedPlaces) -> float:
        """Have a job scan what has changed, unless another process writes; after how long to try again."""
        if self._library.is_being_written():
            return _BUSY_AGAIN_S
        job = queue_changes(self._jobs, self._library, source)
        while job.state not in ENDED:
            if self._ending.wait(_JOB_EVERY_S):
                return 0.0
        return _FAILED_AGAIN_S if job.state == "failed" else 0.0
