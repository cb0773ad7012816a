"""What texts, numbers and times clients may send, to every interface of the service."""

from __future__ import annotations

LONGEST_NAME = 300  # characters: of names, and of words that are searched
LONGEST_ID = 100
LONGEST_SEED = 1000
LONGEST_PATH = 4096
MOST_TRACKS = 10_000  # in one request
MOST_DIGITS = 18
TEXT = r"^[^\x00]*$"  # a pattern of all of them: zero bytes end texts elsewhere


def refuse_text(text: str, longest: int) -> str | None:
    """Why a text is not taken; none where it is."""
    if len(text) > longest:
        return f"has {len(text)} characters; at most {longest} are accepted"
    return "has a zero byte in it" if "\0" in text else None


def whole_number(text: str) -> int | None:
    """The number that a text is; none where it is no whole number, or has too many digits."""
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS
    return int(text) if is_number else None
