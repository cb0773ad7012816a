"""Files of AudioSet's records: damaged ones, folders and archives, and what is written and read again."""

from __future__ import annotations

import gzip
import json
import logging
import os
import struct
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import UsageError
from segue.sources.audioset import (
    BadRecord,
    Segment,
    read_json,
    read_segments,
    write_json,
    write_tfrecords,
)
from segue.sources.audioset.example import serialize_example
from segue.sources.audioset.tfrecord import MAX_RECORD
from tests import tf_files as tf
from tests.audioset_files import example, framed, read, read_bytes, some_frames, tar


def segment(i: int = 0, n: int = 10) -> Segment:
    return Segment(f"video{i:06}", 30.0 * i, 30.0 * i + n, (i, 137), some_frames(n, i))


# Damaged files


def test_a_flipped_bit_loses_one_record_or_the_rest_and_is_reported(tmp_path: Path, rng: np.random.Generator):
    records = [framed(serialize_example(segment(i))) for i in range(5)]
    data, starts = b"".join(records), np.cumsum([0, *map(len, records)]).tolist()
    for _ in range(300):
        hit = int(rng.integers(5))
        within = int(rng.integers(20 if rng.random() < 0.5 else len(records[hit])))
        damaged = bytearray(data)
        damaged[starts[hit] + within] ^= 1 << int(rng.integers(8))
        found, (bad,) = read_bytes(tmp_path, bytes(damaged))
        assert bad.offset == starts[hit]
        left = [i for i in range(5) if i != hit] if within >= 12 else list(range(hit))
        assert found == [segment(i) for i in left]
        assert ("the rest of the file is lost" in bad.reason) == (within < 12)


def test_a_file_cut_at_any_byte_gives_what_is_whole(tmp_path: Path):
    whole = framed(serialize_example(segment(0, n=1)))
    for end in range(len(whole) + 1):
        found, bad = read_bytes(tmp_path, whole + whole[:end])
        assert len(found) == 1 + (end == len(whole))
        assert [b.offset for b in bad] == ([] if end in (0, len(whole)) else [len(whole)])
        assert all("cut short" in b.reason for b in bad)


@pytest.mark.parametrize(
    "data", [b"\0", b"{}", b"<html>404</html>" * 100, bytes(5000), b"PK\x05\x06" + bytes(18), b"\x1f\x8b\x08"]
)
def test_a_foreign_file_is_reported_once_and_affects_no_other(tmp_path: Path, data: bytes):
    (tmp_path / "a.tfrecord").write_bytes(data)
    (tmp_path / "b.tfrecord").write_bytes(framed(example()))
    found, bad = read(tmp_path)
    assert len(found) == 1
    assert [b.path for b in bad] == [str(tmp_path / "a.tfrecord")]


def test_an_empty_file_has_no_segments(tmp_path: Path):
    assert read_bytes(tmp_path, b"") == ([], [])


def test_a_record_too_large_to_be_one_is_passed_over(tmp_path: Path):
    found, (bad,) = read_bytes(tmp_path, framed(bytes(MAX_RECORD + 1)) + framed(example()))
    assert len(found) == 1
    assert "more than" in bad.reason


def test_an_impossible_length_allocates_no_memory(tmp_path: Path):
    length = struct.pack("<Q", 1 << 62)
    found, (bad,) = read_bytes(tmp_path, length + struct.pack("<I", tf.masked(length)) + bytes(1000))
    assert (found, bad.offset) == ([], 0)
    assert "cut short" in bad.reason


def test_without_a_listener_what_is_bad_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "a.tfrecord").write_bytes(framed(b"") + framed(example()))
    with caplog.at_level(logging.WARNING):
        assert len(list(read_segments(tmp_path))) == 1
    assert "a.tfrecord, record at 0: it is no segment" in caplog.text


# Folders and archives


def test_a_folder_is_read_in_order_and_to_its_depths(tmp_path: Path):
    for i, name in enumerate(
        ("b/00.tfrecord", "a/deep/01.tfrecord", "c.tfrecord", "a/._01.tfrecord", "a/x.csv")
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(framed(serialize_example(segment(i))))
    found, bad = read(tmp_path)
    assert [s.video_id for s in found] == ["video000001", "video000000", "video000002"]
    assert bad == []
    assert len(read(tmp_path / "a" / "x.csv", tmp_path)[0]) == 4


def test_what_is_not_there_is_a_usage_error(tmp_path: Path):
    with pytest.raises(UsageError, match="does not exist"):
        read_segments(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no file that ends in"):
        read_segments([tmp_path])


@pytest.mark.skipif(os.name == "nt", reason="pipes with names are Unix's")
def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "a.tfrecord")
    _, (bad,) = read(tmp_path)
    assert "pipe" in bad.reason


def links() -> list[tarfile.TarInfo]:
    found = []
    for kind, name in (
        (tarfile.SYMTYPE, "s"),
        (tarfile.LNKTYPE, "h"),
        (tarfile.DIRTYPE, "d"),
        (tarfile.FIFOTYPE, "f"),
    ):
        header = tarfile.TarInfo(f"{name}.tfrecord")
        header.type, header.linkname = kind, "/etc/passwd"
        found.append(header)
    return found


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_archive_is_read_as_it_comes(tmp_path: Path, format_, compress, monkeypatch: pytest.MonkeyPatch):
    names = ["a/00.tfrecord", "../../etc/passwd.tfrecord", "/abs.tfrecord", "ü" * 30 + ".tfrecord"]
    if format_ != tarfile.USTAR_FORMAT:
        names.append("long/" * 60 + "x.tfrecord")
    members = [(name, framed(serialize_example(segment(i)))) for i, name in enumerate(names)]
    archive = tar(
        [("../../etc/passwd", b"root"), *links(), *members, ("empty.tfrecord", b"")], format=format_
    )
    path = tmp_path / "features.tar.gz"
    path.write_bytes(compress(archive))
    monkeypatch.chdir(tmp_path)
    found, bad = read(path)
    assert bad == []
    assert found == [segment(i) for i in range(len(names))]
    assert [s.source for s in found] == [f"{path}:{name}" for name in names]
    assert sorted(tmp_path.iterdir()) == [path]


def test_compressed_records_are_read_too(tmp_path: Path):
    path = tmp_path / "00.tfrecord.gz"
    path.write_bytes(gzip.compress(framed(example())))
    assert len(read(path)[0]) == 1


def test_a_record_that_looks_like_gzip_is_none(tmp_path: Path):
    payload = example(frames=some_frames(4000))
    assert len(payload) < 0x88B1F
    padded = payload + tf.chunk(99, bytes(0x88B1F - len(payload) - 4))
    assert struct.pack("<Q", len(padded))[:3] == b"\x1f\x8b\x08"
    found, bad = read_bytes(tmp_path, framed(padded))
    assert (len(found), bad) == (1, [])


def test_a_damaged_member_loses_only_what_is_damaged(tmp_path: Path):
    good = framed(serialize_example(segment()))
    bad_record = bytearray(good * 3)
    bad_record[len(good) + 100] ^= 1
    archive = tar([("a.tfrecord", bytes(bad_record)), ("b.tfrecord", good[:-1]), ("c.tfrecord", good)])
    (tmp_path / "a.tar").write_bytes(archive)
    found, bad = read(tmp_path / "a.tar")
    assert len(found) == 3
    assert [(b.path.rpartition(":")[2], b.offset) for b in bad] == [
        ("a.tfrecord", len(good)),
        ("b.tfrecord", 0),
    ]


def test_a_damaged_header_loses_the_rest_of_the_archive_and_is_reported(tmp_path: Path):
    archive = bytearray(tar([(f"{i}.tfrecord", framed(serialize_example(segment(i)))) for i in range(3)]))
    assert archive[2048:2058] == b"1.tfrecord"  # a header takes one block and a record three
    archive[2048] ^= 1
    (tmp_path / "a.tar").write_bytes(archive)
    found, (bad,) = read(tmp_path / "a.tar")
    assert [s.video_id for s in found] == ["video000000"]
    assert bad.offset == 2048
    assert "the rest of the archive is lost" in bad.reason


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_archive_cut_anywhere_is_reported(tmp_path: Path, compress):
    archive = compress(tar([(f"{i}.tfrecord", framed(serialize_example(segment(i)))) for i in range(3)]))
    whole = 3 * 2048 + 512 if compress is bytes else len(archive)  # one block of zeros is the mark
    for end in range(600, whole, 97):
        (tmp_path / "a.tar").write_bytes(archive[:end])
        found, bad = read(tmp_path / "a.tar")
        assert found == [segment(i) for i in range(len(found))]
        assert bad


def test_flipped_bits_of_an_archive_raise_nothing(tmp_path: Path, rng: np.random.Generator):
    for compress in (bytes, gzip.compress):
        archive = compress(tar([(f"{i}.tfrecord", framed(serialize_example(segment(i)))) for i in range(3)]))
        for _ in range(150):
            damaged = bytearray(archive)
            damaged[int(rng.integers(len(archive)))] ^= 1 << int(rng.integers(8))
            (tmp_path / "a.tar").write_bytes(damaged)
            found, _ = read(tmp_path / "a.tar")
            assert {s.video_id for s in found} <= {segment(i).video_id for i in range(3)}


def test_a_header_that_claims_more_than_there_is_asks_for_no_memory(tmp_path: Path):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    found, (bad,) = read(tmp_path / "a.tar")
    assert found == []
    assert "cut short" in bad.reason


@pytest.mark.slow
def test_reading_keeps_nothing(tmp_path: Path):
    path = tmp_path / "a.tar.gz"
    content = framed(serialize_example(segment())) * 500
    path.write_bytes(gzip.compress(tar([(f"{i}.tfrecord", content) for i in range(20)])))
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_segments(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 10_000
    assert peak < 2_500_000 < 20 * len(content)


# Written and read again

segments = st.builds(
    Segment,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5).map(tuple),
    st.integers(0, 12).map(some_frames),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(segments, max_size=3))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, written: list[Segment]):
    folder = tmp_path_factory.getbasetemp()
    assert write_tfrecords(written, folder / "w.tfrecord") == len(written)
    assert read(folder / "w.tfrecord") == (written, [])
    assert write_json(written, folder / "w.json") == len(written)
    assert list(read_json(folder / "w.json")) == written


def test_json_is_the_demos_form_and_may_be_lines_a_list_or_one_object(tmp_path: Path):
    written, path = [segment(0), segment(1, n=3)], tmp_path / "a.json"
    write_json(written, path)
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert list(records[1]) == ["label", "id", "start_time", "end_time", "data"]
    assert records[1]["label"] == [1, 137]
    assert (records[1]["id"], records[1]["start_time"], records[1]["end_time"]) == ("video000001", 30.0, 33.0)
    assert records[1]["data"] == written[1].frames.tolist()
    for text, expected in (
        (json.dumps(records), written),
        (json.dumps(records, indent=1), written),
        (json.dumps(records[0], indent=1), written[:1]),
        (json.dumps(records[0]), written[:1]),
        ("\n\n".join(map(json.dumps, records)), written),
        ("\ufeff" + json.dumps(records), written),
        ("", []),
        ("[]", []),
    ):
        path.write_text(text, "utf-8")
        found = list(read_json(path))
        assert found == expected
        assert [s.offset for s in found] == list(range(len(found)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": 3}, "expected a text"),
        ({"id": ""}, "is not an id"),
        ({"id": "\ud800"}, "is not an id"),
        ({"label": ["Speech"]}, "whole numbers"),
        ({"label": [True]}, "whole numbers"),
        ({"label": [1 << 63]}, "64 bits"),
        ({"start_time": "3"}, "expected numbers"),
        ({"end_time": float("nan")}, "finite"),
        ({"end_time": 10**400}, "too large"),
        ({"data": 3}, "rows of 128"),
        ({"data": [[1] * 127]}, "rows of 128"),
        ({"data": [[256] * 128]}, "from 0 to 255"),
        ({"data": [[0.5] * 128]}, "from 0 to 255"),
        ({"data": [[None] * 128]}, "from 0 to 255"),
    ],
    ids=range(14),
)
def test_an_object_without_a_segment_fails_alone(tmp_path: Path, change: dict, reason: str):
    path = tmp_path / "a.json"
    write_json([segment()], path)
    good = path.read_text("utf-8")
    path.write_text(good + json.dumps(json.loads(good) | change) + "\n{\n" + good, "utf-8")
    bad: list[BadRecord] = []
    assert list(read_json(path, on_bad=bad.append)) == [segment(), segment()]
    assert [b.offset for b in bad] == [1, 2]
    assert reason in bad[0].reason


@pytest.mark.parametrize("text", ["[1, 2", "3", "null", "[" * 100_000, "\0", '{"id": ', "[[]]", "{}"])
def test_a_file_of_other_json_is_reported_once(tmp_path: Path, text: str):
    (tmp_path / "a.json").write_text(text)
    bad: list[BadRecord] = []
    assert list(read_json(tmp_path / "a.json", on_bad=bad.append)) == []
    assert len(bad) == 1


def test_a_file_that_cannot_be_opened_is_a_usage_error(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be opened"):
        read_json(tmp_path / "nowhere.json")
    for write in (write_json, write_tfrecords):
        with pytest.raises(UsageError, match="cannot be written"):
            write([segment()], tmp_path / "nowhere" / "a")


@pytest.mark.parametrize(
    "wrong",
    [
        Segment("", 0.0, 1.0, (), some_frames(1)),
        Segment("\udcff", 0.0, 1.0, (), some_frames(1)),
        Segment("a", 0.0, float("inf"), (), some_frames(1)),
        Segment("a", 0.0, 1.0, (1 << 63,), some_frames(1)),
        Segment("a", 0.0, 1.0, (), np.zeros((1, 128), np.float32)),
        Segment("a", 0.0, 1.0, (), np.zeros((1, 64), np.uint8)),
    ],
    ids=range(6),
)
def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, wrong: Segment):
    for write in (write_json, write_tfrecords):
        with pytest.raises(UsageError):
            write([segment(), wrong], tmp_path / "a")
    with pytest.raises(UsageError, match="float32"):
        write_tfrecords([Segment("a", 1e300, 1e301, (), some_frames(1))], tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
