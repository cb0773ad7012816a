"""What a listener sets for a library: which tracks are no answers, the shares of playlists, and watching."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from segue.catalog.connections import Connections
from segue.catalog.user_data import user_transaction
from segue.errors import UsageError
from segue.texts import clock

Auto = Literal["auto"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a library.

    Attributes
    ----------
    speech : whether speech may be an answer to music
    shortest_s, longest_s : how long an answer is at the least and at the most, in s; 0 for any length, "auto"
        for what is usual in the library
    per_artist, per_album : how many tracks of one artist and of one album a playlist has at the most; 0 for
        any number, "auto" for a fifth and an eighth
    watch : whether a service follows the folders that were scanned, and takes in what changes
    """

    speech: bool = False
    shortest_s: float | Auto = "auto"
    longest_s: float | Auto = "auto"
    per_artist: int | Auto = "auto"
    per_album: int | Auto = "auto"
    watch: bool = False


NAMES = tuple(field.name for field in fields(Settings))


def parse_setting(name: str, value: object) -> Any:
    """What a text or a number means as a setting.

    Raises
    ------
    UsageError
        Where there is no such setting, or it has no such value.
    """
    if name not in _PARSERS:
        raise UsageError(f"no setting {name!r}; there are: {', '.join(NAMES)}")
    expected, parse = _PARSERS[name]
    parsed = parse(value)
    if parsed is None:
        raise UsageError(f"{name} is {value!r}, expected {expected}")
    return parsed


def _switch(value: object) -> bool | None:
    words = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
    return value if isinstance(value, bool) else words.get(str(value).lower())


def _seconds(value: object) -> float | Auto | None:
    if value == "auto":
        return "auto"
    clock = re.fullmatch(r"(?:(\d{1,3}):)?(\d{1,4}):([0-5]\d)", str(value))
    if clock:
        return float(3600 * int(clock[1] or 0) + 60 * int(clock[2]) + int(clock[3]))
    return float(str(value)) if re.fullmatch(r"\d{1,7}(\.\d+)?", str(value)) else None


def _count(value: object) -> int | Auto | None:
    if value == "auto":
        return "auto"
    return int(str(value)) if re.fullmatch(r"\d{1,4}", str(value)) else None


_LENGTH = "auto, 0 for any length, minutes:seconds or seconds"
_MOST = "auto, 0 for any number, or a number"
_PARSERS: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "speech": ("yes or no", _switch),
    "shortest_s": (_LENGTH, _seconds),
    "longest_s": (_LENGTH, _seconds),
    "per_artist": (_MOST, _count),
    "per_album": (_MOST, _count),
    "watch": ("yes or no", _switch),
}


def _require_room(settings: Settings) -> None:
    """Refuse that no track is long enough and short enough."""
    shortest, longest = settings.shortest_s, settings.longest_s
    if shortest != "auto" and longest != "auto" and 0 < longest < shortest:
        lengths = f"at least {clock(shortest)} and at most {clock(longest)} long"
        raise UsageError(f"no track is {lengths}; change the other end first")


class SettingTables:
    """The settings of a library; what was never set is as ``Settings()`` has it."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def load(self) -> Settings:
        """All settings."""
        rows = self._local.db.execute("SELECT name, value FROM settings")
        values = {name: parse_setting(name, value) for name, value in rows if name in NAMES}
        return Settings(**values)

    def change(self, **values: object) -> Settings:
        """Set some, and give them all.

        Raises
        ------
        UsageError
            Where there is no such setting, or it has no such value.
        LibraryWriteError
        """
        parsed = {name: parse_setting(name, value) for name, value in values.items()}
        settings = replace(self.load(), **parsed)
        if parsed.keys() & {"shortest_s", "longest_s"}:
            _require_room(settings)
        with user_transaction(self._local.db):
            rows = [(name, str(value)) for name, value in parsed.items()]
            self._local.db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)
        return settings
