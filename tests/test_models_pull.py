"""Models are fetched from a real server on loopback, once and whole; processes are really killed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from segue.embed import models
from segue.embed.models import MODELS, Download, DownloadError, Model, fetch
from segue.errors import WeightsError
from segue.progress import Silent
from tests.fake_download_server import Publisher
from tests.killed_work import is_killed
from tests.model_files import assert_whole, convert_tiny, described, parts
from tests.waiting import wait_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "modèles"


def test_pull_fetches_checks_and_converts(tiny: Model, folder: Path):
    seen: list[int] = []

    class Follower(Silent):
        def begin(self, total: int | None, unit: str) -> None:
            assert (total, unit) == (tiny.size_bytes, "bytes")

        def advance(self, done: int, tally: str = "") -> None:
            seen.append(done)

    path = models.pull(tiny, folder=folder, progress=Follower())
    assert path == folder / "tiny" / "tiny.onnx"
    assert_whole(tiny, folder)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, tiny.size_bytes)


def test_a_second_pull_sends_no_request(publisher: Publisher, tiny: Model, folder: Path):
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
    connections: list[socket.socket] = []
    connect = socket.create_connection

    def connected(*where, **how) -> socket.socket:
        connections.append(connect(*where, **how))
        return connections[-1]

    class Impatient(Silent):
        def advance(self, done: int, tally: str = "") -> None:
            if done == 5000:  # from here on, not before: a busy machine may be late with all else
                assert connections[0].gettimeout() == fetch.TIMEOUT_S
                connections[0].settimeout(0.05)

    monkeypatch.setattr(socket, "create_connection", connected)
    publisher.stops, publisher.stalls = [5000], True
    models.pull(tiny, folder=folder, progress=Impatient())
    assert connections[0].gettimeout() == 0.05
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


def test_a_server_that_sends_no_length_is_enough(publisher: Publisher, tiny: Model, folder: Path):
    publisher.tells_length = False
    models.pull(tiny, folder=folder)
    assert_whole(tiny, folder)


@pytest.mark.parametrize("offer", ["bytes 5-9/10", "nonsense"])
def test_a_range_that_was_not_requested_is_refused(
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


@pytest.fixture
def elsewhere(publisher: Publisher, tiny: Model, weights: Path) -> Model:
    """Tiny, whose file is published under another name, too."""
    (download,) = tiny.downloads
    other = dataclasses.replace(download.file, name="other.pt")
    download = dataclasses.replace(download, instead=(Download(other, publisher.url("other.pt")),))

    def convert(files: Mapping[str, Path], folder: Path) -> None:
        tiny.convert({"tiny.pt": next(iter(files.values()))}, folder)

    publisher.files["other.pt"] = weights.read_bytes()
    return dataclasses.replace(tiny, downloads=(download,), convert=convert)


@pytest.mark.parametrize("first", [None, b"something else"], ids=["gone", "another file"])
def test_a_file_that_cannot_be_had_is_fetched_from_the_next_place(
    publisher: Publisher, elsewhere: Model, folder: Path, first: bytes | None
):
    publisher.files["tiny.pt"] = (first or b"").ljust(elsewhere.size_bytes)
    if first is None:
        del publisher.files["tiny.pt"]
    models.pull(elsewhere, folder=folder)
    assert_whole(elsewhere, folder)
    record = json.loads((folder / "tiny" / "model.json").read_text("utf-8"))
    assert record["sources"] == {"other.pt": elsewhere.sha256}
    assert models.status(elsewhere, folder=folder).state == "ready"


def test_where_no_place_has_a_file_all_are_named(publisher: Publisher, elsewhere: Model, folder: Path):
    publisher.files.clear()
    with pytest.raises(DownloadError, match="answered 404") as caught:
        models.pull(elsewhere, folder=folder)
    assert caught.value.source == publisher.url("tiny.pt")
    assert f"tiny.pt ({publisher.url('tiny.pt')}) or other.pt ({publisher.url('other.pt')})" in str(
        caught.value
    )


def test_a_missing_file_is_requested_once(publisher: Publisher, tiny: Model, folder: Path):
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


@pytest.mark.slow
def test_without_an_index_pip_says_so_and_the_next_step_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    with pytest.raises(DownloadError) as caught:
        models.pull("musicnn", folder=folder)
    assert "No matching distribution found for musicnn==0.1.0" in str(caught.value)
    assert str(caught.value).endswith("segue models add musicnn musicnn-0.1.0-py3-none-any.whl")


def test_a_partial_download_that_is_too_long_is_downloaded_again(
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
    wait_for((folder / ".segue-work").exists)

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
    wait_for((folder / ".segue-work").exists)
    models.pull(tiny, folder=folder, on_wait=lambda: pytest.fail("it waited"))
    assert thread.is_alive()
    models.check(tiny, folder=folder)
    publisher.may_answer.set()
    thread.join()


class Counting(Silent):
    def __init__(self, step: Callable[[], None]) -> None:
        self._step = step

    def advance(self, done: int, tally: str = "") -> None:
        self._step()


def pull_counting(step: Callable[[], None], model: Model, root: Path) -> None:
    models.pull(model, folder=root, progress=Counting(step))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a Unix signal")
def test_a_pull_killed_at_any_point_leaves_nothing_or_a_whole_model(tiny: Model, tmp_path: Path):
    left = set()
    for point in range(200):
        root = tmp_path / str(point)
        if not is_killed(pull_counting, tiny, root, root=root, point=point):
            break
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
