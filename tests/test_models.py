"""Models that are there are listed, checked and removed, damage is told, and the command does it too."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from segue.embed import models
from segue.embed.models import MODELS, DownloadError, Model, ModelError, ModelNotFoundError
from segue.embed.models import published as published_models
from segue.errors import UsageError, WeightsError
from tests.fake_download_server import Publisher
from tests.model_files import ROOT, assert_whole, parts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "modèles"


@pytest.fixture
def segue_models(
    segue: Callable[..., tuple[int, str, str]], folder: Path
) -> Callable[..., tuple[int, str, str]]:
    return functools.partial(segue, "models", "--folder", folder)


# What is there


def test_an_absent_model_is_named_with_the_command(folder: Path):
    with pytest.raises(ModelNotFoundError, match="segue models pull mn04") as caught:
        models.model_path("mn04", folder=folder)
    assert caught.value.model == "mn04"
    assert str(folder) in str(caught.value)
    assert not folder.exists()


def test_an_unknown_name_lists_the_names():
    for action in (models.pull, models.model_path, models.remove, models.add, models.check, models.status):
        with pytest.raises(UsageError, match="there are vggish, musicnn, mn04, aisfx"):
            action("vgg")


@pytest.mark.parametrize("damage", ["shorter", "absent", "no record", "foreign record", "bad name"])
def test_damage_is_seen_without_reading_sums_and_mended_by_a_pull(tiny: Model, folder: Path, damage: str):
    path = models.pull(tiny, folder=folder)
    record = path.with_name("model.json")
    match damage:
        case "shorter":
            path.write_bytes(path.read_bytes()[:-1])
        case "absent":
            path.unlink()
        case "no record":
            record.write_bytes(b"\xff{")
        case "foreign record":
            record.write_text("[1, 2]")
        case "bad name":
            record.write_text(record.read_text().replace('"tiny.onnx"', '"../tiny.onnx"'))
    with pytest.raises(ModelNotFoundError, match=r"damaged.*segue models pull tiny"):
        models.model_path(tiny, folder=folder)
    with pytest.raises(WeightsError, match="segue models pull tiny"):
        models.check(tiny, folder=folder)
    models.pull(tiny, folder=folder)
    assert_whole(tiny, folder)


def test_changed_bytes_are_found_by_check_and_mended_by_a_pull(tiny: Model, folder: Path):
    path = models.pull(tiny, folder=folder)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    models.model_path(tiny, folder=folder)
    with pytest.raises(WeightsError, match=r"found sha256 .* expected .*segue models pull tiny"):
        models.check(tiny, folder=folder)
    models.pull(tiny, folder=folder)
    assert_whole(tiny, folder)


def test_a_model_of_an_older_segue_is_not_used(tiny: Model, folder: Path):
    models.pull(tiny, folder=folder)
    newer = dataclasses.replace(tiny, revision=2)
    with pytest.raises(ModelNotFoundError, match="outdated"):
        models.model_path(newer, folder=folder)
    models.pull(newer, folder=folder)
    assert_whole(newer, folder)


def test_the_record_names_what_the_model_was_made_from(tiny: Model, folder: Path):
    path = models.pull(tiny, folder=folder)
    record = json.loads(path.with_name("model.json").read_text())
    sums = {"size_bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert record == {
        "format": 1,
        "model": "tiny",
        "revision": 1,
        "sources": {"tiny.pt": tiny.sha256},
        "files": {"tiny.onnx": sums},
    }


def test_a_folder_without_a_model_is_left_alone(publisher: Publisher, tiny: Model, folder: Path):
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "diary.txt").write_text("mine")
    for action in (models.pull, models.remove):
        with pytest.raises(ModelError, match="move it elsewhere"):
            action(tiny, folder=folder)
    assert (folder / "tiny" / "diary.txt").read_text() == "mine"
    assert not publisher.asked


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tiny: Model, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="SEGUE_MODELS"):
        models.pull(tiny, folder=tmp_path / "file" / "models")


def test_the_folder_is_the_argument_then_the_variable_then_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("SEGUE_MODELS", raising=False)
    assert models.models_folder().parts[-1] == "models"
    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path))
    assert models.models_folder() == tmp_path
    assert models.models_folder(tmp_path / "other") == tmp_path / "other"


def test_remove_deletes_a_model_and_what_was_fetched_of_it(publisher: Publisher, tiny: Model, folder: Path):
    models.pull(tiny, folder=folder)
    models.remove(tiny, folder=folder)
    assert models.status(tiny, folder=folder).state == "missing"
    publisher.stops = [1000, 1000]
    with pytest.raises(DownloadError):
        models.pull(tiny, folder=folder)
    models.remove(tiny, folder=folder)
    assert not parts(folder)
    with pytest.raises(ModelNotFoundError, match="nothing to remove"):
        models.remove(tiny, folder=folder)


@pytest.mark.slow
def test_importing_and_listing_reach_for_no_network(folder: Path):
    program = (
        "import sys\n"
        "def watch(event, _):\n"
        "    assert not event.startswith(('socket.connect', 'socket.getaddrinfo', 'subprocess')), event\n"
        "sys.addaudithook(watch)\n"
        "from segue.embed import models\n"
        "print(models.installed())\n"
        "assert not {'onnx', 'onnxruntime'} & sys.modules.keys()\n"
    )
    environment = os.environ | {"SEGUE_MODELS": str(folder), "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("()", 0), done.stderr


# The command


@pytest.fixture
def pullable(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model that the command knows by name."""
    monkeypatch.setitem(MODELS, "tiny", tiny)
    return tiny


def test_without_a_subcommand_all_models_are_listed(segue_models: Callable[..., tuple[int, str, str]]):
    code, out, err = segue_models()
    assert (code, err) == (0, "")
    for name, model in MODELS.items():
        line = next(line for line in out.splitlines() if line.startswith(f"{name} "))
        assert "missing" in line
        assert model.license in line
        assert f"{model.size_bytes / 1e6:.1f} MB" in line
        assert model.purpose in line


def test_the_list_as_json(pullable: Model, folder: Path, segue_models: Callable[..., tuple[int, str, str]]):
    models.pull(pullable, folder=folder)
    code, out, _ = segue_models("list", "--json")
    records = {record["name"]: record for record in json.loads(out)}
    assert code == 0
    assert records.keys() == MODELS.keys()
    assert records["tiny"]["state"] == "ready"
    assert records["tiny"]["path"] == str(folder / "tiny" / "tiny.onnx")
    assert records["mn04"]["path"] is None
    assert records["mn04"]["sha256"] == MODELS["mn04"].sha256
    assert len(records["vggish"]["sources"]) == 2


def test_damage_is_listed_with_the_next_step(
    pullable: Model, folder: Path, segue_models: Callable[..., tuple[int, str, str]]
):
    models.pull(pullable, folder=folder).unlink()
    code, out, err = segue_models("list")
    assert code == 0
    assert "damaged" in out
    assert "segue models pull tiny" in err


def test_pull_check_and_remove(
    pullable: Model, folder: Path, segue_models: Callable[..., tuple[int, str, str]]
):
    code, out, err = segue_models("pull", "tiny", "tiny")
    assert (code, out) == (0, f"tiny is ready: {folder / 'tiny' / 'tiny.onnx'}\n")
    assert f"tiny: 0.0 MB of {pullable.size_bytes / 1e6:.1f} MB" in err
    assert segue_models("check") == (0, "tiny: all checksums match\n", "")
    assert segue_models("remove", "tiny") == (0, "removed tiny\n", "")
    code, _, err = segue_models("remove", "tiny")
    assert code == 2
    assert "nothing to remove" in err
    code, _, err = segue_models("check")
    assert code == 0
    assert "no models are installed" in err


def test_quiet_pulls_say_nothing_on_the_way(
    pullable: Model, segue_models: Callable[..., tuple[int, str, str]]
):
    assert segue_models("pull", "-q", "tiny")[2] == ""


def test_exit_codes_are_honest(
    pullable: Model, publisher: Publisher, segue_models: Callable[..., tuple[int, str, str]]
):
    code, out, err = segue_models("pull", "nonsense", "tiny")
    assert code == 1
    assert "tiny is ready" in out
    assert "there is no model 'nonsense'" in err
    segue_models("remove", "tiny")
    publisher.files.clear()
    code, out, err = segue_models("pull", "tiny")
    assert (code, out) == (2, "")
    assert "segue: tiny: http://127.0.0.1" in err
    assert "segue models add tiny tiny.pt" in err


def test_all_means_every_model(
    tiny: Model, monkeypatch: pytest.MonkeyPatch, segue_models: Callable[..., tuple[int, str, str]]
):
    for home in (models, published_models):  # whole, as undoing one by one would leave another order
        monkeypatch.setattr(home, "MODELS", {"tiny": tiny})
    assert segue_models("pull", "all")[0] == 0


def test_add_from_the_command(
    pullable: Model, weights: Path, segue_models: Callable[..., tuple[int, str, str]]
):
    code, out, _ = segue_models("add", "tiny", weights)
    assert code == 0
    assert out.startswith("tiny is ready: ")
    code, _, err = segue_models("add", "mn04", weights)
    assert code == 2
    assert "expected mn04_as_mAP_432.pt" in err or "is missing" in err


def test_every_model_is_described():
    text = (ROOT / "docs" / "models.md").read_text("utf-8")
    for model in MODELS.values():
        assert f"`{model.name}`" in text
        assert model.license in text
        assert model.add_command in text
        for download in model.downloads:
            assert download.source in text
            assert download.file.sha256 in text
            assert f"{download.file.size_bytes:,}".replace(",", " ") in text
