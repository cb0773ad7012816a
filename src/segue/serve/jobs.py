"""Long work in a thread, its course in a folder that the workers share: any can tell of it, or stop it."""

from __future__ import annotations

import json
import re
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from segue.errors import SegueError
from segue.files import replacing
from segue.library import Library
from segue.serve.http.errors import ApiError, one_line, without_paths

_EVERY_S = 0.2  # at most so often the course is written, and looked at whether it is to stop
_SHAPE = re.compile("job-[0-9a-f]{16}")
_KEPT = 50
ENDED = frozenset(("done", "failed", "cancelled"))

Report = dict[str, Any]


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
    report: Report | None = None
    created_at: float = field(default_factory=time.time)

    def record(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "created_at"}


class Course:
    """Given to the work: it tells of its course here, and looks whether it is to stop."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job = job
        self.stop = threading.Event()
        self._path = folder / f"{job.id}.json"
        self._flag = folder / f"{job.id}.cancel"
        self._lock = threading.Lock()
        self._started = self._written = time.monotonic()
        self.write()

    def begin(self, total: int | None) -> None:
        self.job.total, self._started = total, time.monotonic()
        self.write()

    def advance(self, done: int, message: str | None = None) -> None:
        """So much is done."""
        with self._lock:
            job, now = self.job, time.monotonic()
            job.done = done
            job.message = job.message if message is None else one_line(message)
            job.rate = round(done / max(1e-3, now - self._started), 2)
            if job.total:
                job.left_s = round((job.total - done) / max(job.rate, 1e-3), 1)
            if now - self._written > _EVERY_S:
                self._write()

    def write(self) -> None:
        with self._lock:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        with replacing(self._path) as part:
            part.write_text(json.dumps(asdict(self.job)), "utf-8")

    def watch(self) -> None:
        """Set ``stop`` once somebody asks for it, until the work has ended."""
        while self.job.state not in ENDED and not self.stop.wait(_EVERY_S):
            if self._flag.exists():
                self.stop.set()


class Cancelled(Exception):  # noqa: N818 - it is no fault
    """Raised by work that was asked to stop and has nothing to keep."""


Work = Callable[[Course], Report]


class Jobs:
    """One thread that does what is asked, one after the other."""

    def __init__(self, folder: Path, library: Library) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._library = folder, library
        self._executor = ThreadPoolExecutor(1, "segue-job")
        self._courses: dict[str, Course] = {}

    def start(self, kind: str, work: Work) -> Job:
        job = Job(f"job-{uuid.uuid4().hex[:16]}", kind)
        course = self._courses[job.id] = Course(job, self._folder)
        threading.Thread(target=course.watch, name="segue-job-watch", daemon=True).start()
        self._executor.submit(self._do, course, work)
        self._forget()
        return job

    def _do(self, course: Course, work: Work) -> None:
        job = course.job
        try:
            if course.stop.is_set():
                raise Cancelled
            job.state = "running"
            course.begin(None)
            report = work(course)
            self._end(course, "cancelled" if course.stop.is_set() else "done", report=report)
        except Cancelled:
            self._end(course, "cancelled")
        except SegueError as error:
            self._end(course, "failed", without_paths(str(error), str(self._library.path)))
        except Exception as error:  # a fault of ours; the service goes on
            traceback.print_exc()
            self._end(course, "failed", f"something broke: {type(error).__name__}; the log says what")
        finally:
            self._courses.pop(job.id, None)

    def _end(self, course: Course, state: str, message: str = "", report: Report | None = None) -> None:
        job = course.job
        job.message, job.report, job.left_s = one_line(message), report, None
        job.state = state
        course.write()

    def get(self, job_id: str) -> Job:
        """A job of any worker.

        Raises
        ------
        ApiError
        """
        if _SHAPE.fullmatch(job_id):
            found = self._read(self._folder / f"{job_id}.json")
            if found:
                return found
        raise ApiError(404, "job_not_found", "no such job")

    def all(self) -> list[Job]:
        """The last ones first."""
        found = [self._read(path) for path in self._folder.glob("job-*.json")]
        return sorted((job for job in found if job), key=lambda job: -job.created_at)

    def cancel(self, job_id: str) -> Job:
        job = self.get(job_id)
        if job.state not in ENDED:
            (self._folder / f"{job_id}.cancel").touch()
            if job_id in self._courses:
                self._courses[job_id].stop.set()
        return job

    def running(self) -> int:
        return len(self._courses)

    def stop(self) -> None:
        for course in list(self._courses.values()):
            course.stop.set()

    def close(self) -> None:
        """Stop everything, and wait for it."""
        self.stop()
        self._executor.submit(self._library.close)
        self._executor.shutdown(wait=True)

    def _read(self, path: Path) -> Job | None:
        try:
            return Job(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError):
            return None

    def _forget(self) -> None:
        for job in self.all()[_KEPT:]:
            if job.state in ENDED:
                for ending in ("json", "cancel"):
                    (self._folder / f"{job.id}.{ending}").unlink(missing_ok=True)
