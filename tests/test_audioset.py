"""Records of AudioSet, real ones, right ones and odd ones: both ways to read them say the same."""

from __future__ import annotations

import itertools
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import UsageError
from segue.sources.audioset import (
    Segment,
    flatten,
    mean_pool,
    playable_url,
    read_label_names,
    read_segments,
    write_tfrecords,
)
from segue.sources.audioset.example import parse_example, parse_quickly, read_example, serialize_example
from segue.wire.protobuf import WireError, to_varint, varints
from tests import audioset_files as made
from tests import tf_files as tf
from tests.audioset_files import (
    CONTEXT,
    example,
    floats,
    framed,
    integers,
    read,
    read_bytes,
    some_frames,
    texts,
)

YOUTUBE_8M = {"id": texts(b"Zd9x"), "labels": integers(3, 3861)}


def same_facts(one, other) -> bool:
    return one[:4] == other[:4] and one[4].dtype == other[4].dtype and np.array_equal(one[4], other[4])


# Real shards


@pytest.fixture
def shards(shared: Path) -> list[Path]:
    return [shared / "data" / "audioset" / f"{name}.tfrecord" for name in ("rm", "xI")]


@pytest.mark.shared
def test_real_shards_are_read_whole(shards: list[Path]):
    found, bad = read(*shards)
    assert (len(found), bad) == (650, [])
    assert [sum(s.source == str(path) for s in found) for path in shards] == [328, 322]
    assert {s.video_id[:2] for s in found[:328]} == {"rm"}
    assert {s.video_id[:2] for s in found[328:]} == {"xI"}
    assert sorted({len(s.frames) for s in found}) == [5, 7, 9, 10]
    assert all(s.frames.shape[1:] == (128,) and s.frames.dtype == np.uint8 for s in found)
    assert all(0 < s.end_s - s.start_s <= 10 and s.labels and max(s.labels) < 527 for s in found)


@pytest.mark.shared
def test_the_first_real_segment_is_as_its_bytes_say(shards: list[Path], shared: Path):
    first, second = itertools.islice(read_segments(shards), 2)
    assert (first.video_id, first.start_s, first.end_s) == ("rmLnozgTQMY", 30.0, 40.0)
    assert first.frames[0, :8].tolist() == [0x1B, 0xAC, 0x18, 0x00, 0xEE, 0x8E, 0xA5, 0x9C]
    assert (first.offset, second.offset) == (0, 16 + 0x5EC)
    names = read_label_names(shared / "data" / "audioset" / "class_labels_indices.csv")
    assert len(names) == 527
    assert [names[label] for label in first.labels] == [
        "Speech",
        "Vehicle",
        "Vehicle horn, car horn, honking",
        "Toot",
        "Truck",
        "Traffic noise, roadway noise",
    ]
    assert playable_url(first) == "https://www.youtube.com/watch?v=rmLnozgTQMY&t=30"


@pytest.mark.shared
def test_real_records_are_of_the_quick_layout_and_written_again_as_they_were(
    shards: list[Path], tmp_path: Path
):
    raw = shards[0].read_bytes()
    found, _ = read(shards[0])
    identical = 0
    for s in found:
        (length,) = struct.unpack_from("<Q", raw, s.offset)
        payload = raw[s.offset + 12 : s.offset + 12 + length]
        quick = parse_quickly(payload)
        assert quick is not None
        assert same_facts(quick, parse_example(payload))
        assert len(serialize_example(s)) == len(payload)
        identical += serialize_example(s) == payload
    # The entries of a map have no order; of the files' two orders, this is the one that is written.
    assert identical > 100
    assert write_tfrecords(found, tmp_path / "again.tfrecord") == 328
    assert (tmp_path / "again.tfrecord").stat().st_size == len(raw)
    assert read(tmp_path / "again.tfrecord")[0] == found


# One record


def test_reads_what_was_made(tmp_path: Path):
    frames = some_frames(7, seed=3)
    (found,), bad = read_bytes(tmp_path, framed(example(frames=frames)))
    assert bad == []
    assert found == Segment("rmLnozgTQMY", 30.0, 40.0, (0, 300, 308), frames)
    assert (found.source, found.offset) == (str(tmp_path / "made.tfrecord"), 0)
    assert found != Segment("rmLnozgTQMY", 30.0, 40.0, (0, 300, 308), frames + np.uint8(1))


@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 300])
def test_any_number_of_frames_is_read(n: int):
    facts = read_example(example(frames=some_frames(n)))
    assert facts[4].shape == (n, 128)
    np.testing.assert_array_equal(facts[4], some_frames(n))
    facts[4][:] = 0  # it is the caller's own


@pytest.mark.parametrize("order", list(itertools.permutations(CONTEXT)), ids="-".join)
def test_the_order_of_a_map_means_nothing(order: tuple[str, ...]):
    payload = example({name: CONTEXT[name] for name in order})
    assert parse_quickly(payload) is not None
    assert same_facts(read_example(payload), read_example(example()))


def test_youtube_8m_is_read_without_its_pictures():
    frames = some_frames(23)
    pictures = made.frame_list([bytes(1024)] * 23)
    facts = read_example(example(YOUTUBE_8M, lists={"rgb": pictures, "audio": made.frame_list(frames)}))
    assert facts[:4] == ("Zd9x", 0.0, 23.0, (3, 3861))
    np.testing.assert_array_equal(facts[4], frames)
    assert read_example(example({"id": texts(b"Zd9x")}, name="audio"))[3] == ()


def test_all_that_the_format_allows_is_read():
    odd = CONTEXT | {
        "labels": tf.chunk(3, tf.number(1, 0) + tf.number(1, 300) + tf.chunk(1, tf.varint(308))),
        "start_time_seconds": tf.chunk(2, b"\x0d" + struct.pack("<f", 30.0)),
        "stranger": integers(5),
    }
    two_parts = tf.chunk(1, made.entry("end_time_seconds", floats(1.0))) + example(odd)
    for payload in (example(odd), two_parts, two_parts + tf.number(99, 7), tf.number(99, 7) + example()):
        assert parse_quickly(payload) is None
        assert same_facts(read_example(payload), read_example(example()))
    assert read_example(example({name: CONTEXT[name] for name in CONTEXT if name != "labels"}))[3] == ()
    assert read_example(example(CONTEXT | {"labels": integers(-1)}))[3] == (-1,)
    many = tuple(range(100, 400))
    assert read_example(example(CONTEXT | {"labels": integers(*many)}))[3] == many
    assert read_example(example(CONTEXT | {"video_id": texts("näïve".encode())}))[0] == "näïve"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "no 'video_id' and no 'id'; it has nothing"),
        (b"\xff" * 40, "no end of the number"),
        (b"no protobuf at all", "wire type|claims"),
        (example({}), "no 'video_id'"),
        (example({k: v for k, v in CONTEXT.items() if k != "start_time_seconds"}), "no 'start_time_seconds'"),
        (example({k: v for k, v in CONTEXT.items() if k != "end_time_seconds"}), "no 'end_time_seconds'"),
        (example(CONTEXT | {"video_id": integers(3)}), "'video_id' holds integers, expected bytes"),
        (example(CONTEXT | {"video_id": texts(b"\xff" * 11)}), "not UTF-8"),
        (example(CONTEXT | {"video_id": texts(b"")}), "not empty"),
        (example(CONTEXT | {"video_id": texts(b"a", b"b")}), "2 values"),
        (example(CONTEXT | {"start_time_seconds": integers(30)}), "holds integers, expected floats"),
        (example(CONTEXT | {"start_time_seconds": floats(1, 2)}), "expected one finite"),
        (example(CONTEXT | {"start_time_seconds": floats(np.nan)}), "expected one finite"),
        (example(CONTEXT | {"end_time_seconds": floats(np.inf)}), "expected one finite"),
        (example(CONTEXT | {"end_time_seconds": tf.chunk(2, tf.chunk(1, b"abc"))}), "floats of 4"),
        (example(CONTEXT | {"labels": texts(b"Speech")}), "holds bytes, expected integers"),
        (example(CONTEXT | {"labels": tf.chunk(3, tf.chunk(1, b"\x80"))}), "expected varints"),
        (example(CONTEXT | {"labels": b""}), "holds nothing"),
        (example(CONTEXT | {"labels": integers(*[1] * 200_000)}), "or more"),
        (example(lists={}), "no list 'audio_embedding' of frames; it has nothing"),
        (example(name="audio"), "it has 'audio'"),
        (example(YOUTUBE_8M), "no list 'audio'"),
        (example(frames=[bytes(128), bytes(127)]), "frame 1 of 'audio_embedding' has 127 bytes"),
        (example(frames=[bytes(129)] * 10), "frame 0 of 'audio_embedding' has 129 bytes"),
        (example(frames=[bytes(127), bytes(129)]), "frame 0"),
        (example(frames=[b""]), "has 0 bytes"),
        (example(lists={"audio_embedding": tf.chunk(1, texts())}), "has no bytes"),
        (example(lists={"audio_embedding": tf.chunk(1, floats(*[1.0] * 128))}), "holds floats"),
        (example(lists={"audio_embedding": tf.number(1, 5)}), "is a number"),
    ],
    ids=range(29),
)
def test_a_record_without_a_segment_fails_alone_with_the_reason(tmp_path: Path, payload: bytes, reason: str):
    found, (bad,) = read_bytes(tmp_path, framed(example()) + framed(payload) + framed(example()))
    assert len(found) == 2
    assert (bad.path, bad.offset) == (str(tmp_path / "made.tfrecord"), len(framed(example())))
    assert re.search(reason, bad.reason), bad


# The quick way and the whole one


def agree(payload: bytes) -> bool:
    """Whether the quick way answered; where it does, it must say what the whole way says."""
    quick = parse_quickly(payload)
    if quick is not None:
        assert same_facts(quick, parse_example(payload))
    return quick is not None


@settings(deadline=None)
@given(
    st.binary(min_size=11, max_size=11),
    st.lists(st.floats(width=32), min_size=2, max_size=2),
    st.lists(st.integers(-5, 2**63 - 1) | st.integers(0, 526), max_size=12),
    st.integers(0, 12),
    st.permutations(list(CONTEXT)),
)
def test_the_quick_way_says_what_the_whole_way_says(video_id, times, labels, n, order):
    context = {
        "video_id": texts(video_id),
        "start_time_seconds": floats(times[0]),
        "end_time_seconds": floats(times[1]),
        "labels": integers(*labels),
    }
    payload = example({name: context[name] for name in order}, some_frames(n))
    quick = parse_quickly(payload)
    assert quick is None or same_facts(quick, parse_example(payload))


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.integers(0, 1500), st.binary(max_size=4), st.integers(0, 4), st.integers(1, 10))
def test_the_quick_way_says_no_more_of_damaged_records(at: int, put: bytes, gone: int, n: int):
    payload = example(frames=some_frames(n))
    at %= len(payload)
    for rest in (payload[at + gone :], payload[at + len(put) :]):
        damaged = payload[:at] + put + rest
        quick = parse_quickly(damaged)
        assert quick is None or same_facts(quick, parse_example(damaged))


def test_every_flipped_byte_of_what_is_not_values_is_seen_by_both_ways():
    payload = example(frames=some_frames(2))
    answered = 0
    for at in range(len(payload)):
        for mask in (0x01, 0x80, 0xFF):
            answered += agree(payload[:at] + bytes([payload[at] ^ mask]) + payload[at + 1 :])
    values = 11 + 4 + 4 + 5 + 2 * 128
    assert answered < 3 * values
    assert answered > 2 * 2 * 128


@pytest.mark.parametrize("twice", ["video_id", "labels"])
def test_a_name_twice_is_left_to_the_whole_way(twice: str):
    """Thirteen labels take as many bytes as an id, so that the lengths alone would fit."""
    context = CONTEXT | {"labels": integers(*range(13))}
    names = (twice, twice, "start_time_seconds", "end_time_seconds")
    payload = tf.chunk(1, b"".join(made.entry(name, context[name]) for name in names)) + example({})[2:]
    assert len(payload) == len(example(context))
    assert parse_quickly(payload) is None


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=8))
def test_numbers_are_written_as_they_are_read(numbers: list[int]):
    assert list(varints(b"".join(map(to_varint, numbers)))) == numbers
    assert all(to_varint(number) == tf.varint(number) for number in numbers)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_segment_or_refused(data: bytes):
    for payload in (data, tf.chunk(1, data), example(CONTEXT | {"labels": data})):
        try:
            facts = read_example(payload)
        except WireError:
            continue
        assert facts[4].dtype == np.uint8
        assert facts[4].shape[1:] == (128,)


# What other programs take


def test_flattened_takes_the_first_ten_frames():
    frames = some_frames(11)
    assert flatten(frames).shape == (1280,)
    np.testing.assert_array_equal(flatten(frames), frames[:10].ravel())
    np.testing.assert_array_equal(flatten(frames, 3), frames[:3].ravel())
    assert flatten(frames).dtype == np.uint8


def test_flattened_repeats_a_shorter_clip_from_its_start():
    frames = some_frames(4)
    np.testing.assert_array_equal(flatten(frames), np.concatenate([frames, frames, frames[:2]]).ravel())


def test_mean_pooled_is_the_mean():
    frames = some_frames(7)
    assert mean_pool(frames).dtype == np.float32
    np.testing.assert_allclose(mean_pool(frames), frames.astype(float).mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("frames", [some_frames(0), np.zeros((3, 64), np.uint8), np.zeros(128, np.uint8)])
def test_no_frames_have_no_mean_and_no_row(frames: np.ndarray):
    for make in (flatten, mean_pool):
        with pytest.raises(UsageError, match=r"expected \(n, 128\)"):
            make(frames)
    with pytest.raises(UsageError, match="1 or more"):
        flatten(some_frames(), 0)


def test_an_unsafe_id_makes_a_safe_address():
    s = Segment("a&b=<c> d/", 3.9, 10.0, (), some_frames(1))
    assert playable_url(s) == "https://www.youtube.com/watch?v=a%26b%3D%3Cc%3E%20d%2F&t=3"


@pytest.mark.parametrize(
    "text", ["", "a,b,c\n", "index,mid,display_name\nx,/m/1,Speech\n", "index,mid,display_name\n1,/m/1\n"]
)
def test_another_list_of_classes_is_refused(tmp_path: Path, text: str):
    (tmp_path / "classes.csv").write_text(text)
    with pytest.raises(UsageError, match=r"classes\.csv"):
        read_label_names(tmp_path / "classes.csv")
    with pytest.raises(UsageError, match="cannot be read"):
        read_label_names(tmp_path)
