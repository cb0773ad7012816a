"""Counts and times of requests in Prometheus' text format, of this worker."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping

_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Filled by the middleware, written by ``GET /metrics``."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(_BOUNDS_S) + 1))
        self._seconds: Counter[str] = Counter()

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests[method, route, status] += 1
        self._buckets[route][bisect_left(_BOUNDS_S, seconds)] += 1
        self._seconds[route] += seconds  # type: ignore[assignment]

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """Everything so far.

        Parameters
        ----------
        gauges : by their names, what each is and its value
        """
        worker = f'worker="{os.getpid()}"'
        lines = ["# HELP segue_requests_total Requests.", "# TYPE segue_requests_total counter"]
        for (method, route, status), n in sorted(self._requests.items()):
            labels = f'{worker},method="{method}",route="{_escape(route)}",status="{status}"'
            lines.append(f"segue_requests_total{{{labels}}} {n}")
        name = "segue_request_seconds"
        lines += [f"# HELP {name} Time until a request was answered.", f"# TYPE {name} histogram"]
        for route, counts in sorted(self._buckets.items()):
            labels, total = f'{worker},route="{_escape(route)}"', 0
            for bound, n in zip((*_BOUNDS_S, "+Inf"), counts, strict=True):
                total += n
                lines.append(f'{name}_bucket{{{labels},le="{bound}"}} {total}')
            lines.append(f"{name}_sum{{{labels}}} {self._seconds[route]:.6f}")
            lines.append(f"{name}_count{{{labels}}} {total}")
        for gauge, (what, value) in gauges.items():
            lines += [f"# HELP segue_{gauge} {what}", f"# TYPE segue_{gauge} gauge"]
            lines.append(f"segue_{gauge}{{{worker}}} {value:g}")
        return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
