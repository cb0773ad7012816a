"""What one record of AudioSet says: a `tf.train.SequenceExample`, read and written.

Source: TensorFlow, `core/example/{example,feature}.proto`. There are two ways to read it. `parse_example` is
the whole format. `parse_quickly` knows the one layout that AudioSet's files have, in which every
length is fixed by the number of labels and frames, so that comparing bytes proves all of it; it
answers nothing else, and the same.
"""

from __future__ import annotations

import math
import re
import struct
from functools import lru_cache

import numpy as np

from segue.sources.audioset.segment import DIM, Segment
from segue.track import Frames
from segue.wire.protobuf import Message, WireError, to_field, to_varint, varints

Facts = tuple[str, float, float, tuple[int, ...], Frames]
"""The first five fields of a segment."""

_BYTES, _FLOATS, _INTEGERS = 1, 2, 3  # kinds of a Feature, by field
_KINDS = {_BYTES: "bytes", _FLOATS: "floats", _INTEGERS: "integers"}
_NAMES = (("video_id", "audio_embedding"), ("id", "audio"))  # of AudioSet and YouTube-8M
_FRAME_HEAD = b"\n\x86\x01\n\x83\x01\n\x80\x01"  # Feature, BytesList, value: 134, 131 and 128 bytes
_FRAME = np.dtype([("head", f"V{len(_FRAME_HEAD)}"), ("frame", np.uint8, DIM)])
_MANY = 100  # frames; AudioSet's segments have 10
_TWO_FLOATS = struct.Struct("<ff")


def read_example(payload: bytes) -> Facts:
    """The fields of a segment.

    Raises
    ------
    WireError
        Where it is no segment of AudioSet or YouTube-8M.
    """
    return parse_quickly(payload) or parse_example(payload)


# Any layout


def parse_example(payload: bytes) -> Facts:
    """The fields of a segment, whatever the order and packing of what holds them.

    YouTube-8M has no times: its videos begin at 0 and last a second a frame.

    Raises
    ------
    WireError
    """
    example = Message(memoryview(payload))
    context, lists = _by_name(example.merged(1)), _by_name(example.merged(2))
    id_name, list_name = next((names for names in _NAMES if names[0] in context), ("", ""))
    if not id_name:
        raise WireError(f"it has no 'video_id' and no 'id'; it has {_quoted_names(context)}")
    frames = _frames(lists, list_name)
    if id_name == "id" and "start_time_seconds" not in context:
        start_s, end_s = 0.0, float(len(frames))
    else:
        start_s, end_s = _time(context, "start_time_seconds"), _time(context, "end_time_seconds")
    labels = _feature(context, "labels", _INTEGERS).numbers(1) if "labels" in context else []
    return _text(context, id_name), start_s, end_s, tuple(labels), frames


def _by_name(features: Message) -> dict[str, Message]:
    return {entry.text(1): entry.merged(2) for entry in features.messages(1)}


def _feature(context: dict[str, Message], name: str, kind: int) -> Message:
    if name not in context:
        raise WireError(f"it has no {name!r}; it has {_quoted_names(context)}")
    return _only(context[name], kind, name)


def _only(feature: Message, kind: int, name: str) -> Message:
    kinds = [words for field, words in _KINDS.items() if field in feature]
    if kinds != [_KINDS[kind]]:
        raise WireError(f"{name!r} holds {' and '.join(kinds) or 'nothing'}, expected {_KINDS[kind]}")
    return feature.merged(kind)


def _text(context: dict[str, Message], name: str) -> str:
    values = _feature(context, name, _BYTES).parts(1)
    if len(values) != 1 or not values[0]:
        raise WireError(f"{name!r} has {len(values)} values, expected one that is not empty")
    try:
        return str(values[0], "utf-8")
    except UnicodeDecodeError as error:
        raise WireError(f"{name!r} is not UTF-8 text: {error}") from error


def _time(context: dict[str, Message], name: str) -> float:
    seconds = _feature(context, name, _FLOATS).floats(1)
    if len(seconds) != 1 or not math.isfinite(seconds[0]):
        raise WireError(f"{name!r} is {seconds}, expected one finite number")
    return seconds[0]


def _frames(lists: dict[str, Message], name: str) -> Frames:
    if name not in lists:
        raise WireError(f"it has no list {name!r} of frames; it has {_quoted_names(lists)}")
    frames = [_frame(Message(part), i, name) for i, part in enumerate(lists[name].parts(1))]
    return np.frombuffer(b"".join(frames), np.uint8).reshape(-1, DIM).copy()


def _frame(feature: Message, i: int, name: str) -> memoryview:
    values = _only(feature, _BYTES, name).parts(1)
    if [len(value) for value in values] != [DIM]:
        sizes = ", ".join(str(len(value)) for value in values) or "no"
        raise WireError(f"frame {i} of {name!r} has {sizes} bytes, expected {DIM}")
    return values[0]


def _quoted_names(names: dict[str, Message]) -> str:
    return ", ".join(repr(name) for name in list(names)[:8]) or "nothing"


# AudioSet's own layout


def parse_quickly(payload: bytes) -> Facts | None:
    """What `parse_example` gives, for a record of AudioSet's own layout; None for any other."""
    pattern = _context(payload[:2])
    context = pattern.match(payload, 2) if pattern else None
    if context is None or None in (fields := context.groups()):
        return None
    video_id, start, end, packed = fields
    at = context.end()
    n, head = _list_head(len(payload) - at)
    if not n or not payload.startswith(head, at):
        return None
    rows = np.frombuffer(payload, _FRAME, n, at + len(head))
    if rows["head"].tobytes() != _FRAME_HEAD * n:
        return None
    start_s, end_s = _TWO_FLOATS.unpack(start + end)
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        return None
    try:
        return video_id.decode(), start_s, end_s, _numbers(packed), rows["frame"].copy()
    except ValueError:  # no UTF-8, no numbers: the other way says what is wrong
        return None


@lru_cache(256)
def _context(head: bytes) -> re.Pattern[bytes] | None:
    """Four entries in any order, after a head of two bytes that tells how long they are together.

    Each has a fixed length, but for the labels, which have what the others leave.
    """
    entries = [
        _entry("video_id", _BYTES, 11),
        _entry("start_time_seconds", _FLOATS, 4),
        _entry("end_time_seconds", _FLOATS, 4),
    ]
    taken = sum(length for _, length in entries) + _entry("labels", _INTEGERS, 1)[1] - 1
    labels = head[1] - taken if len(head) == 2 and head[:1] == b"\n" else 0
    if not 0 < labels <= 0x7F - taken:  # of a length that takes two bytes there are too few to matter
        return None
    entries.append(_entry("labels", _INTEGERS, labels))
    return re.compile(b"(?:" + b"|".join(pattern for pattern, _ in entries) + b"){4}", re.DOTALL)


def _entry(name: str, kind: int, size: int) -> tuple[bytes, int]:
    """The pattern of a map's entry with ``size`` bytes of values, and the entry's length."""
    whole = to_field(1, to_field(1, name.encode()) + to_field(2, to_field(kind, to_field(1, bytes(size)))))
    return re.escape(whole[:-size]) + b"(.{%d})" % size, len(whole)


@lru_cache(256)
def _list_head(size: int) -> tuple[int, bytes]:
    """How many frames a list of ``size`` bytes has, and what stands before them; 0 where it cannot be."""
    n = size // _FRAME.itemsize  # what stands before them is shorter than one
    if not 0 < n <= _MANY:
        return 0, b""
    frames = bytes(n * _FRAME.itemsize)
    whole = to_field(2, _map_entry("audio_embedding", frames))
    return (n, whole[: -len(frames)]) if len(whole) == size else (0, b"")


@lru_cache(4096)
def _numbers(packed: bytes) -> tuple[int, ...]:
    return tuple(varints(packed))


# Writing


def serialize_example(segment: Segment) -> bytes:
    """The record of a segment, as AudioSet's own are; times are rounded to float32.

    Raises
    ------
    OverflowError
        Where a time is too large for float32.
    """
    numbers = b"".join(to_varint(label) for label in segment.labels)
    times = [struct.pack("<f", seconds) for seconds in (segment.start_s, segment.end_s)]
    context = (
        _map_entry("video_id", to_field(_BYTES, to_field(1, segment.video_id.encode())))
        + _map_entry("start_time_seconds", to_field(_FLOATS, to_field(1, times[0])))
        + _map_entry("labels", to_field(_INTEGERS, to_field(1, numbers)))
        + _map_entry("end_time_seconds", to_field(_FLOATS, to_field(1, times[1])))
    )
    frames = b"".join(to_field(1, to_field(_BYTES, to_field(1, frame.tobytes()))) for frame in segment.frames)
    return to_field(1, context) + to_field(2, _map_entry("audio_embedding", frames))


def _map_entry(name: str, value: bytes) -> bytes:
    return to_field(1, to_field(1, name.encode()) + to_field(2, value))
