"""Fixtures: real small libraries of sounds whose likeness is known by construction."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: sums differ by their order otherwise
os.environ.setdefault("NUMBA_OPT", "0")  # compiling what librosa might need takes far longer than it runs
import atexit
import contextlib
import hashlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import hypothesis
import numpy as np
import pytest
import soundfile

from segue.embed.models import Model
from segue.library import Library
from tests import tf_files
from tests.fake_download_server import Publisher
from tests.torch_files import write_torch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serve_process import Server

# What this machine's user has installed must not decide what the tests see.
os.environ["SEGUE_PULL"] = "0"  # nothing is fetched unless a test means it
os.environ["SEGUE_MODELS"] = tempfile.mkdtemp(prefix="segue-no-models-")
# A job in the background may have been started deaf to Ctrl-C, and the tests' children would be so too.
signal.signal(signal.SIGINT, signal.default_int_handler)
atexit.register(shutil.rmtree, os.environ["SEGUE_MODELS"], ignore_errors=True)
# How long one example takes depends on what else the machine does.
hypothesis.settings.register_profile("segue", deadline=None)
hypothesis.settings.load_profile("segue")

SHARED = Path(__file__).resolve().parents[2] / "shared"
SR = 22_050
MUSICNN_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    from tests.workers import ByFile

    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_is_slow)  # quick tests first
    if not SHARED.is_dir():
        for item in items:
            if item.get_closest_marker("shared"):
                item.add_marker(
                    pytest.mark.skip(reason="no ../shared: its recordings are not part of a clone")
                )


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20_260_101)


@pytest.fixture(scope="session")
def shared() -> Path:
    return SHARED


def tone(hz: float, seed: int = 0, duration_s: float = 3.0) -> np.ndarray:
    """A note with four harmonics that begins anew twice a second, and a little noise."""
    t = np.arange(int(duration_s * SR)) / SR
    noise = np.random.default_rng(seed).standard_normal(len(t))
    waves = sum(np.sin(2 * np.pi * hz * h * t) / h for h in range(1, 5))
    return (0.2 * waves * np.exp(-4 * (t % 0.5)) + 0.002 * noise).astype(np.float32)


def hiss(seed: int, duration_s: float = 3.0) -> np.ndarray:
    """Noise in bursts four times a second."""
    t = np.arange(int(duration_s * SR)) / SR
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return (0.15 * noise * np.exp(-10 * (t % 0.25))).astype(np.float32)


def write_music(folder: Path) -> dict[str, Path]:
    """Four low tones, four high ones and four of noise, by three artists, tagged."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for i in range(4):
        for kind, y in (("low", tone(110 + 4 * i, i)), ("high", tone(1760 + 40 * i, i)), ("noise", hiss(i))):
            path = folder / f"{kind}{i}.flac"
            soundfile.write(path, y, SR)
            tag(
                path,
                title=f"{kind.title()} number {i}",
                artist=f"The {kind.title()}s",
                album=kind,
                genre=kind,
            )
            paths[path.stem] = path
    return paths


def tag(path: Path, **tags: str) -> None:
    import mutagen

    file = mutagen.File(path)
    for name, value in tags.items():
        file[name] = value
    file.save()


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files to read, not to change."""
    return write_music(tmp_path_factory.mktemp("music"))


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory, music: dict[str, Path]) -> Path:
    """A library of ``music``, to read."""
    root = tmp_path_factory.mktemp("scanned") / "library"
    with Library.open(root, create=True) as library:
        library.scan(next(iter(music.values())).parent)
    return root


@pytest.fixture(autouse=True)
def scanned_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """What all tests read is after each of them as it was."""
    if "scanned" not in request.fixturenames:
        yield
        return
    before = rows_of(request.getfixturevalue("scanned"))
    yield
    assert rows_of(request.getfixturevalue("scanned")) == before, "the test writes where others read: copy it"


def rows_of(library: Path) -> list[str]:
    """All rows of a library's catalog, as SQL."""
    with contextlib.closing(sqlite3.connect(library / "catalog.sqlite")) as db:
        return list(db.iterdump())


@pytest.fixture
def library(scanned: Path) -> Iterator[Library]:
    with Library.open(scanned) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Music that a test may change."""
    write_music(tmp_path / "music")
    return tmp_path / "music"


@pytest.fixture
def own(tmp_path: Path, folder: Path) -> Iterator[Library]:
    """A library of ``folder``, for a test to change."""
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(folder)
        yield library


@pytest.fixture
def library_path(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def segue(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process: (exit code, stdout, stderr)."""
    from segue.cli import run

    def command(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture(scope="session")
def vggish_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VGGish at its published size with seeded random weights, 289 MB."""
    tensors = tf_files.vggish_tensors(np.random.default_rng(11))
    return tf_files.write_checkpoint(tmp_path_factory.mktemp("vggish") / "vggish_model.ckpt", tensors)


@pytest.fixture(scope="session")
def musicnn_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of MSD_musicnn, from the wheel on PyPI; its data file lies beside it."""
    folder = tmp_path_factory.mktemp("musicnn")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "-d",
        str(folder),
        "musicnn==0.1.0",
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if "(from versions: none)" in run.stderr:
        pytest.skip("musicnn cannot be fetched from here: no package index is reached")
    assert run.returncode == 0, run.stderr
    wheel = next(folder.glob("*.whl"))
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == MUSICNN_SHA256
    with zipfile.ZipFile(wheel) as archive:
        for half in (".index", ".data-00000-of-00001"):
            archive.extract(f"musicnn/MSD_musicnn/{half}", folder)
    return folder / "musicnn" / "MSD_musicnn" / ".index"


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def weights(tmp_path: Path, rng: np.random.Generator) -> Path:
    """720 kB, so that it comes in several chunks."""
    return write_torch(tmp_path / "tiny.pt", {"weight": rng.standard_normal((300, 600)).astype(np.float32)})


@pytest.fixture
def tiny(publisher: Publisher, weights: Path) -> Model:
    from tests.model_files import described

    publisher.files["tiny.pt"] = weights.read_bytes()
    return described(publisher.url("tiny.pt"), weights)


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of all processes of this run."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def demo_music(common: Path) -> Path:
    """The demo's 96 pieces, made once for all processes; tests only read them."""
    from segue.demo import write_demo

    with filelock.FileLock(common / "demo.lock"):
        write_demo(common / "demo")  # what is there stays
    return common / "demo"


@pytest.fixture(scope="session")
def web_player(common: Path) -> None:
    """The player's page, built from what the sources are now; and what its tests need."""
    from tests.browsing import WEB, run

    mark = common / "player-is-built"
    with filelock.FileLock(f"{mark}.lock"):  # several workers build it once
        if mark.exists():
            return
        done = run(sys.executable, WEB / "build_player.py", "--with-tests")
        if done.returncode:
            pytest.skip(done.stderr.strip())
        mark.touch()


@pytest.fixture(scope="session")
def web_music(demo_music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every third piece of the demo: all styles, all artists."""
    from segue.demo import write_demo

    folder = tmp_path_factory.mktemp("music")
    for piece in write_demo(demo_music)[::3]:  # they are there: this tells their order
        copy = folder / piece.relative_to(demo_music)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(piece, copy)
    (folder / "broken.flac").write_bytes(b"fLaC" + b"\0" * 400)
    return folder


@pytest.fixture
def own_server(web_player: None, scanned: Path, tmp_path: Path) -> Iterator[Server]:
    """One of a copy of the tests' music, which a test of the page may change."""
    from tests.serve_process import serving

    shutil.copytree(scanned, tmp_path / "library")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as running:
        running.faults = True  # browsers leave in the middle of a sound
        yield running


@pytest.fixture(scope="session")
def web_server(
    web_player: None, web_music: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One for all tests of the page: building it and listening to its music takes long."""
    from tests.serve_process import serving

    place = tmp_path_factory.mktemp("web") / "library"
    with Library.open(place, create=True) as library:
        library.scan([web_music])
    with serving("--library", place, "serve", "--no-open", "--port", "0", SEGUE_PULL="0") as running:
        running.faults = True  # browsers that leave in the middle of a sound
        for kind in ("map", "clusters"):
            job = running.api("POST", f"/{kind}", json={}).json()["job"]
            running.ended(job if isinstance(job, str) else job["id"])
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For each file anew: its event loop should not stay while others run."""
    from tests.browsing import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, web_server: Server) -> Iterator[Page]:
    from tests.browsing import watched

    with watched(browser, web_server) as opened:
        yield opened


@pytest.fixture(scope="session")
def sounds(tmp_path_factory):
    """A format's name to a file of a second of it; each is made once."""
    from tests.sounds import FORMATS, melody

    folder, made = tmp_path_factory.mktemp("sounds"), {}

    def make(name):
        if name not in made:
            made[name] = FORMATS[name].write(folder, melody(1, FORMATS[name].sr), name)
        return made[name]

    return make


@pytest.fixture
def copy(sounds, tmp_path):
    """A copy of a file of a format, under any name."""
    return lambda format_, name: shutil.copy(sounds(format_), tmp_path / name)
