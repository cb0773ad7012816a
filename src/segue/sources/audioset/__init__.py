"""AudioSet's features as Google publishes them: read and written without TensorFlow."""

from __future__ import annotations

from segue.sources.audioset.json_form import read_json, write_json
from segue.sources.audioset.labels import read_label_names
from segue.sources.audioset.reader import read_segments
from segue.sources.audioset.segment import BadRecord, Segment, flatten, mean_pool, playable_url
from segue.sources.audioset.source import AudioSet
from segue.sources.audioset.writer import write_tfrecords

__all__ = [
    "AudioSet",
    "BadRecord",
    "Segment",
    "flatten",
    "mean_pool",
    "playable_url",
    "read_json",
    "read_label_names",
    "read_segments",
    "write_json",
    "write_tfrecords",
]
