"""Models come from a real server on loopback, from pip and from files; processes are really killed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import click.testing
import numpy as np
import onnx
import pytest

from segue.cli.models import models as command
from segue.cli.options import AppError
from segue.embed import models
from segue.embed.models import (
    MODELS,
    Download,
    DownloadError,
    KnownFile,
    Model,
    ModelError,
    ModelNotFoundError,
    fetch,
)
from segue.embed.networks.graph import Graph
from segue.embed.weights import read_torch_zip, take
from segue.errors import SegueError, UsageError, WeightsError
from tests.onnx_files import run
from tests.publisher import Publisher
from tests.torch_files import write_torch

ROOT = Path(__file__).resolve().parents[1]
MN04_FILE = "mn04_as_mAP_432.pt"
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


@pytest.fixture
def weights(tmp_path: Path, rng: np.random.Generator) -> Path:
    """720 kB, so that it comes in several chunks."""
    return write_torch(tmp_path / "tiny.pt", {"weight": rng.standard_normal((300, 600)).astype(np.float32)})


@pytest.fixture
def tiny(publisher: Publisher, weights: Path) -> Model:
    publisher.files["tiny.pt"] = weights.read_bytes()
    return described(publisher.url("tiny.pt"), weights)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "modèles"


@pytest.fixture
def mn04_file(shared: Path) -> Path:
    return shared / "data" / "models" / MN04_FILE


@pytest.fixture
def segue_models(folder: Path) -> Callable[..., tuple[int, str, str]]:
    def invoke(*arguments: object) -> tuple[int, str, str]:
        words = ["--folder", str(folder), *map(str, arguments)]
        result = click.testing.CliRunner().invoke(command, words)
        if isinstance(result.exception, AppError):
            return result.exception.exit_code, result.stdout, result.stderr
        if isinstance(result.exception, SegueError):
            return 2, result.stdout, str(result.exception)
        return result.exit_code, result.stdout, result.stderr

    return invoke


def parts(folder: Path) -> list[Path]:
    return sorted((folder / ".segue-downloads").glob("*"))


def assert_whole(model: Model, folder: Path) -> None:
    """The model works, and nothing unfinished is left."""
    models.check(model, folder=folder)
    found = run(onnx.load(models.path_of(model, folder=folder)), np.ones((2, 300), np.float32))
    assert found["embedding"].shape == (2, 600)
    assert {path.name for path in folder.iterdir()} <= LEFT | {model.name}
    assert not parts(folder)


# Fetching


def test_pull_fetches_checks_and_converts(tiny: Model, folder: Path):
    seen: list[tuple[int, int]] = []
    path = models.pull(tiny, folder=folder, progress=lambda done, total: seen.append((done, total)))
    assert path == folder / "tiny" / "tiny.onnx"
    assert_whole(tiny, folder)
    assert seen == sorted(seen)
    assert seen[0] == (0, tiny.size_bytes)
    assert seen[-1] == (tiny.size_bytes, tiny.size_bytes)


def test_a_second_pull_asks_nobody(publisher: Publisher, tiny: Model, folder: Path):
    models.pull(tiny, folder=folder)
    models.pull(tiny, folder=folder)
    assert publisher.asked == [None]


def test_a_dropped_connection_is_taken_up_again(publisher: Publisher, tiny: Model, folder: Path):
    publisher.stops = [1000, 400_000]
    models.pull(tiny, folder=folder)
    assert publisher.asked == [None, "bytes=1000-", "bytes=400000-"]
    assert_whole(tiny, folder)


def test_a_stalled_connection_is_taken_up_again(
    publisher: Publisher, tiny: Model, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fetch, "TIMEOUT_S", 0.3)
    publisher.stops, publisher.stalls = [5000], True
    models.pull(tiny, folder=folder)
    assert publisher.asked == [None, "bytes=5000-"]
    assert_whole(tiny, folder)


def test_a_pull_that_failed_goes_on_from_what_it_had(publisher: Publisher, tiny: Model, folder: Path):
    publisher.stops = [300_000, 300_000]
    with pytest.raises(DownloadError, match=r"300000 of 7\d+ bytes are kept, pull goes on from there"):
        models.pull(tiny, folder=folder)
    assert [path.stat().st_size for path in parts(folder)] == [300_000]
    models.pull(tiny, folder=folder)
    assert publisher.asked == [None, "bytes=300000-", "bytes=300000-"]
    assert_whole(tiny, folder)


def test_a_server_without_ranges_sends_all_again(publisher: Publisher, tiny: Model, folder: Path):
    publisher.knows_ranges, publisher.stops = False, [1000]
    models.pull(tiny, folder=folder)
    assert publisher.asked == [None, "bytes=1000-"]
    assert_whole(tiny, folder)


def test_a_server_that_tells_no_length_will_do(publisher: Publisher, tiny: Model, folder: Path):
    publisher.tells_length = False
    models.pull(tiny, folder=folder)
    assert_whole(tiny, folder)


@pytest.mark.parametrize("offer", ["bytes 5-9/10", "nonsense"])
def test_a_range_that_was_not_asked_for_is_not_taken(
    publisher: Publisher, tiny: Model, folder: Path, offer: str
):
    publisher.offers_range, publisher.stops = offer, [1000]
    models.pull(tiny, folder=folder)
    assert publisher.asked == [None, "bytes=1000-", None]
    assert_whole(tiny, folder)


def test_a_server_with_another_size_is_refused_before_the_download(
    publisher: Publisher, tiny: Model, folder: Path
):
    publisher.files["tiny.pt"] = bytes(50)
    with pytest.raises(DownloadError, match=f"offers 50 bytes, expected {tiny.size_bytes}"):
        models.pull(tiny, folder=folder)
    publisher.stops = [1000]
    publisher.files["tiny.pt"] = bytes(tiny.size_bytes)
    publisher.knows_ranges = False
    with pytest.raises(WeightsError):
        models.pull(tiny, folder=folder)


def test_an_endless_answer_is_cut_and_refused(publisher: Publisher, tiny: Model, folder: Path):
    publisher.tells_length = False
    publisher.files["tiny.pt"] = bytes(3 * tiny.size_bytes)
    with pytest.raises(WeightsError, match="found sha256"):
        models.pull(tiny, folder=folder)


def test_a_wrong_sum_is_named_and_deleted(publisher: Publisher, weights: Path, folder: Path):
    good = weights.read_bytes()
    publisher.files["tiny.pt"] = good[:-1] + b"?"
    model = described(publisher.url("tiny.pt"), weights, note="that sum was taken from a pointer file")
    with pytest.raises(WeightsError) as caught:
        models.pull(model, folder=folder)
    message = str(caught.value)
    assert hashlib.sha256(publisher.files["tiny.pt"]).hexdigest() in message
    assert model.sha256 in message
    assert "pointer file" in message
    assert "segue models add tiny tiny.pt" in message
    assert not parts(folder)
    publisher.files["tiny.pt"] = good
    models.pull(model, folder=folder)
    assert_whole(model, folder)


def test_the_sum_of_a_pointer_file_is_called_that():
    assert "pointer file" in MODELS["vggish"].downloads[0].file.note
    assert not MODELS["vggish"].downloads[1].file.note


def test_a_missing_file_is_not_asked_for_twice(publisher: Publisher, tiny: Model, folder: Path):
    publisher.files.clear()
    with pytest.raises(DownloadError, match="answered 404") as caught:
        models.pull(tiny, folder=folder)
    assert caught.value.source == publisher.url("tiny.pt")
    assert publisher.asked == [None]
    assert models.status(tiny, folder=folder).state == "missing"


@pytest.mark.parametrize("name", ["vggish", "mn04"])
def test_without_a_network_the_next_step_is_named(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(DownloadError) as caught:
        models.pull(name, folder=folder)
    message = str(caught.value)
    assert "refused" in message
    assert message.endswith(MODELS[name].add_command)
    for download in MODELS[name].downloads:
        assert download.source in message
        assert f" {download.file.name}" in MODELS[name].add_command


def test_without_an_index_pip_says_so_and_the_next_step_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    with pytest.raises(DownloadError) as caught:
        models.pull("musicnn", folder=folder)
    assert "No matching distribution found for musicnn==0.1.0" in str(caught.value)
    assert str(caught.value).endswith("segue models add musicnn musicnn-0.1.0-py3-none-any.whl")


def test_a_partly_fetched_file_that_is_too_long_is_fetched_anew(
    publisher: Publisher, tiny: Model, folder: Path
):
    publisher.stops = [1000, 1000]
    with pytest.raises(DownloadError):
        models.pull(tiny, folder=folder)
    parts(folder)[0].write_bytes(bytes(tiny.size_bytes + 1))
    models.pull(tiny, folder=folder)
    assert_whole(tiny, folder)


def test_two_pulls_at_once_fetch_once(publisher: Publisher, tiny: Model, folder: Path):
    publisher.may_answer.clear()
    waiting = threading.Event()
    first = threading.Thread(target=models.pull, args=(tiny,), kwargs={"folder": folder})
    first.start()
    while not (folder / ".segue-work").exists():
        time.sleep(0.01)

    def wait() -> None:
        waiting.set()
        publisher.may_answer.set()

    models.pull(tiny, folder=folder, on_wait=wait)
    first.join()
    assert waiting.is_set()
    assert publisher.asked == [None]
    assert_whole(tiny, folder)


def test_a_model_that_is_there_is_not_waited_for(publisher: Publisher, tiny: Model, folder: Path):
    models.pull(tiny, folder=folder)
    publisher.may_answer.clear()

    def convert(files: Mapping[str, Path], to: Path) -> None:
        convert_tiny(files, to)
        (to / "tiny.onnx").rename(to / "other.onnx")

    other = dataclasses.replace(tiny, name="other", convert=convert)
    thread = threading.Thread(target=models.pull, args=(other,), kwargs={"folder": folder})
    thread.start()
    while not (folder / ".segue-work").exists():
        time.sleep(0.01)
    models.pull(tiny, folder=folder, on_wait=lambda: pytest.fail("it waited"))
    assert thread.is_alive()
    models.check(tiny, folder=folder)
    publisher.may_answer.set()
    thread.join()


KILLED = """
import os, signal, sys
from pathlib import Path

from segue.embed import models
from tests.test_models import described

url, weights, root, left = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
model = described(url, weights)
FILES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "fcntl.flock"}

def step(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

def watch(event, arguments):
    if event in FILES and (not isinstance(arguments[0], str) or str(arguments[0]).startswith(root)):
        step()

sys.addaudithook(watch)
models.pull(model, folder=root, progress=step)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a Unix signal")
def test_a_pull_killed_at_any_point_leaves_nothing_or_a_whole_model(
    tiny: Model, weights: Path, tmp_path: Path
):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    left = set()
    for point in range(200):
        root = tmp_path / str(point)
        arguments = [tiny.downloads[0].source, str(weights), str(root), str(point)]
        done = subprocess.run(
            [sys.executable, "-c", KILLED, *arguments], env=environment, capture_output=True, check=False
        )
        if not done.returncode:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        state = models.status(tiny, folder=root).state
        left.add((state, (root / ".segue-work").exists(), bool(parts(root))))
        assert state in ("missing", "ready")
        if state == "ready":
            models.check(tiny, folder=root)
        models.pull(tiny, folder=root)
        assert_whole(tiny, root)
    assert point > 20
    assert {("missing", False, False), ("missing", True, True), ("ready", True, True)} <= left


def test_a_failed_conversion_leaves_the_model_that_was_there(tiny: Model, folder: Path):
    models.pull(tiny, folder=folder)

    def fails(files: Mapping[str, Path], to: Path) -> None:
        (to / "tiny.onnx").write_bytes(b"half")
        raise WeightsError("no such tensor")

    with pytest.raises(WeightsError, match="no such tensor"):
        models.pull(dataclasses.replace(tiny, convert=fails, revision=2), folder=folder)
    assert models.status(tiny, folder=folder).state == "ready"
    models.pull(tiny, folder=folder)  # forgets what the other revision fetched
    assert_whole(tiny, folder)


# What is there


def test_an_absent_model_is_named_with_the_command(folder: Path):
    with pytest.raises(ModelNotFoundError, match="segue models pull mn04") as caught:
        models.path_of("mn04", folder=folder)
    assert caught.value.model == "mn04"
    assert str(folder) in str(caught.value)
    assert not folder.exists()


def test_an_unknown_name_lists_the_names():
    for action in (models.pull, models.path_of, models.remove, models.add, models.check, models.status):
        with pytest.raises(UsageError, match="there are vggish, musicnn, mn04"):
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
        models.path_of(tiny, folder=folder)
    with pytest.raises(WeightsError, match="segue models pull tiny"):
        models.check(tiny, folder=folder)
    models.pull(tiny, folder=folder)
    assert_whole(tiny, folder)


def test_changed_bytes_are_found_by_check_and_mended_by_a_pull(tiny: Model, folder: Path):
    path = models.pull(tiny, folder=folder)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    models.path_of(tiny, folder=folder)
    with pytest.raises(WeightsError, match=r"found sha256 .* expected .*segue models pull tiny"):
        models.check(tiny, folder=folder)
    models.pull(tiny, folder=folder)
    assert_whole(tiny, folder)


def test_a_model_of_an_older_segue_is_not_used(tiny: Model, folder: Path):
    models.pull(tiny, folder=folder)
    newer = dataclasses.replace(tiny, revision=2)
    with pytest.raises(ModelNotFoundError, match="outdated"):
        models.path_of(newer, folder=folder)
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


def test_a_folder_that_is_no_model_is_left_alone(publisher: Publisher, tiny: Model, folder: Path):
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "diary.txt").write_text("mine")
    for action in (models.pull, models.remove):
        with pytest.raises(ModelError, match="move it away"):
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


# From files


def test_add_takes_a_file_by_any_name_and_leaves_it(tiny: Model, weights: Path, folder: Path):
    renamed = weights.with_name("Downloaded (1).bin")
    shutil.copy(weights, renamed)
    assert models.add(tiny, renamed, folder=folder) == folder / "tiny" / "tiny.onnx"
    assert_whole(tiny, folder)
    assert renamed.exists()


def test_add_takes_the_folder_of_a_file(tiny: Model, weights: Path, folder: Path):
    models.add(tiny, weights.parent, folder=folder)
    assert_whole(tiny, folder)


def test_add_ends_a_download_that_was_begun(publisher: Publisher, tiny: Model, weights: Path, folder: Path):
    publisher.stops = [1000, 1000]
    with pytest.raises(DownloadError):
        models.pull(tiny, folder=folder)
    models.add(tiny, weights, folder=folder)
    assert_whole(tiny, folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-1] + b"?", "found sha256"),
        (lambda data: data[:1000], "found 1000 bytes, expected 72"),
        (lambda data: b"", "found 0 bytes, expected 72"),
    ],
)
def test_add_refuses_another_file(
    tiny: Model, weights: Path, folder: Path, change: Callable[[bytes], bytes], reason: str
):
    weights.write_bytes(change(weights.read_bytes()))
    with pytest.raises(WeightsError) as caught:
        models.add(tiny, weights, folder=folder)
    assert reason in str(caught.value)
    assert caught.value.path == str(weights)
    assert models.status(tiny, folder=folder).state == "missing"


def test_add_refuses_a_cut_file_beside_a_whole_one(tiny: Model, weights: Path, folder: Path):
    cut = weights.with_name("tiny.pt.crdownload")
    cut.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="found 1000 bytes"):
        models.add(tiny, cut, folder=folder)


def test_add_names_what_is_missing_and_where_it_is_published(tmp_path: Path, folder: Path):
    with pytest.raises(UsageError, match="does not exist"):
        models.add("mn04", tmp_path / "nothing.pt", folder=folder)
    (tmp_path / "empty").mkdir()
    for name, model in MODELS.items():
        with pytest.raises(UsageError, match="is missing") as caught:
            models.add(name, tmp_path / "empty", folder=folder)
        assert model.sha256 in str(caught.value)
        assert model.downloads[0].source in str(caught.value)


@pytest.mark.shared
def test_mn04_is_pulled_and_runs(publisher: Publisher, mn04_file: Path, folder: Path):
    publisher.files[MN04_FILE] = mn04_file.read_bytes()
    publisher.stops = [2_000_000]
    published = MODELS["mn04"]
    download = dataclasses.replace(published.downloads[0], source=publisher.url(MN04_FILE))
    here = dataclasses.replace(published, downloads=(download,))
    network = onnx.load(models.pull(here, folder=folder))
    found = run(network, np.zeros((1, 1, 128, 200), np.float32))
    assert found["embedding"].shape == (1, 384)
    models.check("mn04", folder=folder)


@pytest.mark.shared
def test_mn04_is_added_and_runs(mn04_file: Path, folder: Path):
    path = models.add("mn04", mn04_file, folder=folder)
    found = run(onnx.load(path), np.zeros((1, 1, 128, 200), np.float32))
    assert found["embedding"].shape == (1, 384)
    assert np.isfinite(found["embedding"]).all()
    assert models.installed(folder=folder) == ("mn04",)


def test_weights_of_another_network_are_refused_though_the_sum_fits(weights: Path, folder: Path):
    own = Download(dataclasses.replace(known(weights), name=MN04_FILE), "")
    with pytest.raises(WeightsError, match="found no 'features"):
        models.add(dataclasses.replace(MODELS["mn04"], downloads=(own,)), weights, folder=folder)
    assert models.status("mn04", folder=folder).state == "missing"


@pytest.mark.slow
def test_vggish_is_made_of_its_checkpoint_and_its_components(
    vggish_checkpoint: Path, tmp_path: Path, folder: Path, rng: np.random.Generator
):
    checkpoint = tmp_path / "brought" / "vggish_model.ckpt"
    pca = checkpoint.with_name("vggish_pca_params.npz")
    checkpoint.parent.mkdir()
    checkpoint.symlink_to(vggish_checkpoint)
    arrays = {"pca_eigen_vectors": rng.standard_normal((128, 128)), "pca_means": rng.standard_normal(128)}
    np.savez(pca, **{name: array.astype(np.float32) for name, array in arrays.items()})
    downloads = tuple(Download(known(path), "") for path in (checkpoint, pca))
    model = dataclasses.replace(MODELS["vggish"], downloads=downloads)
    path = models.add(model, checkpoint, folder=folder)
    found = run(onnx.load(path), rng.standard_normal((1, 96, 64)).astype(np.float32))["embedding"]
    assert found.shape == (1, 128)
    assert (found < 0).any()
    assert models.path_of(model, "pca.npz", folder=folder).read_bytes() == pca.read_bytes()
    assert models.path_of(model, "vggish-int8.onnx", folder=folder).stat().st_size < 75e6
    assert models.agreements(model, folder=folder)["vggish-int8"].cosine_mean > 0.95
    pca.unlink()
    with pytest.raises(UsageError, match=r"vggish_pca_params.npz of vggish .* is missing"):
        models.add(model, checkpoint, folder=folder)


@pytest.mark.slow
def test_musicnn_is_pulled_by_pip_and_runs(folder: Path):
    try:
        path = models.pull("musicnn", folder=folder)
    except DownloadError as error:
        pytest.skip(f"pip reaches no index from here: {error}")
    found = run(onnx.load(path), np.zeros((1, 187, 96), np.float32))
    assert found["embedding"].shape == (1, 200)
    assert found["scores"].shape == (1, 50)
    assert not parts(folder)


@pytest.mark.slow
def test_musicnn_is_added_from_its_wheel_and_from_the_unpacked_folder(musicnn_index: Path, tmp_path: Path):
    downloaded = musicnn_index.parents[2]
    wheel = next(downloaded.glob("*.whl"))
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    inner = unpacked / "musicnn" / "MSD_musicnn"
    made = {
        models.add("musicnn", path, folder=tmp_path / "models").read_bytes()
        for path in (wheel, downloaded, unpacked, inner.parent, inner, inner / ".index")
    }
    assert len(made) == 1
    data = inner / ".data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1] + b"?")
    with pytest.raises(WeightsError, match="found sha256"):
        models.add("musicnn", inner, folder=tmp_path / "models")


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("name", ["vggish", "mn04"])
def test_published_models_are_pulled(name: str, folder: Path):
    try:
        models.pull(name, folder=folder)
    except DownloadError as error:
        pytest.skip(f"{name} cannot be fetched from here: {error}")
    models.check(name, folder=folder)


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
        assert model.licence in line
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
    assert segue_models("check") == (0, "tiny is as it was written\n", "")
    assert segue_models("remove", "tiny") == (0, "tiny is removed\n", "")
    code, _, err = segue_models("remove", "tiny")
    assert code == 2
    assert "nothing to remove" in err
    code, _, err = segue_models("check")
    assert code == 0
    assert "no models here" in err


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
    for name in list(MODELS):
        monkeypatch.delitem(MODELS, name)
    monkeypatch.setitem(MODELS, "tiny", tiny)
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
        assert model.licence in text
        assert model.add_command in text
        for download in model.downloads:
            assert download.source in text
            assert download.file.sha256 in text
            assert f"{download.file.size_bytes:,}".replace(",", " ") in text
