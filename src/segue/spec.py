"""What makes vectors, and what a vector is: contracts that every room speaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.sound import Excerpts

Accepts = Literal["waveform", "frames", "features"]

Metric = Literal["cosine", "euclidean", "manhattan", "hamming", "dot"]
METRICS: tuple[Metric, ...] = ("cosine", "euclidean", "manhattan", "hamming", "dot")
COSINE: Metric = "cosine"

_LOG_ODDS_STEP = 0.08
_EVEN_ODDS = 128  # the code of a score of 1/2


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
    """As libraries and databases keep it, in the spelling of the first version, as digests depend on it."""
    fields = asdict(spec)
    fields["licence"] = fields.pop("license")
    return json.dumps(fields, sort_keys=True)


def spec_from_json(text: str) -> EmbedderSpec:
    """What ``EmbedderSpec.as_json`` wrote; libraries keep the word as it was first spelled."""
    fields = json.loads(text)
    fields["license"] = fields.pop("licence")
    return EmbedderSpec(**fields)


def family_of(space: str) -> str:
    """The name of a space without its version."""
    return space.rsplit("-", 1)[0]


def by_family(spaces: Iterable[str]) -> list[list[str]]:
    """Names of spaces, the versions of one together, the oldest first."""
    families: dict[str, list[str]] = {}
    for space in spaces:
        families.setdefault(family_of(space), []).append(space)
    return [sorted(versions, key=_version) for versions in families.values()]


def newer_versions(space: str, spaces: Iterable[str]) -> list[str]:
    """Those of some spaces that are later versions of one."""
    return [
        other
        for other in spaces
        if family_of(other) == family_of(space) and _version(other) > _version(space)
    ]


def _version(space: str) -> int:
    return int(space.rsplit("-", 1)[1])


def empty_row(spec: EmbedderSpec) -> NDArray[np.generic]:
    """(dim,), for a track without a vector: NaN, or zeros where the type has none."""
    return np.full(spec.dim, np.nan if spec.dtype == "float32" else 0, spec.dtype)


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """How the vectors of a space are kept and compared, where its embedder does not say.

    Attributes
    ----------
    windows : NumPy's name of the windows' type
    transform : "fitted", "centered" or "raw"; what is done to its vectors before they are compared
    metric : by which they are then compared
    weights : how much each dimension counts once standardized; all alike where there are none
    """

    windows: str = "<f2"
    transform: str = "fitted"
    metric: str = "cosine"
    weights: tuple[float, ...] = ()


def settings_to_json(settings: SpaceSettings) -> str:
    """As libraries and databases keep them, with the words of the first version."""
    fields = asdict(settings)
    transform = fields.pop("transform")
    fields["reading"] = "centred" if transform == "centered" else transform
    return json.dumps(fields, sort_keys=True)


def settings_from_json(text: str) -> SpaceSettings:
    """What ``SpaceSettings`` were written as; older words are understood."""
    fields = json.loads(text)
    transform = fields.pop("reading", "fitted")
    fields["transform"] = "centered" if transform == "centred" else transform
    return SpaceSettings(**{**fields, "weights": tuple(fields.get("weights", ()))})


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
    scores: NDArray[np.float32] | None = None  # (n_labels,), [0, 1]: of all that the network knows


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
    def spec(self) -> EmbedderSpec:
        """What it is, and what it makes."""
        ...

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


@runtime_checkable
class LabelingEmbedder(Embedder, Protocol):
    """An embedder that also scores labels; its embeddings hold a score for each of ``label_names``."""

    @property
    def label_names(self) -> Sequence[str]:
        """The labels that it scores, in the order of the scores."""
        ...


@runtime_checkable
class TextEmbedder(Embedder, Protocol):
    """An embedder that also puts texts into its space, near the sounds that they describe."""

    def embed_text(self, text: str) -> NDArray[np.float32]:
        """float32 (dim,): compared with pooled vectors by the cosine.

        Raises
        ------
        EmbeddingError
            Where the model makes no vector of this text.
        """
        ...


def label_names(embedder: Embedder) -> tuple[str, ...]:
    """The labels that an embedder scores; none where it scores none."""
    return tuple(embedder.label_names) if isinstance(embedder, LabelingEmbedder) else ()


def encode_scores(scores: NDArray[np.floating]) -> NDArray[np.uint8]:
    """uint8, of the same shape: 1 to 255 for scores in [0, 1], evenly over their log odds; 0 for NaN.

    A byte holds what ranking needs: a code is 8 % of the odds, from 1 in 26 000 to 26 000 to 1.
    """
    x = np.asarray(scores, np.float64).clip(1e-9, 1 - 1e-9)
    codes = np.rint(np.log(x / (1 - x)) / _LOG_ODDS_STEP) + _EVEN_ODDS
    return np.where(np.isnan(codes), 0, codes.clip(1, 255)).astype(np.uint8)


def decode_scores(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32, of the same shape: the scores of codes, NaN for 0."""
    table = 1 / (1 + np.exp(-_LOG_ODDS_STEP * (np.arange(256) - _EVEN_ODDS)))
    table[0] = np.nan
    return np.asarray(table.astype(np.float32)[codes])


def metric_named(name: str) -> Metric:
    """The metric of a name; "angular" is another word for cosine.

    Raises
    ------
    UsageError
    """
    metric = "cosine" if name == "angular" else name
    if metric not in METRICS:
        raise UsageError(f"no metric {name!r}; there are {', '.join(METRICS)}")
    return metric
