"""Guesses encodings whose letters stand among ASCII's: Polish, Czech, Slovak, Hungarian, Turkish, or none.

Each byte is a letter of Western languages, too, so two things are needed: all letters of the file are those
of the language, and some stand where no Western language has them. Other texts are left as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Signs that have the same bytes in all of these encodings and in the Western one.
_COMMON = frozenset(b"\x82\x84\x85\x91\x92\x93\x94\x96\x97\xa0\xa9\xab\xae\xb0\xbb")


@dataclass(frozen=True, slots=True)
class _Language:
    """``signs`` are those of which each is needed, in bytes."""

    encoding: str
    letters: str
    signs: tuple[bytes, ...]

    def has_written(self, data: bytes) -> bool:
        high = {byte for byte in data if byte >= 0x80}
        letters = (self.letters + self.letters.upper()).encode(self.encoding)
        return high <= _COMMON.union(letters) and all(re.search(sign, data) for sign in self.signs)


_POLISH_LETTER = rb"[A-Za-z\x9c\x9f\xb3\xb9\xbf\xe6\xea\xf1\xf3]"
_LANGUAGES = (
    # By³o, ¿ó³ty, k¹t: signs within words; mi³oœæ, ŸdŸb³o, ¯ycie.
    _Language(
        "cp1250",
        "ąćęłńóśźż",
        (_POLISH_LETTER + rb"[\xb3\xb9\xbf]" + _POLISH_LETTER + rb"|\x9c\xe6|[a-z]\x9f|\xaf[a-z\xf3]",),
    ),
    # Tì\x9ait, pøítelkynì: a Danish letter with an Italian and a Baltic one.
    _Language(
        "cp1250",
        "áčďéěíňóřšťúůýž",
        (rb"[\xd8\xf8]", rb"[\xec\xf9\xe8\xf2\xef]", rb"[\x8a\x8e\x9a\x9e\xdd\xfd]"),
    ),
    # \x9d is no letter of Western languages at all.
    _Language("cp1250", "áäčďéěíĺľňóôŕřšťúůýž", (rb"[A-Za-z]\x9d|\x9d[a-z]",)),
    _Language("cp1250", "áéíóöőúüű", (rb"[\xd5\xf5]", rb"[\xdb\xfb]", rb"[\xe1\xe9]")),
    # Güneþ, aþk: Icelandic has no þ at the end of a word, nor before most consonants.
    _Language(
        "cp1254",
        "âçğıîöşüûİ",
        (rb"[a-z\xe7\xf0\xf6\xfc\xfd][\xde\xfe](?![aeiourvjy\x80-\xff])", rb"[\xc7\xdc\xe7\xfc]"),
    ),
)


def guess_mixed(data: bytes) -> str | None:
    """The encoding of texts that are no UTF-8; none where they may be of a Western language."""
    return next((language.encoding for language in _LANGUAGES if language.has_written(data)), None)
