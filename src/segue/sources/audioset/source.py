"""AudioSet as a source: frames kept as bytes, the names of labels, times and links."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.paths import expand_home
from segue.sources import worker_process
from segue.sources.audioset.json_form import read_json
from segue.sources.audioset.labels import read_label_names
from segue.sources.audioset.reader import find_files, read_segments
from segue.sources.audioset.segment import DIM, BadRecord, Segment, playable_url
from segue.sources.contract import ImportBatch, Problem, Space, SpaceRows, validate_name
from segue.spec import EmbedderSpec, Label, SpaceSettings

SPEC = EmbedderSpec(
    name="audioset",
    version=1,
    accepts="frames",
    dim=DIM,
    sr=0,
    window_s=0.975,
    hop_s=0.96,
    dtype="float32",
    license="CC-BY-4.0",
    reference="Gemmeke et al. 2017, AudioSet; VGGish's 8-bit frames as Google publishes them",
)
DIMENSIONS = tuple(f"vggish_{i:03d}" for i in range(DIM))
LABELS_FILE = "class_labels_indices.csv"
BATCH_SEGMENTS = 4096  # a batch; 5 MB of frames
_TITLE = 3  # labels that stand for a title, which segments have not
_JSON = (".json", ".jsonl")


class AudioSet:
    """Segments of AudioSet or YouTube-8M.

    Parameters
    ----------
    paths
        Folders, TFRecords, tar archives, or files of JSON, as ``read_segments`` and ``read_json`` take.
    labels
        The CSV file of class names; by default, the one beside the first path, if there is one. Without
        it a label is called by its number.
    name
        The source's name in the library.

    Raises
    ------
    UsageError
        Where a path does not exist or has nothing to read, or the file of labels is another.
    """

    kind = "audioset"
    unit = "bytes"
    whole = False  # shards may come one by one

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        labels: str | Path | None = None,
        name: str = "audioset",
    ) -> None:
        several = [paths] if isinstance(paths, str | Path) else paths
        given = [expand_home(path) for path in several]
        if not given:
            raise UsageError("no AudioSet file given")
        self.name = validate_name(name)
        self.location = ", ".join(map(str, given))
        self._json = [path for path in given if path.suffix in _JSON and not path.is_dir()]
        self._others = [path for path in given if path not in self._json]
        self._bad: list[BadRecord] = []
        files = find_files(self._others, on_bad=self._bad.append)
        self.total = sum(path.stat().st_size for path in [*files, *self._json] if path.is_file())
        labels_file = Path(labels) if labels else _labels_beside(given[0])
        self._names = read_label_names(labels_file) if labels_file else {}
        self._arguments = {
            "paths": [str(path) for path in given],
            "labels": str(labels_file) if labels_file else None,
            "name": self.name,
        }

    def spaces(self) -> list[Space]:
        return [Space(SPEC, DIMENSIONS, SpaceSettings(windows="|u1", transform="centered"))]

    def batches(self) -> Iterator[ImportBatch]:
        return (
            worker_process.read_in_worker(AudioSet, self._arguments)
            if worker_process.is_worthwhile(self.total)
            else self.read()
        )

    def read(self) -> Iterator[ImportBatch]:
        """``batches``, read by this process."""
        self._bad.clear()
        read = [0]
        segments: Iterator[Segment] = chain(
            read_segments(self._others, on_bad=self._bad.append, on_read=lambda at: read.__setitem__(0, at)),
            *(read_json(path, on_bad=self._bad.append) for path in self._json),
        )
        while True:
            batch = list(islice(segments, BATCH_SEGMENTS))
            bad = [Problem(f"{problem.path} at {problem.offset}", problem.reason) for problem in self._bad]
            self._bad.clear()
            if not batch and not bad:
                return
            yield self._batch(batch, read[0], bad)

    def _batch(self, segments: list[Segment], done: int, problems: list[Problem]) -> ImportBatch:
        kept = [segment for segment in segments if len(segment.frames)]
        problems += [Problem(s.video_id, "it has no frame") for s in segments if not len(s.frames)]
        named = [self._labels(segment) for segment in kept]
        return ImportBatch(
            source=self.name,
            ids=[segment.video_id for segment in kept],
            hashes=np.array([_hash(segment) for segment in kept], np.int64),
            columns={
                "title": [", ".join(label.name for label in labels[:_TITLE]) or None for labels in named],
                "duration_s": [max(0.0, segment.end_s - segment.start_s) for segment in kept],
                "url": [playable_url(segment) for segment in kept],
                "details": [_details(segment) for segment in kept],
            },
            spaces={SPEC.space: _rows(kept)},
            labels={SPEC.space: named},
            done=done,
            problems=problems,
        )

    def _labels(self, segment: Segment) -> list[Label]:
        names = [self._names.get(number, f"label {number}") for number in dict.fromkeys(segment.labels)]
        return [Label(name, 1.0) for name in names]


def segment_of(source_id: str, details: Mapping[str, Any], frames: NDArray[np.generic]) -> Segment:
    """An imported segment as it was: from the track's details and its windows."""
    start, end = float(details["start_s"]), float(details["end_s"])
    return Segment(source_id, start, end, tuple(details["labels"]), frames.astype(np.uint8))


def _labels_beside(path: Path) -> Path | None:
    for folder in (path, path.parent, path.parent.parent):
        if (folder / LABELS_FILE).is_file():
            return folder / LABELS_FILE
    return None


def _details(segment: Segment) -> str:
    details = {"start_s": segment.start_s, "end_s": segment.end_s, "labels": list(segment.labels)}
    return json.dumps(details)


def _hash(segment: Segment) -> int:
    facts = repr((segment.start_s, segment.end_s, segment.labels)).encode()
    both = zlib.crc32(segment.frames.tobytes()) << 32 | zlib.crc32(facts)
    return both - (1 << 64) if both >= 1 << 63 else both


def _rows(segments: Sequence[Segment]) -> SpaceRows:
    counts = np.array([len(segment.frames) for segment in segments], np.int64)
    if not len(segments):
        return SpaceRows.without_windows(np.zeros((0, DIM), np.float32))
    windows = np.concatenate([segment.frames for segment in segments])
    starts = np.cumsum(counts) - counts
    sums = np.add.reduceat(windows, starts, axis=0, dtype=np.int64)
    return SpaceRows((sums / counts[:, None]).astype(np.float32), windows, counts)
