"""Index files whose checksums fit and whose contents make no sense: none is believed, none ends a process."""

from __future__ import annotations

import json
import random
import struct
import tempfile
import zlib
from pathlib import Path

import faiss
import numpy as np
import pytest

from segue.errors import IndexFormatError
from segue.index import Index
from segue.index.file import IndexFile, write_sections
from tests.index_data import clustered
from tests.index_files import DIM, N, referring_to_rows, whole
from tests.sounds import call

N_FORGED = 1_500


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return whole(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def referring(tmp_path_factory):
    return referring_to_rows(tmp_path_factory.mktemp("referring"))


@pytest.fixture(scope="module")
def projected(tmp_path_factory):
    """Of directions, with a length kept for each row, and codes of fewer numbers than rows have."""
    x = clustered(N, 64, seed=2)[0] @ np.diag(0.9 ** np.arange(64)).astype(np.float32)
    index = Index.build(x, metric="cosine", exact=False)
    assert index.code_bytes == 16  # of 32 axes
    return index.save(tmp_path_factory.mktemp("projected") / "whole.index")


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
        index.neighbors(ids[:, 0], k)
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
def test_a_nonsense_header_is_refused(saved, tmp_path, header):
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
    with tempfile.TemporaryDirectory() as folder:
        path = Index.build(clustered(300, 50)[0], exact=False).save(Path(folder) / "other.index")
        return IndexFile(path).array("learned").copy()


def _plain_learned():
    return faiss.serialize_index(faiss.IndexFlatL2(DIM))


def open_with_contents(saved, path, name):
    file = IndexFile(saved)
    contents = {section: file.array(section).copy() for section in file.sections}
    if name:
        CONTENTS[name](contents)
    write_sections(path, file.header, contents)
    return outcome(path)


@pytest.mark.parametrize("name", CONTENTS)
def test_contents_that_make_no_sense_are_refused(saved, tmp_path, name):
    assert open_with_contents(saved, tmp_path / "same.index", None) == "answered"
    assert open_with_contents(saved, tmp_path / "odd.index", name) == "refused"


LENGTHS = {
    "a length less": _replace("lengths", lambda x: x[:-1]),
    "a length more": _replace("lengths", lambda x: np.append(x, x[:1])),
    "lengths of another type": _replace("lengths", lambda x: x.view(np.int32)),
    "lengths in columns": _replace("lengths", lambda x: x[:, None]),
    "no lengths": lambda contents: contents.pop("lengths"),
    "a length of zero": _put("lengths", 3, 0),
    "a length below zero": _put("lengths", 3, -1),
    "a length that is no number": _put("lengths", N - 1, np.nan),
    "a length without end": _put("lengths", 3, np.inf),
    "a projection of other rows": _replace("learned", lambda x: _with_axes(x, 65, None)),
    "a projection to other lists": _replace("learned", lambda x: _with_axes(x, 64, 8)),
    "two projections": _replace("learned", lambda x: _with_axes(x, 64, None, times=2)),
}


def _with_axes(learned, d_in, d_out, times=1):
    """The lists behind other projections, as Faiss would write them."""
    both = faiss.deserialize_index(learned)
    lists = faiss.downcast_index(both.index)
    forged = faiss.IndexPreTransform(lists)
    for _ in range(times):
        axes = faiss.LinearTransform(lists.d, lists.d) if times > 1 else None
        axes = axes or faiss.LinearTransform(d_in, lists.d)
        faiss.copy_array_to_vector(np.zeros(axes.d_in * axes.d_out, np.float32), axes.A)
        axes.is_trained = True
        forged.prepend_transform(axes)
    if d_out:
        axes.d_out = d_out
    forged.d = 64
    return faiss.serialize_index(forged)


@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_and_projections_that_make_no_sense_are_refused(projected, tmp_path, name, monkeypatch):
    monkeypatch.setitem(CONTENTS, name, LENGTHS[name])
    assert open_with_contents(projected, tmp_path / "same.index", None) == "answered"
    assert open_with_contents(projected, tmp_path / "odd.index", name) == "refused"


@pytest.mark.parametrize("section", ["lengths", "learned"])
def test_a_changed_bit_is_found_before_faiss_reads_it(projected, tmp_path, section, monkeypatch):
    found = IndexFile(projected).sections[section]
    monkeypatch.setattr(
        "segue.index.serialization.InvertedLists", lambda trained: pytest.fail("damage was read")
    )
    chance = random.Random(3)
    for _ in range(20):
        data = bytearray(projected.read_bytes())
        data[found.offset + chance.randrange(found.n_bytes)] ^= 1 << chance.randrange(8)
        path = tmp_path / "damaged.index"
        path.write_bytes(data)
        with pytest.raises(IndexFormatError, match=f"checksum of '{section}'"):
            Index.open(path)
        path.unlink()
