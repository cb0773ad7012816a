"""Do damaged and made-up files crash, hang or confuse what reads them? Many of them, each once.

Good files of every kind are damaged in ways that find faults of parsers: bits turned, parts cut out, doubled,
moved or taken from another file, numbers of one to eight bytes replaced by extreme ones, text by other text.
Each reader may say no (an error of Segue's own) or read what is there. Counted are crashes of the process,
inputs that take longer than 20 s, other exceptions, and the most memory that was taken.

An input depends on its kind and number alone; those that go wrong are kept under --keep.

Needs a system with fork. Usage: python -m benchmarks.hostile [--inputs N] [--only KIND] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.hostile_seeds import READERS, Reader

BATCH = 250
LONGEST_S = 20.0
EXTREME = [
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    2**63 - 1,
    2**63,
]
WORDS = [
    b"\0" * 64,
    b"-1",
    b"1e309",
    b"NaN",
    b"9" * 400,
    b'"',
    b"\xff\xfe",
    b"[" * 500,
    b"\r\n",
    b"%s%n",
    b"../" * 9,
]


# Damage


def turn_bits(data: bytearray, chance: random.Random, _: list[bytes]) -> None:
    for _i in range(chance.choice([1, 2, 8, 64])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def write_number(data: bytearray, chance: random.Random, _: list[bytes]) -> None:
    size = chance.choice([1, 2, 4, 8])
    number = (chance.choice(EXTREME) + chance.choice([-1, 0, 1])) % (1 << 8 * size)
    at = _place(data, chance)
    data[at : at + size] = number.to_bytes(size, chance.choice(["little", "big"]))


def write_float(data: bytearray, chance: random.Random, _: list[bytes]) -> None:
    at, value = _place(data, chance), chance.choice([float("nan"), float("inf"), -1e38, 1e-40])
    data[at : at + 4] = struct.pack("<f", value)


def cut_out(data: bytearray, chance: random.Random, _: list[bytes]) -> None:
    at = _place(data, chance)
    del data[at : at + _length(data, chance)]


def cut_off(data: bytearray, chance: random.Random, _: list[bytes]) -> None:
    del data[chance.randrange(len(data)) :]


def double(data: bytearray, chance: random.Random, _: list[bytes]) -> None:
    at = _place(data, chance)
    part = data[at : at + min(_length(data, chance), 65_536)]
    data[at:at] = part * chance.choice([1, 1, 2, 40])


def splice(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    other = chance.choice(others)
    at, start = _place(data, chance), chance.randrange(len(other))
    part = other[start : start + 4096]
    data[at : at + chance.choice([0, len(part)])] = part


def write_word(data: bytearray, chance: random.Random, _: list[bytes]) -> None:
    at, word = _place(data, chance), chance.choice(WORDS)
    data[at : at + chance.choice([0, len(word)])] = word


Damage = Callable[[bytearray, random.Random, list[bytes]], None]
DAMAGES: list[Damage] = [
    turn_bits, write_number, write_number, write_float, cut_out, cut_off, double, splice, write_word,
]  # fmt: skip


def _place(data: bytearray, chance: random.Random) -> int:
    """Mostly near the beginning or the end, where headers are."""
    near = chance.random()
    span = min(len(data), 512) if near < 0.6 else len(data)
    at = chance.randrange(max(1, span))
    return len(data) - 1 - at if near > 0.9 else at


def _length(data: bytearray, chance: random.Random) -> int:
    return chance.choice([1, 4, 30, max(1, len(data) // 3)])


def hostile_input(kind: str, number: int, seeds: list[bytes]) -> bytes:
    chance = random.Random(f"{kind} {number}")
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice([1, 1, 2, 3, 6])):
        if data:
            chance.choice(DAMAGES)(data, chance, seeds)
    return bytes(data)


# Reading


def read_batch(reader: Reader, numbers: range, place: mmap.mmap, path: Path) -> None:
    """Read some inputs; what is thrown that is not Segue's goes to standard output, one line of JSON each."""
    warnings.simplefilter("ignore")
    for number in numbers:
        place[:8] = number.to_bytes(8, "little")
        path.write_bytes(hostile_input(reader.kind, number, reader.seeds))
        try:
            reader.read(path)
        except reader.refusals:
            pass
        except BaseException:
            print(json.dumps([number, traceback.format_exc(limit=-4)]), flush=True)


def run_batch(reader: Reader, numbers: range, folder: Path, kept: Kept) -> int:
    """How many inputs were read, until one took the process with it; what went wrong is counted."""
    place = mmap.mmap(-1, 8)
    out, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(theirs, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with contextlib.suppress(BaseException):
            read_batch(reader, numbers, place, folder / f"input{reader.ending}")
        os._exit(0)
    os.close(theirs)
    hung = _wait(child, place)
    with os.fdopen(out) as lines:
        for number, trace in map(json.loads, lines):
            kept.add("exception", number, trace)
    last = int.from_bytes(place[:8], "little")
    if hung is None:
        return len(numbers)
    kept.add(hung, last)
    return last - numbers.start + 1


def _wait(child: int, place: mmap.mmap) -> str | None:
    """How a child failed, if it did: "hang" or "crash"."""
    last, since = b"", time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "crash" if os.WIFSIGNALED(status) else None
        if place[:8] != last:
            last, since = place[:8], time.monotonic()
        if time.monotonic() - since > LONGEST_S:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hang"
        time.sleep(0.01)


class Kept:
    """What went wrong, and the inputs that it went wrong with."""

    def __init__(self, reader: Reader, folder: Path | None) -> None:
        self.reader, self.folder = reader, folder
        self.counts: Counter[str] = Counter()

    def add(self, what: str, number: int, trace: str = "") -> None:
        self.counts[what] += 1
        print(f"  {self.reader.kind} {number}: {what} {trace}", flush=True)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            data = hostile_input(self.reader.kind, number, self.reader.seeds)
            (self.folder / f"{self.reader.kind}-{number}{self.reader.ending}").write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="of each kind; of sounds a fifth")
    parser.add_argument("--only", help="one kind")
    parser.add_argument("--keep", type=Path, help="a folder for inputs that go wrong")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    print(f"{'kind':20}{'inputs':>9}{'ms each':>9}{'crashes':>9}{'hangs':>7}{'exceptions':>12}{'MB':>7}")
    n_wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for make in READERS:
            reader = make(Path(folder))
            if options.only not in (None, reader.kind):
                continue
            n = options.inputs // reader.costs
            kept, done, started = Kept(reader, options.keep), 0, time.monotonic()
            while done < n:
                done += run_batch(reader, range(done, min(n, done + BATCH)), Path(folder), kept)
            took_ms = (time.monotonic() - started) * 1000 / n
            most_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            crashes, hangs, exceptions = (kept.counts[x] for x in ("crash", "hang", "exception"))
            print(
                f"{reader.kind:20}{n:9}{took_ms:9.2f}{crashes:9}{hangs:7}{exceptions:12}{most_mb:7.0f}",
                flush=True,
            )
            n_wrong += kept.counts.total()
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
