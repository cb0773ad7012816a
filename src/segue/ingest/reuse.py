"""New files with audio that is known: of another track, or of one that was removed."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from segue.catalog import AnalyzedFile, FileState, RemovedTracks, Writer
from segue.ingest.recognition import KnownFiles, state_of
from segue.sources.contract import AudioFile, AudioSource, FileHashes
from segue.spec import Embedder
from segue.track import Tags


@dataclass(frozen=True, slots=True)
class Reused:
    """A file with the audio of a track, by its key, or of a removed one, by its entry."""

    file: AudioFile
    state: FileState
    tags: Tags
    key: int | None
    entry: int | None


class Reuse:
    """Finds who has had a file's audio; threads may share one."""

    def __init__(
        self,
        root: Path,
        source: AudioSource,
        tracks: KnownFiles,
        lacking: Container[int],
        embedders: Sequence[Embedder],
    ) -> None:
        self._source, self._tracks, self._lacking = source, tracks, lacking
        self._removed = RemovedTracks(root)
        self._entries = self._removed.entries({e.spec.space: e.spec for e in embedders})

    def find(self, file: AudioFile, hashes: FileHashes) -> Reused | None:
        """For a new file, or one with other audio than before."""
        here = self._tracks.by_path.get(file.path)
        if here and self._tracks.same_audio(here, hashes):
            return None
        donor = self._tracks.donor(hashes, self._lacking)
        entry, whole = self._entry(hashes)
        if donor is None and not whole:
            return None
        key = donor.key if donor else None
        return Reused(file, state_of(file, hashes), self._source.read_tags(file), key, entry)

    def _entry(self, hashes: FileHashes) -> tuple[int | None, bool]:
        """The removed track with this content, or else this audio, and whether it has all vectors."""
        return self._entries.get(hashes.file, self._entries.get(hashes.audio, (None, False)))

    def analyzed_file(self, one: Reused, writer: Writer) -> AnalyzedFile | None:
        """The file with what is known of its audio; ``None`` where that went meanwhile."""
        removed = None if one.entry is None else self._removed.get(one.entry)
        stored = None if one.key is None else writer.analysis(one.key)
        analysis = stored or (removed.analysis if removed else None)
        if analysis is None:
            return None
        facts = {field.name: getattr(analysis, field.name) for field in fields(analysis)}
        file = AnalyzedFile(one.file.path, one.state, one.tags, **facts)
        return replace(file, id=removed.id, added_at=removed.added_at) if removed else file

    def with_id(self, file: AnalyzedFile, hashes: FileHashes) -> AnalyzedFile:
        """A new file with the id of a removed track with its audio, of which too few vectors were kept."""
        entry, _ = self._entry(hashes)
        removed = None if entry is None or file.path in self._tracks.by_path else self._removed.get(entry)
        return replace(file, id=removed.id, added_at=removed.added_at) if removed else file

    def forget(self, files: Sequence[AnalyzedFile]) -> None:
        """Drop what was kept of removed tracks that are back."""
        self._removed.forget([file.id for file in files if file.id])
