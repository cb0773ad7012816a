"""Does the service stay as it is under a mixed load? Errors, times by kind, memory and open files.

Clients of every kind ask at once, again and again: similar tracks, searches, parts of files, covers,
outlines, conversions (half of whose listeners leave), uploads that become seeds, OpenSubsonic. Meanwhile
every 20 s the library is scanned after one file has come and another has gone, and every minute its index
is deleted.

Printed at the end: requests, answers that are wrong, p50 and p99 of each kind; memory and open files every
half minute, and their slopes by least squares after a warm-up. The exit status is 1 where an answer was
wrong.

Usage: python benchmarks/service_load.py FOLDER [--minutes M] [--warm-up M] [--pause S] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import numpy as np
import psutil

WORDS = "calm piano fast loud dark guitar happy drums voice a e the 1 quiet".split()
RIGHT = (200, 201, 202, 204, 206)
KINDS = ("similar", "search", "range", "cover", "peaks", "mp3", "mp3, left", "upload and seed", "subsonic")


class Load:
    """Clients, and what became of their requests."""

    def __init__(self, address: str, music: list[Path], pause_s: float) -> None:
        self.client = httpx.AsyncClient(base_url=address, timeout=60, headers={"X-Segue": "1"})
        self.music, self.pause_s = music, pause_s
        self.ids: list[str] = []
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()
        self.rng = random.Random(1)

    async def refresh(self) -> None:
        answer = await self.client.get("/api/v1/tracks", params={"limit": 1000})
        self.ids = [track["id"] for track in answer.json()["tracks"]]

    async def repeat(self, kind: str) -> None:
        """One client of a kind."""
        ask: Callable[[], Awaitable[None]] = getattr(self, re.sub(r"\W+", "_", kind))
        while True:
            started = time.perf_counter()
            try:
                await ask()
            except (httpx.HTTPError, AssertionError) as error:
                self.errors[f"{kind}: {type(error).__name__} {error}"[:160]] += 1
            self.times[kind].append(time.perf_counter() - started)
            await asyncio.sleep(self.pause_s)

    def check(self, answer: httpx.Response, *more: int) -> httpx.Response:
        assert answer.status_code in (*RIGHT, *more), f"{answer.status_code} {answer.text[:80]}"
        return answer

    def track(self) -> str:
        return f"/api/v1/tracks/{self.rng.choice(self.ids)}"

    async def similar(self) -> None:
        body = {"seeds": [self.rng.choice(self.ids)], "k": 10}
        self.check(await self.client.post("/api/v1/similar", json=body), 404)  # it may just have gone

    async def search(self) -> None:
        words = " ".join(self.rng.sample(WORDS, 2))
        self.check(await self.client.get("/api/v1/search", params={"q": words, "limit": 20}))

    async def range(self) -> None:
        start = self.rng.randrange(50_000)
        headers = {"range": f"bytes={start}-{start + 30_000}"}
        self.check(await self.client.get(f"{self.track()}/audio", headers=headers), 404)

    async def cover(self) -> None:
        size = self.rng.choice((64, 256, 512))
        self.check(await self.client.get(f"{self.track()}/cover", params={"size": size}), 404)

    async def peaks(self) -> None:
        self.check(await self.client.get(f"{self.track()}/peaks"), 404)

    async def mp3(self) -> None:
        self.check(await self.client.get(f"{self.track()}/audio", params={"format": "mp3"}), 404)

    async def mp3_left(self) -> None:
        async with self.client.stream("GET", f"{self.track()}/audio?format=mp3") as answer:
            assert answer.status_code in (200, 404), answer.status_code
            if self.rng.random() < 0.5:
                async for _ in answer.aiter_bytes(1000):
                    break

    async def upload_and_seed(self) -> None:
        path = self.rng.choice(self.music)
        files = {"file": (path.name, path.read_bytes())}
        answer = self.check(await self.client.post("/api/v1/clips", files=files), 429)
        if answer.status_code == 201:
            clip = answer.json()["clip"]["id"]
            self.check(await self.client.post("/api/v1/similar", json={"seeds": [clip], "k": 5}))
            self.check(await self.client.delete(f"/api/v1/clips/{clip}"))
        await asyncio.sleep(1)  # a minute has sixty

    async def subsonic(self) -> None:
        method = self.rng.choice(
            ("getAlbumList2?type=newest&", "search3?query=a&", "getArtists?", "getGenres?")
        )
        answer = self.check(await self.client.get(f"/rest/{method}f=json"))
        assert answer.json()["subsonic-response"]["status"] == "ok", answer.text[:80]


async def change(load: Load, folder: Path) -> None:
    """Every 20 s one file comes, one goes, and the library is scanned."""
    for i in itertools.count():
        await asyncio.sleep(20)
        added = load.rng.choice(load.music)
        shutil.copy(added, folder / f"new{i}{added.suffix}")
        for old in folder.glob(f"new{i - 1}.*"):
            old.unlink()
        answer = await load.client.post("/api/v1/jobs/scan", json={})
        job = load.check(answer).json()["job"]["id"]
        while (state := await job_state(load, job)) in ("queued", "running"):
            await asyncio.sleep(0.5)
        if state != "done":
            load.errors[f"scan: {state}"] += 1
        await load.refresh()


async def job_state(load: Load, job: str) -> str:
    return str((await load.client.get(f"/api/v1/jobs/{job}")).json()["job"]["state"])


async def delete_index(library: Path) -> None:
    while True:
        await asyncio.sleep(60)
        for path in (library / "index").glob("*.index"):
            path.unlink(missing_ok=True)


Sample = tuple[float, float, float, int]
"""Minutes, memory in MB, memory of its own in MB, open files."""


async def watch(process: psutil.Process, samples: list[Sample]) -> None:
    started = time.monotonic()
    while True:
        await asyncio.sleep(5)
        memory = process.memory_info()
        own = memory.rss - memory.shared
        minutes = (time.monotonic() - started) / 60
        samples.append((minutes, memory.rss / 1e6, own / 1e6, process.num_fds()))
        if len(samples) % 6 == 0:
            shown = "{:5.1f} min  {:6.1f} MB  own {:6.1f} MB  {:4d} files".format(*samples[-1])
            print(shown, flush=True)


async def run(address: str, pid: int, library: Path, folder: Path, options: argparse.Namespace) -> Load:
    music = sorted(path for path in folder.iterdir() if path.is_file())
    load, samples = Load(address, music, options.pause), []
    await load.refresh()
    work = [load.repeat(kind) for kind in KINDS]
    work += [change(load, folder), delete_index(library), watch(psutil.Process(pid), samples)]
    tasks = [asyncio.create_task(one) for one in work]
    done, _ = await asyncio.wait(tasks, timeout=60 * options.minutes, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
    await load.client.aclose()
    report(load, samples, options.warm_up)
    return load


def report(load: Load, samples: list[Sample], warm_up: float) -> None:
    print(f"\n{'kind':16} {'requests':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for kind, times in load.times.items():
        p50, p99 = np.percentile(times, (50, 99)) * 1000
        print(f"{kind:16} {len(times):8d} {p50:8.0f} {p99:8.0f}")
    print(f"{sum(map(len, load.times.values()))} requests, {sum(load.errors.values())} wrong answers")
    for error, n in load.errors.most_common():
        print(f"  {n} x {error}")
    late = np.array([one for one in samples if one[0] >= warm_up])
    if len(late) > 10:
        hours = late[:, 0] / 60
        rss, own, files = (np.polyfit(hours, late[:, i], 1)[0] for i in (1, 2, 3))
        print(
            f"after {warm_up:g} minutes, an hour: {rss:+.1f} MB, of its own {own:+.1f} MB, {files:+.1f} files"
        )
    _print_lowest(late)
    print(f"largest: {max(one[1] for one in samples):.0f} MB, {max(one[3] for one in samples)} files")
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def _print_lowest(late: np.ndarray) -> None:
    """The memory that stays from minute to minute, without what decoding takes and gives back."""
    minutes = np.unique(late[:, 0].astype(int)) if len(late) else np.zeros(0)
    if len(minutes) > 2:
        lowest = [late[late[:, 0].astype(int) == minute, 2].min() for minute in minutes]
        slope = np.polyfit(minutes / 60, lowest, 1)[0]
        print(f"lowest of each minute: {lowest[0]:.1f} to {lowest[-1]:.1f} MB, {slope:+.1f} MB an hour")


@contextlib.asynccontextmanager
async def serving(library: Path) -> AsyncIterator[tuple[str, int]]:
    command = [sys.executable, "-m", "segue", "-l", str(library), "serve", "--no-open", "--port", "0"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout
        address = process.stdout.readline().split()[0].rstrip("/")
        try:
            async with httpx.AsyncClient() as client:
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        await client.get(f"{address}/api/v1/health")
                        break
                    await asyncio.sleep(0.05)
            yield address, process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            log.seek(0)
            print(log.read().decode()[-4000:], end="")


async def measure(options: argparse.Namespace, home: Path) -> int:
    folder, library = home / "music", home / "library"
    if not folder.exists():
        shutil.copytree(options.folder, folder)
    segue = [sys.executable, "-m", "segue", "-l", str(library)]
    subprocess.run([*segue, "scan", "-e", "descriptors", "--no-pull", "-q", str(folder)], check=True)
    async with serving(library) as (address, pid):
        load = await run(address, pid, library, folder, options)
    return 1 if load.errors else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="music")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--warm-up", type=float, default=5, help="minutes before the slopes count")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between a client's requests")
    parser.add_argument("--keep", type=Path, help="where the copy of the music and its library stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return asyncio.run(measure(options, options.keep or Path(temporary)))


if __name__ == "__main__":
    sys.exit(main())
