"""What makes vectors, and what a vector is: contracts that every room speaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.sound import Excerpts

Accepts = Literal["waveform", "frames", "features"]

Metric = Literal["cosine", "euclidean", "manhattan", "hamming", "dot"]
METRICS: tuple[Metric, ...] = ("cosine", "euclidean", "manhattan", "hamming", "dot")
COSINE: Metric = "cosine"


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """What made a vector. It travels with every vector, index and answer; two are never mixed.

    ``version`` rises whenever the same sound would get other numbers.
    """

    name: str
    version: int
    accepts: Accepts
    dim: int
    sr: int  # Hz; 0 where the content is not sound
    window_s: float
    hop_s: float
    dtype: Literal["float32", "uint8"]  # of the pooled row
    license: str
    reference: str
    weights_sha256: str | None = None
    variant: str | None = None  # e.g. which layer's output

    @property
    def space(self) -> str:
        """The name of the space that its vectors live in."""
        variant = f"-{self.variant}" if self.variant else ""
        return f"{self.name}{variant}-{self.version}"

    def digest(self) -> str:
        """16 hexadecimal digits over all fields."""
        return hashlib.sha256(spec_to_json(self).encode()).hexdigest()[:16]


def spec_to_json(spec: EmbedderSpec) -> str:
    """As libraries and databases keep it; ``licence`` is their spelling, which all digests depend on."""
    fields = asdict(spec)
    fields["licence"] = fields.pop("license")
    return json.dumps(fields, sort_keys=True)


def spec_from_json(text: str) -> EmbedderSpec:
    fields = json.loads(text)
    fields["license"] = fields.pop("licence")
    return EmbedderSpec(**fields)


def empty_row(spec: EmbedderSpec) -> NDArray[np.generic]:
    """(dim,), for a track without a vector: NaN, or zeros where the type has none."""
    return np.full(spec.dim, np.nan if spec.dtype == "float32" else 0, spec.dtype)


@dataclass(frozen=True, slots=True)
class Label:
    """A word that a network has for a sound, and how sure it is, 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Embedding:
    """One track in one space."""

    pooled: NDArray[np.generic]  # (dim,), the spec's dtype
    windows: NDArray[np.float16]  # (n_windows, dim)
    labels: Sequence[Label] = ()  # what the network calls it, best first


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of a space before any track, to steady the views of small libraries.

    Attributes
    ----------
    mean, std : float64 (dim,), over music of many kinds
    weight : float64 (dim,), how much each dimension counts once standardized
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    weight: NDArray[np.float64]


class Embedder(Protocol):
    """Makes vectors of one spec, a pure function of each track; safe to call from several threads at once."""

    @property
    def spec(self) -> EmbedderSpec: ...

    @property
    def dimensions(self) -> Sequence[str]:
        """A name for each of the ``spec.dim`` numbers."""
        ...

    @property
    def prior(self) -> Prior | None:
        """Prior values of the dimensions, where somebody measured them."""
        ...

    def embed(self, sound: Excerpts) -> Embedding:
        """One track's vectors, from its sound alone; a sound shorter than a window is repeated to fill one.

        Raises
        ------
        EmbeddingError
            Where the model makes no vector of this sound, or one with values that are not finite.
        """
        ...


def metric_named(name: str) -> Metric:
    """The metric of a name; "angular" is another word for cosine.

    Raises
    ------
    UsageError
    """
    known = "cosine" if name == "angular" else name
    if known not in METRICS:
        raise UsageError(f"no metric {name!r}; there are {', '.join(METRICS)}")
    return known
