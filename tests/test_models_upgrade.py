"""A model that an older Segue converted is upgraded from its own file; processes are really killed."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from segue.embed import models
from segue.embed.models import MODELS, Model, ModelError, ModelNotFoundError
from segue.embed.models.convert import upgrade_mn04
from segue.embed.networks import build_mn04
from segue.embed.registry import make_embedders
from segue.errors import WeightsError
from tests.fake_download_server import Publisher
from tests.killed_work import is_killed
from tests.model_files import assert_whole, upgradable, without_middle
from tests.network_weights import mn04_tensors
from tests.onnx_files import run

OUTPUTS = {"embedding", "twice"}


@pytest.fixture
def folder(tiny: Model, tmp_path: Path) -> Path:
    """Models, of which tiny is of the revision before."""
    models.pull(tiny, folder=tmp_path / "modèles")
    return tmp_path / "modèles"


@pytest.fixture
def newer(tiny: Model) -> Model:
    return upgradable(tiny)


def outputs(path: Path) -> set[str]:
    return set(run(onnx.load(path), np.ones((2, 300), np.float32)))


def test_it_is_upgraded_where_it_is_needed_and_nothing_is_fetched(
    publisher: Publisher, newer: Model, folder: Path
):
    asked = list(publisher.asked)
    assert models.status(newer, folder=folder).state == "outdated"
    assert outputs(models.model_path(newer, folder=folder)) == OUTPUTS
    assert_whole(newer, folder)
    assert publisher.asked == asked
    assert not models.upgrade(newer, folder=folder)  # there is nothing left to do


def test_a_pull_upgrades_and_fetches_nothing(publisher: Publisher, newer: Model, folder: Path):
    asked = list(publisher.asked)
    assert outputs(models.pull(newer, folder=folder)) == OUTPUTS
    assert_whole(newer, folder)
    assert publisher.asked == asked


def test_who_needs_no_more_takes_the_older_file_as_it_is(newer: Model, folder: Path):
    assert outputs(models.model_path(newer, folder=folder, revision=1)) == {"embedding"}
    assert models.status(newer, folder=folder).state == "outdated"
    models.upgrade(newer, folder=folder)
    assert outputs(models.model_path(newer, folder=folder, revision=1)) == OUTPUTS


def test_a_file_that_cannot_be_upgraded_stays_and_is_pulled_again(
    publisher: Publisher, newer: Model, folder: Path
):
    def refuse(content: bytes) -> bytes:
        raise WeightsError("the network has no layer 7")

    other = dataclasses.replace(newer, upgrade=refuse)
    before = (folder / "tiny" / "tiny.onnx").read_bytes()
    with pytest.raises(ModelNotFoundError, match=r"outdated.*has no layer 7.*segue models pull tiny"):
        models.model_path(other, folder=folder)
    assert (folder / "tiny" / "tiny.onnx").read_bytes() == before
    asked = len(publisher.asked)
    models.pull(other, folder=folder)
    assert len(publisher.asked) == asked + 1
    assert models.status(other, folder=folder).state == "ready"


def test_a_damaged_file_is_not_upgraded(newer: Model, folder: Path):
    path = folder / "tiny" / "tiny.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(WeightsError, match="found sha256"):
        models.upgrade(newer, folder=folder)
    assert models.status(newer, folder=folder).state == "outdated"
    models.pull(newer, folder=folder)
    assert_whole(newer, folder)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="no folder is read-only here")
def test_in_a_folder_that_cannot_be_written_the_older_file_serves_who_needs_no_more(
    newer: Model, folder: Path
):
    for path in (folder, folder / "tiny"):
        path.chmod(0o555)
    try:
        with pytest.raises(ModelError, match="cannot be written"):
            models.model_path(newer, folder=folder)
        assert models.model_path(newer, folder=folder, revision=1).is_file()
    finally:
        for path in (folder, folder / "tiny"):
            path.chmod(0o755)


def test_a_network_without_the_middle_layers_is_named(tmp_path: Path):
    network = build_mn04(mn04_tensors(np.random.default_rng(1)))
    for node in network.graph.node:
        for i, name in enumerate(node.output):
            if name == "hardswish_99":
                node.output[i] = "layer_99"
    with pytest.raises(WeightsError, match="no layers hardswish_99"):
        upgrade_mn04(network.SerializeToString())


def test_an_upgraded_mn04_is_the_same_file_as_a_new_one():
    new = build_mn04(mn04_tensors(np.random.default_rng(1))).SerializeToString()
    assert upgrade_mn04(without_middle(new)) == new


@pytest.mark.shared
def test_an_installed_mn04_of_revision_1_is_upgraded_by_its_first_use(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def convert(files, folder):
        MODELS["mn04"].convert(files, folder)
        path = folder / "mn04.onnx"
        path.write_bytes(without_middle(path.read_bytes()))

    weights = shared / "data" / "models" / "mn04_as_mAP_432.pt"
    old = dataclasses.replace(MODELS["mn04"], revision=1, upgrade=None, convert=convert)
    models.add(old, weights, folder=tmp_path / "old")
    models.add("mn04", weights, folder=tmp_path / "new")
    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path / "old"))
    assert [embedder.spec.name for embedder in make_embedders()] == ["descriptors", "mn04"]
    models.check("mn04")
    for name in ("mn04.onnx", "model.json"):
        assert (tmp_path / "old" / "mn04" / name).read_bytes() == (
            tmp_path / "new" / "mn04" / name
        ).read_bytes()


def upgrade_counting(step: Callable[[], None], model: Model, root: Path) -> None:
    models.upgrade(model, folder=root)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a Unix signal")
def test_an_upgrade_killed_at_any_point_is_finished_by_the_next_without_a_network(
    publisher: Publisher, newer: Model, folder: Path, tmp_path: Path
):
    asked, left = list(publisher.asked), set()
    for point in range(100):
        root = tmp_path / str(point)
        shutil.copytree(folder, root)
        if not is_killed(upgrade_counting, newer, root, root=root, point=point):
            break
        left.add(tuple(sorted(path.name for path in (root / "tiny").iterdir())))
        assert outputs(models.model_path(newer, folder=root)) == OUTPUTS
        assert {path.name for path in (root / "tiny").iterdir()} == {"model.json", "tiny.onnx"}
        models.pull(newer, folder=root)  # sweeps out what was left after the upgrade
        assert_whole(newer, root)
    assert point > 10
    assert ("model.json", "model.next.json", "tiny.onnx") in left  # one of them was killed on the way
    assert publisher.asked == asked
