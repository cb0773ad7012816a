"""What decoding in a process of its own would add to a scan.

A process decodes one file after the other and sends the samples through a pipe. The CPU time of both
processes is compared with decoding in one, turn by turn, and set against a whole scan with the descriptors.

Usage: python benchmarks/decoding_process.py FOLDER [TURNS]
"""

import os
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from segue import audio
from segue.library import Library
from segue.sources.audio_files import walk

WORKER = """
import struct, sys
from segue import audio
out = sys.stdout.buffer
for line in sys.stdin.buffer:
    parts = audio.load(line[:-1].decode()).parts
    out.write(struct.pack("<q", sum(map(len, parts))))
    for part in parts:
        out.write(part)
    out.flush()
"""
PIPE = 1 << 20  # bytes


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Worker:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pipesize=PIPE
        )

    def decode(self, path: str) -> np.ndarray:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(path.encode() + b"\n")
        self._process.stdin.flush()
        (n,) = struct.unpack("<q", self._process.stdout.read(8))
        return np.frombuffer(self._process.stdout.read(4 * n), np.float32)

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(folder: str, turns: int) -> None:
    paths = [file.path for file in walk([folder]).files]
    worker = Worker()
    worker.decode(paths[0])
    audio.load(paths[0])
    print(f"a worker's start: {worker.cpu_s():.2f} s of CPU time")
    alone, apart, scans = [], [], []
    for _ in range(turns):
        began = cpu_s()
        for path in paths:
            audio.load(path)
        alone.append(cpu_s() - began)
        began, began_there = cpu_s(), worker.cpu_s()
        for path in paths:
            worker.decode(path)
        apart.append(cpu_s() - began + worker.cpu_s() - began_there)
        began = cpu_s()
        with (
            tempfile.TemporaryDirectory() as at,
            Library.open(Path(at) / "l", create=True, embedders=("descriptors",)) as library,
        ):
            library.scan(paths, jobs=1)
        scans.append(cpu_s() - began)
    extra = [(there - here) / scan for here, there, scan in zip(alone, apart, scans, strict=True)]
    print(f"{len(paths)} files, {turns} turns; CPU time, median (least to most)")
    for name, values in (("decoding", alone), ("in a process of its own", apart), ("a whole scan", scans)):
        print(f"{name}: {statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})")
    print(f"added to a scan: {statistics.median(extra):.1%} ({min(extra):.1%} to {max(extra):.1%})")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
