"""Published weights to ONNX networks: pure functions of the tensors; nothing is fetched here."""

from __future__ import annotations

from segue.embed.networks.aisfx import build_aisfx
from segue.embed.networks.mn04 import build_mn04
from segue.embed.networks.musicnn import build_musicnn
from segue.embed.networks.vggish import build_vggish

__all__ = ["build_aisfx", "build_mn04", "build_musicnn", "build_vggish"]
