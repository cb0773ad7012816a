"""A source's records to the catalog: read and cleaned by one thread while another one writes."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from segue.catalog import Catalog, Failure, Writer
from segue.catalog.upsert import SeenKeys
from segue.errors import LibraryWriteError, SegueError
from segue.garbage_collection import infrequent_gc
from segue.ingest.cancel import cancellable
from segue.ingest.report import Report
from segue.progress import Progress
from segue.sources.contract import BATCH, ImportBatch, RecordSource, vector_faults, without_records
from segue.spec import SpaceSettings

AHEAD = 4  # batches that wait to be written
LEAVE_S = 1.0  # that a source has to end its reading
COMMIT_S = 10.0  # a kill loses this much work at the most
COMMIT_RECORDS = 400_000
DEAD_SHARE = 0.25  # rows that changed records left behind; more are swept out afterwards


class Import:
    """One run over a source; ``run`` does it."""

    def __init__(self, catalog: Catalog, writer: Writer, source: RecordSource, progress: Progress) -> None:
        self._catalog = catalog
        self._writer = writer
        self._source = source
        self._progress = progress
        self._report = Report("import", source.name)
        self._seen = SeenKeys()
        self._settings: dict[str, SpaceSettings] = {}  # by the names of the spaces
        self._stop = threading.Event()
        self._started = time.monotonic()

    def run(self, stop: threading.Event | None = None) -> Report:
        """Bring the catalog up to date with the source; what is committed stays if it is stopped."""
        self._started = time.monotonic()
        source = self._source
        for space in source.spaces():
            self._writer.add_space(space.spec, space.dimensions, space.settings)
            self._settings[space.spec.space] = space.settings
        self._progress.begin(source.total, source.unit)
        with cancellable(stop, self._report.note_signal) as self._stop, infrequent_gc():
            self._write(Ahead(source, self._stop))
        self._report.interrupted = self._stop.is_set()
        if not self._report.interrupted:
            self._finish()
        self._keep_failures()
        self._report.elapsed_s = time.monotonic() - self._started
        report = self._report.as_record()
        self._writer.record_import(source.name, source.kind, source.location, report)
        return self._report

    def _write(self, ahead: Ahead) -> None:
        """Put batches, several in one transaction: indexes over ids cost by the transaction."""
        batches = iter(ahead)
        while not self._stop.is_set():
            fault: Exception | None = None
            with self._writer.batch():
                try:
                    ended = not self._put_some(batches, ahead.is_behind)
                except LibraryWriteError:
                    raise
                except SegueError as error:  # the source's; what was read before it is kept
                    ended, fault = True, error
                self._progress.note("writing to disk")
            self._progress.note("")
            if fault is not None:
                raise fault
            if ended:
                return

    def _put_some(self, batches: Iterator[ImportBatch], is_behind: Callable[[], bool]) -> bool:
        """Put batches until a commit is due; whether there may be more."""
        began, records = time.monotonic(), 0
        for batch in batches:
            self._put(batch)
            if is_behind():  # what would be done at the end is done instead of waiting
                self._writer.index_words(BATCH)
            records += len(batch.ids)
            if self._stop.is_set() or records >= COMMIT_RECORDS or time.monotonic() - began > COMMIT_S:
                return True
        return False

    def _put(self, batch: ImportBatch) -> None:
        batch = without_faults(batch, self._settings)
        placed = self._writer.upsert(batch, self._seen)
        report = self._report
        report.added += len(placed.added)
        report.changed += len(placed.changed)
        report.unchanged += placed.unchanged
        report.fail(batch.problems)
        for name, n in {**batch.cleaning, "id that came before, left out": placed.duplicates}.items():
            if n:
                report.cleaning[name] = report.cleaning.get(name, 0) + n
        rate = report.total / max(1e-3, time.monotonic() - self._started)
        self._progress.advance(batch.done, f"{report.total} records, {rate:.0f}/s")

    def _finish(self) -> None:
        """After the whole source: what it names no more."""
        source, report = self._source, self._report
        if source.whole:
            keys = self._writer.keys_of_source(source.name)
            gone = keys[~self._seen.has(keys)]
            self._writer.mark_missing(gone.tolist())
            report.newly_missing = len(gone)
        rows = len(self._catalog.snapshot().keys)
        if rows - len(self._catalog.tracks) > DEAD_SHARE * rows:
            self._writer.compact()

    def _keep_failures(self) -> None:
        """In place of those before; beside them where the rest of the source was not looked at."""
        prefix = f"{self._source.name}:"
        if not self._report.interrupted:
            old = [failure.path for failure in self._catalog.failures() if failure.path.startswith(prefix)]
            self._writer.forget_failures(old)
        self._writer.fail(Failure(prefix + p.where, p.kind, p.reason) for p in self._report.failures)


def without_faults(batch: ImportBatch, settings: Mapping[str, SpaceSettings]) -> ImportBatch:
    """A batch without the records whose vectors nothing can be compared with; they become its problems."""
    faults: dict[int, str] = {}
    for space, rows in batch.spaces.items():
        if space in settings:
            space_faults = vector_faults(rows.pooled, settings[space], holes=True)
            faults |= {i: f"its vector in {space} {fault}" for i, fault in space_faults.items()}
    return without_records(batch, faults) if faults else batch


class Ahead:
    """The source's batches, read by a thread that stays a little ahead; to be gone through once."""

    def __init__(self, source: RecordSource, stop: threading.Event) -> None:
        self._source = source
        self._stop = stop
        self._left = threading.Event()  # nobody takes any more
        self._ready: queue.Queue[ImportBatch | BaseException | None] = queue.Queue(AHEAD)

    def is_behind(self) -> bool:
        """Whether the next batch has to be waited for."""
        return self._ready.empty()

    def __iter__(self) -> Iterator[ImportBatch]:
        thread = threading.Thread(target=self._read, name="segue-import", daemon=True)
        thread.start()
        try:
            while not self._stop.is_set():
                try:
                    item = self._ready.get(timeout=0.1)
                except queue.Empty:
                    continue
                if isinstance(item, BaseException):
                    raise item
                if item is None:
                    return
                yield item
        finally:
            self._left.set()
            thread.join(LEAVE_S)  # a source may be in the middle of a long read, which nobody waits for

    def _read(self) -> None:
        try:
            for batch in self._source.batches():
                if not self._put(batch):
                    return
            self._put(None)
        except BaseException as error:  # to be raised where it is waited for
            self._put(error)

    def _put(self, item: ImportBatch | BaseException | None) -> bool:
        while not (self._stop.is_set() or self._left.is_set()):
            try:
                self._ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False
