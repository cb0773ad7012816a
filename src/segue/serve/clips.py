"""Sounds that clients uploaded: seeds for an hour, in a folder that the workers share.

An upload of up to two minutes is decoded once, for its outline and its vectors, which are begun before
the client asks. Of a longer one the excerpts are decoded first, then all of it for the outline.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
import uuid
from concurrent.futures import CancelledError, Future
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from segue import audio
from segue.audio.peaks import TooLong, compute_peaks, outline, to_list
from segue.errors import SegueError
from segue.library import Library
from segue.recommend.seeds import AnalyzedSound
from segue.serve.http.errors import ApiError
from segue.serve.http.thread_pool import Pool
from segue.sound import Excerpts

EXPIRES_S = 3600.0
_PATIENCE_S = 20.0  # of decoding an upload
_ID = re.compile("clip-[0-9a-f]{32}")
_MAX_CLIPS = 200  # clips at a time
_MAX_ANALYZED = 50  # of which a worker keeps the vectors
_MAX_BEGUN = 4  # sounds, 21 MB each, that wait for their vectors before anybody asks


@dataclass(frozen=True, slots=True)
class Clip:
    """An upload that is a sound."""

    id: str
    name: str
    duration_s: float
    codec: str
    peaks: tuple[float, ...]


class Clips:
    """A folder of them, each in a folder of its own: the sound as it came, and what is known of it."""

    def __init__(self, folder: Path, longest_s: float, library: Library, pool: Pool) -> None:
        self._folder = folder
        self._longest_s = longest_s
        self._library, self._pool = library, pool
        self._analyzed: dict[str, Future[AnalyzedSound]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def is_clip(name: str) -> bool:
        return _ID.fullmatch(name) is not None

    def add(self, file: BinaryIO, name: str) -> Clip:
        """Keep an upload, if it is a sound that can be compared.

        Raises
        ------
        AudioError, ApiError
        """
        self.sweep()
        if sum(1 for _ in self._folder.iterdir()) >= _MAX_CLIPS:
            raise ApiError(503, "too_many_clips", "too many clips are stored; delete some")
        clip_id = f"clip-{uuid.uuid4().hex}"
        home = self._folder / clip_id
        home.mkdir()
        try:
            with (home / "sound").open("wb") as out:
                shutil.copyfileobj(file, out, 1 << 20)
            clip = self._inspect(clip_id, name)
            (home / "clip.json").write_text(json.dumps(asdict(clip)), "utf-8")
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        return clip

    def _inspect(self, clip_id: str, name: str) -> Clip:
        path, called = self._folder / clip_id / "sound", _display_name(name)
        sound = audio.load(path)  # refuses what cannot be compared: silence, say
        try:
            if sound.duration_s > self._longest_s:
                raise TooLong(self._longest_s)
            self._begin(clip_id, called, sound)
            if len(sound.parts) == 1:  # all of it
                peaks, duration_s = outline(sound.parts[0], sound.sr), sound.duration_s
            else:
                peaks, duration_s = compute_peaks(
                    path, sound.sr, longest_s=self._longest_s, patience_s=_PATIENCE_S
                )
        except TooLong as error:
            self._analyzed.pop(clip_id, None)
            raise ApiError(413, "too_long", f"{error}; at most {self._longest_s:.0f} s are taken") from None
        return Clip(clip_id, called, round(duration_s, 3), sound.info.codec, tuple(to_list(peaks, 800)))

    def _begin(self, clip_id: str, name: str, sound: Excerpts) -> None:
        """Have the vectors made, unless many others wait: then they are made when somebody asks."""
        if sum(not future.done() for future in list(self._analyzed.values())) < _MAX_BEGUN:
            self._keep(clip_id, self._pool.begin(lambda: replace(self._library.analyze(sound), name=name)))

    def _keep(self, clip_id: str, analyzed: Future[AnalyzedSound]) -> None:
        self._analyzed[clip_id] = analyzed
        for oldest in list(self._analyzed)[:-_MAX_ANALYZED]:
            self._analyzed.pop(oldest, None)

    def get(self, clip_id: str) -> Clip:
        """A clip that is kept.

        Raises
        ------
        ApiError
        """
        home = self._home(clip_id)
        try:
            if _is_expired(home):
                shutil.rmtree(home, ignore_errors=True)
            facts = json.loads((home / "clip.json").read_text("utf-8"))
        except OSError:
            raise ApiError(404, "clip_not_found", "there is no such clip; it may have expired") from None
        return Clip(**{**facts, "peaks": tuple(facts["peaks"])})

    def path(self, clip_id: str) -> Path:
        """Its sound, as it came."""
        self.get(clip_id)
        return self._home(clip_id) / "sound"

    def seed(self, clip_id: str) -> AnalyzedSound:
        """A clip as a seed: what the library's embedders make of it, which this worker keeps.

        Raises
        ------
        AudioError, LibraryError, ApiError
        """
        path, begun = self.path(clip_id), self._analyzed.get(clip_id)
        if begun is not None:
            with contextlib.suppress(SegueError, ApiError, CancelledError):  # what is wrong is said below
                return begun.result()
        analyzed = replace(self._library.analyze(path), name=self.get(clip_id).name)
        done: Future[AnalyzedSound] = Future()
        done.set_result(analyzed)
        self._keep(clip_id, done)
        return analyzed

    def is_analyzed(self, clip_id: str) -> bool:
        """Whether its vectors are here."""
        analyzed = self._analyzed.get(clip_id)
        return analyzed is not None and analyzed.done()

    def delete(self, clip_id: str) -> None:
        self.get(clip_id)
        self._analyzed.pop(clip_id, None)
        shutil.rmtree(self._home(clip_id), ignore_errors=True)

    def _home(self, clip_id: str) -> Path:
        if not self.is_clip(clip_id):
            raise ApiError(404, "clip_not_found", "no such clip")
        return self._folder / clip_id

    def sweep(self) -> None:
        """Delete the clips whose hour is over."""
        for home in self._folder.iterdir():
            with contextlib.suppress(OSError):  # another worker was quicker
                if _is_expired(home):
                    shutil.rmtree(home, ignore_errors=True)


def _is_expired(home: Path) -> bool:
    return time.time() - home.stat().st_mtime > EXPIRES_S


def _display_name(name: str) -> str:
    """The last part of what a client calls its file, which is never opened by that name."""
    last = re.split(r"[\\/]", name)[-1]
    return "".join(c for c in last if c.isprintable())[:200] or "clip"
