"""What is left when any command that writes is killed? Kills at random moments, and what each leaves.

Each operation starts from the same folder. It is first run to its end, which gives its length and its right
result. Then, again and again, it is killed (SIGKILL) at a random moment within that length; the library that
is left is checked as ``segue check`` does, each vector is compared with those of the track before and after
the operation, and the operation is run to its end. Then all must be as if nothing had happened: the same
tracks, vectors, playlists, opinions and groups, and no file of a kind that an undisturbed run does not leave.

With --clock, the clock jumps by up to a year before the kill; with --pause, the process
is stopped (SIGSTOP) for a while, instead of killed, and another writer tries to get in.

Needs a system with fork. Usage: python -m benchmarks.kills [--kills N] [--only NAME] [--clock] [--pause]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import segue.audio.sndfile
import segue.ingest.audio
import segue.ingest.records
import segue.library
import segue.sources.audioset
import segue.sources.contract
import segue.sources.csv_records
import segue.sources.table
import segue.sources.vectors
from benchmarks.writing_operations import OPERATIONS, Operation, run
from segue.library import Library
from segue.users import User

HASH = re.compile(r"[0-9a-f]{6,}|\d+")
Facts = dict[str, Any]


# What is left


def facts() -> Facts:
    """All that the library knows which an operation may change, without times."""
    if not Path("library/catalog.sqlite").exists():
        return {"tracks": {}, "vectors": {}}
    with Library.open("library") as library:
        faults = library.check().faults
        if faults:
            raise AssertionError("; ".join(fault.message for fault in faults))
        found: Facts = {
            "tracks": {t.source_id or t.path: (t.title, t.missing_since is None) for t in library},
            "ids": {t.source_id or t.path: t.id for t in library},
            "vectors": {},
            "playlists": [p.name for p in library.playlists.all()],
            "opinions": sorted((f.track, f.verdict) for f in library.feedback.latest()),
            "groups": [c.name for c in library.clusters().items],
            "users": [(u.name, liked_by(library, u)) for u in library.users.all() if u.name != "Bert"],
        }
        for space in library.spaces() if len(library) else ():
            for track, vector in library.rows(space):
                found["vectors"][f"{space} {track.id}"] = hashlib.sha256(vector.tobytes()).hexdigest()
    return found


def liked_by(library: Library, user: User) -> int:
    with library.as_user(user) as own:
        return len(own.feedback.latest())


def kinds_of_files() -> list[str]:
    """The names of all files, numbers and sums aside."""
    return sorted({HASH.sub("#", p.as_posix()) for p in Path().rglob("*") if p.is_file()})


def in_child(work: Callable[[], Any]) -> Any:
    """What some work returns in a process of its own. Raises AssertionError with what it raised.

    The modules that it loads are loaded here too, so that the next such process need not load them again.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with os.fdopen(writer, "w") as out:
            try:
                json.dump({"result": work(), "modules": list(sys.modules)}, out)
            except BaseException:
                json.dump({"error": traceback.format_exc()}, out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    outcome = json.loads(text)
    if "error" in outcome:
        raise AssertionError(outcome["error"])
    for name in outcome["modules"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return outcome["result"]


# Disturbing


def let_time_jump(within_s: float) -> None:
    """Let the clock jump by up to a year, there or back, at a moment within some seconds."""
    now, chance = time.time, random.Random(os.getpid())
    at, by_s = time.monotonic() + chance.uniform(0, within_s), chance.uniform(-3e7, 3e7)
    time.time = lambda: now() + (by_s if time.monotonic() > at else 0)


def start(command: tuple[str, ...] | Callable[[], int], jump_within_s: float | None = None) -> int:
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            if jump_within_s is not None:
                let_time_jump(jump_within_s)
            run(command)
        os._exit(0)
    return child


def kill(child: int, delay_s: float) -> bool:
    """Whether the process was still at work."""
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def pause(child: int, delay_s: float) -> bool:
    """Stop the process for a while, during which another one wants to write. Whether it was at work."""
    time.sleep(delay_s)
    done, _ = os.waitpid(child, os.WNOHANG)
    if done:
        return False
    os.kill(child, signal.SIGSTOP)
    other = start(("feedback", "clear", "--yes"))
    time.sleep(0.2)
    os.kill(child, signal.SIGCONT)
    for process in (child, other):
        os.waitpid(process, 0)
    return True


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


class Trial:
    """One operation, in a folder of its own, killed again and again."""

    def __init__(self, name: str, operation: Operation, home: Path) -> None:
        self.name, self.operation = name, operation
        self.template, self.work = home / "template", home / "work"
        self.outcomes: Counter[str] = Counter()
        self.reset(fresh=True)
        in_child(operation.prepare)
        self.before = in_child(facts)
        self.before_files = kinds_of_files()
        self.written_before = {
            name: Path(name).read_bytes() for name in operation.files if Path(name).exists()
        }
        shutil.copytree(self.work, self.template)
        self.length_s = self._run_to_its_end()
        self.after, self.files = in_child(facts), kinds_of_files()
        self.written = {name: Path(name).read_bytes() for name in operation.files}

    def reset(self, *, fresh: bool = False) -> None:
        os.chdir("/")
        shutil.rmtree(self.work, ignore_errors=True)
        if fresh:
            self.work.mkdir(parents=True)
        else:
            shutil.copytree(self.template, self.work)
        os.chdir(self.work)

    def _run_to_its_end(self) -> float:
        """How many seconds it takes where all modules are loaded."""
        known, started = len(sys.modules), time.monotonic()
        in_child(lambda: run(self.operation.command))
        length_s = time.monotonic() - started
        if len(sys.modules) == known:
            return length_s
        self.reset()
        return self._run_to_its_end()

    def run(self, chance: random.Random, *, clock: bool, pausing: bool) -> None:
        self.reset()
        child = start(self.operation.command, self.length_s if clock else None)
        delay_s = chance.uniform(0, 0.95 * self.length_s)
        hit = pause(child, delay_s) if pausing else kill(child, delay_s)
        self.outcomes["at work" if hit else "done before"] += 1
        try:
            self.compare(in_child(facts))
            self.outcomes["in between"] += kinds_of_files() not in (self.files, self.before_files)
            shutil.rmtree("copy", ignore_errors=True)  # a backup takes a new folder only
            in_child(lambda: run(self.operation.command))
            if in_child(facts) != self.after:
                raise AssertionError("another result than without the kill")
            leftovers = set(kinds_of_files()) - set(self.files)
            if leftovers:
                raise AssertionError(f"left over: {sorted(leftovers)}")
        except AssertionError as error:
            self.outcomes["wrong"] += 1
            print(f"  {self.name}, after {delay_s:.3f} s: {error}", flush=True)

    def compare(self, now: Facts) -> None:
        """Raises AssertionError where something is lost, or is neither as before nor as after."""
        for track in self.before["tracks"]:
            if track not in now["tracks"] and not self.operation.removes and track in self.after["tracks"]:
                raise AssertionError(f"lost: {track}")
        for key, vector in now["vectors"].items():
            if vector not in (self.before["vectors"].get(key), self.after_vector(key, now)):
                raise AssertionError(f"the vector of {key} is another's")
        for name, whole in self.written.items():
            path = Path(name)
            found = path.read_bytes() if path.exists() else None
            if found not in (None, self.written_before.get(name)) and not same_kind(found, whole):
                raise AssertionError(f"{name} is half written")

    def after_vector(self, key: str, now: Facts) -> str | None:
        """By what a track is called at its source, as another run may have given it another id."""
        space, track_id = key.split(" ", 1)
        source = next(name for name, held in now["ids"].items() if held == track_id)
        return self.after["vectors"].get(f"{space} {self.after['ids'].get(source)}")


def same_kind(found: bytes, whole: bytes) -> bool:
    """Whether a file is whole: as long as the right one, but for ids and times that differ."""
    return abs(len(found) - len(whole)) <= 0.02 * len(whole) + 64


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="of each operation")
    parser.add_argument("--only", help="one operation")
    parser.add_argument("--clock", action="store_true")
    parser.add_argument("--pause", action="store_true")
    options = parser.parse_args()
    segue.ingest.audio.BATCH_TRACKS = 3  # many commits, many moments to be killed in
    segue.ingest.records.COMMIT_RECORDS = 1
    segue.sources.csv_records.BATCH = segue.sources.contract.BATCH = 128
    segue.sources.audioset.source._SEGMENTS = 32
    segue.sources.vectors.arrays._BYTES = 1
    total: Counter[str] = Counter()
    print(f"{'operation':24}{'s':>7}{'kills':>7}{'at work':>9}{'in between':>12}{'wrong':>7}")
    for name, operation in OPERATIONS.items():
        if options.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as home:
            trial = Trial(name, operation, Path(home))
            chance = random.Random(name)
            for _ in range(options.kills):
                trial.run(chance, clock=options.clock, pausing=options.pause)
            os.chdir("/")
        found = trial.outcomes
        total += found
        print(
            f"{name:24}{trial.length_s:7.2f}{options.kills:7}{found['at work']:9}"
            f"{found['in between']:12}{found['wrong']:7}",
            flush=True,
        )
    print(f"in all: {total['at work']} at work, {total['in between']} in between, {total['wrong']} wrong")
    return 1 if total["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
