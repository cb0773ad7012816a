"""What a catalog of any size costs: core-hours, memory and disk, from rates that were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ANALYZED_MIN = 2.0  # of a track at the most, as audio.load takes them
SHARD_ROWS = 1_000_000  # of an index; its rates are of shards of so many rows
FIXED = 0.65  # of a query's cost in a shard of so many rows; the rest grows with the rows
WINDOWS_A_MIN = 20.0  # of about 3 s
NUMBER_BYTES = 4  # of a vector; of a window's, half
ID_BYTES = 40  # a path or an id, and what goes with it
WORKER_BYTES = 400e6  # a process of Python with its models
ANSWER_BYTES = 16  # a neighbor's id and its score, packed
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Rates:
    """What one core does, for vectors of one size.

    Attributes
    ----------
    decode_s : CPU s a minute of a file
    analyze_s : CPU s a minute that is analyzed, at most two of a track, by all models together
    shard_s : CPU s of building a shard of the index, beside its rows
    build_us : CPU us a row of the index
    query_us : CPU us a query in a shard of a million rows, in batches, recall .95
    row_bytes : of the index file, a row
    compare_ns : CPU ns a pair of vectors, where all are compared; the products alone
    origin : where these are from
    """

    decode_s: float
    analyze_s: float
    shard_s: float
    build_us: float
    query_us: float
    row_bytes: float
    compare_ns: float
    origin: str


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done.

    Attributes
    ----------
    tracks : how many
    minutes : of each, on average
    dim : numbers of a vector
    users : who get recommendations, from a vector each
    k : neighbors or recommendations of each
    """

    tracks: float
    minutes: float = 4.0
    dim: int = 128
    users: float = 0.0
    k: int = 10

    @property
    def shards(self) -> float:
        return max(1.0, self.tracks / SHARD_ROWS)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the work.

    Attributes
    ----------
    core_hours : CPU time
    worker_bytes : memory of one worker, which has one core
    machine_bytes : memory that the workers of a machine share
    disk_bytes : what it leaves
    """

    name: str
    core_hours: float
    worker_bytes: float
    machine_bytes: float
    disk_bytes: float


def usual_rates(dim: int) -> Rates:
    """Rates of Segue's own measurements, on one core of a server of 2026."""
    return Rates(
        decode_s=0.06,
        analyze_s=0.36,
        shard_s=1.5,
        build_us=15 + 0.1 * dim,
        query_us=20 + 0.12 * dim,
        row_bytes=30,
        compare_ns=0.042 * dim,
        origin="measured in November 2026 on one core of a Xeon with the three usual models",
    )


def plan(work: Work, rates: Rates) -> list[Step]:
    """The steps from files to everybody's recommendations."""
    vectors = work.tracks * (work.dim * NUMBER_BYTES + ID_BYTES)
    windows = work.tracks * min(work.minutes, ANALYZED_MIN) * WINDOWS_A_MIN * work.dim * NUMBER_BYTES / 2
    rows = min(work.tracks, SHARD_ROWS)
    index = work.tracks * (rates.row_bytes + ID_BYTES)
    building = rows * (work.dim * NUMBER_BYTES + rates.row_bytes + 2 * ID_BYTES)
    steps = [
        Step("embed", embed_s(work, rates) / HOUR_S, WORKER_BYTES, 0, vectors + windows),
        Step("index", build_s(work, rates) / HOUR_S, WORKER_BYTES + building, 0, index + vectors),
        _search("neighbors", work.tracks, work, rates, index),
    ]
    if work.users:
        steps.append(_search("users", work.users, work, rates, index))
    return steps


def _search(name: str, queries: float, work: Work, rates: Rates, index: float) -> Step:
    hours = queries * query_s(work, rates) / HOUR_S
    return Step(name, hours, WORKER_BYTES, index, queries * (ID_BYTES + work.k * ANSWER_BYTES))


def embed_s(work: Work, rates: Rates) -> float:
    """CPU s of embedding all tracks."""
    analyzed = min(work.minutes, ANALYZED_MIN)
    return work.tracks * (rates.decode_s * work.minutes + rates.analyze_s * analyzed)


def build_s(work: Work, rates: Rates) -> float:
    """CPU s of building all shards."""
    return work.shards * rates.shard_s + work.tracks * rates.build_us / 1e6


def query_s(work: Work, rates: Rates) -> float:
    """CPU s of one query, which goes to all shards."""
    return work.shards * rates.query_us * shard_share(min(work.tracks, SHARD_ROWS)) / 1e6


def shard_share(rows: float) -> float:
    """What a query costs in a shard of so many rows, as a share of its cost in one of ``SHARD_ROWS``."""
    return FIXED + (1 - FIXED) * rows / SHARD_ROWS


def compare_all_hours(work: Work, rates: Rates) -> float:
    """Core-hours without an index: every query with every track."""
    return (work.tracks + work.users) * work.tracks * rates.compare_ns / 1e9 / HOUR_S


def cores_within(steps: Sequence[Step], hours: float) -> int:
    """How many cores do all steps in so many hours."""
    return max(1, -int(-sum(step.core_hours for step in steps) // hours))
