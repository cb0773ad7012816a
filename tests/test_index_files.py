"""Index files: every damage is told, whatever else a file says is not believed."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from segue.errors import IndexFormatError, UsageError
from segue.index import Index
from tests.index_data import clustered
from tests.index_files import DIM, N, whole
from tests.sounds import call

N_DAMAGED = 3_500


@pytest.fixture(scope="module")
def rows():
    return clustered(N, DIM, seed=1)[0]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return whole(tmp_path_factory.mktemp("index"))


def damaged(whole, chance):
    """The bytes with one of many harms done to them."""
    data, at, other = bytearray(whole), chance.randrange(len(whole)), chance.randrange(len(whole))
    near = chance.randrange(100)
    kind = chance.randrange(9)
    if kind == 0:
        data[at] ^= chance.randrange(1, 256)
    elif kind == 1:  # the beginning and the end are where much depends on few bytes
        data[chance.choice((near, -1 - near))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        del data[at:]
    elif kind == 3:
        del data[at : at + 1 + near]
    elif kind == 4:
        data[at:at] = chance.randbytes(1 + near)
    elif kind == 5:
        data[at : at + 4096] = bytes(len(data[at : at + 4096]))
    elif kind == 6:
        data[at : at + 64], data[other : other + 64] = data[other : other + 64], data[at : at + 64]
    elif kind == 7:
        data += whole[at:]
    else:
        data = data[at:] + data[:at]
    return bytes(data)


def open_damaged(path, folder):
    """How many damaged files were refused, and how many came out as they were."""
    whole, chance = path.read_bytes(), random.Random(0)
    ask = lambda index: [x.tolist() for x in index.query(queries, 5)]  # noqa: E731
    queries = Index.open(path).vectors[:3].copy()
    expected = ask(Index.open(path))
    refused = same = 0
    for _ in range(N_DAMAGED):
        data = damaged(whole, chance)
        path = folder / "damaged.index"
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        try:
            found = ask(Index.open(path))
        except IndexFormatError:
            refused += 1
        else:
            assert data == whole, "damage was not told"
            assert found == expected
            same += 1
    return refused, same


@pytest.mark.slow
def test_thousands_of_damaged_files_are_refused_and_none_ends_the_process(saved, tmp_path):
    refused, same = call(open_damaged, saved, tmp_path, timeout_s=300)
    assert refused + same == N_DAMAGED
    assert refused >= 3_000


@pytest.mark.slow
def test_a_change_of_any_byte_is_found(saved, tmp_path):
    whole = saved.read_bytes()
    at, length, _ = struct.unpack_from("<QQI", whole, 16)
    chance = random.Random(1)
    for place in (*range(36), *range(at, at + 40), *(chance.randrange(len(whole)) for _ in range(150))):
        data = bytearray(whole)
        data[place] ^= 1 << chance.randrange(8)
        path = tmp_path / "damaged.index"
        path.write_bytes(data)
        with pytest.raises(IndexFormatError):
            Index.open(path)
        path.unlink()
    assert at + length == len(whole)


@pytest.mark.parametrize(
    "data", [b"", b"SEGUEIDX", b"\0" * 500, b"PK\3\4" + b"x" * 500, b"\x93NUMPY" + b" " * 99]
)
def test_foreign_files_are_refused(tmp_path, data):
    path = tmp_path / "foreign"
    path.write_bytes(data)
    with pytest.raises(IndexFormatError, match="no index of Segue"):
        Index.open(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        Index.open(tmp_path / "nothing.index")


@pytest.mark.parametrize("version", [0, 1, 2, 99])
def test_another_format_is_named(saved, tmp_path, version):
    data = bytearray(saved.read_bytes())
    data[8:12] = struct.pack("<I", version)
    path = tmp_path / "other.index"
    path.write_bytes(data)
    with pytest.raises(IndexFormatError, match=f"has format {version}, this Segue reads 3: build it again"):
        Index.open(path)


def test_an_array_that_no_file_could_give_back_is_refused(rows, tmp_path):
    index = Index.build(rows)
    for array in (np.array([{}]), np.array(["text"]), np.array([1j])):
        with pytest.raises(UsageError, match="cannot be stored"):
            index.save(tmp_path / "a.index", arrays={"more": array})
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_refused(rows, tmp_path):
    index = Index.build(rows)
    with pytest.raises(UsageError, match="never saved"):
        index.save()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        index.save(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
