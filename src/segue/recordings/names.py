"""Whether the names of two tracks speak for one recording."""

from __future__ import annotations

import re
from pathlib import PurePath

from segue.track import Track, folded

_EDITIONS = (
    r"remaster(?:ed)?|edition|mono|stereo|explicit|clean|radio edit|edit|(?:album|single|original) version|"
    r"original mix|bonus track|deluxe"
)
_EDITION = re.compile(
    rf"\s*[(\[](?:[^)\]]*\b(?:{_EDITIONS})\b[^)\]]*|\d{{4}})[)\]]"
    rf"|\s+-\s+[^-]*\b(?:remaster(?:ed)?|mono|stereo|radio edit|(?:album|single) version|bonus track)\b[^-]*$"
)
# An edition of another recording: what is said of it stays in the title.
_PERFORMANCE = re.compile(
    r"\b(?:live|acoustic|unplugged|instrumental|karaoke|demo|remix|rehearsal|cover|take|a ?cappella)\b"
)
_NUMBERED = re.compile(
    r"(?:audio ?)?(?:track|titel|titre|piste|pista|traccia|spur|unknown|untitled)?[\s_.-]*\d*"
)
_BETWEEN_ARTISTS = re.compile(r"\s*(?:[;,/&+]|\bfeat\b\.?|\bft\b\.?|\bfeaturing\b|\bwith\b|\band\b)\s*")
_FEWEST_LETTERS = 4  # of a file name that says something


def plain_title(title: str) -> str:
    """A title without what tells its edition, case and accents: ``Title (2011 Remaster)`` is ``title``.

    That it was played live, or is a remix, is no edition: ``title (live)`` stays.
    """
    name = folded(title)
    plain = _EDITION.sub(lambda match: match[0] if _PERFORMANCE.search(match[0]) else "", name)
    return plain.strip() or name


def same_name(a: Track, b: Track) -> bool | None:
    """Whether two tracks have one title and no other artist; ``None`` where too little is known.

    Titles are compared without their editions. A file without a title is known by its name, if that holds
    the title of the other one.
    """
    titles = [_title(track) for track in (a, b)]
    if titles[0] and titles[1]:
        if titles[0] != titles[1]:
            return False
        return True if _share_an_artist(a, b) else None
    names = [title or _file_name(track) for title, track in zip(titles, (a, b), strict=True)]
    shorter, longer = sorted(names, key=len)
    speaks = len(re.sub(r"[\W\d_]", "", shorter)) >= _FEWEST_LETTERS
    return True if speaks and f" {_words(shorter)} " in f" {_words(longer)} " else None


def _title(track: Track) -> str | None:
    title = track.tags.title
    return plain_title(title) if title and not _NUMBERED.fullmatch(folded(title)) else None


def _file_name(track: Track) -> str:
    return folded(PurePath(track.path).stem) if track.has_file else ""


def _words(text: str) -> str:
    return " ".join(re.split(r"[\W_]+", text)).strip()


def _share_an_artist(a: Track, b: Track) -> bool:
    """Whether one artist is named by both, or none by one of them."""
    one, other = (_artists(track) for track in (a, b))
    return not one or not other or not one.isdisjoint(other)


def _artists(track: Track) -> set[str]:
    names = (folded(name) for name in (track.tags.artist, track.tags.album_artist) if name)
    parts = {part for name in names for part in (name, *_BETWEEN_ARTISTS.split(name)) if part}
    return parts - {"various artists", "various", "unknown", "unknown artist"}
