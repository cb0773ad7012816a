"""Sounds that clients uploaded: seeds for an hour, in a folder that the workers share."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from segue import audio
from segue.audio.peaks import TooLong, compute_peaks, to_list
from segue.library import Library
from segue.recommend.seeds import AnalyzedSound
from segue.serve.http.errors import ApiError

EXPIRES_S = 3600.0
_PATIENCE_S = 20.0  # of decoding an upload
_PEAKS_SR = 8_000  # Hz
_ID = re.compile("clip-[0-9a-f]{32}")
_MAX_CLIPS = 200  # clips at a time
_MAX_ANALYZED = 50  # of which a worker keeps the vectors


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

    def __init__(self, folder: Path, longest_s: float) -> None:
        self._folder = folder
        self._longest_s = longest_s
        self._analyzed: dict[str, AnalyzedSound] = {}
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
        path = self._folder / clip_id / "sound"
        try:
            peaks, duration_s = compute_peaks(
                path, _PEAKS_SR, longest_s=self._longest_s, patience_s=_PATIENCE_S
            )
        except TooLong as error:
            raise ApiError(413, "too_long", f"{error}; at most {self._longest_s:.0f} s are taken") from None
        sound = audio.load(path)  # refuses what cannot be compared: silence, say
        return Clip(
            clip_id, _display_name(name), round(duration_s, 3), sound.info.codec, tuple(to_list(peaks, 800))
        )

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

    def seed(self, clip_id: str, library: Library) -> AnalyzedSound:
        """A clip as a seed: what the library's embedders make of it, which this worker keeps."""
        path = self.path(clip_id)
        analyzed = self._analyzed.get(clip_id)
        if analyzed is None:
            analyzed = replace(library.analyze(path), name=self.get(clip_id).name)
            self._analyzed[clip_id] = analyzed
            for oldest in list(self._analyzed)[:-_MAX_ANALYZED]:
                self._analyzed.pop(oldest, None)
        return analyzed

    def is_analyzed(self, clip_id: str) -> bool:
        """Whether its vectors are here."""
        return clip_id in self._analyzed

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
