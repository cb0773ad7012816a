"""Which files of a scan are of tracks that the library knows: by path, by content, by the file on disk."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from segue.catalog import Failure, FileState, KnownFile, Snapshot
from segue.files import is_same_file
from segue.sources.contract import AudioFile, FileHashes
from segue.spec import Embedder, label_names
from segue.track import normal_form

_RETRIED = "unreadable"  # this kind of failure may pass without any change of the file
_Takes = dict[int, tuple[KnownFile, str]]  # tracks and their new paths, by their keys


@dataclass(slots=True)
class News:
    """What of a listing is not as the catalog knows it.

    Attributes
    ----------
    todo : files whose content is to be looked at
    unchanged : how many tracks are as they were
    restated : of these, those that were missing, or whose entry on disk is another; with its state
    renamed : tracks whose file has another form of the same path (NFC, NFD)
    links : paths of files that are there under another path
    still_failing : how many files failed before and are as they were
    """

    todo: list[AudioFile] = field(default_factory=list)
    unchanged: int = 0
    restated: list[tuple[KnownFile, FileState]] = field(default_factory=list)
    renamed: list[tuple[KnownFile, AudioFile]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    still_failing: int = 0


class KnownFiles:
    """The files that were known before a scan, and which of them the scan's threads have claimed."""

    def __init__(self, files: Iterable[KnownFile]) -> None:
        self.by_path = {one.path: one for one in files}
        self.claimed: set[int] = set()  # keys
        self._claim = threading.Lock()
        self._by_content: dict[str, list[KnownFile]] = {}
        self._by_audio: dict[str, list[KnownFile]] = {}
        self._by_file: dict[tuple[int, int], KnownFile] = {}

    def _sort(self) -> None:
        """Prepare for files that are not where they were; most scans find none."""
        self._by_content, self._by_audio, self._by_file = {}, {}, {}
        for one in self.by_path.values():
            state = one.state
            self._by_content.setdefault(state.content_hash, []).append(one)
            if state.audio_hash:
                self._by_audio.setdefault(state.audio_hash, []).append(one)
            if state.inode and not one.missing:
                self._by_file[state.device, state.inode] = one

    def news(
        self,
        files: Sequence[AudioFile],
        failed: Mapping[str, Failure],
        lacking: Container[int],
        *,
        full: bool,
        retry: bool,
    ) -> News:
        """Sort a listing.

        Parameters
        ----------
        failed : by path, what failed before
        lacking : keys of tracks that lack vectors, whose files are needed again
        full : also look at the content of files that seem unchanged
        retry : also look at files that failed before and seem unchanged
        """
        news = News()
        strangers: list[AudioFile] = []
        for file in files:
            track = self.by_path.get(file.path)
            if track and track.key not in lacking and _unchanged(track.state, file) and not full:
                news.unchanged += 1
                if track.missing or not _same_entry(track.state, file):
                    news.restated.append((track, state_of(file, track.state)))
            elif not retry and _same_as_failed(file, failed.get(file.path)):
                news.still_failing += 1
            else:
                (news.todo if track else strangers).append(file)
        if news.todo or strangers:
            self._sort()
        if strangers:
            self._sort_strangers(strangers, files, news)
        return news

    def _sort_strangers(self, strangers: Iterable[AudioFile], files: Sequence[AudioFile], news: News) -> None:
        """Files at paths that nothing is known of: links to others, other forms of a path, or new."""
        listed = {file.path for file in files}
        seen = {identity(file) for file in files if file.path in self.by_path}
        forms = {
            normal_form(path): one
            for path, one in self.by_path.items()
            if not path.isascii() and path not in listed
        }
        for file in strangers:
            own, form = identity(file), None if file.path.isascii() else forms.get(normal_form(file.path))
            if own is not None and own in seen:
                news.links.append(file.path)
                continue
            seen.add(own)
            same = self._by_file.get((file.device, file.inode))
            if form and (form.state.size, form.state.mtime_ns) == (file.size, file.mtime_ns):
                self.claimed.add(form.key)
                news.renamed.append((form, file))
            elif same and same.path not in listed and is_same_file(same.path, file.path):
                news.links.append(file.path)
            else:
                news.todo.append(file)

    def find_renamed(
        self, files: Sequence[AudioFile], hashes_of: Callable[[AudioFile], FileHashes]
    ) -> dict[int, str]:
        """New paths, by keys, of tracks whose files took the names of others; by these they are known then.

        Two files that changed names, or an album that was numbered again, also after one of its files was
        deleted. A path tells nothing there: the entry on disk and the audio do.
        """
        paths = {file.path for file in files}
        takes: _Takes = {}
        for file in files:
            track = self._by_file.get((file.device, file.inode))
            moved = track is not None and track.path != file.path
            if track and moved and (file.path in self.by_path or track.path in paths):
                with contextlib.suppress(OSError):
                    if self.same_audio(track, hashes_of(file)):
                        takes[track.key] = track, file.path
        deleted = self._deleted(takes, files)
        # Whoever had the name must have gone to another.
        while stay := [key for key, (_, path) in takes.items() if not self._is_free(path, takes | deleted)]:
            for key in stay:
                del takes[key]
        takes |= deleted
        for path in [path for path, track in self.by_path.items() if track.key in takes]:
            del self.by_path[path]
        self.by_path |= {path: track for track, path in takes.values()}
        if deleted:
            self._sort()
        return {key: path for key, (_, path) in takes.items()}

    def _is_free(self, path: str, takes: Container[int]) -> bool:
        owner = self.by_path.get(path)
        return owner is None or owner.key in takes

    def _deleted(self, takes: _Takes, files: Sequence[AudioFile]) -> _Takes:
        """Tracks whose files are gone and whose names others took, each with the name that this left free.

        A file that was there at the last scan, and whose name one file alone took, was replaced by that one.
        """
        entries = {(file.device, file.inode) for file in files}
        takers = {path: track for track, path in takes.values()}
        deleted: _Takes = {}
        for path in takers:
            owner, free, n = self.by_path.get(path), path, 0
            if owner is None or owner.key in takes or owner.away:
                continue
            while free in takers:
                free, n = takers[free].path, n + 1
            is_gone = owner.missing or (n > 1 and (owner.state.device, owner.state.inode) not in entries)
            if is_gone and not os.path.lexists(free):
                deleted[owner.key] = replace(owner, path=free), free
        return deleted

    def same_audio(self, track: KnownFile, hashes: FileHashes) -> bool:
        """Whether a known file held this audio."""
        state = track.state
        return hashes.file == state.content_hash or hashes.audio == state.audio_hash

    def claim_moved(self, hashes: FileHashes) -> KnownFile | None:
        """A track with this content, or else this audio, whose file is no more; it is claimed."""
        for track in self._alike(hashes):
            with self._claim:
                if track.key not in self.claimed and not Path(track.path).exists():
                    self.claimed.add(track.key)
                    return track
        return None

    def find_linked(self, file: AudioFile, hashes: FileHashes) -> KnownFile | None:
        """The known track whose file this is, by another path."""
        same = (track for track in self._alike(hashes) if is_same_file(track.path, file.path))
        return next(same, None)

    def donor(self, hashes: FileHashes, lacking: Container[int]) -> KnownFile | None:
        """A track with this audio that has all vectors."""
        return next((track for track in self._alike(hashes) if track.key not in lacking), None)

    def _alike(self, hashes: FileHashes) -> list[KnownFile]:
        return [*self._by_content.get(hashes.file, ()), *self._by_audio.get(hashes.audio, ())]


def state_of(file: AudioFile, hashes: FileHashes | FileState) -> FileState:
    """A file's state with the hashes of its content."""
    content = hashes.file if isinstance(hashes, FileHashes) else hashes.content_hash
    audio = hashes.audio if isinstance(hashes, FileHashes) else hashes.audio_hash
    return FileState(file.size, file.mtime_ns, content, audio, file.ctime_ns, file.device, file.inode)


def identity(file: AudioFile) -> tuple[int, ...] | None:
    """The same for all names of one file; size and time guard against numbers that mean nothing."""
    return (file.device, file.inode, file.size, file.mtime_ns) if file.inode else None


def _unchanged(state: FileState, file: AudioFile) -> bool:
    """Whether the file is as it was, and its audio known."""
    same = (state.size, state.mtime_ns) == (file.size, file.mtime_ns)
    return same and bool(state.audio_hash) and state.ctime_ns in (0, file.ctime_ns)


def _same_entry(state: FileState, file: AudioFile) -> bool:
    return (state.ctime_ns, state.device, state.inode) == (file.ctime_ns, file.device, file.inode)


def _same_as_failed(file: AudioFile, failure: Failure | None) -> bool:
    if failure is None or failure.kind == _RETRIED:
        return False
    return (failure.size, failure.mtime_ns) == (file.size, file.mtime_ns)


def keys_lacking(snapshot: Snapshot, embedders: Sequence[Embedder], files: set[int]) -> dict[int, set[str]]:
    """Of each file's key, the spaces of these embedders in which it has no vector, or no scores of labels."""
    lacking: dict[int, set[str]] = {}
    for embedder in embedders:
        space = snapshot.spaces[embedder.spec.space]
        whole = space.has_vector()
        if label_names(embedder):
            whole &= space.has_scores()
        empty = (snapshot.keys >= 0) & ~whole[: len(snapshot.keys)]
        for key in files.intersection(snapshot.keys[empty].tolist()):
            lacking.setdefault(key, set()).add(embedder.spec.space)
    return lacking
