"""Which codes an index gets: those by which near rows are found at the least cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.index_data import as_bytes, heavy_tailed, sheets
from segue.index import IndexOptions
from segue.index.build import QuerySample, choose_lists, fill_lists
from segue.index.calibration import Cost, calibrate
from segue.index.ivfpq import InvertedLists
from segue.index.l2_reduction import L2Reduction
from segue.index.opq import PrincipalAxes
from segue.index.store import Store
from segue.track import Vectors


@pytest.mark.slow
@pytest.mark.parametrize(("make", "seed"), [(sheets, 1), (heavy_tailed, 2)])
def test_the_codes_that_are_chosen_cost_about_the_least(make: Callable[..., Vectors], seed: int) -> None:
    store, reduction = Store(as_bytes(make(10_000, 128, seed=seed))), L2Reduction("cosine")
    rows = np.arange(10_000)
    sample = reduction.rows(store.take(rows))

    def cost_of(lists: InvertedLists) -> float:
        """Of queries that had no part in the choice, with all rows in the lists."""
        fill_lists(lists, store, rows, reduction)
        queries = QuerySample.draw(store, rows, reduction, 1024, seed=77)
        points = calibrate(lists, queries.reduced, queries.truth, queries.rows, ks=[10], recalls=(0.95, 0.99))
        return sum(map(Cost.of(lists, 10_000), points)) if len(points) == 2 else np.inf

    axes = PrincipalAxes(sample)
    assert axes.choices == [32, 64, 0]  # with 32, it takes long to reach .99
    costs = [cost_of(InvertedLists.train(sample, 10_000, axes.projection(count))) for count in (64, 0)]
    samples = QuerySample.draw(store, rows, reduction, IndexOptions().calibration_queries)
    assert cost_of(choose_lists(store, rows, reduction, samples)) <= 1.15 * min(costs)
