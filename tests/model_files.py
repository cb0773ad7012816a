"""A tiny model, what it is made of, and what a folder of models holds."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from segue.embed import models
from segue.embed.models import MODELS, Download, KnownFile, Model
from segue.embed.models.cache import build, write_access
from segue.embed.networks import build_mn04
from segue.embed.networks.graph import Graph
from segue.embed.weights import read_torch_zip, take
from tests.network_weights import mn04_tensors
from tests.onnx_files import run

ROOT = Path(__file__).resolve().parents[1]
LEFT = {".segue-lock", ".segue-downloads"}  # beside whole models, nothing else may stay


def known(path: Path, note: str = "") -> KnownFile:
    data = path.read_bytes()
    return KnownFile(path.name, len(data), hashlib.sha256(data).hexdigest(), note)


def convert_tiny(files: Mapping[str, Path], folder: Path) -> None:
    graph = Graph("tiny")
    weight = take(read_torch_zip(files["tiny.pt"]), "weight", (300, 600))
    graph.dense("x", weight, np.zeros(600, np.float32), output="embedding")
    network = graph.model({"x": ("n", 300)}, {"embedding": ("n", 600)})
    (folder / "tiny.onnx").write_bytes(network.SerializeToString())


def described(url: str, path: Path, *, note: str = "") -> Model:
    download = Download(known(path, note), url)
    return Model("tiny", "Tiny", "tests", "MIT", "nowhere", (download,), convert_tiny)


def parts(folder: Path) -> list[Path]:
    return sorted((folder / ".segue-downloads").glob("*"))


def assert_whole(model: Model, folder: Path) -> None:
    """The model works, and nothing unfinished is left."""
    models.check(model, folder=folder)
    found = run(onnx.load(models.model_path(model, folder=folder)), np.ones((2, 300), np.float32))
    assert found["embedding"].shape == (2, 600)
    assert {path.name for path in folder.iterdir()} <= LEFT | {model.name}
    assert not parts(folder)


def upgradable(model: Model) -> Model:
    """The next revision of tiny: with its output also twice as large."""
    return dataclasses.replace(model, revision=2, upgrade=_with_twice)


def _with_twice(content: bytes) -> bytes:
    network = onnx.load_from_string(content)
    network.graph.node.append(onnx.helper.make_node("Add", ["embedding", "embedding"], ["twice"]))
    network.graph.output.append(
        onnx.helper.make_tensor_value_info("twice", onnx.TensorProto.FLOAT, ["n", 600])
    )
    return network.SerializeToString()


def install_mn04(folder: Path, *, revision: int = MODELS["mn04"].revision) -> None:
    """mn04 with seeded random weights, as a revision wrote it."""

    def convert(_: Mapping[str, Path], into: Path) -> None:
        content = build_mn04(mn04_tensors(np.random.default_rng(1))).SerializeToString()
        (into / "mn04.onnx").write_bytes(content if revision > 1 else without_middle(content))

    with write_access(folder):
        build(folder, dataclasses.replace(MODELS["mn04"], revision=revision, convert=convert), {})


def without_middle(content: bytes) -> bytes:
    """mn04's file as revision 1 wrote it."""
    network = onnx.load_from_string(content)
    graph = network.graph
    del graph.node[-4:], graph.output[-1:], graph.initializer[-1:]
    return network.SerializeToString()
