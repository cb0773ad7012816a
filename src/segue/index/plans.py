"""How far to look: plans for k answers at a recall, made once for each that is asked for."""

from __future__ import annotations

import warnings

import numpy as np

from segue.index.single_query import make_searcher
from segue.index.state import STEP_BYTES, Plan, State

_PLANS = 256  # kept at a time
_SLOW = 1_000_000  # numbers of all rows; comparing with fewer takes a millisecond at most
_LIVE_SHARE = 0.75  # of the candidates that a query looks at where nothing was deleted
_FAR_LISTS = 3.0  # times the work of a query that scanning takes at first, where rows near it do not qualify
_FAR_CANDIDATES = 0.5  # times the same, that comparing takes at first


def plan_for(state: State, k: int, recall: float, effort: float) -> Plan:
    """How far to look for k answers to reach a recall, times an effort; made once, with its searcher."""
    key = (k, recall, effort)
    plan = state.plans.get(key)
    if plan:
        return plan
    if len(state.plans) >= _PLANS:
        state.plans.clear()
        state.searchers.clear()
    plan = _make_plan(state, k, recall, effort)
    searcher = make_searcher(state, plan)
    if searcher:
        state.searchers[key] = searcher
    state.plans[key] = plan
    return plan


def asked_plan(state: State, k: int, recall: float, effort: float) -> Plan:
    """``plan_for``, with a warning where a query would be slower than its recall lets one expect."""
    is_new = (k, recall, effort) not in state.plans
    plan = plan_for(state, k, recall, effort)
    is_slow = not plan.n_probe and len(state) * state.dim >= _SLOW and k * 10 <= len(state)
    if is_new and is_slow and state.lists is not None and recall < 1:
        warnings.warn(
            f"the lists of this index do not reach a recall of {recall:g} for {k} answers in less time than "
            f"comparing with all {len(state):,} rows, so a query does that: see Index.operating_points",
            RuntimeWarning,
            stacklevel=4,
        )
    return plan


def _make_plan(state: State, k: int, recall: float, effort: float) -> Plan:
    point = state.operating_point(k, recall)
    if state.lists is None or point is None or k * 10 > len(state):
        return Plan(k)
    more = effort * max(1.0, k / point.k)
    # Deleted rows take places among the candidates.
    allowance = 1 + 2 * state.n_coded_tombstones / max(1, len(state))
    n_live = max(k, point.n_candidates * more)
    n_probe, n_candidates = max(1, round(point.n_probe * more)), int(np.ceil(n_live * allowance))
    worth = STEP_BYTES + n_probe * state.bytes_of_list + n_candidates * state.bytes_of_row
    return Plan(
        k, n_probe, min(n_candidates, state.n), int(_LIVE_SHARE * n_live), recall, effort,
        n_far=max(n_probe, round(_FAR_LISTS * worth / state.bytes_of_list)),
        n_far_candidates=max(n_candidates, round(_FAR_CANDIDATES * worth / state.bytes_of_row)),
    )  # fmt: skip
