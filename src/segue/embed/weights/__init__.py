"""Reads published weight files into named arrays, without TensorFlow or torch, and runs no pickle.

A reader needs no more memory and time than the size of the file allows, compares the checksums that
the format has, and raises only ``WeightsError`` for damaged or foreign files.
"""

from __future__ import annotations

from segue.embed.weights.tensors import Tensors, take
from segue.embed.weights.tf_bundle import read_tf_bundle
from segue.embed.weights.tf_graph import read_tf_graph
from segue.embed.weights.tf_table import read_tf_table
from segue.embed.weights.torch_zip import read_torch_zip

__all__ = ["Tensors", "read_tf_bundle", "read_tf_graph", "read_tf_table", "read_torch_zip", "take"]
