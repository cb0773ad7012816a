"""Requests a second and how long they take: `segue serve` against Flask + scikit-learn, on one made library.

100 000 tracks (or --tracks) whose vectors lie in clusters, 50 clients that keep their connections. Each
asks for the 10 tracks most like one at random, again and again. Two ways: as fast as the answers come
(what the service can do at most), and at a steady rate over all clients (what a request takes then).
The other service is what a weekend makes: Flask's own threaded server, scikit-learn's brute force with
the cosine over the same vectors in the same view, track names from a list.

Usage: python benchmarks/serve.py [--tracks N] [--seconds S] [--rates 200,500] [--workers N] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil
from page_tables import Table, is_installed, paragraph

from segue.catalog import AnalyzedFile, FileState
from segue.embed.descriptors import DIMENSIONS, SPEC
from segue.library import Library
from segue.spec import Embedding
from segue.track import Tags

CLIENTS = 50
K = 10
BATCH = 1000


def make(root: Path, n: int) -> None:
    """A library of made tracks, their vectors in its view, and their names."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((max(2, n // 200), SPEC.dim)) * 2
    with Library.open(root, create=True, embedders=["descriptors"]) as library:
        with library.catalog.writing() as writer:
            writer.add_space(SPEC, [dimension.name for dimension in DIMENSIONS])
            for start in range(0, n, BATCH):
                rows = range(start, min(n, start + BATCH))
                writer.append(
                    [entry(i, centers[i % len(centers)] + rng.standard_normal(SPEC.dim)) for i in rows]
                )
        np.save(root / "vectors.npy", library.view_index().vectors)
        keys = library.view_index().keys.tolist()
        tracks = library.tracks.by_keys(keys)
        names = [
            {"id": tracks[key].id, "title": tracks[key].title, "artist": tracks[key].artist} for key in keys
        ]
    (root / "names.json").write_text(json.dumps(names))


def entry(i: int, vector: np.ndarray) -> AnalyzedFile:
    tags = Tags(
        f"Title {i}", f"Artist {i // 50}", f"Album {i // 10}", genre=f"Genre {i % 20}", year=1960 + i % 60
    )
    state = FileState(4_000_000, i, f"{i:032x}")
    windows = np.zeros((0, SPEC.dim), np.float16)
    embeddings = {SPEC.space: Embedding(vector.astype(np.float32), windows)}
    return AnalyzedFile(
        f"/music/{i // 10}/{i}.flac", state, tags, 200.0 + i % 100, 44_100, 2, "flac", None, embeddings
    )


FLASK = """
import json, sys
import numpy as np
from flask import Flask, jsonify, request
from sklearn.neighbors import NearestNeighbors

import logging
logging.getLogger("werkzeug").setLevel(logging.ERROR)
folder, port = sys.argv[1], int(sys.argv[2])
vectors = np.load(folder + "/vectors.npy")
names = json.load(open(folder + "/names.json"))
places = {name["id"]: i for i, name in enumerate(names)}
near = NearestNeighbors(algorithm="brute", metric="cosine").fit(vectors)
app = Flask(__name__)

@app.post("/api/v1/similar")
def similar():
    body = request.get_json()
    place = places[body["seeds"][0]]
    distances, found = near.kneighbors(vectors[place:place + 1], body["k"] + 1)
    pairs = [(float(1 - d), names[i]) for d, i in zip(distances[0], found[0]) if i != place][:body["k"]]
    return jsonify(matches=[{"score": s, "track": t} for s, t in pairs], shortfall=None)

from werkzeug.serving import run_simple
run_simple("127.0.0.1", port, app, threaded=True)
"""


@contextlib.contextmanager
def segue(root: Path, port: int, workers: int) -> Iterator[int]:
    command = [sys.executable, "-m", "segue", "-l", str(root), "serve", "--no-open", "--port", str(port)]
    with running([*command, "--workers", str(workers)], port) as pid:
        yield pid


@contextlib.contextmanager
def running(command: Sequence[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError):
                asyncio.run(connect_once(port))
                break
            if process.poll() is not None:
                raise SystemExit(f"the service ended with {process.returncode} before it answered")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def connect_once(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


class Client(asyncio.Protocol):
    """One connection: sends a request, waits for the answer, and so on."""

    def __init__(self, ids: Sequence[str], times: list[float], pace_s: float) -> None:
        self.ids, self.times, self.pace_s = ids, times, pace_s
        self.answer, self.left, self.sent_at = b"", -1, 0.0
        self.due = time.perf_counter() + random.random() * pace_s
        self.stopped, self.port = False, 0

    async def connect(self, port: int) -> None:
        self.port = port
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.stopped:  # Flask's own server closes after each answer
            self.task = asyncio.get_running_loop().create_task(self.connect(self.port))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._next()

    def _next(self) -> None:
        wait_s = self.due - time.perf_counter() if self.pace_s else 0
        if wait_s > 0:
            asyncio.get_running_loop().call_later(wait_s, self._send)
        else:
            self._send()

    def _send(self) -> None:
        if self.stopped:
            return
        body = b'{"seeds":["%b"],"k":%d}' % (random.choice(self.ids).encode(), K)
        head = b"POST /api/v1/similar HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        # At a steady rate, the time counts from when the request was due: waiting in a queue is waiting.
        self.sent_at = self.due if self.pace_s else time.perf_counter()
        self.due += self.pace_s
        self.transport.write(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def data_received(self, data: bytes) -> None:
        self.answer += data
        if self.left < 0 and b"\r\n\r\n" in self.answer:
            head, _, rest = self.answer.partition(b"\r\n\r\n")
            if b" 200 " not in head[:20]:
                raise SystemExit(self.answer[:500].decode())
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            self.left = int(length.split(b":")[1]) - len(rest)
        elif self.left >= 0:
            self.left -= len(data)
        if self.left == 0:
            self.times.append(time.perf_counter() - self.sent_at)
            closing = b"connection: close" in self.answer.lower()
            self.answer, self.left = b"", -1
            if closing:
                self.transport.close()
            else:
                self._next()


async def load(port: int, ids: Sequence[str], seconds: float, rate: float) -> list[float]:
    """Seconds of each request; ``rate`` a second over all clients, or as fast as they come where 0."""
    times, clients = [], []
    for _ in range(CLIENTS):
        pace_s = CLIENTS / rate if rate else 0.0
        client = Client(ids, times, pace_s)
        clients.append(client)
        await client.connect(port)
    await asyncio.sleep(min(3.0, seconds / 4))  # until both are warm
    times.clear()
    await asyncio.sleep(seconds)
    found = list(times)
    for client in clients:
        client.stopped = True
        client.transport.abort()
    return found


def measure(
    table: Table, name: str, pid: int, port: int, ids: Sequence[str], seconds: float, rate: float
) -> float:
    """Load a service, and say what came of it; us of CPU each."""
    before = cpu_s(pid)
    started = time.perf_counter()
    times = asyncio.run(load(port, ids, seconds, rate))
    busy = (cpu_s(pid) - before) / (time.perf_counter() - started)
    p50, p99 = np.percentile(times, [50, 99]) * 1000 if times else (np.nan, np.nan)
    a_second = len(times) / seconds
    how = f"{rate:g} a second" if rate else "as fast as it goes"
    each = 1e6 * busy / a_second if a_second else np.nan
    table.row(f"{name}, {how}", f"{a_second:.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{each:.0f}")
    return each


def cpu_s(pid: int) -> float:
    """Of a process and those that it started."""
    process = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:2]) for one in [process, *process.children(recursive=True)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rates", default="200,500,1000")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="make the library here, or use the one that is here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = given.keep or Path(folder) / "library"
        if not (root / "names.json").exists():
            make(root, given.tracks)
        ids = [name["id"] for name in json.loads((root / "names.json").read_text())]
        paragraph(f"""
            {len(ids)} tracks, {CLIENTS} clients on the same machine, {K} tracks asked for. At a fixed rate
            the time counts from when a request was due. More answers and less time are better.
        """)
        table = Table("service", "answers/s", "p50, ms", "p99, ms", "CPU us each", first=42)
        port = free_port()
        with segue(root, port, given.workers) as pid:
            asyncio.run(
                load(port, ids, 6 * given.seconds, 100)
            )  # it learns of all tracks in the first minute
            name = f"Segue, {given.workers} worker" + ("s" if given.workers > 1 else "")
            ours = measure(table, name, pid, port, ids, given.seconds, 0)
            for rate in map(float, given.rates.split(",")):
                measure(table, name, pid, port, ids, given.seconds, rate)
        if absent := [package for package in ("flask", "sklearn") if not is_installed(package)]:
            paragraph(f"Flask + scikit-learn take no part: {' and '.join(absent)} not installed.")
            return
        port = free_port()
        with running([sys.executable, "-c", FLASK, str(root), str(port)], port) as pid:
            other = measure(table, "Flask + scikit-learn", pid, port, ids, 3 * given.seconds, 0)
        paragraph(f"""
            An answer of Flask + scikit-learn takes {other / ours:.1f} times the processor time of one of
            Segue's.
        """)


if __name__ == "__main__":
    main()
