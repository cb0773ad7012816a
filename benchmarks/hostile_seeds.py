"""Readers of other people's bytes, and good files of each kind, to be damaged."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segue import audio
from segue.annoy import AnnoyIndex
from segue.audio.covers import cover_image
from segue.audio.images import read_image
from segue.audio.metadata import read_metadata
from segue.audio.peaks import compute_peaks
from segue.audio.transcode import transcode
from segue.embed import weights
from segue.errors import SegueError
from segue.index import Index
from segue.sources.audio_files import read_tags
from segue.sources.audioset import AudioSet, Segment, write_tfrecords
from segue.sources.content import hash_file
from segue.sources.table import Table
from segue.sources.vectors import Vectors
from tests.served_home import jpeg
from tests.sounds import FORMATS, melody
from tests.test_annoy_files import SIZES
from tests.torch_files import write_torch

TESTS = Path(__file__).resolve().parents[1] / "tests"


@dataclass(frozen=True)
class Reader:
    """What reads a file, the good files, and how many times as much as the quickest an input costs."""

    kind: str
    ending: str
    read: Callable[[Path], object]
    seeds: list[bytes]
    costs: int = 1
    refusals: tuple[type[Exception], ...] = (SegueError,)


def exhaust(things: Iterable[object]) -> None:
    for _ in things:
        pass


# Sounds


def tagged_sounds(folder: Path) -> list[bytes]:
    """A short sound in every container that can be written here, with tags and a cover."""
    import av

    y = melody(0.6, 22_050)
    made = []
    for name, form in FORMATS.items():
        path = form.write(folder, y.mean(axis=1), f"seed-{name}")
        made.append(path.read_bytes())
        with av.open(str(path)) as source:
            tagged = path.with_stem(f"tagged-{name}")
            try:
                with av.open(str(tagged), "w") as out:
                    stream = out.add_stream_from_template(source.streams.audio[0])
                    out.metadata.update(title="Tïtle", artist="A; B", album="C", track="3/9", date="1999")
                    for packet in source.demux(audio=0):
                        if packet.dts is not None:
                            packet.stream = stream
                            out.mux(packet)
                made.append(tagged.read_bytes())
            except (av.FFmpegError, ValueError):
                continue
    return made


def sounds_to(kind: str, read: Callable[[Path], object], costs: int) -> Callable[[Path], Reader]:
    def make(folder: Path) -> Reader:
        return Reader(kind, ".audio", read, tagged_sounds(folder), costs)

    return make


def tags(folder: Path) -> Reader:
    return Reader("tags", ".audio", read_tags, tagged_sounds(folder))


def hashes(folder: Path) -> Reader:
    return Reader("content", ".audio", lambda path: hash_file(str(path)), tagged_sounds(folder))


def images(_: Path) -> Reader:
    from tests.test_covers import encoded, png

    seeds = [
        jpeg(40),
        png(40, 30),
        encoded("gif", "gif", 40, 30),
        encoded("png", "image2pipe", 40, 30),
        encoded("mjpeg", "image2pipe", 40, 30),
    ]
    return Reader("pictures", ".image", lambda path: read_image(path.read_bytes()), seeds)


# Tables, vectors, indexes, weights


def table(_: Path) -> Reader:
    names = "danceability energy speechiness acousticness instrumentalness liveness valence".split()
    rng = np.random.default_rng(1)
    rows = [
        {
            "id": f"s{i}",
            "name": f'Song "{i}"',
            "artists": f"['A{i % 3}', 'B']",
            "year": 1990 + i,
            "tempo": 99.5,
        }
        | dict(zip(names, rng.random(7).round(3).tolist(), strict=True))
        for i in range(12)
    ]
    quoted = [",".join(rows[0]), *(",".join(json.dumps(str(x)) for x in row.values()) for row in rows)]
    comma = "\r\n".join(line.replace('\\"', '""') for line in quoted)
    seeds = [
        comma.encode(),
        comma.replace(",", ";").encode("utf-16"),
        json.dumps(rows).encode(),
        "\n".join(map(json.dumps, rows)).encode(),
    ]
    return Reader("tables", ".csv", lambda path: exhaust(Table(path).batches()), seeds, 4)


def matrix(_: Path) -> Reader:
    seeds = []
    for dtype in ("<f4", "<f8", ">i2", "|u1", "<f2"):
        out = io.BytesIO()
        np.save(out, np.arange(60).reshape(10, 6).astype(dtype))
        seeds.append(out.getvalue())
    return Reader("matrices", ".npy", lambda path: exhaust(Vectors(path).batches()), seeds, 2)


def vector_rows(_: Path) -> Reader:
    rows: list[dict[str, Any]] = [{"id": f"t{i}", "vector": [i, 0.5, -i]} for i in range(8)]
    lines = ["id,vector", *(f'{row["id"]},"{row["vector"]}"' for row in rows)]
    seeds = ["\n".join(lines).encode(), "\n".join(map(json.dumps, rows)).encode()]
    return Reader("vectors in text", ".csv", lambda path: exhaust(Vectors(path).batches()), seeds, 4)


def shards(folder: Path) -> Reader:
    frames = np.random.default_rng(3).integers(0, 256, (4, 10, 128), np.uint8)
    segments = [Segment(f"video{i:06}", 30.0, 40.0, (i,), x) for i, x in enumerate(frames)]
    write_tfrecords(segments, folder / "vi.tfrecord")
    seeds = [(folder / "vi.tfrecord").read_bytes()]
    return Reader("TFRecords", ".tfrecord", lambda path: exhaust(AudioSet(path).batches()), seeds, 2)


def archives(folder: Path) -> Reader:
    shards(folder)
    with tarfile.open(folder / "features.tar.gz", "w:gz") as tar:
        tar.add(folder / "vi.tfrecord", "audioset/eval/vi.tfrecord")
    seeds = [(folder / "features.tar.gz").read_bytes()]
    return Reader("archives", ".tar.gz", lambda path: exhaust(AudioSet(path).batches()), seeds, 2)


def indexes(folder: Path) -> Reader:
    rows = np.random.default_rng(4).standard_normal((700, 8), np.float32)
    seeds = [
        Index.build(rows[:60]).save(folder / "small.index").read_bytes(),
        Index.build(rows, exact=False).save(folder / "large.index").read_bytes(),
    ]

    def read(path: Path) -> None:
        Index.open(path).query(rows[:2], 3)

    return Reader("indexes", ".index", read, seeds, 2)


def annoy_files(_: Path) -> Reader:
    def read(path: Path) -> None:
        index = AnnoyIndex(SIZES["angular"], "angular")
        index.load(str(path))
        index.get_nns_by_item(0, 3)

    seeds = [(TESTS / "golden/annoy/angular.ann").read_bytes()]
    return Reader("Annoy files", ".ann", read, seeds, 2, (SegueError, IndexError))


def checkpoints(_: Path) -> Reader:
    seeds = [(TESTS / "golden/tf_table.ckpt").read_bytes()]
    return Reader("checkpoints", ".ckpt", weights.read_tf_table, seeds)


def torch_files(folder: Path) -> Reader:
    tensors = {"weight": np.arange(12, dtype=np.float32).reshape(3, 4), "bias": np.ones(3, np.float32)}
    seeds = [write_torch(folder / "seed.pt", tensors).read_bytes()]
    return Reader("PyTorch files", ".pt", weights.read_torch_zip, seeds)


READERS: list[Callable[[Path], Reader]] = [
    tags,
    hashes,
    images,
    table,
    matrix,
    vector_rows,
    shards,
    archives,
    indexes,
    annoy_files,
    checkpoints,
    torch_files,
    sounds_to("sounds", audio.load, 5),
    sounds_to("outlines", lambda path: compute_peaks(path, 1000, patience_s=10), 5),
    sounds_to("covers", cover_image, 5),
    sounds_to("FFmpeg's tags", read_metadata, 5),
    sounds_to("conversions", lambda path: exhaust(transcode(path, "mp3")), 10),
]
