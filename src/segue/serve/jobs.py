"""Jobs: long work in a thread, with files in a folder that all workers share: each can show or stop them."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from segue.errors import SegueError
from segue.files import replacing
from segue.library import Library
from segue.serve.http.errors import ApiError, one_line, without_paths

_EVERY_S = 0.2  # the progress is written so often, and a request to stop is looked for
_SHAPE = re.compile("job-[0-9a-f]{16}")
_KEPT = 50
_PATIENCE_S = 10.0  # for a job that was asked to stop
ENDED = frozenset(("done", "failed", "cancelled"))

Result = dict[str, Any]


@dataclass(slots=True)
class Job:
    """What is being done, and how far it is."""

    id: str
    kind: str
    state: str = "queued"
    done: int = 0
    total: int | None = None
    rate: float | None = None  # a second
    left_s: float | None = None
    message: str = ""
    report: Result | None = None
    created_at: float = field(default_factory=time.time)

    def record(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "created_at"}


class JobProgress:
    """A ``segue.progress.Progress`` that keeps a job's file up to date; ``stop`` asks the work to end."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job = job
        self.stop = threading.Event()
        self._path = folder / f"{job.id}.json"
        self._flag = folder / f"{job.id}.cancel"
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._changed = False
        self.write()

    def begin(self, total: int | None, unit: str = "") -> None:
        self._started = time.monotonic()
        self.job.total, self.job.done, self.job.rate, self.job.left_s = total, 0, None, None
        self.write()

    def note(self, text: str) -> None:
        with self._lock:
            self.job.message = one_line(text)
            self._changed = True

    def advance(self, done: int, tally: str = "") -> None:
        with self._lock:
            job = self.job
            job.done = done
            job.rate = round(done / max(1e-3, time.monotonic() - self._started), 2)
            if job.total:
                job.left_s = round((job.total - done) / max(job.rate, 1e-3), 1)
            self._changed = True

    def raise_if_cancelled(self) -> None:
        """For work that has nothing to keep.

        Raises
        ------
        Cancelled
        """
        if self.stop.is_set():
            raise Cancelled

    def write(self) -> None:
        with self._lock:
            self._write()

    def _write(self) -> None:
        self._changed = False
        with replacing(self._path) as part:
            part.write_text(json.dumps(asdict(self.job)), "utf-8")

    def watch(self) -> None:
        """Keep the file up to date, and set ``stop`` once somebody asks for it, until the work has ended."""
        while self.job.state not in ENDED and not self.stop.wait(_EVERY_S):
            with self._lock, contextlib.suppress(OSError):  # a full disk; the work itself will say so
                if self._changed:
                    self._write()
            if self._flag.exists():
                self.stop.set()


class Cancellable:
    """A job's progress for work that keeps nothing when it is cancelled: then ``advance`` ends it."""

    def __init__(self, progress: JobProgress) -> None:
        self._progress = progress
        self.begin, self.note = progress.begin, progress.note

    def advance(self, done: int, tally: str = "") -> None:
        self._progress.raise_if_cancelled()
        self._progress.advance(done, tally)


class Cancelled(Exception):  # noqa: N818 - it is no fault
    """Raised by work that was asked to stop and has nothing to keep."""


Work = Callable[[JobProgress], Result]


class Jobs:
    """One thread that does what is asked, one after the other."""

    def __init__(self, folder: Path, library: Library) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._library = folder, library
        self._executor = ThreadPoolExecutor(1, "segue-job")
        self._running: dict[str, JobProgress] = {}

    def start(self, kind: str, work: Work) -> Job:
        job = Job(f"job-{uuid.uuid4().hex[:16]}", kind)
        progress = self._running[job.id] = JobProgress(job, self._folder)
        threading.Thread(target=progress.watch, name="segue-job-watch", daemon=True).start()
        self._executor.submit(self._do, progress, work)
        self._forget()
        return job

    def _do(self, progress: JobProgress, work: Work) -> None:
        job = progress.job
        try:
            progress.raise_if_cancelled()
            job.state = "running"
            progress.begin(None)
            report = work(progress)
            self._end(progress, "cancelled" if progress.stop.is_set() else "done", report=report)
        except Cancelled:
            self._end(progress, "cancelled")
        except SegueError as error:
            self._end(progress, "failed", without_paths(str(error), str(self._library.path)))
        except Exception as error:  # a fault of ours; the service goes on
            traceback.print_exc()
            self._end(
                progress,
                "failed",
                f"internal error: {type(error).__name__}; the service's log has the details",
            )
        finally:
            self._running.pop(job.id, None)

    def _end(
        self, progress: JobProgress, state: str, message: str = "", report: Result | None = None
    ) -> None:
        job = progress.job
        job.message, job.report, job.left_s = one_line(message), report, None
        job.state = state
        progress.write()

    def get(self, job_id: str) -> Job:
        """A job of any worker.

        Raises
        ------
        ApiError
        """
        job = self.read(job_id)
        if job and not self._is_deleted(job_id):
            return job
        raise ApiError(404, "job_not_found", "no such job")

    def read(self, job_id: str) -> Job | None:
        """The same, also where it was deleted a moment ago."""
        return _read(self._folder / f"{job_id}.json") if _SHAPE.fullmatch(job_id) else None

    def all(self) -> list[Job]:
        """The last ones first."""
        return [job for job in self._read_all() if not self._is_deleted(job.id)]

    def _read_all(self) -> list[Job]:
        jobs = [_read(path) for path in self._folder.glob("job-*.json")]
        return sorted((job for job in jobs if job), key=lambda job: -job.created_at)

    def _is_deleted(self, job_id: str) -> bool:
        return (self._folder / f"{job_id}.deleted").exists()

    def delete(self, job_id: str) -> Job:
        """Cancel a job and forget it; who watches it sees it end.

        Raises
        ------
        ApiError
        """
        job = self.cancel(job_id)
        (self._folder / f"{job_id}.deleted").touch()
        return job

    def cancel(self, job_id: str) -> Job:
        job = self.get(job_id)
        if job.state not in ENDED:
            (self._folder / f"{job_id}.cancel").touch()
            if job_id in self._running:
                self._running[job_id].stop.set()
        return job

    def running(self) -> int:
        return len(self._running)

    def stop(self) -> None:
        for progress in list(self._running.values()):
            progress.stop.set()

    def close(self) -> bool:
        """Stop everything, and wait for it; whether it has ended in time."""
        self.stop()
        unfinished = wait([self._executor.submit(self._library.close)], _PATIENCE_S).not_done
        self._executor.shutdown(wait=not unfinished, cancel_futures=True)
        return not unfinished

    def _forget(self) -> None:
        for job in self._read_all()[_KEPT:]:
            if job.state in ENDED:
                for ending in ("json", "cancel", "deleted"):
                    (self._folder / f"{job.id}.{ending}").unlink(missing_ok=True)


def _read(path: Path) -> Job | None:
    try:
        return Job(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return None
