"""Files of audio to the catalog: hashed, decoded and embedded by threads, committed in batches."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from threadpoolctl import threadpool_limits

from segue.audio.isolated import refuse_crashing
from segue.audio.limits import DecodingStoppedError
from segue.catalog import AnalyzedFile, Catalog, Failure, FileState, SeenFile, Writer
from segue.errors import WeightsError
from segue.ingest.absence import absence, is_below_any, is_nowhere
from segue.ingest.analysis import analyze, failure_of
from segue.ingest.cancel import cancellable
from segue.ingest.in_progress import FilesInProgress
from segue.ingest.recognition import KnownFiles, keys_lacking, state_of
from segue.ingest.report import Report
from segue.ingest.reuse import Reuse, Reused
from segue.progress import Progress
from segue.sources.contract import AudioFile, AudioListing, AudioSource, FileHashes, Problem
from segue.sources.cue_sheets import note_on
from segue.spec import Embedder
from segue.texts import count
from segue.track import readable

AHEAD = 4  # files a thread that may wait for one slow file before them
BATCH_TRACKS = 64
DEAD_SHARE = 0.25  # rows that changed tracks left behind; more are swept out after a scan
_NAMED = 5  # names of what was left out, in a report
BATCH_S = 5.0  # a kill loses this much work at the most
LOOK_S = 0.1  # between looks at whether to stop, while a file is waited for
GRACE_S = 0.3  # that files have to end once the scan is asked to stop; others are given up


@dataclass(frozen=True, slots=True)
class _Linked:
    """A file that is there under another path, which is known."""

    path: str


_Outcome = AnalyzedFile | SeenFile | Failure | _Linked | Reused


class Scan:
    """One run over a source of audio; ``run`` does it.

    The threads share nothing but the files that were known before, and who claimed which of them.
    """

    def __init__(
        self,
        catalog: Catalog,
        writer: Writer,
        source: AudioSource,
        embedders: Sequence[Embedder],
        progress: Progress,
    ) -> None:
        self._source = source
        self._catalog = catalog
        self._writer = writer
        self._embedders = embedders
        self._progress = progress
        self._tracks = KnownFiles(catalog.known_files().values())
        keys = {track.key for track in self._tracks.by_path.values()}
        self._lacking = keys_lacking(catalog.snapshot(), embedders, keys)
        self._failed = {failure.path: failure for failure in catalog.failures()}
        self._retry = False
        self._reuse = Reuse(catalog.root, source, self._tracks, self._lacking, embedders)
        self._in_progress = FilesInProgress(catalog.root)
        self._stop = threading.Event()
        self._report = Report(name=source.name)
        self._done = 0  # files
        self._outcomes: list[_Outcome] = []
        self._states: list[tuple[int, FileState]] = []  # of files that are as they were
        self._links: list[str] = []
        self._full = False
        self._started = self._committed_at = time.monotonic()

    def run(
        self,
        *,
        jobs: int | None = None,
        retry: bool = False,
        full: bool = False,
        stop: threading.Event | None = None,
    ) -> Report:
        """Bring the catalog up to date with the source; what is committed stays if it is stopped."""
        started = time.monotonic()
        self._full, self._retry = full, retry
        listing = self._source.tracks()
        for problem in listing.problems:
            if not (problem.where in listing.roots and self._is_away(problem.where)):
                self._fail(Failure(problem.where, problem.kind, problem.reason))
        self._note_left_out(listing.left_out)
        todo = self._news(listing.files, retry=retry, full=full)
        note = note_on(listing.cue_sheets, [file.path for file in todo])
        self._report.notes += [note] if note else []
        self._progress.begin(len(todo), "files")
        self._started = time.monotonic()
        with cancellable(stop, self._report.note_signal) as self._stop:
            try:
                self._work(todo, jobs or os.cpu_count() or 1)
            except WeightsError:
                self._commit()
                raise
            self._progress.note("writing to disk")
            self._commit()
            self._catalog.folders.note(self._source.folders)
            if not self._stop.is_set():
                self._mark_missing(listing)
                self._compact_if_due()
        self._in_progress.close()
        self._report.interrupted = self._stop.is_set()
        self._report.elapsed_s = time.monotonic() - started
        return self._report

    def _is_away(self, root: str) -> bool:
        """Whether a folder that is not there had tracks."""
        return is_nowhere(root) and any(
            path != root and is_below_any(path, [root]) for path in self._tracks.by_path
        )

    def _note_left_out(self, paths: Mapping[str, str]) -> None:
        self._report.left_out = len(paths)
        self._report.left_out_by = Counter(paths.values())
        names = Counter(readable(Path(path).name) for path in paths)
        if names:
            listed = [f"{name} ({n} times)" if n > 1 else name for name, n in names.most_common(_NAMED)]
            rest = [f"{len(names) - _NAMED} other names"] if len(names) > _NAMED else []
            self._report.notes.append(f"left out: {', '.join([*listed, *rest])}")

    def _news(self, files: Sequence[AudioFile], *, retry: bool, full: bool) -> list[AudioFile]:
        """The files that must be looked at; what is known without opening a file is counted."""
        news = self._tracks.news(files, self._failed, self._lacking, retry=retry, full=full)
        for track, state in news.restated:
            if track.missing:
                self._report.count("found_again", [track.path])
                self._outcomes.append(SeenFile(track, track.path, state))
            else:
                self._states.append((track.key, state))
        self._outcomes += [
            SeenFile(track, file.path, state_of(file, track.state)) for track, file in news.renamed
        ]
        self._report.unchanged += news.unchanged
        self._report.count("moved", [file.path for _, file in news.renamed])
        self._report.links += len(news.links)
        self._report.still_failing += news.still_failing
        self._links += news.links
        paths = self._tracks.find_renamed(news.todo, self._source.hashes)
        if paths:
            self._writer.rename(paths)
        return news.todo

    def _work(self, todo: Sequence[AudioFile], jobs: int) -> None:
        """Look at files with ``jobs`` threads; outcomes are taken in the order of the files."""
        pending: deque[Future[_Outcome]] = deque()
        files = iter(todo)
        # One BLAS thread a worker: more would fight over the same cores.
        with threadpool_limits(1, "blas"):
            pool = ThreadPoolExecutor(jobs, "segue-scan")
            try:
                while not self._stop.is_set():
                    ahead = islice(files, AHEAD * jobs - len(pending))
                    pending.extend(pool.submit(self._look, file) for file in ahead)
                    if not pending:
                        return
                    if wait(list(pending)[:1], LOOK_S).done and not self._stop.is_set():
                        self._collect(pending.popleft().result())
                        self._commit_if_due()
            finally:
                pool.shutdown(wait=not self._stop.is_set(), cancel_futures=True)
            self._collect_finished(pending)

    def _collect_finished(self, pending: Iterable[Future[_Outcome]]) -> None:
        """After a stop: what is finished by now, or soon; the threads give up the rest on their own."""
        running = [future for future in pending if not future.cancelled()]
        finished = wait(running, GRACE_S).done
        for future in running:
            if future in finished and not isinstance(future.exception(), DecodingStoppedError):
                self._collect(future.result())

    def _collect(self, outcome: _Outcome) -> None:
        if isinstance(outcome, Failure):
            self._fail(outcome)
        else:
            self._outcomes.append(outcome)
            self._count(outcome)
        self._advance()

    def _count(self, outcome: AnalyzedFile | SeenFile | _Linked | Reused) -> None:
        report = self._report
        if isinstance(outcome, AnalyzedFile):
            track = self._tracks.by_path.get(outcome.path)
            same = track is not None and track.state.content_hash == outcome.state.content_hash
            new = "added" if outcome.id is None else "returned"
            report.count(new if track is None else "completed" if same else "changed", [outcome.path])
            report.warnings += outcome.warning is not None
            report.audio_s += outcome.duration_s
        elif isinstance(outcome, SeenFile):
            moved = outcome.track.path != outcome.path
            tagged = outcome.state.content_hash != outcome.track.state.content_hash
            report.count("moved" if moved else "retagged" if tagged else "unchanged", [outcome.path])
            if outcome.track.missing and not tagged and not moved:
                report.count("found_again", [outcome.path])
        elif isinstance(outcome, _Linked):
            report.links += 1
        else:
            new = "added" if outcome.entry is None else "returned"
            track = self._tracks.by_path.get(outcome.file.path)
            report.count(new if track is None else "changed", [outcome.file.path])

    def _fail(self, failure: Failure) -> None:
        before = self._failed.get(failure.path)
        if before and not self._retry and replace(before, failed_at=0.0, dismissed=False) == failure:
            self._report.still_failing += 1
            return
        self._report.fail([Problem(failure.path, failure.reason, failure.kind)])
        self._outcomes.append(failure)

    def _advance(self) -> None:
        self._done += 1
        speed = self._report.audio_s / max(1e-3, time.monotonic() - self._started)
        tally = [f"{speed:.0f}x real time"] if self._report.audio_s else []
        tally += [f"{self._report.failed} failed"] if self._report.failed else []
        self._progress.advance(self._done, ", ".join(tally))

    def _commit_if_due(self) -> None:
        due = time.monotonic() - self._committed_at > BATCH_S
        if len(self._outcomes) >= BATCH_TRACKS or (due and self._outcomes):
            self._commit()

    def _commit(self) -> None:
        """Write what was found out since the last commit."""
        outcomes, self._outcomes = self._outcomes, []
        self._committed_at = time.monotonic()
        files = [self._with_vectors(o) for o in outcomes if isinstance(o, AnalyzedFile | Reused)]
        self._writer.append(files)
        self._writer.touch([o for o in outcomes if isinstance(o, SeenFile)])
        states, self._states = self._states, []
        self._writer.put_states(states)
        self._writer.fail(o for o in outcomes if isinstance(o, Failure))

        self._reuse.forget(files)

    def _with_vectors(self, outcome: AnalyzedFile | Reused) -> AnalyzedFile:
        if isinstance(outcome, AnalyzedFile):
            return outcome
        return self._reuse.analyzed_file(outcome, self._writer) or self._embed(outcome.file, outcome.state)

    # In the threads

    def _look(self, file: AudioFile) -> _Outcome:
        """What became of one file; every fault of the file itself is a ``Failure``."""
        self._progress.note(readable(Path(file.path).name))
        with self._in_progress.working_on(file.path):
            try:
                hashes = self._source.hashes(file)
                outcome = self._recognize(file, hashes) or self._reuse.find(file, hashes)
                return outcome or self._reuse.with_id(self._embed(file, state_of(file, hashes)), hashes)
            except Exception as error:
                return failure_of(file, error)

    def _recognize(self, file: AudioFile, hashes: FileHashes) -> SeenFile | _Linked | None:
        """The known track with this audio: at this path, or at one where its file is no more."""
        track = self._tracks.by_path.get(file.path)
        if track:
            if not self._tracks.same_audio(track, hashes) or track.key in self._lacking:
                return None
        elif self._tracks.find_linked(file, hashes):
            return _Linked(file.path)
        else:
            track = self._tracks.claim_moved(hashes)
        if track is None:
            return None
        same = hashes.file == track.state.content_hash
        # A library of an older Segue knows the audio of no file, and fewer tags than this one reads.
        has_tags = same and track.state.audio_hash and not self._full
        tags = None if has_tags else self._source.read_tags(file)
        return SeenFile(track, file.path, state_of(file, hashes), tags)

    def _embed(self, file: AudioFile, state: FileState) -> AnalyzedFile:
        embedders = self._embedders
        here = self._tracks.by_path.get(file.path)
        if here and self._tracks.same_audio(here, FileHashes(state.content_hash, state.audio_hash)):
            lacking = self._lacking.get(here.key, set())
            embedders = [embedder for embedder in embedders if embedder.spec.space in lacking]
        if file.path in self._in_progress.suspects:
            refuse_crashing(file.path, self._stop)
        return analyze(self._source, file, state, embedders, self._stop)

    # After the files

    def _compact_if_due(self) -> None:
        rows = len(self._catalog.snapshot().keys)
        if rows - len(self._catalog.tracks) > max(BATCH_TRACKS, DEAD_SHARE * rows):
            self._writer.compact()

    def _mark_missing(self, listing: AudioListing) -> None:
        """Tracks below the source's roots that are no longer there; what could not be read may be."""
        absent = absence(
            self._tracks.by_path, listing, self._links, self._tracks.claimed, self._catalog.folders.all()
        )
        self._writer.mark_missing(track.key for track in [*absent.gone, *(one for one, _ in absent.away)])
        self._writer.mark_away((track.key, place) for track, place in absent.away)
        self._writer.mark_lost(track.key for track in absent.lost)
        report, places = self._report, absent.places()
        report.count("newly_missing", [track.path for track in [*absent.gone, *absent.lost]])
        report.count("newly_away", [track.path for track, _ in absent.away])
        report.away = places.total()
        report.notes += [
            f"nothing is left of the {count(n, 'track')} in {readable(place)}: is it mounted? "
            "They are kept, and back with the next scan that finds them"
            for place, n in sorted(places.items())
        ]
        present = listing.others.union((file.path for file in listing.files), self._links)
        unreadable = [problem.where for problem in listing.problems if not is_nowhere(problem.where)]
        forgotten = [
            failure.path
            for failure in self._failed.values()
            if failure.path not in present
            and failure.path not in unreadable
            and is_below_any(failure.path, listing.roots)
            and not is_below_any(failure.path, places)
        ]
        self._writer.forget_failures(forgotten)
