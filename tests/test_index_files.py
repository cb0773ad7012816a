"""Index files: every damage is told, whatever else a file says is not believed."""

from __future__ import annotations

import json
import random
import struct
import zlib

import numpy as np
import pytest

from segue.errors import IndexFormatError, UsageError
from segue.index import Index
from segue.index.file import IndexFile, write
from tests.index_data import clustered
from tests.sounds import call

N, DIM = 800, 12
N_DAMAGED = 3_500
N_FORGED = 1_500


@pytest.fixture(scope="module")
def rows():
    return clustered(N, DIM, seed=1)[0]


@pytest.fixture(scope="module")
def saved(rows, tmp_path_factory):
    """With lists, rows that were added later, and names."""
    index = Index.build(rows[: N - 5], metric="dot", ids=np.arange(N - 5) * 3, exact=False)
    index.add(rows[N - 5 :])
    return index.save(tmp_path_factory.mktemp("index") / "whole.index")


@pytest.fixture(scope="module")
def referring(rows, tmp_path_factory):
    """With its vectors in a file of their own, rows that were added later, and some that were deleted."""
    folder = tmp_path_factory.mktemp("referring")
    np.save(folder / "rows.npy", rows)
    index = Index.build(folder / "rows.npy", metric="euclidean", exact=False)
    index.add(rows[:20])
    index.delete(range(0, 300, 3))
    return index.save(folder / "whole.index")


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


def test_a_change_of_any_byte_is_told(saved, tmp_path):
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


@pytest.mark.parametrize("version", [0, 1, 3, 99])
def test_another_format_is_named(saved, tmp_path, version):
    data = bytearray(saved.read_bytes())
    data[8:12] = struct.pack("<I", version)
    path = tmp_path / "other.index"
    path.write_bytes(data)
    with pytest.raises(IndexFormatError, match=f"has format {version}, this Segue reads 2: build it again"):
        Index.open(path)


# Contents that make no sense though all checksums fit


def with_header(data, change):
    """The file with another header, whose checksums fit."""
    at, length, _ = struct.unpack_from("<QQI", data, 16)
    header = json.loads(data[at : at + length])
    changed = change(header)
    text = json.dumps(header if changed is None else changed).encode()
    tail = struct.pack("<QQI", at, len(text), zlib.crc32(text))
    return data[:12] + struct.pack("<I", zlib.crc32(tail)) + tail + data[16 + len(tail) : at] + text


def outcome(path):
    """What comes of opening a file and asking it: "refused", or "answered"."""
    try:
        index = Index.open(path)
    except IndexFormatError:
        return "refused"
    for k in (1, 20):
        ids, _ = index.query(index.vectors[:3], k)
        index.query(index.vectors[0], k)
        index.query(index.vectors[0], k, where=index.ids[:50])
        index.neighbours(ids[:, 0], k)
    return "answered"


def forge_headers(path, folder):
    """How many headers with one value changed to something odd were refused, and how many answered."""
    whole, chance, ends = path.read_bytes(), random.Random(2), {"refused": 0, "answered": 0}
    odd = [-1, 0, 1, 7, 2**31, 2**62, 2**63, 2**64, 10**40, 0.5, -0.0, 1e308, float("nan"), float("inf"),
           None, True, "", "x", "/etc/passwd", "float16", "|O", [], [1], {}, {"k": 1}]  # fmt: skip

    def change(header):
        inside, name = header, chance.choice(list(header))
        while isinstance(inside[name], list | dict) and inside[name] and chance.random() < 0.9:
            inside = inside[name]
            name = chance.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        if chance.random() < 0.1 and isinstance(inside, dict):
            del inside[name]
        else:
            inside[name] = chance.choice(odd)

    for i in range(N_FORGED):
        path = folder / f"{i}.index"
        path.write_bytes(with_header(whole, change))
        ends[outcome(path)] += 1
        path.unlink()
    return ends


@pytest.mark.slow
@pytest.mark.parametrize("which", ["saved", "referring"])
def test_headers_with_an_odd_value_are_refused_or_harmless(which, tmp_path, request):
    path = request.getfixturevalue(which)
    ends = call(forge_headers, path, tmp_path, timeout_s=300)
    assert ends["refused"] + ends["answered"] == N_FORGED
    assert ends["refused"] > N_FORGED / 2


def _setting(**changes):
    return [{"k": 1, "recall": 0.9, "probes": 2, "candidates": 5, "measured": 0.95} | changes]


HEADERS = {
    "less than no rows": {"n": -1},
    "more rows than there are": {"n": 10**12},
    "a text of rows": {"n": "many"},
    "a truth of rows": {"n": True},
    "no numbers in a row": {"dim": 0},
    "another number of numbers": {"dim": DIM + 1},
    "a type of objects": {"dtype": "object"},
    "a type that is not kept": {"dtype": "float64"},
    "a type of another size": {"dtype": "uint8"},
    "an unknown metric": {"metric": "taxi"},
    "packed bits in float32": {"metric": "hamming"},
    "less than no rows with codes": {"coded": -5},
    "more rows with codes than rows": {"coded": N + 1},
    "fewer rows with codes than are in lists": {"coded": N - 6},
    "a setting without candidates": {"settings": [{"k": 1}]},
    "a number of settings": {"settings": 7},
    "probes that are no number": {"settings": _setting(probes=np.nan)},
    "half a probe": {"settings": _setting(probes=0.5)},
    "no candidates": {"settings": _setting(candidates=0)},
    "candidates without end": {"settings": _setting(candidates=10**30)},
    "a recall that is no number": {"settings": _setting(recall=np.nan)},
    "a length that is no number": {"longest": float("nan")},
    "a length without end": {"longest": float("inf")},
    "a length below zero": {"longest": -1.0},
    "no sections": {"sections": {}},
    "a matrix elsewhere": {"matrix": {"path": "/etc/passwd", "offset": 0, "rows": N, "crc32": 0}},
    "a matrix before the beginning": {"matrix": {"path": __file__, "offset": -8, "rows": 4, "crc32": 0}},
    "a matrix with a path that cannot be": {"matrix": {"path": "a\0b", "offset": 0, "rows": 4, "crc32": 0}},
    "no next id": {"next_id": None},
    "a next id that is taken": {"next_id": 5},
    "a note that is none": {"note": 5},
    "a wish that is none": {"always_exact": "yes"},
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_makes_no_sense_is_refused(saved, tmp_path, name):
    path = tmp_path / "odd.index"
    path.write_bytes(with_header(saved.read_bytes(), lambda header: None))
    assert outcome(path) == "answered"
    path = tmp_path / "odder.index"
    path.write_bytes(with_header(saved.read_bytes(), lambda header: header.update(HEADERS[name])))
    assert outcome(path) == "refused"


@pytest.mark.parametrize("header", [[], 5, None, "n", {}], ids=str)
def test_a_header_that_is_no_header_is_refused(saved, tmp_path, header):
    path = tmp_path / "odd.index"
    path.write_bytes(with_header(saved.read_bytes(), lambda _: header or [header]))
    assert outcome(path) == "refused"


def _put(name, index, value):
    def change(contents):
        contents[name][index] = value

    return change


def _replace(name, make):
    def change(contents):
        contents[name] = make(contents[name])

    return change


def _last_list(contents):
    return int(np.flatnonzero(contents["places"][:, 0])[-1])


def _row_of_a_list(value):
    def change(contents):
        _, room, offset = contents["places"][_last_list(contents)].tolist()
        section = contents["lists"]
        code_bytes = next(
            b for b in range(1, 99) if (room * (b + 8) + 31) // 32 * 32 == section.size - offset
        )
        at = offset + room * code_bytes
        section[at : at + 8] = np.frombuffer(struct.pack("<q", value), np.uint8)

    return change


CONTENTS = {
    "rows in a list without end": _put("places", (3, 0), 2**60),
    "room in a list without end": _put("places", (3, 1), 2**60),
    "a list beyond the file": _put("places", (3, 2), 2**40),
    "a list at an odd place": _put("places", (3, 2), 1),
    "a list more": _replace("places", lambda x: np.concatenate([x, x[:1]])),
    "a list less": _replace("places", lambda x: x[:-1]),
    "lists in another order": _replace("places", lambda x: x[::-1].copy()),
    "places of another type": _replace("places", lambda x: x.astype(np.int64)),
    "places without columns": _replace("places", lambda x: x.ravel()),
    "lists cut short": _replace("lists", lambda x: x[:-32]),
    "no lists": _replace("lists", lambda x: x[:0]),
    "lists of other numbers": _replace("lists", lambda x: x.view(np.uint64)),
    "a row in a list that there is not": _row_of_a_list(N),
    "a row in a list far from all": _row_of_a_list(2**62),
    "a row in a list below zero": _row_of_a_list(-1),
    "a vector less": _replace("vectors", lambda x: x[: -4 * DIM]),
    "an id less": _replace("ids", lambda x: x[:-1]),
    "ids of another type": _replace("ids", lambda x: x.astype(np.float64)),
    "an id below zero": _put("ids", 3, -1),
    "nothing learned": _replace("learned", lambda x: x[:0]),
    "what another index has learned": _replace("learned", lambda _: _other_learned()),
    "half of what was learned": _replace("learned", lambda x: x[: x.size // 2]),
    "a learned index of another kind": _replace("learned", lambda _: _plain_learned()),
    "learned of another type": _replace("learned", lambda x: x[: x.size // 4 * 4].view(np.float32)),
    "no places": lambda contents: contents.pop("places"),
    "no vectors": lambda contents: contents.pop("vectors"),
    "no learned": lambda contents: contents.pop("learned"),
    "rows that were added too often": lambda contents: contents.update(added=np.zeros((9, DIM), np.float32)),
    "the dead of fewer rows": lambda contents: contents.update(dead=np.zeros(3, np.uint8)),
    "the dead as numbers": lambda contents: contents.update(dead=np.zeros(N // 8, np.float32)),
    "all dead": lambda contents: contents.update(dead=np.full(N // 8, 255, np.uint8)),
}


def _other_learned():
    return Index.build(clustered(300, 50)[0], exact=False)._state.codes.learned


def _plain_learned():
    import faiss

    return faiss.serialize_index(faiss.IndexFlatL2(DIM))


def open_with_contents(saved, path, name):
    file = IndexFile(saved)
    contents = {section: file.array(section).copy() for section in file.sections}
    if name:
        CONTENTS[name](contents)
    write(path, file.header, contents)
    return outcome(path)


@pytest.mark.parametrize("name", CONTENTS)
def test_contents_that_make_no_sense_are_refused(saved, tmp_path, name):
    assert open_with_contents(saved, tmp_path / "same.index", None) == "answered"
    assert open_with_contents(saved, tmp_path / "odd.index", name) == "refused"


def test_an_array_that_no_file_could_give_back_is_refused(rows, tmp_path):
    index = Index.build(rows)
    for array in (np.array([{}]), np.array(["text"]), np.array([1j])):
        with pytest.raises(UsageError, match="cannot be kept"):
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
