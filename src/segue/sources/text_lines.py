"""Bytes to lines of text: UTF-8, UTF-16 and UTF-32, and Windows-1252 where bytes are not UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from itertools import chain

from segue.errors import SourceError, UsageError
from segue.sources.packed import READ_ERRORS

WESTERN = "line that is not UTF-8, read as Windows-1252"  # a step of cleaning
MAX_LINE = 1 << 24  # characters; a longer line costs itself
_BLOCK = 1 << 18  # bytes
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# Of bytes that are not UTF-8, as ``surrogateescape`` marks them, the characters of Windows-1252.
_WESTERN = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
_NOT_WESTERN = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # bytes that Windows-1252 has no character for
_WORD = 3  # bytes above 127 in a row; Western words have one or two
_OTHERS = ("gb18030", "shift_jis", "euc_kr", "big5", "windows-1251", "koi8-r")
_REPLACED = "\ufffd"
_ESCAPED = re.compile("[\udc80-\udcff]")
_ESCAPES = re.compile("[\udc80-\udcff]+")


class TextLines:
    """The lines of a file with their ends, each of ``\\n``, ``\\r\\n`` or ``\\r``.

    Parameters
    ----------
    read : gives its next bytes, at most n, and none at the end
    name : in messages
    encoding : by default, what its first bytes say

    Attributes
    ----------
    western : lines so far that are not UTF-8 and were read as Windows-1252
    replaced : lines so far with U+FFFD, which stands for bytes that the encoding does not know
    too_long : numbers of lines, from 1, of which only the beginning is given

    Raises
    ------
    SourceError
        Where the bytes are in no encoding that is known here.
    UsageError
        Where there is no such encoding.
    """

    def __init__(self, read: Callable[[int], bytes], name: str, encoding: str | None = None) -> None:
        self._read, self._name = read, name
        self._fault: Exception | None = None
        self._first = self._sample()
        self.western = self.replaced = 0
        self.too_long: set[int] = set()
        self._number = 0  # of lines in the blocks before
        if encoding is None:
            self._encoding, self._errors = self._detect()
        else:
            self._encoding, self._errors = _require_encoding(encoding), "replace"
        self._lines = chain.from_iterable(self._blocks())

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def __next__(self) -> str:
        return next(self._lines)

    def _sample(self) -> bytes:
        """The first bytes, enough to tell what they are."""
        data = b""
        try:
            while len(data) < _BLOCK and (more := self._read(_BLOCK)):
                data += more
        except READ_ERRORS as error:  # to be raised after what came before it
            if not data:
                raise
            self._fault = error
        return data

    def _next(self) -> bytes:
        if self._fault:
            raise self._fault
        return self._read(_BLOCK)

    def _detect(self) -> tuple[str, str]:
        start = self._first
        for mark, encoding in _MARKS:
            if start.startswith(mark):
                return encoding, "surrogateescape" if encoding == "utf-8-sig" else "replace"
        sample = start[: 1 << 12]
        if b"\0" in sample:
            even, odd = sample[::2].count(0), sample[1::2].count(0)
            if max(even, odd) > 4 * min(even, odd) and max(even, odd) > len(sample) // 8:
                return ("utf-16-be" if even > odd else "utf-16-le"), "replace"
            raise SourceError(f"{self._name} is not a table: it holds bytes that are no text")
        self._refuse_others(start)
        return "utf-8", "surrogateescape"

    def _refuse_others(self, start: bytes) -> None:
        """Raises SourceError where bytes that are no UTF-8 are not of a Western language in Windows-1252."""
        text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(start)
        runs = [run.encode("utf-8", "surrogateescape") for run in _ESCAPES.findall(text)]
        in_words = sum(len(run) for run in runs if len(run) >= _WORD)
        if in_words * 2 <= sum(map(len, runs)) and not any(_NOT_WESTERN.search(run) for run in runs):
            return
        likely = [name for name in _OTHERS if _decodes(start, name)]
        raise SourceError(
            f"{self._name} is in an encoding that is neither UTF-8, UTF-16 nor Windows-1252; "
            f"name it with --encoding, such as {' or '.join(likely[:3]) or 'mac-roman'}, or save it as UTF-8"
        )

    def pieces(self) -> Iterator[str]:
        """The text in pieces that end anywhere; instead of its lines, which may be long."""
        decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
        data = self._first
        while data:
            if text := decoder.decode(data):
                yield "".join(self._mend(text))
            data = self._next()
        if text := decoder.decode(b"", final=True):
            yield "".join(self._mend(text))

    def _blocks(self) -> Iterator[Iterator[str]]:
        decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
        data, rest, skipping = self._first, "", False
        while True:
            text = decoder.decode(data, not data)
            if skipping:
                end = text.find("\n") + 1
                text, skipping = (text[end:], False) if end else ("", bool(data))
            rest += text
            cut = _last_end(rest) if data else len(rest)
            if not cut and len(rest) > MAX_LINE:
                self.too_long.add(self._number + 1)
                rest, cut, skipping = rest[:100].replace('"', "") + "\n", 101, True
            if cut:
                lines = self._mend(rest[:cut])
                self._number += len(lines)
                yield iter(lines)
                rest = rest[cut:]
            if not data:
                return
            data = self._next()

    def _mend(self, text: str) -> list[str]:
        """The lines of a text, those that are no UTF-8 as Windows-1252."""
        lines = io.StringIO(text, newline="").readlines()
        if self._errors == "surrogateescape" and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                self.western += sum(1 for line in lines if _ESCAPED.search(line))
                return [line.translate(_WESTERN) for line in lines]
        elif self._errors == "replace" and _REPLACED in text:
            self.replaced += sum(_REPLACED in line for line in lines)
        return lines


def _last_end(text: str) -> int:
    """How many characters there are up to the end of the last whole line."""
    end = text.rfind("\n") + 1
    return end or text.rfind("\r", 0, -1) + 1  # a last one may be half of an end of two


def _require_encoding(encoding: str) -> str:
    try:
        "".encode(encoding)  # also refuses codecs that are not of text
        return encoding
    except LookupError:
        raise UsageError(f"no encoding {encoding!r}; some are: utf-8, {', '.join(_OTHERS)}") from None


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    return True
