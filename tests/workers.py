"""Which of several processes runs which tests: those of a file stay together, as they share fixtures.

(`--dist loadgroup` of pytest-xdist 3.8 would do, but groups nothing with pytest 9.2, and says nothing.)
"""

from __future__ import annotations

from itertools import groupby

from xdist.scheduler import LoadScopeScheduling


class ByFile(LoadScopeScheduling):
    """Tests of one file that follow each other are a unit: its quick ones, and later its slow ones."""

    _units: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed

    def _split_scope(self, nodeid: str) -> str:
        if not self._units:
            runs = groupby(self.collection or (), lambda each: each.partition("::")[0])
            self._units = {each: f"{n} {file}" for n, (file, tests) in enumerate(runs) for each in tests}
        return self._units[nodeid]
