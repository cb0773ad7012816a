"""Prior values of the dimensions, and how much each counts."""

from __future__ import annotations

import json
from functools import cache

import numpy as np

from segue.embed.descriptors.dimensions import DIMENSIONS
from segue.spec import Prior

# Less than 1 where a dimension says more about the key or the bar than about the sound. Chosen on
# labelled music, where precision was flat around these values; docs/measurements.md has the table.
WEIGHTS = {"chroma": 0.3, "tempo": 0.5, "pulse": 0.5}


@cache
def prior_values() -> Prior:
    """Mean and deviation over the demo's pieces, made by benchmarks/prior_values.py."""
    from importlib.resources import files

    text = files("segue.embed.descriptors").joinpath("prior.json").read_text("utf-8")
    table = json.loads(text)
    mean, std = np.array([table[dimension.name] for dimension in DIMENSIONS]).T
    weight = np.array([WEIGHTS.get(dimension.name.split("_")[0], 1.0) for dimension in DIMENSIONS])
    return Prior(mean, std, weight)
