"""segue plan: sums of measured rates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.spark.plan import Rates, Work, build_s, cores_within, embed_s, plan, query_s, usual_rates
from segue.spark.rates import Extent, measure

RATES = Rates(
    decode_s=0.1,
    analyze_s=0.5,
    shard_s=2,
    build_us=30,
    query_us=100,
    row_bytes=30,
    compare_ns=2,
    origin="",
)


def test_each_step_is_the_sum_of_its_rates():
    work = Work(tracks=4e6, minutes=3, dim=40, users=70e6, k=10)
    embed, index, neighbors, users = plan(work, RATES)
    assert embed.core_hours * 3600 == pytest.approx(4e6 * (0.1 * 3 + 0.5 * 2))
    assert index.core_hours * 3600 == pytest.approx(4 * 2 + 4e6 * 30e-6)
    assert neighbors.core_hours * 3600 == pytest.approx(4e6 * 4 * 100e-6)
    assert users.core_hours * 3600 == pytest.approx(70e6 * 4 * 100e-6)
    assert users.disk_bytes == pytest.approx(70e6 * (40 + 160))
    assert embed.disk_bytes > 4e6 * 40 * 4
    assert cores_within([embed, index, neighbors, users], 24) == 61  # of 1452.7 core-hours


def test_a_small_catalog_is_one_small_shard():
    assert query_s(Work(tracks=250_000), RATES) == pytest.approx(100e-6 * (0.65 + 0.35 * 0.25))
    assert embed_s(Work(tracks=10, minutes=1), RATES) == pytest.approx(6)
    assert [step.name for step in plan(Work(tracks=10), RATES)] == ["embed", "index", "neighbors"]


@pytest.mark.parametrize(
    ("rows", "dim", "build", "query_us"),
    [(1_000_000, 128, 36, 39), (200_000, 1280, 30, 118), (1_200_000, 12, 23, 23)],
)
def test_usual_rates_are_within_30_per_cent_of_what_docs_measurements_has(
    rows: int, dim: int, build: float, query_us: float
):
    work, rates = Work(tracks=rows, dim=dim), usual_rates(dim)
    assert build_s(work, rates) == pytest.approx(build, rel=0.3)
    assert query_s(work, rates) / work.shards * 1e6 == pytest.approx(query_us, rel=0.3)


@pytest.mark.slow
def test_measured_rates_are_of_this_machine():
    small = Extent((20_000, 30_000, 40_000), 1_000, index_turns=2, long_min=3.0, sr=22_050, turns=2)
    rates = measure(16, ["descriptors"], small)
    assert rates.origin == "measured now on a core of this machine"
    assert 0 < rates.analyze_s < 60
    assert 0 < rates.shard_s + rates.build_us < 10_000
    assert 0 < rates.query_us < 1e6
    assert 1 < rates.row_bytes < 1000


def test_the_command_shows_steps_and_assumptions(segue: Any):
    code, out, _ = segue(
        "plan", "--tracks", "100e6", "--minutes", "4", "--dim", "128", "--users", "70e6", "--cores", "64"
    )
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:6]] == ["step", "embed", "index", "neighbors", "users", "all"]
    assert "hours on 64" in lines[0]
    assert "All within 24 h" in out
    assert "Assumptions: 2 min of a track" in out
    report = json.loads(segue("plan", "--tracks", "4e6", "--dim", "40", "--users", "70e6", "--json")[1])
    assert {step["name"] for step in report["steps"]} == {"embed", "index", "neighbors", "users"}
    assert report["compare_all_core_hours"] > 10 * sum(step["core_hours"] for step in report["steps"][1:])
    assert "0.0 is not in the range x>=1" in segue("plan", "--tracks", "0")[2]
