"""Tracks as a playlist that other players open."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from segue.files import replacing
from segue.track import Track


def write_m3u(path: Path, tracks: Sequence[Track]) -> list[Track]:
    """Write an extended M3U in UTF-8; the tracks whose names it cannot hold are returned.

    Paths are relative to the playlist's folder where there is a way, so that a music folder can
    move with its playlists. A line break in a name has no place in this format.
    """
    folder = path.expanduser().absolute().parent
    lines, left_out = ["#EXTM3U"], []
    for track in tracks:
        if "\n" in track.path or "\r" in track.path:
            left_out.append(track)
            continue
        lines.append(f"#EXTINF:{round(track.duration_s)},{' '.join(track.display_name.split())}")
        lines.append(_relative(track.path, folder))
    with replacing(path.expanduser()) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape", newline="\n")
    return left_out


def _relative(path: str, folder: Path) -> str:
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # another drive of Windows
        return path
    # A line that begins with # would be a comment.
    return f"./{relative}" if relative.startswith("#") else relative
