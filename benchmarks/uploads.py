"""How long a client waits from the upload of a file to what sounds like it, and what that costs the service.

It starts a service of its own, with one worker, and ends it. Other programs make the wait longer; processor
time tells more.

Usage: python -m benchmarks.uploads LIBRARY FILE... [--turns 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import httpx

from benchmarks.service_memory import serving


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(client: httpx.Client, pid: int, path: Path) -> tuple[float, float, float]:
    """Seconds to the answer to the upload, then to that of the question, and of the processor for both."""
    before, began = cpu_s(pid), time.perf_counter()
    with path.open("rb") as file:
        clip = client.post("/clips", files={"file": file}).raise_for_status().json()["clip"]["id"]
    uploaded = time.perf_counter()
    client.post("/similar", json={"seeds": [clip], "k": 10}).raise_for_status()
    answered = time.perf_counter()
    spent = cpu_s(pid) - before
    client.delete(f"/clips/{clip}").raise_for_status()
    return uploaded - began, answered - uploaded, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with serving(options.library) as (client, process):
        ask(client, process, options.files[0])  # loads decoders and networks
        print("s, median (least): upload, answer, both; processor of the service")
        for path in options.files:
            rows = [ask(client, process, path) for _ in range(options.turns)]
            columns = [*zip(*rows, strict=True)]
            columns.insert(2, tuple(a + b for a, b, _ in rows))
            cells = [f"{statistics.median(column):6.2f} ({min(column):.2f})" for column in columns]
            print(f"{path.name:24}{''.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
