"""One folder, one library: the only place where source, embed, catalog, index and recommend meet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue import recommend
from segue.catalog import CATALOG_FILE, FORMAT_VERSION, Catalog
from segue.late import load_late
from segue.library.checking import Checking, CheckReport
from segue.library.upkeep import ScannedFolder
from segue.library.verbs import OneBlasThread, verb
from segue.paths import expand_home
from segue.progress import Follow, Progress
from segue.spec import Embedder, family_of
from segue.track import Track

if TYPE_CHECKING:
    from segue.catalog import (
        ARTICLES,
        NO_ALBUM,
        NO_ARTIST,
        Album,
        AlbumSort,
        Artist,
        ArtistSort,
        Clusters,
        Discography,
        Failure,
        Feedback,
        Imported,
        MissingTrack,
        Overview,
        Playlist,
        Selection,
        Settings,
        Sort,
        StarKind,
        Where,
        display_path,
        name_id,
        sort_albums,
        sort_name,
        split_names,
    )
    from segue.ingest.report import Report
    from segue.sources.contract import AudioSource, RecordSource, Source

__all__ = [
    "ARTICLES", "CATALOG_FILE", "FORMAT_VERSION", "NO_ALBUM", "NO_ARTIST", "Album", "AlbumSort", "Artist",
    "ArtistSort", "CheckReport", "Clusters", "Discography", "Failure", "Feedback", "Imported", "Library",
    "MissingTrack", "Overview", "Playlist", "Progress", "Report", "ScannedFolder", "Selection",
    "Settings", "Sort", "StarKind", "Where", "display_path", "name_id", "sort_albums", "sort_name",
    "split_names",
]  # fmt: skip
_HOMES = dict.fromkeys(__all__, "segue.catalog") | {"Report": "segue.ingest.report"}  # of what is not here
__getattr__ = load_late(__name__, _HOMES)

Waiting = tuple[float, Callable[[], None] | None]
"""How long to wait while another process writes, in s, and what to call then."""


class Library(Checking):
    """Tracks that can be scanned, searched and compared; ``Library.open(path)`` makes one.

    Iterating gives the tracks in the order of their rows, ``len`` counts them, ``library[id]``
    gives one.
    """

    @classmethod
    def open(
        cls, path: str | Path, *, create: bool = False, embedders: Sequence[Embedder | str] | None = None
    ) -> Library:
        """The library in the folder ``path``.

        Parameters
        ----------
        create : make an empty one where there is none.
        embedders : what makes the vectors, by name or as objects; by default, what made those that
            are there, and for a new library the descriptors and those of the networks MusiCNN and
            mn04 that are installed (``segue models``). A name means the version that the library has.

        Raises
        ------
        LibraryNotFoundError, LibraryFormatError, LibraryWriteError, UsageError, ModelNotFoundError
        """
        root = expand_home(path)
        catalog = Catalog.create(root) if create else Catalog(root)
        if embedders is None:
            return cls(catalog)
        from segue.library.embedders import chosen_embedders

        return cls(catalog, chosen_embedders(embedders, catalog.spaces()))

    def close(self) -> None:
        """Close its files; ``with`` does it."""
        self._catalog.close()
        if "users" in vars(self):  # somebody has asked for them
            self.users.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._catalog.root

    @property
    def catalog(self) -> Catalog:
        """The store beneath."""
        return self._catalog

    def __contains__(self, track: object) -> bool:
        """Whether the library has a track, or one of this id."""
        track_id = track.id if isinstance(track, Track) else track
        return isinstance(track_id, str) and bool(self._catalog.tracks.by_ids([track_id]))

    # Writing

    @OneBlasThread()
    def scan(  # noqa: PLR0913 - each is a choice of the caller
        self,
        folders: Iterable[str | Path] | str | Path,
        *,
        progress: Follow = None,
        jobs: int | None = None,
        retry: bool = False,
        full: bool = False,
        only: Container[str] | None = None,
        stop: threading.Event | None = None,
        wait_s: float = -1,
        on_wait: Callable[[], None] | None = None,
    ) -> Report:
        """Add what is new below some folders, and note what changed, moved or went.

        What ``exclude`` was given stays out, and so do recycle bins, snapshots and folders with ``.nomedia``.
        Ctrl-C ends it early with all finished files kept; the next scan goes on.

        Parameters
        ----------
        progress : follows the work, or ``True`` for a bar.
        jobs : threads; by default, one a core.
        retry : try files again that failed and have not changed since.
        full : also read files whose size and times are what they were.
        only : paths; other files are left as they are.
        stop : set from another thread, it does what Ctrl-C does.
        wait_s : how long to wait while another process writes; -1 for as long as it takes.

        Raises
        ------
        LibraryBusyError, LibraryWriteError, SpecMismatchError, UsageError
        WeightsError
            Where a network cannot be loaded; what was done is kept.
        """
        from segue.sources.audio_folders import AudioFolders

        roots = [folders] if isinstance(folders, str | Path) else list(folders)
        return self.import_from(
            AudioFolders(roots, only=only, exclude=self.folders.exclusions()),
            progress=progress, jobs=jobs, retry=retry, full=full, stop=stop, wait_s=wait_s, on_wait=on_wait,
        )  # fmt: skip

    @OneBlasThread()
    def import_from(
        self,
        source: Source,
        *,
        progress: Follow = None,
        jobs: int | None = None,
        retry: bool = False,
        full: bool = False,
        stop: threading.Event | None = None,
        wait_s: float = -1,
        on_wait: Callable[[], None] | None = None,
    ) -> Report:
        """Add the tracks of a source, or bring them up to date; a second time changes nothing.

        Ctrl-C ends it early with what was done kept; the next time goes on from there.

        Parameters
        ----------
        source : such as ``segue.sources.table.Table("tracks_features.csv")``.
        progress : follows the work, or ``True`` for a bar.
        jobs, retry, full : as for ``scan``, of sources of audio.
        stop : set from another thread, it does what Ctrl-C does.
        wait_s : how long to wait while another process writes; -1 for as long as it takes.

        Raises
        ------
        LibraryBusyError, LibraryWriteError, SpecMismatchError
        SourceError
            Where the source cannot be read on; what came before is kept.
        WeightsError
            Where a network cannot be loaded; what was done is kept.
        """
        from segue.display.following import following
        from segue.sources.contract import AudioSource

        waiting = (wait_s, on_wait)
        with following(progress) as follower:
            if isinstance(source, AudioSource):
                return self._import_audio(
                    source, follower, waiting, jobs=jobs, retry=retry, full=full, stop=stop
                )
            return self._import_records(source, follower, waiting, stop)

    def _import_audio(
        self,
        source: AudioSource,
        progress: Progress,
        waiting: Waiting,
        *,
        jobs: int | None,
        retry: bool,
        full: bool,
        stop: threading.Event | None,
    ) -> Report:
        from segue.ingest.audio import Scan
        from segue.library import model_copies
        from segue.library.embedders import add_spaces, embedders_to_scan

        with self._catalog.writing(*waiting) as writer:
            embedders = embedders_to_scan(self._embedders, self._later, self._catalog.snapshot())
            model_copies.save_copies(self.path, embedders)
            add_spaces(writer, embedders)
            scan = Scan(self._catalog, writer, source, embedders, progress)
            report = scan.run(jobs=jobs, retry=retry, full=full, stop=stop)
            if not report.interrupted:
                self._refresh(progress)
        return report

    def _import_records(
        self, source: RecordSource, progress: Progress, waiting: Waiting, stop: threading.Event | None
    ) -> Report:
        from segue.ingest.records import Import

        with self._catalog.writing(*waiting) as writer, writer.deferring_indexes() as finish:
            report = Import(self._catalog, writer, source, progress).run(stop)
            finish()
            if not report.interrupted:
                self._refresh(progress)
            progress.note("indexing words and writing to disk")
        return report

    @OneBlasThread()
    def attach_audio(
        self,
        source: str,
        folder: str | Path,
        id_of: Callable[[str], str | None],
        *,
        progress: Follow = None,
        jobs: int | None = None,
        stop: threading.Event | None = None,
        wait_s: float = -1,
        on_wait: Callable[[], None] | None = None,
    ) -> Report:
        """Find the files of imported tracks below a folder, and scan those.

        The tracks keep what their source says of them. A second time changes nothing.

        Parameters
        ----------
        source : the name under which they were imported.
        id_of : the id of the track that a path holds, as the source calls it; ``None`` for none.
        jobs, stop, wait_s : as for ``scan``.

        Raises
        ------
        UsageError
            Where nothing has been imported under that name.
        LibraryBusyError, LibraryWriteError, SpecMismatchError, WeightsError
        """
        from segue.ingest.attach_audio import attach_audio

        top = expand_home(folder).absolute()
        with self._catalog.writing(wait_s, on_wait) as writer:
            attached, paths = attach_audio(self._catalog, writer, source, top, id_of)
        how: dict[str, Any] = {"jobs": jobs, "stop": stop, "wait_s": wait_s, "on_wait": on_wait}
        report = self.scan(top, progress=progress, only=paths, **how)
        return replace(
            report, name=source, attached=attached.attached, with_file=attached.with_file,
            without_file=attached.without_file, unmatched=attached.unmatched,
        )  # fmt: skip

    def _refresh(self, progress: Progress) -> None:
        """Bring the usual index up to date while nobody else writes."""
        progress.note("making the index")
        self.recommender.indexes.sweep()
        snapshot = self._catalog.snapshot()
        index = self.recommender.indexes.get(snapshot, progress=progress)
        self.recommender.find_versions(snapshot, index, progress)

    def start_upgrade(self, *, wait_s: float = -1, on_wait: Callable[[], None] | None = None) -> list[str]:
        """Make room for the vectors of newer versions of the embedders; their spaces.

        The next scans make these vectors, beside those of the older version; see ``upgrades``.

        Raises
        ------
        LibraryBusyError, LibraryWriteError, ModelNotFoundError
        """
        from segue.embed.registry import make_embedders
        from segue.library.embedders import add_spaces

        make_embedders([family_of(upgrade.newer) for upgrade in self.upgrades()])
        with self._catalog.writing(wait_s, on_wait) as writer:
            add_spaces(writer, self._later)
        return [embedder.spec.space for embedder in self._later]

    @OneBlasThread()
    def find_clusters(
        self,
        k: int | None = None,
        *,
        seed: int = 0,
        view: str | None = None,
        progress: Follow = None,
        wait_s: float = -1,
    ) -> Clusters:
        """Find groups of tracks that sound alike, name them, and keep them in place of those before.

        Parameters
        ----------
        k : how many; by default, as many as stand out most.
        view : how tracks are compared, as for ``similar``.
        progress : follows the search, or ``True`` for a bar; Ctrl-C ends it with the clusters of before kept.

        Raises
        ------
        LibraryError, UsageError, EmptyLibraryError, LibraryBusyError, LibraryWriteError
        """
        with self._catalog.writing(wait_s) as writer:
            return recommend.clusters.find_clusters(
                self.recommender, writer, k, seed=seed, view=view, progress=progress
            )

    # Asking

    similar = verb(lambda: recommend.similar.similar)
    similar_albums = verb(lambda: recommend.albums.similar_albums)
    similar_artists = verb(lambda: recommend.albums.similar_artists)
    similar_to_vector = verb(lambda: recommend.similar.similar_to_vector)
    vector_of = verb(lambda: recommend.similar.vector_of)
    search = verb(lambda: recommend.search.search)
    search_grouped = verb(lambda: recommend.grouped_search.search_grouped)
    playlist = verb(lambda: recommend.playlist.playlist)
    radio = verb(lambda: recommend.radio.radio)
    transitions = verb(lambda: recommend.transitions.transitions)
    journey = verb(lambda: recommend.journey.journey)
    duplicates = verb(lambda: recommend.duplicates.duplicates)
    score_quantiles = verb(lambda: recommend.percentiles.score_quantiles)
    explain = verb(lambda: recommend.explain.explain)
    matrix = verb(lambda: recommend.matrix.matrix)
    map = verb(lambda: recommend.map.make_map)
    load_map = verb(lambda: recommend.map.load_map)
    evaluate = verb(lambda: recommend.evaluate.evaluate)
    home = verb(lambda: recommend.home.home)
    like = verb(lambda: recommend.opinions.like)
    dislike = verb(lambda: recommend.opinions.dislike)
    take_back = verb(lambda: recommend.opinions.take_back)
    analyze = verb(lambda: recommend.query.analyze)
    seed_group = verb(lambda: recommend.query.seed_group)
    suggest_seeds = verb(lambda: recommend.query.suggest_seeds)
    find = verb(lambda: recommend.query.find)
