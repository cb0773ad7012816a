"""How fast Segue hears: seconds of sound a second of CPU time, "x real time a core".

First VGGish, in float32 and in 8-bit integers, against a service like IBM's MAX Audio Embedding
Generator (max_like_service.py, a process of its own) that gets one POST a file. Then whole tracks by
a library's scan, which hears two minutes of a long one: the default set and VGGish with one thread, and
how much sooner two threads are done. All take turns in one run; imports, models and first calls come
before the clock.

- The files of the first part become 16-bit PCM WAV at their own rate beforehand. Both sides read the
  same ones, and hear all of them, however long.
- A process counts its own CPU time. What the client of the service needs is told apart, and not held
  against the service.
- VGGish's weights are the published ones where they are installed (segue models pull vggish),
  otherwise seeded random ones in a network of full size: the operations, and so the time, are the same.
- "Two processes" are two scans of half the tracks each: what the machine itself makes of two cores.
  Turns in which other programs had a tenth of a core or more are told apart.

Usage: python benchmarks/embed_throughput.py CLIPS TRACKS [--count 40] [--turns 5]
           [--parts clips tracks cores] [--tensorflow PYTHON]
"""

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import onnxruntime
import psutil
import requests
import soundfile

from segue.audio import load
from segue.embed.models import installed, model_path
from segue.embed.postprocess import read_pca
from segue.embed.registry import DEFAULT, make_embedders
from segue.embed.vggish import VGGish
from segue.library import Library
from segue.sound import ExcerptPlan
from segue.sources.audio_files import walk
from segue.spec import Embedder

ROOT = Path(__file__).parents[1]
PARTS = ("clips", "tracks", "cores")
WHOLE = ExcerptPlan(count=1, length_s=86_400.0)  # nothing is left out


@dataclass(frozen=True, slots=True)
class Weights:
    float32: Path
    int8: Path
    pca: Path
    origin: str

    @classmethod
    def here(cls, folder: Path) -> "Weights":
        if "vggish" in installed():
            float32, int8, pca = (
                model_path("vggish", name) for name in (None, "vggish-int8.onnx", "pca.npz")
            )
            return cls(float32, int8, pca, "published weights")
        return cls.made(folder)

    @classmethod
    def made(cls, folder: Path) -> "Weights":
        from segue.embed.calibration_sounds import noise_and_sweep, synthetic_music
        from segue.embed.logmel import vggish_patches
        from segue.embed.networks import build_vggish
        from segue.embed.networks.int8 import to_int8

        sys.path.append(str(ROOT))
        from tests.tf_files import vggish_tensors

        made = cls(
            folder / "f.onnx", folder / "i.onnx", folder / "pca.npz", "full size, seeded random weights"
        )
        rng = np.random.default_rng(0)
        network = build_vggish(vggish_tensors(rng))
        made.float32.write_bytes(network.SerializeToString())
        sounds = np.concatenate([vggish_patches(y) for y in [*synthetic_music(0, 24), *noise_and_sweep(0)]])
        made.int8.write_bytes(to_int8(network, sounds).SerializeToString())
        turn = (
            0.1 * np.linalg.qr(rng.standard_normal((128, 128)))[0]
        )  # small enough to stay below 8 bits' end
        arrays = {"pca_eigen_vectors": turn, "pca_means": np.zeros(128)}
        np.savez(made.pca, **{name: array.astype(np.float32) for name, array in arrays.items()})
        return made


class Service:
    """The service's process, and a client."""

    def __init__(self, python: str, weights: Weights, runtime: str) -> None:
        script = str(Path(__file__).with_name("max_like_service.py"))
        command = [python, script, str(weights.float32), str(weights.pca), runtime]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        port = int(self._process.stdout.readline() if self._process.stdout else 0)
        self._url = f"http://127.0.0.1:{port}/model/predict"

    def rows(self, path: Path) -> list[list[int]]:
        with path.open("rb") as f:
            answer = requests.post(self._url, files={"audio": (path.name, f, "audio/wav")}, timeout=600)
        answer.raise_for_status()
        return answer.json()["embedding"]

    def cpu_s(self) -> float:
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@dataclass
class Figures:
    """What each turn gave, by name, in the order of first naming."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        self.values.setdefault(name, []).append(value)

    def print(self) -> None:
        for name, found in self.values.items():
            print(f"{statistics.median(found):8.2f} ({min(found):.2f} to {max(found):.2f})  {name}")


def spread(items: Sequence[str], count: int) -> list[str]:
    return [items[i * len(items) // count] for i in range(min(count, len(items)))]


def as_wav(paths: Sequence[str], folder: Path) -> tuple[list[Path], float]:
    """16-bit WAV files of the same rate and channels, and their seconds."""
    out, total_s = [], 0.0
    for i, path in enumerate(paths):
        y, sr = soundfile.read(path)
        out.append(folder / f"{i}.wav")
        soundfile.write(out[-1], y, sr, subtype="PCM_16")
        total_s += len(y) / sr
    return out, total_s


def spent(run: Callable[..., object], *args: object, **options: object) -> tuple[float, float]:
    """CPU time of this process and wall time, s."""
    cpu, wall = time.process_time(), time.perf_counter()
    run(*args, **options)
    return time.process_time() - cpu, time.perf_counter() - wall


def hear(embedder: VGGish, paths: Sequence[Path]) -> None:
    for path in paths:
        embedder.embed(load(path, WHOLE))


def scan(paths: Sequence[str], embedders: Sequence[Embedder], *, jobs: int = 1) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "l", create=True, embedders=embedders) as library,
    ):
        report = library.scan(paths, jobs=jobs)
    if report.failed:
        print(f"{report.failed} files failed, the first: {report.failures[0]}", file=sys.stderr)


def heard_s(path: str) -> float:
    return min(float(soundfile.info(path).duration), ExcerptPlan().whole_up_to_s)


def halves(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Each about as long to hear as the other."""
    parts: tuple[list[str], list[str]] = ([], [])
    for path in sorted(paths, key=heard_s, reverse=True):
        min(parts, key=lambda part: sum(map(heard_s, part))).append(path)
    return parts


class Workers:
    """Two processes that scan with the default set."""

    embedders: Sequence[Embedder] = ()

    def __init__(self, first: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pools = [ProcessPoolExecutor(1, context) for _ in range(2)]
        for pool in self._pools:
            pool.submit(self._scan, [first]).result()

    def scan(self, parts: Sequence[list[str]]) -> None:
        running = [pool.submit(self._scan, part) for pool, part in zip(self._pools, parts, strict=True)]
        for future in running:
            future.result()

    def close(self) -> None:
        for pool in self._pools:
            pool.shutdown()

    @classmethod
    def _scan(cls, paths: list[str]) -> None:
        cls.embedders = cls.embedders or make_embedders(DEFAULT)
        scan(paths, cls.embedders)


@dataclass(frozen=True, slots=True)
class AgainstService:
    clips: Sequence[Path]
    audio_s: float
    embedders: Mapping[str, VGGish]
    services: Mapping[str, Service]

    def warm_up(self) -> None:
        for embedder in self.embedders.values():
            hear(embedder, self.clips[:2])
        float32 = next(iter(self.embedders.values()))
        for name, service in self.services.items():
            service.rows(self.clips[-1])
            theirs = service.rows(self.clips[0])
            ours = float32.embed(load(self.clips[0], WHOLE)).windows
            apart = np.abs(np.asarray(theirs, float) - ours).mean()
            print(f"first file: {len(ours)} rows, {apart:.2f} of 255 from those of the {name}")

    def turn(self, figures: Figures) -> None:
        ours = {name: spent(hear, embedder, self.clips)[0] for name, embedder in self.embedders.items()}
        theirs = {name: self._posted(name, figures) for name in self.services}
        for name, cpu_s in (ours | theirs).items():
            figures.add(f"{name}, x real time a core", self.audio_s / cpu_s)
        for service, their_s in theirs.items():
            for name, our_s in ours.items():
                figures.add(f"{name} against {service}", their_s / our_s)

    def _posted(self, name: str, figures: Figures) -> float:
        service = self.services[name]
        before = service.cpu_s()
        client_s, _ = spent(list, map(service.rows, self.clips))
        figures.add(f"client of the {name}, ms of CPU a second of sound", 1000 * client_s / self.audio_s)
        return service.cpu_s() - before


@dataclass(frozen=True, slots=True)
class WholeTracks:
    paths: Sequence[str]
    sets: Mapping[str, Sequence[Embedder]]

    def turn(self, figures: Figures) -> None:
        whole_s = sum(float(soundfile.info(path).duration) for path in self.paths)
        for name, embedders in self.sets.items():
            cpu_s, _ = spent(scan, self.paths, embedders)
            figures.add(f"scan of whole tracks, {name}, x real time a core", whole_s / cpu_s)
            sound_s = sum(map(heard_s, self.paths))
            figures.add(f"the same, of the sound that is heard, {name}", sound_s / cpu_s)


@dataclass(frozen=True, slots=True)
class TwoCores:
    paths: Sequence[str]
    default: Sequence[Embedder]
    workers: Workers

    def turn(self, figures: Figures) -> None:
        one_s, one_quiet = undisturbed(scan, self.paths, self.default)
        two_s, two_quiet = undisturbed(scan, self.paths, self.default, jobs=2)
        apart_s, apart_quiet = undisturbed(self.workers.scan, halves(self.paths))
        for what, wall_s, quiet in (("threads", two_s, two_quiet), ("processes", apart_s, apart_quiet)):
            beside = "" if one_quiet and quiet else ", while others were busy"
            figures.add(f"default set, two {what} against one, wall time{beside}", one_s / wall_s)


def undisturbed(run: Callable[..., object], *args: object, **options: object) -> tuple[float, bool]:
    """Wall time, s, and whether other programs had less than a tenth of a core meanwhile."""
    before = others_s()
    _, wall_s = spent(run, *args, **options)
    return wall_s, others_s() - before < 0.1 * wall_s


def others_s() -> float:
    """CPU time that went to other programs, or other machines on this processor, since it started."""
    times, me = psutil.cpu_times()._asdict(), psutil.Process()
    idle = sum(times.get(name, 0.0) for name in ("idle", "iowait", "guest", "guest_nice"))
    own = [process.cpu_times() for process in (me, *me.children())]
    return float(sum(times.values()) - idle - sum(found.user + found.system for found in own))


def machine() -> str:
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.exists() else set()
    known = [flag for flag in ("avx2", "avx512f", "avx_vnni", "avx512_vnni") if flag in flags]
    return f"{os.cpu_count()} cores ({', '.join(known)}), ONNX Runtime {onnxruntime.__version__}"


def paths_below(folder: str) -> list[str]:
    return [file.path for file in walk([folder]).files]


def against_service(
    args: argparse.Namespace, weights: Weights, networks: Mapping[str, VGGish], work: ExitStack
) -> AgainstService:
    services = {"service": work.enter_context(closing(Service(sys.executable, weights, "onnx")))}
    if args.tensorflow:
        service = work.enter_context(closing(Service(args.tensorflow, weights, "tensorflow")))
        services["service in TensorFlow"] = service
    folder = Path(work.enter_context(tempfile.TemporaryDirectory()))
    clips, audio_s = as_wav(spread(paths_below(args.clips), args.count), folder)
    print(f"{len(clips)} clips, {audio_s:.0f} s", flush=True)
    part = AgainstService(clips, audio_s, networks, services)
    part.warm_up()
    return part


def main(args: argparse.Namespace, work: ExitStack) -> None:
    weights = Weights.here(Path(work.enter_context(tempfile.TemporaryDirectory())))
    pca = read_pca(weights.pca)
    float32, int8 = VGGish(weights.float32, pca), VGGish(weights.int8, pca, int8=True)
    default, tracks = make_embedders(DEFAULT), paths_below(args.tracks)
    print(f"{machine()}; VGGish: {weights.origin}; {len(tracks)} tracks, {args.turns} turns", flush=True)
    scan(tracks[:1], [*default, float32, int8])
    parts: list[AgainstService | WholeTracks | TwoCores] = []
    if "clips" in args.parts:
        networks = {"VGGish float32": float32, "VGGish int8": int8}
        parts.append(against_service(args, weights, networks, work))
    if "tracks" in args.parts:
        sets = {"default set": default, "VGGish float32": [float32], "VGGish int8": [int8]}
        parts.append(WholeTracks(tracks, sets))
    if "cores" in args.parts:
        parts.append(TwoCores(tracks, default, work.enter_context(closing(Workers(tracks[0])))))
    figures = Figures()
    for turn in range(args.turns):
        for part in parts:
            part.turn(figures)
        print(f"turn {turn + 1} of {args.turns}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print("median (least to most)")
    figures.print()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clips", help="folder; heard whole, by both sides")
    parser.add_argument("tracks", help="folder; scanned")
    parser.add_argument("--count", type=int, default=40, help="clips that are taken, evenly spread")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--tensorflow", help="a Python with TensorFlow, onnx, flask, resampy and scipy")
    return parser.parse_args()


if __name__ == "__main__":
    with ExitStack() as until_done:
        main(parsed(), until_done)
