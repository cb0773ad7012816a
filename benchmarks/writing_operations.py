"""Every command that writes, and the folder that each starts from."""

from __future__ import annotations

import contextlib
import io
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

import segue.cli
import segue.demo.collection
from segue.embed import models
from segue.library import Library
from segue.sources.audioset import Segment, write_tfrecords
from segue.watch.changed import ChangedPlaces
from segue.watch.watcher import Watcher
from tests.fma_files import write_fma
from tests.model_files import described
from tests.torch_files import write_torch

N_CLIPS, N_ROWS = 24, 1200


@dataclass(frozen=True)
class Operation:
    """What writes, a command or a function; what it starts from; whether it may take tracks away."""

    command: tuple[str, ...] | Callable[[], int]
    prepare: Callable[[], None]
    removes: bool = False
    files: tuple[str, ...] = field(default=())  # that it writes: absent, as before, or whole


def segue_command(*arguments: str) -> int:
    """The exit status of a command on the library in this folder."""
    return quietly("-l", "library", *arguments)


def quietly(*arguments: str) -> int:
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return segue.cli.run(list(arguments))


def run(command: tuple[str, ...] | Callable[[], int]) -> int:
    return command() if callable(command) else segue_command(*command)


def do(*arguments: str) -> None:
    status = segue_command(*arguments)
    if status:
        raise RuntimeError(f"segue {' '.join(arguments)} ended with {status}")


def write_clips(first_hz: int = 200, n: int = N_CLIPS) -> None:
    Path("music").mkdir(exist_ok=True)
    t = np.arange(8000) / 8000
    for i in range(n):
        noise = np.random.default_rng(first_hz + i).normal(0, 0.02, len(t))
        sound = 0.3 * np.sin(2 * np.pi * (first_hz + 29 * i) * t) + noise
        soundfile.write(f"music/{i:03}.wav", sound, 8000)


SCAN = ("scan", "music", "-e", "descriptors", "--no-pull", "-j", "1", "-q")


def scanned() -> None:
    write_clips()
    do(*SCAN)


def changed() -> None:
    scanned()
    write_clips(210, N_CLIPS // 2)
    for i in range(3):
        Path(f"music/{N_CLIPS - 1 - i:03}.wav").unlink()


def pruned() -> None:
    changed()
    do(*SCAN)


def moved() -> None:
    scanned()
    Path("music").rename("elsewhere")


def indexed() -> None:
    scanned()
    do("similar", "000.wav")


def unindexed() -> None:
    indexed()
    shutil.rmtree("library/index")


def liked() -> None:
    scanned()
    do("feedback", "like", "001.wav")
    do("feedback", "export", "-o", "opinions.json")
    do("feedback", "clear", "--yes")


def with_table() -> None:
    names = "danceability energy speechiness acousticness instrumentalness liveness valence".split()
    rng = np.random.default_rng(1)
    lines = [",".join(["id", "name", "artists", *names, "loudness", "tempo"])]
    for i in range(N_ROWS):
        values = [f"{x:.3f}" for x in rng.random(len(names))]
        lines.append(
            ",".join([f"s{i:06}", f"Song {i}", f"Artist {i % 90}", *values, "-9.5", f"{80 + i % 70}"])
        )
    Path("songs.csv").write_text("\n".join(lines) + "\n")


def with_vectors() -> None:
    np.save("rows.npy", np.random.default_rng(2).standard_normal((N_ROWS, 32), np.float32))


def with_shard() -> None:
    frames = np.random.default_rng(3).integers(0, 256, (N_ROWS // 4, 10, 128), np.uint8)
    segments = [Segment(f"video{i:06}", 30.0, 40.0, (i % 5,), x) for i, x in enumerate(frames)]
    write_tfrecords(segments, Path("vi.tfrecord"))


def with_fma() -> None:
    write_fma(Path("fma"), range(2, 302))


def listened() -> int:
    """Playlists, plays and opinions, as the page and its players record them."""
    with Library.open("library") as library:
        ids = [track.id for track in library]
        held = {playlist.name for playlist in library.playlists.all()}
        for name in ("one", "two", "three"):
            if name not in held:
                library.playlists.create(name, ids[:9])
        library.record_plays(ids)
        library.feedback.give(ids[:4], "dislike")
    return 0


def shared() -> int:
    """Three users, of whom one likes something and one goes."""
    with Library.open("library") as library:
        held = {user.name for user in library.users.all()}
        for name in ("Olga", "Anna", "Bert"):
            if name not in held:
                library.users.add(name, f"{name}'s own password")
        for user in library.users.all():
            if user.name == "Anna":
                library.as_user(user).feedback.give([track.id for track in library][:4], "like")
            if user.name == "Bert":
                library.users.remove(user)
    return 0


def imported() -> None:
    with_table()
    do("import", "table", "songs.csv", "-q")


def of_a_demo() -> int:
    """A demo of two pieces."""
    whole = segue.demo.collection.pieces
    segue.demo.collection.pieces = lambda seed: whole(seed)[::50]
    try:
        return quietly("demo", "--folder", ".")
    finally:
        segue.demo.collection.pieces = whole


def followed() -> int:
    """``segue watch`` until it has taken in what it found at its start."""
    enough = threading.Event()
    with Library.open("library") as library:

        def scan(source: ChangedPlaces) -> float:
            library.import_from(source)
            enough.set()
            return 0.0

        watcher = Watcher(library, library.folders.all, scan, settle_s=0)
        watcher.start(enough)
        watcher.run()
    return 0


def with_weights() -> None:
    weight = np.random.default_rng(4).standard_normal((300, 600)).astype(np.float32)
    write_torch(Path("tiny.pt"), {"weight": weight})


def model_added() -> int:
    models.add(described("http://127.0.0.1:1/tiny.pt", Path("tiny.pt")), "tiny.pt", folder="models")
    return 0


def with_site() -> None:
    scanned()
    do("export", "site", "site", "-t", "000.wav", "--clip", "0")


OPERATIONS = {
    "scan": Operation(SCAN, write_clips),
    "scan of changed files": Operation(SCAN, changed, removes=True),
    "import table": Operation(("import", "table", "songs.csv", "-q"), with_table),
    "import vectors": Operation(("import", "vectors", "rows.npy", "-q"), with_vectors),
    "import audioset": Operation(("import", "audioset", "vi.tfrecord", "-q"), with_shard),
    "import fma": Operation(("import", "fma", "fma", "-q"), with_fma),
    "prune": Operation(("prune", "--yes"), pruned, removes=True),
    "index": Operation(("similar", "000.wav"), unindexed),
    "index of a table": Operation(("similar", "Song 7"), imported),
    "clusters": Operation(("clusters", "-k", "3", "-q"), indexed),
    "map": Operation(("map", "-q", "--picture", "map.svg"), indexed, files=("map.svg",)),
    "playlist": Operation(("playlist", "000.wav", "--m3u", "list.m3u8"), indexed, files=("list.m3u8",)),
    "feedback": Operation(("feedback", "like", "000.wav", "001.wav"), scanned),
    "feedback import": Operation(("feedback", "import", "opinions.json"), liked),
    "playlists and plays": Operation(listened, scanned),
    "users": Operation(shared, scanned),
    "settings": Operation(("settings", "speech", "yes"), scanned),
    "export": Operation(("export", "-o", "out.parquet", "--vectors"), scanned, files=("out.parquet",)),
    "export npy": Operation(("export", "-o", "out.npy"), scanned, files=("out.npy", "out.tracks.csv")),
    "export site": Operation(
        ("export", "site", "site", "--most", "9", "--clip", "0.5"), with_site, files=("site/data.js",)
    ),
    "folders move": Operation(("folders", "move", "music", "elsewhere"), moved),
    "folders remove": Operation(("folders", "remove", "music", "--yes"), scanned, removes=True),
    "backup": Operation(("backup", "copy"), scanned),
    "check --repair": Operation(("check", "--repair"), scanned),
    "watch": Operation(followed, changed, removes=True),
    "models add": Operation(model_added, with_weights, files=("models/tiny/tiny.onnx",)),
    "demo": Operation(of_a_demo, lambda: None),
}
