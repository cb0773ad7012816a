"""What every decoder gives: the mono samples of one file."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from segue.sound import SoundInfo
from segue.track import Waveform


class Reader(Protocol):
    """The mono samples of one file.

    Attributes
    ----------
    info : what its header claims
    """

    info: SoundInfo

    @property
    def faults(self) -> int:
        """Places where something was skipped, as far as the decoder tells."""

    def missing(self, n_read: int) -> int:
        """How many samples are missing at faults, once the whole file was read and gave ``n_read``."""

    def read(self, start: int, n: int) -> Waveform:
        """Up to ``n`` mono samples from ``start``; fewer where the file ends or no decoder goes on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
