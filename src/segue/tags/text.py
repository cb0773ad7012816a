"""Texts of tags in the encoding that they are in, which is not always the one that the file names.

What is UTF-8 is read as UTF-8. Other bytes are read as the encoding of a language only where all that the
file says fits it and nothing else; else as Windows' Western European, which holds Latin-1. A text never has
control characters in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from segue.tags.block import Text
from segue.tags.encodings import LEAST_DISTINCT, decode_whole, guess_alphabet, guess_encoding, guess_rarer
from segue.tags.limits import LETTERS
from segue.tags.mixed_letters import guess_mixed

WESTERN = "cp1252"
_C1 = re.compile("[\x80-\x9f]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_ESCAPE = b"\x1b$"  # begins Japanese in ISO-2022-JP


class Decoder:
    """Reads texts of one file, which are taken to be in one encoding where they do not say in which.

    Parameters
    ----------
    texts : all that are to be read
    """

    def __init__(self, texts: Iterable[Text]) -> None:
        texts = list(texts)
        unknown = (_as_bytes(text) for text in texts)
        several = dict.fromkeys(data for data in unknown if data and _utf_8(data) is None)
        self._encoding = guess_encoding(list(several)) or WESTERN
        letters = b" ".join(filter(None, map(_western_letters, texts)))
        self._alphabet = (
            guess_alphabet(letters, LEAST_DISTINCT) or guess_rarer(letters) or guess_mixed(letters)
        )

    def text(self, text: Text) -> str:
        """For people: without blanks around it, control characters, and more letters than ``LETTERS``."""
        return _CONTROLS.sub("", self._read(text))[:LETTERS].encode("utf-8", "replace").decode().strip()

    def _read(self, text: Text) -> str:
        data = _as_bytes(text)
        letters = _western_letters(text) if self._alphabet else None
        if letters and self._alphabet:
            return letters.decode(self._alphabet)
        if data is None:
            return repaired(str(text))
        decoded = _utf_8(data)
        if decoded is not None:
            return decoded
        try:
            return decode_whole(data, self._encoding)
        except UnicodeDecodeError:
            return data.decode(WESTERN, "ignore")


def _as_bytes(text: Text) -> bytes | None:
    """The bytes of a text whose encoding is not known, or wrong: letters have become control characters."""
    if isinstance(text, bytes):
        return text
    if not text.isascii() and _C1.search(text):
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return None
    return None


def _western_letters(text: Text) -> bytes | None:
    """The bytes of a text that says its encoding, and yet may be of another language: Êèíî for Кино."""
    decoded = _utf_8(text) if isinstance(text, bytes) else text
    if decoded is None or decoded.isascii() or _C1.search(decoded):
        return None
    try:
        return decoded.encode(WESTERN)
    except UnicodeEncodeError:
        return None


def _utf_8(data: bytes) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        if _ESCAPE in data:
            return data.decode("iso2022_jp")
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def repaired(text: str) -> str:
    """UTF-8 that was once read as Latin-1 or Windows' Western European, read aright; other text as it is."""
    if text.isascii():
        return text
    for encoding in ("latin-1", WESTERN):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text
