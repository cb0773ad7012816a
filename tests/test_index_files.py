"""Index files: every damage is told, a kill leaves one version or the other."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from segue.errors import IndexFormatError
from segue.index import Index
from tests.index_data import clustered

ROOT = Path(__file__).resolve().parents[1]

DAMAGE = """
import random, sys
from pathlib import Path
from segue.errors import IndexFormatError
from segue.index import Index

whole, path = Path(sys.argv[1]).read_bytes(), Path(sys.argv[1]).with_name("damaged.index")
wanted = Index.open(sys.argv[1]).neighbours(7, 5)[0].tolist()
chance = random.Random(0)

def damaged():
    data, at = bytearray(whole), chance.randrange(len(whole))
    kind = chance.randrange(6)
    if kind == 0:
        data[at] ^= chance.randrange(1, 256)
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 99)))
    elif kind == 3:
        data[at:at + 4096] = bytes(len(data[at:at + 4096]))
    elif kind == 4:
        other = chance.randrange(len(whole))
        data[at:at + 64], data[other:other + 64] = data[other:other + 64], data[at:at + 64]
    else:
        data += whole[:at]
    return bytes(data)

told = 0
for _ in range(3000):
    data = damaged()
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    try:
        found = Index.open(path).neighbours(7, 5)[0].tolist()
    except IndexFormatError:
        told += 1
    else:
        assert data == whole or found == wanted, "wrong answers without a word"
        assert data == whole, "damage was not told"
print(told)
"""

SAVE = """
import sys
from segue.index import Index
index = Index.open(sys.argv[1])
print("ready", flush=True)
while True:
    index.update([0], index.vector(1)[None])
    index.save()
"""


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    rows = clustered(3_000, 16, seed=1)[0]
    index = Index.build(rows, metric="cosine", exact=False)
    return index.save(tmp_path_factory.mktemp("index") / "whole.index")


@pytest.mark.slow
def test_thousands_of_damaged_files_are_told_and_none_ends_the_process(saved):
    with run(DAMAGE, saved) as child:
        out = child.communicate()[0]
    assert child.returncode == 0
    assert int(out) >= 2_990


@pytest.mark.parametrize("data", [b"", b"SEGUEIDX", b"\0" * 500, b"PK\3\4" + b"x" * 500])
def test_foreign_files_are_told(tmp_path, data):
    path = tmp_path / "foreign"
    path.write_bytes(data)
    with pytest.raises(IndexFormatError, match="foreign"):
        Index.open(path)
    with pytest.raises(FileNotFoundError):
        Index.open(tmp_path / "nothing")


def test_another_format_is_named(saved, tmp_path):
    data = bytearray(saved.read_bytes())
    data[8:12] = struct.pack("<I", 99)
    path = tmp_path / "newer.index"
    path.write_bytes(data)
    with pytest.raises(IndexFormatError, match="has format 99"):
        Index.open(path)


def with_header(data: bytes, **changes: object) -> bytes:
    """The file with another header, whose checksums fit."""
    at, length, _ = struct.unpack_from("<QQI", data, 16)
    header = json.loads(data[at : at + length]) | changes
    text = json.dumps(header).encode()
    tail = struct.pack("<QQI", at, len(text), zlib.crc32(text))
    return data[:12] + struct.pack("<I", zlib.crc32(tail)) + tail + data[16 + len(tail) : at] + text


@pytest.mark.parametrize(
    "changes",
    [
        {"n": -1}, {"n": 10**12}, {"n": "many"}, {"dim": 0}, {"dim": 17}, {"dtype": "float64"},
        {"metric": "taxi"}, {"coded": -5}, {"settings": [{"k": 1}]}, {"settings": 7}, {"sections": {}},
        {"dtype": "object"},
        {"matrix": {"path": "/etc/passwd", "offset": 0, "rows": 3000, "crc32": 0}}, {"next_id": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_header_that_makes_no_sense_is_told_though_its_checksum_fits(saved, tmp_path, changes):
    data = saved.read_bytes()
    same = tmp_path / "same.index"
    same.write_bytes(with_header(data))
    assert len(Index.open(same)) == 3_000
    path = tmp_path / "odd.index"
    path.write_bytes(with_header(data, **changes))
    with pytest.raises(IndexFormatError):
        Index.open(path)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_a_kill_while_saving_leaves_a_file_that_opens(tmp_path, rng):
    rows = clustered(2_000, 16, seed=1)[0]
    path = Index.build(rows, metric="cosine").save(tmp_path / "x.index")
    for _ in range(15):
        with run(SAVE, path) as child:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
            time.sleep(float(rng.random()) * 0.1)
            child.send_signal(signal.SIGKILL)
        opened = Index.open(path)
        assert len(opened) == 2_000
        assert np.isin(opened.vector(0), rows[:2]).all()
