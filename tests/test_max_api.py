"""Clients of IBM's MAX Audio Embedding Generator find what they know, at the same addresses."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from segue.embed.file_windows import embed_file
from segue.embed.models import MODELS, add
from segue.embed.registry import make_embedders
from tests import small_vggish
from tests.conftest import SR, tone
from tests.serve_process import Server, serving
from tests.sounds import FORMATS, write

_CURL = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with VGGish, the exact network but an eighth as wide and with seeded weights."""
    home = tmp_path_factory.mktemp("max")
    (home / "published").mkdir()
    published = small_vggish.write_published(home / "published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "vggish", small_vggish.known(published))
        patch.setenv("SEGUE_MODELS", str(home / "models"))
        add("vggish", *published.values())
        yield home


@pytest.fixture(scope="module")
def models(home: Path) -> Path:
    return home / "models"


def narrow(home: Path, *arguments: object) -> contextlib.AbstractContextManager[Server]:
    own = {"module": "tests.small_vggish_process", "SEGUE_MODELS": str(home / "models")}
    return serving(home / "published", *arguments, **own)


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Server]:
    with narrow(home, "max-serve", "--port", 0, "--upload-mb", 8) as server:
        yield server


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return write(tmp_path / "car-horn.wav", np.tile(tone(440), 2)[: 5 * SR], SR)


def predict(service: Server, content: bytes, name: str = "x.wav", kind: str = "audio/wav") -> httpx.Response:
    return service.client.post("/model/predict", files={"audio": (name, content, kind)})


@_CURL
def test_the_command_of_its_manual_works(service: Server, wav: Path):
    command = ["curl", "-sS", "-F", f"audio=@{wav}", "-XPOST", f"{service.address}/model/predict"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert found["status"] == "ok"
    assert np.asarray(found["embedding"]).shape == (5, 128)
    assert set(found) == {"status", "embedding"}


def test_rows_are_the_embedders_own_frames(service: Server, wav: Path, models: Path):
    rows = np.array(predict(service, wav.read_bytes()).json()["embedding"])
    os.environ["SEGUE_MODELS"], before = str(models), os.environ["SEGUE_MODELS"]
    try:
        (vggish,) = make_embedders(["vggish-relu"])
    finally:
        os.environ["SEGUE_MODELS"] = before
    np.testing.assert_array_equal(rows, embed_file(wav, vggish).windows)
    assert rows.min() >= 0
    assert rows.max() <= 255


@pytest.mark.parametrize("name", ["wav24", "wav_float", "flac", "mp3", "opus", "m4a", "webm"])
def test_any_format_of_sound_is_taken(service: Server, tmp_path: Path, name: str):
    y = np.tile(tone(440), 2)[: 2 * SR]
    path = FORMATS[name].write(tmp_path, np.stack([y, y], 1))
    answer = predict(service, path.read_bytes(), path.name, "application/octet-stream")
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["embedding"][0]) == 128


def test_a_file_without_a_name_or_a_type_is_taken_too(service: Server, wav: Path):
    answer = predict(service, wav.read_bytes(), "blob", "")
    assert answer.status_code == 200


def test_whatever_is_no_sound_is_a_4xx_with_a_message(service: Server, tmp_path: Path):
    silent = write(tmp_path / "silent.wav", np.zeros(2 * SR, np.float32), SR).read_bytes()
    short = write(tmp_path / "short.wav", tone(440)[:2000], SR).read_bytes()
    bad = {"empty": b"", "text": b"hello " * 500, "header": silent[:40], "silent": silent, "short": short}
    for name, content in bad.items():
        answer = predict(service, content)
        assert answer.status_code == 400, name
        assert answer.json()["status"] == "error", name
        assert answer.json()["message"], name
    other = service.client.post("/model/predict", files={"file": ("x.wav", silent, "audio/wav")})
    text = service.client.post("/model/predict", data={"audio": "a text"})
    none = service.client.post("/model/predict")
    broken = service.client.post(
        "/model/predict",
        content=b"--x\r\nnonsense",
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    for answer in (other, text, none, broken):
        assert answer.status_code == 400
        assert answer.json()["status"] == "error"
    large = predict(service, bytes(9_000_000))
    assert (large.status_code, large.json()["status"]) == (413, "error")
    assert predict(service, write(tmp_path / "ok.wav", tone(440), SR).read_bytes()).status_code == 200


def test_metadata_and_swagger_are_as_clients_know_them(service: Server):
    metadata = service.client.get("/model/metadata").json()
    assert metadata["id"] == "audio_embeddings-tf"
    assert metadata["name"] == "audio_embeddings TensorFlow Model"
    assert metadata["type"] == "audio_embeddings"
    assert metadata["license"] == "Apache 2.0"
    swagger = service.client.get("/swagger.json").json()
    assert swagger["info"]["title"] == "MAX Audio Embedding Generator"
    (field,) = swagger["paths"]["/model/predict"]["post"]["parameters"]
    assert (field["name"], field["in"], field["type"]) == ("audio", "formData", "file")
    page = service.client.get("/")
    assert "/model/predict" in page.text
    assert page.headers["content-type"].startswith("text/html")


def test_unknown_addresses_and_names_are_refused_in_its_shape(service: Server):
    wrong = service.client.get("/model/nothing")
    assert (wrong.status_code, wrong.json()["status"]) == (404, "error")
    assert service.client.get("/model/predict").status_code == 405
    other = service.client.get("/model/metadata", headers={"host": "evil.example"})
    assert (other.status_code, other.json()["status"]) == (403, "error")


@pytest.mark.slow
def test_it_is_there_beside_the_library_too(home: Path, scanned: Path, tmp_path: Path, wav: Path):
    shutil.copytree(scanned, tmp_path / "library")
    options = ("--no-open", "--port", 0, "--max-api")
    with narrow(home, "-l", tmp_path / "library", "serve", *options) as server:
        assert len(predict(server, wav.read_bytes()).json()["embedding"]) == 5
        assert server.client.get("/swagger.json").json()["swagger"] == "2.0"
        assert server.get("/health")["tracks"] == 12


def test_without_the_model_it_says_how_to_get_it(segue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path))
    code, _, err = segue("max-serve", "--port", 0)
    assert code == 2
    assert "segue models pull vggish" in err


@pytest.mark.slow
def test_a_taken_port_leads_to_the_next(home: Path):
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 5000))
            taken.listen()
        except OSError:
            pass  # somebody else has it, which will do
        with narrow(home, "max-serve") as server:
            assert not server.address.endswith(":5000")
            assert server.client.get("/model/metadata").status_code == 200


@pytest.mark.slow
@pytest.mark.shared
def test_the_classic_clips_give_a_row_for_each_window(service: Server, shared: Path):
    clips = sorted((shared / "data" / "max_samples").glob("*.wav"))
    assert clips
    for path in clips:
        rows = predict(service, path.read_bytes(), path.name).json()["embedding"]
        assert len(rows) == 1 + int((soundfile.info(path).duration - 0.975) / 0.96), path.name
