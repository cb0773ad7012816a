"""Several processes and threads at one library: writers take turns, readers are never led astray."""

from __future__ import annotations

import itertools
import random
import threading
import time

import numpy as np
import pytest
from mutagen.id3 import TIT2
from mutagen.wave import WAVE

import segue.ingest.audio
from segue.embed.descriptors import Descriptors
from segue.errors import LibraryBusyError
from segue.library import Library
from segue.progress import Silent
from tests.sounds import (
    assert_rows_are_tracks,
    clip,
    clip_fixtures,
    clips,
    embeddings_of,
    new_barrier,
    new_event,
    start,
)
from tests.waiting import PATIENCE_S

N_FILES = 24
ENOUGH = 20  # looks of a reader while others write


music, embeddings = clip_fixtures(N_FILES)


class Waiting(Silent):
    """Tells when a scan holds the library, and has it go on when it may."""

    def __init__(self, send, may_go_on):
        self._send = send
        self._may_go_on = may_go_on

    def begin(self, total, unit):
        self._send(("writing", total))
        assert self._may_go_on.wait(PATIENCE_S)


def scan_when_told(send, folder, library_path, may_go_on):
    with Library.open(library_path, create=True) as library:
        report = library.scan(folder, progress=Waiting(send, may_go_on), jobs=2)
    send((report.added, report.unchanged, report.exit_code))


@pytest.mark.slow
def test_a_second_writer_that_does_not_wait_gets_an_error(music, embeddings, tmp_path):
    may_go_on = new_event()
    process, receiver = start(scan_when_told, music, tmp_path / "library", may_go_on)
    assert receiver.recv() == ("writing", N_FILES)
    with Library.open(tmp_path / "library") as library:
        with pytest.raises(LibraryBusyError, match="another Segue is writing"):
            library.scan(music, wait_s=0)
        with pytest.raises(LibraryBusyError):
            library.prune(wait_s=0)
        started = time.monotonic()
        with pytest.raises(LibraryBusyError):
            library.scan(music, wait_s=0.3)
        assert time.monotonic() - started > 0.25
        may_go_on.set()
        assert receiver.recv() == (N_FILES, 0, 0)
        process.join()
        assert_rows_are_tracks(library, embeddings)


@pytest.mark.slow
def test_a_second_writer_waits_for_the_first_and_says_so_once(music, tmp_path):
    other = tmp_path / "other"
    clips(other, 8, first_hz=2_000)
    may_go_on = new_event()
    process, receiver = start(scan_when_told, music, tmp_path / "library", may_go_on)
    assert receiver.recv() == ("writing", N_FILES)
    waits = []

    def wait():
        waits.append("waiting")
        may_go_on.set()

    with Library.open(tmp_path / "library") as library:
        report = library.scan(other, on_wait=wait)
        assert receiver.recv() == (N_FILES, 0, 0)
        process.join()
        assert waits == ["waiting"]
        assert (report.added, report.exit_code) == (8, 0)
        assert len(library) == N_FILES + 8
        assert_rows_are_tracks(library, embeddings_of(music) | embeddings_of(other))


def test_a_writer_that_need_not_wait_does_not_say_so(music, tmp_path):
    waits = []
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(music, on_wait=lambda: waits.append("waiting"))
    assert waits == []


def test_a_killed_writer_leaves_no_lock_behind(music, tmp_path):
    never = new_event()  # it lives as long as this name
    process, receiver = start(scan_when_told, music, tmp_path / "library", never)
    assert receiver.recv() == ("writing", N_FILES)
    process.kill()
    process.join()
    with Library.open(tmp_path / "library") as library:
        assert library.scan(music, wait_s=0).added == N_FILES


@pytest.mark.slow
def test_two_processes_that_scan_one_folder_at_once_add_each_file_once(music, embeddings, tmp_path):
    for i in range(4):  # the race to make the library is won by either
        library_path = tmp_path / f"library {i}"
        may_go_on = new_event()
        may_go_on.set()
        running = [start(scan_when_told, music, library_path, may_go_on) for _ in range(2)]
        told = []
        for process, receiver in running:
            assert receiver.recv()[0] == "writing"
            told.append(receiver.recv())
            process.join()
        assert sorted(told) == [(0, N_FILES, 0), (N_FILES, 0, 0)]
        with Library.open(library_path) as library:
            assert len(library) == N_FILES
            assert_rows_are_tracks(library, embeddings)


def make_many(send, folder, barrier):
    """Make libraries in step with another process."""
    for i in range(30):
        barrier.wait(PATIENCE_S)
        Library.open(folder / str(i), create=True).close()
    send("done")


@pytest.mark.slow
def test_two_processes_that_make_one_library_at_once_both_have_it(tmp_path):
    barrier = new_barrier(2)
    running = [start(make_many, tmp_path, barrier) for _ in range(2)]
    for process, receiver in running:
        assert receiver.recv() == "done"
        process.join()


# Readers

PAIRS = 8


def disturb(library, pairs, passing, i):
    """Change tags, so that tracks move to other rows, and add and take away others."""
    for path in sorted(pairs.iterdir())[i % 2 :: 2]:
        tags = WAVE(path)
        if tags.tags is None:
            tags.add_tags()
        tags.tags.add(TIT2(encoding=3, text=f"{path.stem} of round {i}"))
        tags.save()
    for path in clips(passing, 6 + i % 5, first_hz=3_000):
        if (int(path.stem) + i) % 3 == 0:
            path.unlink()
    library.scan([passing, pairs])
    library.prune()


def disturb_all_the_time(send, pairs, passing, library_path, rounds):
    """At least so many rounds, and until the file ``enough`` is there."""
    segue.ingest.audio.BATCH_TRACKS = 3
    send("begun")
    with Library.open(library_path) as library:
        for i in itertools.count():
            if i >= rounds and (library_path / "enough").exists():
                break
            disturb(library, pairs, passing, i)
    send("done")


def wrong_vectors(library, known, twins):
    """What a reader sees that cannot be: tracks with the vectors of others, or none."""
    ids, vectors = library.vectors()
    faults = ["a track twice"] * (len(set(ids)) < len(ids))
    faults += [f"{track_id} is gone" for track_id in set(twins) - set(ids)]
    return faults + [
        f"{track_id} has the vector of another"
        for track_id, vector in zip(ids, vectors, strict=True)
        if not np.array_equal(vector, known[track_id])
    ]


def wrong_neighbors(library, known, twins):
    """What a reader is told that cannot be: another nearest track than the twin."""
    seed, twin = random.choice(list(twins.items()))
    nearest = library.similar(library[seed], k=1).matches[0].track
    return [] if nearest.id == twin else [f"{seed} is nearest to {nearest.display_name}"]


def look_all_the_time(send, look, library_path, known, twins):
    """All that ``look`` finds wrong until the file ``stop`` is there; ``enough`` is told of some looks."""
    faults = []
    with Library.open(library_path) as library:
        for n in itertools.count(1):
            faults += look(library, known, twins)
            if n == ENOUGH:
                send("enough")
            if (library_path / "stop").exists():
                break
    send(faults)


@pytest.fixture
def staged(tmp_path):
    """A library of sounds that are two by two alike, among others that come and go.

    Returns
    -------
    path of the library, folder of the pairs, folder of the others,
    id to vector of all that may come, id to the id of its twin
    """
    pairs, passing = tmp_path / "pairs", tmp_path / "passing"
    pairs.mkdir()
    for i in range(PAIRS):
        for j in range(2):
            clip(pairs / f"{i} {j}.wav", 200 * 1.4**i + j / 8)
    clips(passing, 10, first_hz=3_000)
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan([passing, pairs])
        ids = {track.content_hash: track.id for track in library}
        stems = {track.title: track.id for track in library}
    embeddings = embeddings_of(pairs) | embeddings_of(passing)
    known = {ids[content]: embedding.pooled for content, embedding in embeddings.items()}
    twins = {stems[f"{i} {j}"]: stems[f"{i} {1 - j}"] for i in range(PAIRS) for j in range(2)}
    return tmp_path / "library", pairs, passing, known, twins


def test_a_reader_alone_sees_each_track_with_its_vector_and_next_to_its_twin(staged):
    library_path, pairs, passing, known, twins = staged
    swapped = dict(zip(twins, reversed(twins.values()), strict=True))
    with Library.open(library_path) as library:
        for i in range(3):
            assert wrong_vectors(library, known, twins) == []
            for _ in range(10):
                assert wrong_neighbors(library, known, twins) == []
                assert wrong_neighbors(library, known, swapped) != []
            disturb(library, pairs, passing, i)


@pytest.mark.slow
@pytest.mark.parametrize("look", [wrong_vectors, wrong_neighbors])
def test_a_process_that_reads_while_another_writes_and_prunes_is_never_led_astray(look, staged):
    library_path, pairs, passing, known, twins = staged
    writer, told = start(disturb_all_the_time, pairs, passing, library_path, 10)
    assert told.recv() == "begun"
    reader, heard = start(look_all_the_time, look, library_path, known, twins)
    assert heard.recv() == "enough"
    (library_path / "enough").touch()
    assert told.recv() == "done"
    (library_path / "stop").touch()
    assert heard.recv() == []
    writer.join()
    reader.join()


@pytest.mark.slow
def test_threads_that_read_one_library_while_it_is_written_are_never_led_astray(staged):
    library_path, pairs, passing, known, twins = staged
    found, stop = [], threading.Event()
    with Library.open(library_path) as library:

        def read(look):
            while not stop.is_set():
                try:
                    found.append(look(library, known, twins))
                except Exception as error:  # a thread's error would be lost
                    found.append([repr(error)])
            library.close()

        threads = [threading.Thread(target=read, args=[look]) for look in (wrong_vectors, wrong_neighbors)]
        for thread in threads:
            thread.start()
        for i in itertools.count():
            if i >= 5 and len(found) >= ENOUGH:
                break
            disturb(library, pairs, passing, i)
        stop.set()
        for thread in threads:
            thread.join()
    assert [faults for faults in found if faults] == []


def prune_over_and_over(send, library_path, n, enough=None):
    """At least n times, and until the file ``enough`` is there, where one is named."""
    with Library.open(library_path) as library:
        for i in itertools.count():
            if i >= n and (enough is None or enough.exists()):
                break
            library.prune()
    send("done")


def test_a_snapshot_stays_true_while_the_library_is_pruned(music, embeddings, tmp_path):
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(music)
        before = library.snapshot()
        space = before.spaces[Descriptors().spec.space]
        copies = np.array(space.vectors), np.array(space.windows)
        process, receiver = start(prune_over_and_over, tmp_path / "library", 5)
        assert receiver.recv() == "done"
        process.join()
        assert np.array_equal(space.vectors, copies[0])
        assert np.array_equal(space.windows, copies[1])
        assert library.snapshot().stamp != before.stamp
        assert_rows_are_tracks(library, embeddings)


@pytest.mark.slow
def test_a_reader_opens_a_library_that_is_being_pruned_all_the_time(music, embeddings, tmp_path):
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(music)
    enough = tmp_path / "enough"
    process, receiver = start(prune_over_and_over, tmp_path / "library", 30, enough)
    for n in itertools.count(1):
        with Library.open(tmp_path / "library") as library:
            assert len(library.vectors()[0]) == N_FILES
        if n == ENOUGH:
            enough.touch()
        if receiver.poll():
            break
    assert receiver.recv() == "done"
    process.join()
