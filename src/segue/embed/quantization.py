"""How close a network in 8-bit integers comes to its original in float32."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.errors import WeightsError
from segue.sound import Excerpts
from segue.spec import Embedder
from segue.texts import reason
from segue.track import Waveform

FILE = "agreement.json"


@dataclass(frozen=True, slots=True)
class QuantizationReport:
    """A quantized embedder against its original on the same sounds; both make 8-bit frames.

    Attributes
    ----------
    sounds, windows : on how many it was measured
    cosine_mean, cosine_min : of the pooled rows of a sound, each taken from the mean over all sounds
        of the first embedder; without that, any two sounds are alike
    equal : share of equal numbers in the 8-bit frames, 0 to 1
    difference : mean absolute difference of these numbers, 0 to 255
    """

    sounds: int
    windows: int
    cosine_mean: float
    cosine_min: float
    equal: float
    difference: float


def compare_quantized(
    reference: Embedder, quantized: Embedder, sounds: Iterable[Waveform]
) -> QuantizationReport:
    """How close the vectors of ``quantized`` come to those of ``reference``.

    Parameters
    ----------
    sounds : at the embedders' rate, two at the least
    """
    excerpts = [Excerpts.from_waveform(y, reference.spec.sr) for y in sounds]
    pairs = [(reference.embed(sound), quantized.embed(sound)) for sound in excerpts]
    cosines = _cosines(*(np.stack([pair[i].pooled for pair in pairs]).astype(np.float64) for i in (0, 1)))
    frames, others = (np.concatenate([pair[i].windows for pair in pairs]).astype(np.int16) for i in (0, 1))
    return QuantizationReport(
        sounds=len(pairs),
        windows=len(frames),
        cosine_mean=round(float(cosines.mean()), 5),
        cosine_min=round(float(cosines.min()), 5),
        equal=round(float((frames == others).mean()), 4),
        difference=round(float(np.abs(frames - others).mean()), 3),
    )


def _cosines(rows: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    center = rows.mean(axis=0)
    rows, others = rows - center, others - center
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray((rows * others).sum(axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny))


def write_reports(folder: Path, reports: Mapping[str, QuantizationReport]) -> None:
    """Write reports to a model's folder, by the quantized embedder's name."""
    text = json.dumps({name: asdict(report) for name, report in reports.items()}, indent=2)
    (folder / FILE).write_text(text + "\n", "utf-8")


def read_reports(folder: Path) -> dict[str, QuantizationReport]:
    """The reports in a model's folder; none where the model has no quantized form.

    Raises
    ------
    WeightsError
        Where the file is damaged.
    """
    path = folder / FILE
    try:
        reports = json.loads(path.read_text("utf-8"))
        return {name: QuantizationReport(**fields) for name, fields in reports.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{path} cannot be read: {reason(error)}", str(path)) from error
