"""What a scan fetches before it begins."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import onnx
import pytest

from segue.embed.models import MODELS
from segue.embed.networks.graph import Graph
from tests.conftest import write_music
from tests.fake_download_server import Publisher


@pytest.fixture
def mn04_published(publisher: Publisher, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mn04's own file, at an address that can be reached."""
    file = "mn04_as_mAP_432.pt"
    publisher.files[file] = (shared / "data" / "models" / file).read_bytes()
    model = MODELS["mn04"]
    download = dataclasses.replace(model.downloads[0], source=publisher.url(file))
    monkeypatch.setitem(MODELS, "mn04", dataclasses.replace(model, downloads=(download,)))


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.usefixtures("mn04_published")
def test_scan_fetches_what_it_lacks_and_goes_on_without_what_it_cannot_get(
    segue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_music(tmp_path / "music")
    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    code, out, err = segue("-l", tmp_path / "library", "scan", "--pull", tmp_path / "music")
    assert code == 0
    assert out.startswith("12 added")
    first, *rest = err.splitlines()
    assert first.startswith("downloading musicnn (29.3 MB), mn04 (4.1 MB), once")
    assert any("musicnn could not be downloaded, so the scan continues without it" in line for line in rest)
    assert "mn04 is ready" in rest
    assert any("scanned without musicnn (not installed)" in line for line in rest)
    spaces = json.loads(segue("-l", tmp_path / "library", "info", "--json")[1])["spaces"]
    assert sorted(str(space).split("-")[0] for space in spaces) == ["descriptors", "mn04"]


def test_scan_fetches_nothing_for_a_library_of_chosen_embedders(
    segue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_music(tmp_path / "music")
    model = tmp_path / "mean.onnx"
    graph = Graph("mean")
    graph.reduce("ReduceMean", "x", [1], keep=True, output="embedding")
    onnx.save(graph.model({"x": ("n", 8000)}, {"embedding": ("n", 1)}), model)
    arguments = ("--onnx", model, "--sr", "8000", "--window", "1")
    assert segue("-l", tmp_path / "library", "scan", tmp_path / "music", *arguments)[0] == 0
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    _, out, err = segue("-l", tmp_path / "library", "scan", "--pull", tmp_path / "music")
    assert out.startswith("12 unchanged")
    assert "downloading" not in err


@pytest.mark.slow
def test_no_pull_scans_without_a_download(segue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_music(tmp_path / "music")
    monkeypatch.delenv("SEGUE_PULL")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    code, out, err = segue("-l", tmp_path / "library", "scan", "--no-pull", tmp_path / "music")
    assert code == 0
    assert out.startswith("12 added")
    assert "downloading" not in err
    assert "downloading" in segue("-l", tmp_path / "library", "scan", "--yes", tmp_path / "music")[2]
