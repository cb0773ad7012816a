"""A folder that any web server, or none, shows: some tracks, what sounds like each, and short clips."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.audio.covers import cover_image
from segue.audio.peaks import TooLong, compute_peaks, reduce_peaks
from segue.audio.placeholder_covers import placeholder_cover
from segue.audio.transcode import transcode
from segue.errors import AudioError, UsageError
from segue.files import replacing_folder
from segue.paths import expand_home
from segue.progress import Progress, Silent
from segue.track import Track

MOST_TRACKS = 2_000
LONGEST_CLIP_S = 60.0
_BIT_RATE = 96_000  # bit/s, of the clips
_COVER = 352  # pixels
_BARS = 160  # of a clip's outline
_CLIP_SR = 44_100  # Hz, at which a clip is read for its outline
_MARK = "segue-site.json"  # tells a folder that we wrote from one that we must not touch
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class Site:
    """What was written.

    Attributes
    ----------
    clips : how many tracks have a clip
    without_clip : names of those whose file could not be played
    """

    folder: Path
    tracks: int
    clips: int
    n_bytes: int
    without_clip: tuple[str, ...]


def write_site(
    folder: Path,
    tracks: Sequence[Track],
    scores: NDArray[np.float32],
    *,
    title: str = "Music that sounds alike",
    k: int = 10,
    clip_s: float = 20.0,
    progress: Progress | None = None,
) -> Site:
    """Write the page of some tracks, with their neighbors among each other; whole or not at all.

    Nothing of a track leaves the library but its tags, its picture, and ``clip_s`` of its sound as MP3 of 96
    kbit/s. No name of a file is made of a tag or a path.

    Parameters
    ----------
    folder : new, empty, or an earlier site, which is replaced.
    scores : float32 (n, n), of each track with each, as ``Library.matrix`` gives them.
    clip_s : 0 for none; taken from the middle.

    Raises
    ------
    UsageError
        Where the folder holds anything else, or too much is asked for.
    """
    folder = expand_home(folder).absolute()
    _check(folder, tracks, clip_s)
    try:
        with replacing_folder(folder) as site:
            for page in (files("segue.export") / "site_page").iterdir():
                (site / page.name).write_bytes(page.read_bytes())
            (site / "covers").mkdir()
            (site / "clips").mkdir()
            entries = list(_entries(site, tracks, scores, k, clip_s, progress or Silent()))
            _write_data(site / "data.js", {"title": title, "clip_s": clip_s, "tracks": entries})
            (site / _MARK).write_text('{"format": 1}\n', "utf-8")
            site.chmod(0o755)
            n_bytes = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}") from error
    without = tuple(t.display_name for t, e in zip(tracks, entries, strict=True) if clip_s and not e["clip"])
    return Site(folder, len(tracks), sum(bool(e["clip"]) for e in entries), n_bytes, without)


def _check(folder: Path, tracks: Sequence[Track], clip_s: float) -> None:
    if not tracks:
        raise UsageError("a site needs at least one track")
    if len(tracks) > MOST_TRACKS:
        raise UsageError(f"{len(tracks)} tracks were given for a site; at most {MOST_TRACKS} are possible")
    if not 0 <= clip_s <= LONGEST_CLIP_S:
        raise UsageError(f"clips of {clip_s:g} s; expected 0 to {LONGEST_CLIP_S:g} s")
    is_ours = (folder / _MARK).is_file()
    if folder.exists() and not is_ours and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(f"{folder} holds something else than an exported site; name a new folder")


def _entries(
    site: Path,
    tracks: Sequence[Track],
    scores: NDArray[np.float32],
    k: int,
    clip_s: float,
    progress: Progress,
) -> Iterator[dict[str, Any]]:
    progress.begin(len(tracks), "tracks")
    for row, track in enumerate(tracks):
        clip = _write_clip(site, f"clips/{row:04d}.mp3", track, clip_s) if clip_s and track.has_file else None
        others = scores[row].astype(np.float64)
        others[row] = -np.inf
        near = np.argsort(-others, kind="stable")[: min(k, len(tracks) - 1)]
        yield {
            "title": track.title, "artist": track.artist, "album": track.tags.album,
            "genre": track.tags.genre, "year": track.tags.year, "cover": _write_cover(site, track),
            "clip": clip, "peaks": _outline(site / clip) if clip else [],
            "near": [[int(other), round(float(others[other]), 3)] for other in near],
        }  # fmt: skip
        progress.advance(row + 1)


def _write_clip(site: Path, name: str, track: Track, clip_s: float) -> str | None:
    start_s = max(0.0, (track.duration_s - clip_s) / 2)
    n_bytes = int(clip_s * _BIT_RATE / 8)  # the bit rate is constant, and MP3 may end after any byte
    data = b""
    with contextlib.closing(transcode(Path(track.path), "mp3", start_s, _BIT_RATE)) as chunks:
        for chunk in chunks:
            data += chunk
            if len(data) >= n_bytes:
                break
    if not data:
        return None
    (site / name).write_bytes(data[:n_bytes])
    return name


def _outline(clip: Path) -> list[int]:
    """Per cents of the loudest."""
    try:
        peaks, _ = compute_peaks(clip, _CLIP_SR)
    except (AudioError, TooLong):
        return []
    bars = reduce_peaks(peaks, _BARS)
    return [round(100 * x / max(float(bars.max()), 1e-6)) for x in bars.tolist()]


def _write_cover(site: Path, track: Track) -> str:
    image = None
    if track.has_file:
        with contextlib.suppress(OSError):
            image = cover_image(Path(track.path), _COVER)
    if image and image[1] in _ENDINGS:
        data, ending = image[0], _ENDINGS[image[1]]
    else:
        data, ending = placeholder_cover(track, _COVER), "svg"
    name = f"covers/{hashlib.blake2b(data, digest_size=8).hexdigest()}.{ending}"  # of an album, once
    if not (site / name).exists():
        (site / name).write_bytes(data)
    return name


def _write_data(path: Path, data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    path.write_text(f"window.SEGUE = {text};\n", "utf-8")
