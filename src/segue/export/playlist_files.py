"""Tracks as a file of a playlist that other players open: M3U, XSPF or JSPF, by the file's ending."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_from_bytes
from xml.etree import ElementTree

from segue.errors import UsageError
from segue.files import is_same_file, replacing
from segue.paths import expand_home
from segue.texts import count
from segue.track import Track, readable

_NOT_IN_XML = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_XSPF = "http://xspf.org/ns/0/"


@dataclass(slots=True)
class Written:
    """What became of the tracks of a playlist.

    Attributes
    ----------
    n : how many were written
    not_there : tracks that were left out, as their files are not there
    unnameable : tracks that were left out, as their paths have a line break, for which M3U has no place
    """

    n: int = 0
    not_there: list[Track] = field(default_factory=list)
    unnameable: list[Track] = field(default_factory=list)


def check_playlist_path(path: Path) -> None:
    """Raises UsageError where no playlist can be written to a path: its ending or its folder is wrong."""
    if path.suffix.lower() not in _FORMATS:
        raise UsageError(f"{path.name!r} is no playlist's name; expected one that ends with {_ENDINGS}")
    folder = expand_home(path).absolute().parent
    if not folder.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {folder}")


def write_playlist(path: Path, tracks: Sequence[Track], title: str = "") -> Written:
    """Write a playlist in UTF-8, of those tracks whose files are there or that have an address.

    In M3U, paths are relative to the playlist's folder where there is a way, so that a music folder can move
    with its playlists. XSPF and JSPF have addresses, ``file:///``.

    Raises
    ------
    UsageError
        Where the ending is of no playlist, its folder is not there, or nothing would be in it.
    OSError
    """
    path = expand_home(path)
    check_playlist_path(path)
    ending = path.suffix.lower()
    written, included = Written(), []
    for track in tracks:
        if not (_is_there(track) or (not track.has_file and track.url)):
            written.not_there.append(track)
        elif _FORMATS[ending] is to_m3u and {"\n", "\r"} & set(track.path):
            written.unnameable.append(track)
        else:
            included.append(track)
    if tracks and not included:
        raise UsageError(f"no playlist is written: none of {count(len(tracks), 'file')} is there")
    written.n = len(included)
    folder = path.absolute().parent
    if _FORMATS[ending] is to_m3u:
        content = to_m3u([(track, _relative(track, folder)) for track in included], title)
    else:
        content = _FORMATS[ending]([(track, address(track)) for track in included], title or path.stem)
    with replacing(path) as part:
        part.write_bytes(content)
    return written


def _is_there(track: Track) -> bool:
    try:
        return track.has_file and Path(track.path).is_file()
    except (OSError, ValueError):
        return False


Entries = Sequence[tuple[Track, str]]
"""Tracks and where they are: paths, or addresses."""


def to_m3u(entries: Entries, title: str = "") -> bytes:
    """Extended M3U in UTF-8; players that know no titles of playlists pass over that line."""
    lines = ["#EXTM3U", *([f"#PLAYLIST:{_line(title)}"] if title else [])]
    for track, place in entries:
        lines += [f"#EXTINF:{round(track.duration_s)},{_line(track.display_name)}", place]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _relative(track: Track, folder: Path) -> str:
    if not track.has_file:
        return str(track.url)
    try:
        relative = os.path.relpath(track.path, folder)
        if not is_same_file(folder / relative, track.path):  # ".." goes up from what a link leads to
            relative = os.path.relpath(os.path.realpath(track.path), os.path.realpath(folder))
    except ValueError:  # another drive of Windows
        return track.path
    # A line that begins with # would be a comment.
    return f"./{relative}" if relative.startswith("#") else relative


def to_jspf(entries: Entries, title: str) -> bytes:
    """JSPF, with addresses."""
    listed = [{"location": [place], **_facts(track)} for track, place in entries]
    playlist = {"title": _line(title), "creator": "Segue", "track": listed}
    return (json.dumps({"playlist": playlist}, indent=2, ensure_ascii=False) + "\n").encode()


def to_xspf(entries: Entries, title: str) -> bytes:
    """XSPF, with addresses."""
    playlist = ElementTree.Element("playlist", version="1", xmlns=_XSPF)
    ElementTree.SubElement(playlist, "title").text = _line(title)
    ElementTree.SubElement(playlist, "creator").text = "Segue"
    listed = ElementTree.SubElement(playlist, "trackList")
    for track, place in entries:
        element = ElementTree.SubElement(listed, "track")
        for name, value in {"location": place, **_facts(track)}.items():
            ElementTree.SubElement(element, name).text = str(value)
    ElementTree.indent(playlist)
    text = ElementTree.tostring(playlist, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _facts(track: Track) -> dict[str, str | int]:
    """What is known of a track, by the names and in the order of XSPF."""
    facts = {
        "title": _line(track.title),
        "creator": _line(track.artist or ""),
        "album": _line(track.tags.album or ""),
        "trackNum": track.tags.track_number,
        "duration": round(1000 * track.duration_s),
    }
    return {name: value for name, value in facts.items() if value}


def address(track: Track) -> str:
    """``file:///``, or where a track without a file is."""
    if not track.has_file:
        return str(track.url)
    path = track.path if os.sep == "/" else "/" + track.path.replace("\\", "/")
    return "file://" + quote_from_bytes(os.fsencode(path), safe="/:" if os.sep != "/" else "/")


def _line(text: str) -> str:
    """Text in one line, without what XML has no place for."""
    return " ".join(_NOT_IN_XML.sub(" ", readable(text)).split())


_FORMATS: Mapping[str, Callable[[Entries, str], bytes]] = {
    ".m3u8": to_m3u, ".m3u": to_m3u, ".xspf": to_xspf, ".jspf": to_jspf,
}  # fmt: skip
_ENDINGS = ".m3u8, .m3u, .xspf or .jspf"
