"""Encrypted purchases fail as protected, and clear files of the same kinds do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue import audio
from segue.errors import DamagedAudioError, NotAudioError, ProtectedError
from tests.bad_files import outcomes
from tests.sounds import FORMATS, call, clip, melody

AWKWARD = Path(__file__).parent / "awkward"


def purchase(name):
    def make(path):
        data = FORMATS["m4a"].make(path, melody(1), 44_100).read_bytes()
        path.write_bytes(data.replace(b"mp4a", name, 1))

    return make


def windows_media(path):
    data = bytearray(FORMATS["wma"].make(path, melody(1), 44_100).read_bytes())
    encryption = bytes.fromhex("fbb31122 23bdd211 b4b700a0 c955fc6e")
    box = encryption + (24).to_bytes(8, "little")
    data[16:24] = (int.from_bytes(data[16:24], "little") + len(box)).to_bytes(8, "little")
    data[24:28] = (int.from_bytes(data[24:28], "little") + 1).to_bytes(4, "little")
    data[30:30] = box
    path.write_bytes(data)


def element(name, content):
    return bytes.fromhex(name) + (1 << 56 | len(content)).to_bytes(8, "big") + content


def matroska(path):
    """A header alone: EBML, and a segment with one track whose content is encrypted."""
    encryption = element("5035", element("47e1", b"\5"))
    encodings = element("6d80", element("6240", element("5033", b"\1") + encryption))
    tracks = element("1654ae6b", element("ae", element("83", b"\2") + encodings))
    path.write_bytes(element("1a45dfa3", element("4282", b"webm")) + element("18538067", tracks))


def open_mg(path):
    path.write_bytes(b"EA3\1\0\x60\0\1" + bytes(500))


PROTECTED = {
    "bought.m4p": lambda path: path.write_bytes((AWKWARD / "bought.m4p").read_bytes()),
    "common encryption.m4a": purchase(b"enca"),
    "audio book.m4b": purchase(b"aavd"),
    "bought.wma": windows_media,
    "bought.webm": matroska,
    "old audio book.aa": lambda path: path.write_bytes(bytes(4) + b"\x57\x90\x75\x36" + bytes(500)),
    "from a minidisc.oma": open_mg,
}


@pytest.mark.parametrize("name", PROTECTED)
def test_an_encrypted_file_is_told_as_protected(name, tmp_path):
    PROTECTED[name](tmp_path / name)
    with pytest.raises(ProtectedError, match="encrypted") as caught:
        audio.load(tmp_path / name)
    assert caught.value.path == str(tmp_path / name)
    with pytest.raises(ProtectedError):
        audio.load((tmp_path / name).read_bytes())


@pytest.mark.slow
def test_a_scan_lists_it_with_its_own_word(tmp_path, library_path):
    (tmp_path / "music").mkdir()
    clip(tmp_path / "music" / "good.wav", 440)
    for name, make in PROTECTED.items():
        make(tmp_path / "music" / name)
    code, found = call(outcomes, tmp_path / "music", library_path)
    assert code == 1
    assert isinstance(found.pop("good.wav"), dict)
    assert {name: kind for name, (kind, _) in found.items()} == dict.fromkeys(PROTECTED, "protected")
    assert "FairPlay" in found["bought.m4p"][1]


@pytest.mark.parametrize("name", ["m4a", "alac", "wma", "webm"])
def test_clear_files_are_not_taken_for_protected(name, tmp_path):
    form = FORMATS[name]
    assert audio.load(form.write(tmp_path, melody(1, form.sr))).duration_s == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("head", "error"),
    [
        (b"\0\0\0\1ftyp" + b"\xff" * 8, DamagedAudioError),  # the beginning of an M4A, and nothing behind it
        (b"\0\0\0\1moov\x7f" + b"\xff" * 7, NotAudioError),
        (b"\0\0\0\0moov", NotAudioError),
        (b"\xff\xff\xff\xffftyp", DamagedAudioError),
        (b"\x1aE\xdf\xa3\x01", DamagedAudioError),  # of Matroska
    ],
)
def test_headers_of_nonsense_end_the_search(head, error, tmp_path):
    with pytest.raises(error):
        audio.load(head + bytes(1000))
