"""Published weight files to named arrays, with neither TensorFlow, nor torch, nor a pickle that runs.

Every reader is bounded by the size of the file, checks the checksums that the format holds, and
raises nothing but ``WeightsError`` on damaged or foreign files.
"""

from __future__ import annotations

from segue.embed.weights.tensors import Tensors, take
from segue.embed.weights.tf_bundle import read_tf_bundle
from segue.embed.weights.tf_table import read_tf_table
from segue.embed.weights.torch_zip import read_torch_zip

__all__ = ["Tensors", "read_tf_bundle", "read_tf_table", "read_torch_zip", "take"]
