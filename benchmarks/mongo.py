"""MongoDB: seconds and memory of imports and exports, beside what the server alone takes to give all away.

Made documents with a title, an artist, a genre, a year, a length and a BSON vector of float32, in a server
that speaks MongoDB's protocol, on loopback. Each step is a process of its own, its start counted; seconds of
CPU and memory (the most that no file stands behind) are that process's, not the server's. "read" fetches
all documents and does nothing with them.

Usage: python benchmarks/mongo.py [--documents N] [--dim N] [--server NAME]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from bson import Binary
from bson.binary import BinaryVectorDtype
from index_data import clustered
from memory import Peak
from page_tables import Table, paragraph
from pymongo import MongoClient

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))
from tests.mongo_server import KINDS, Server, command_of  # noqa: E402 - it is no package

GENRES = ("rock", "jazz", "folk", "techno", "classical", "hip-hop")
_BLOCK = 2000
_READ = """
import sys
from pymongo import MongoClient
with MongoClient(sys.argv[1]) as client:
    batches = client.get_default_database().songs.find_raw_batches({}, batch_size=8192).sort("_id", 1)
    print(sum(len(data) for data in batches) / 1e6, "MB")
"""


def fill(uri: str, n: int, dim: int) -> None:
    """Put n documents into the collection ``songs``."""
    matrix = clustered(n, dim, seed=2026)
    with MongoClient(uri) as client:
        songs = client.get_default_database().songs
        for start in range(0, n, _BLOCK):
            some = matrix[start : start + _BLOCK]
            songs.insert_many([document(start + i, row) for i, row in enumerate(some)])


def document(i: int, row: np.ndarray) -> dict[str, object]:
    return {
        "_id": f"song{i:08d}",
        "title": f"Song number {i}",
        "artist": f"Artist {i % 9973}",
        "genre": GENRES[i % len(GENRES)],
        "year": 1950 + i % 70,
        "duration_ms": 120_000 + i % 180_000,
        "embedding": Binary.from_vector(row.tolist(), BinaryVectorDtype.FLOAT32),
    }


def timed(table: Table, what: str, *command: str) -> None:
    """Run a command, and tell how long it took, how much of that it computed, and how much memory it had."""
    started, computed = time.perf_counter(), children_s()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    with Peak(process.pid) as peak:
        out = process.communicate()[0]
    seconds = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{what} ends with {process.returncode}: {out}")
    table.row(what, f"{seconds:.1f}", f"{children_s() - computed:.1f}", f"{peak.bytes / 1e6:.0f}")


def children_s() -> float:
    """Seconds of processors that ended processes of ours have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(kind: str, n: int, dim: int) -> None:
    server = Server(kind)
    with tempfile.TemporaryDirectory() as folder:
        try:
            fill(server.uri(), n, dim)
            print(f"\n### {kind} {server.version}")
            paragraph(f"""
                {n} documents with vectors of {dim} numbers; the processor time and memory are those of
                Segue's process, not of the server. `read` fetches all documents and does nothing with them.
                Less is better.
            """)
            table = Table("", "wall, s", "CPU, s", "memory, MB")
            segue = ("-m", "segue", "--library", str(Path(folder) / "library"))
            bring = ("import", "mongo", server.uri(), "-c", "songs", "-f", "embedding", "-q")
            timed(table, "`read`", "-c", _READ, server.uri())
            timed(table, "import", *segue, *bring)
            timed(table, "import again", *segue, *bring)
            timed(table, "export", *segue, "export", "mongo", server.uri("out"), "-q")
            timed(table, "export again", *segue, "export", "mongo", server.uri("out"), "-q")
        finally:
            server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--server", choices=KINDS, action="append")
    options = parser.parse_args()
    for name in options.server or KINDS:
        if command_of(name):
            measure(name, options.documents, options.dim)
        else:
            paragraph(f"{name} takes no part: it is not installed.")
