"""Folders of audio as a source: each file is a track."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from segue import audio
from segue.paths import expand_home
from segue.sound import Excerpts
from segue.sources.audio_files import Walk, read_tags, read_tags_and_cue, walk
from segue.sources.content import hash_file
from segue.sources.contract import AudioFile, AudioListing, FileHashes, Problem
from segue.track import Tags


class AudioFolders:
    """The audio files below some folders.

    Parameters
    ----------
    folders
        Folders, or files; a file that is named is taken whatever its ending.
    only
        Paths; other files below the folders are no tracks of this source.
    exclude
        By folder, patterns as in a ``.gitignore`` of what stays out below it.
    """

    name = "folders"
    kind = "audio"

    def __init__(
        self,
        folders: str | Path | Sequence[str | Path],
        *,
        only: Container[str] | None = None,
        exclude: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        several = [folders] if isinstance(folders, str | Path) else folders
        # Links stay as they are named.
        self._roots = [os.path.abspath(expand_home(folder)) for folder in several]  # noqa: PTH100
        self._only = only
        self._exclude = exclude
        self.location = ", ".join(self._roots)

    @property
    def folders(self) -> Sequence[str]:
        return self._roots if self._only is None else ()

    def tracks(self) -> AudioListing:
        listing = self._as_listing(walk(self._roots, self._exclude))
        only = self._only
        if only is None:
            return listing
        others = frozenset(file.path for file in listing.files if file.path not in only)
        return replace(listing, files=[file for file in listing.files if file.path in only], others=others)

    def _as_listing(self, result: Walk) -> AudioListing:
        problems = [Problem(path, reason, "unreadable") for path, reason in result.unreadable.items()]
        return AudioListing(
            self._roots, result.files, problems, left_out=result.left_out, cue_sheets=result.cue_sheets
        )

    def hashes(self, file: AudioFile) -> FileHashes:
        return hash_file(file.path)

    def read_tags(self, file: AudioFile) -> Tags:
        return read_tags(file.path)

    def load(self, file: AudioFile) -> tuple[Excerpts, Tags]:
        sound = audio.load(file.path)
        tags, cue_tracks = read_tags_and_cue(file.path)
        if cue_tracks > 1:
            sound.warning = sound.warning or f"a cue sheet inside names {cue_tracks} tracks; it counts as one"
        return sound, tags
