"""The loop that follows a library's folders, and scans what has changed there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from segue.ingest.absence import Below
from segue.ingest.cancel import cancellable
from segue.ingest.report import Report
from segue.library import Library
from segue.sources.audio_files import has_audio_ending
from segue.sources.left_out import IGNORE_FILES, WHOLE_FOLDER
from segue.watch.changed import ChangedPlaces, known_paths
from segue.watch.mounts import is_remote, mounts_below
from segue.watch.notices import Notices, Polling, SystemNotices, TooManyFoldersError
from segue.watch.settling import Settling

SETTLE_S = 2.0  # a file that stays the same so long has been written
POLL_S = 60.0
_LOOK_S = 0.5  # between looks at whether to stop
_PLACES_EVERY_S = 2.0  # between looks at which folders there are
_ALL_EVERY_S = 24 * 3600.0  # in case the system forgot to tell of something

Scan = Callable[[ChangedPlaces], float]
_Identity = tuple[int, int] | None


class Watcher:
    """Follows the folders of a library until it is told to stop.

    Parameters
    ----------
    roots : gives the folders to follow; asked again and again
    scan : takes what has changed into the library, and says after how many seconds to try again, 0 if it did
    poll_s : list all folders so often, instead of waiting for what the system tells; without it, folders on
        other machines are listed every minute
    settle_s : for how long a file must have stayed the same
    say : takes sentences for people
    """

    def __init__(
        self,
        library: Library,
        roots: Callable[[], Sequence[str]],
        scan: Scan,
        *,
        poll_s: float | None = None,
        settle_s: float = SETTLE_S,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._library, self._roots, self._scan = library, roots, scan
        self._poll_s, self._say = poll_s, say
        self._settle_s = settle_s
        self._settling = Settling(settle_s)
        self._stop = threading.Event()
        self._notices: list[Notices] = []
        self._open = ExitStack()
        self._watched: dict[str, _Identity] = {}
        self._mounts: frozenset[str] = frozenset()
        self._looked_at = self._all_at = time.monotonic()

    def start(self, stop: threading.Event) -> None:
        """Note changes from now on; ``run`` then scans them."""
        self._stop = stop
        self._watched, self._mounts = self._identities(), mounts_below(self._watched)
        self._follow()

    def run(self, *, scan_first: bool = True) -> None:
        """Scan what changes until ``stop`` is set; ``scan_first`` looks at all folders before."""
        if scan_first:
            self._settling.note(self._watched, later_s=-self._settle_s)
        with self._open:
            while not self._stop.is_set():
                self._settling.note(filter(None, map(self._place, self._take())))
                self._look_at_places()
                self._take_in(self._settling.take())

    def _take(self) -> set[str]:
        paths: set[str] = set()
        if not self._notices:
            self._stop.wait(_LOOK_S)
        for notices in list(self._notices):
            try:
                paths |= notices.take(_LOOK_S)
            except TooManyFoldersError as error:
                self._poll_instead(error)
        return paths

    def _place(self, path: str) -> str | None:
        """What is to be looked at because of a changed path; nothing where it is no matter of ours."""
        path = self._as_named(path)
        name = Path(path).name
        if name == WHOLE_FOLDER or name in IGNORE_FILES:
            return str(Path(path).parent)
        if name.startswith("."):
            return None
        if has_audio_ending(name) or Path(path).is_dir():
            return path
        had_tracks = not os.path.lexists(path) and self._library.folders.count(path) > 0
        return path if had_tracks else None

    def _as_named(self, path: str) -> str:
        """A path below a folder as that was named; some systems tell of it with links followed."""
        for root in self._watched if path not in Below(self._watched) else ():
            real = os.path.realpath(root)
            if path in Below([real]):
                return root.rstrip(os.sep) + path[len(real.rstrip(os.sep)) :]
        return path

    def _look_at_places(self) -> None:
        """Folders that came, went or are others now, as when a disk was mounted, are looked at as a whole."""
        now = time.monotonic()
        if now - self._looked_at < _PLACES_EVERY_S:
            return
        self._looked_at = now
        identities = self._identities()
        mounts = mounts_below(identities)
        changed = {root for root, identity in identities.items() if self._watched.get(root, ()) != identity}
        changed |= mounts ^ self._mounts
        roots_changed = identities.keys() != self._watched.keys()
        self._watched, self._mounts = identities, mounts
        if now - self._all_at > _ALL_EVERY_S:
            self._all_at, changed = now, set(identities)
        if changed or roots_changed:
            self._follow()
            self._settling.note(changed)

    def _identities(self) -> dict[str, _Identity]:
        return {root: _identity(root) for root in self._roots()}

    def _follow(self) -> None:
        """Have the system tell of the folders that are there."""
        self._open.close()
        self._notices = []
        existing = [root for root, identity in self._watched.items() if identity]
        remote = existing if self._poll_s else [root for root in existing if is_remote(root)]
        if local := [root for root in existing if root not in remote]:
            try:
                self._add(SystemNotices(local, self._stop))
            except TooManyFoldersError as error:
                self._poll_instead(error)
                return
        if remote:
            self._poll(remote)

    def _add(self, notices: Notices) -> None:
        self._open.callback(notices.close)
        self._notices.append(notices)

    def _poll(self, folders: Sequence[str]) -> None:
        self._add(Polling(folders, self._poll_s or POLL_S, self._library.folders.exclusions()))

    def _poll_instead(self, error: TooManyFoldersError) -> None:
        if self._stop.is_set():
            return
        self._poll_s = POLL_S
        self._say(
            f"the system does not tell of changes ({error}), so folders are listed every {POLL_S:.0f} s; "
            "on Linux, fs.inotify.max_user_watches may be too small"
        )
        self._follow()

    def _take_in(self, ready: set[str]) -> None:
        roots = [root for root in self._roots() if root in self._watched]  # some may have been removed
        inside = Below(roots)
        places = {path for path in ready if path in inside}
        if not places or self._stop.is_set():
            return
        catalog = self._library.catalog
        source = ChangedPlaces(
            roots, places, known_paths(catalog), exclude=catalog.folders.exclusions(),
            unsettled=self._settling, young_s=self._settle_s,
        )  # fmt: skip
        again_s = self._scan(source)
        if again_s:
            self._settling.note(places, later_s=again_s)
        self._settling.note(source.left)


def _identity(folder: str) -> _Identity:
    try:
        status = Path(folder).stat()
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino)


def watch(
    library: Library,
    on_report: Callable[[Report], None] | None = None,
    *,
    stop: threading.Event | None = None,
    poll_s: float | None = None,
) -> None:
    """Follow the library's scanned folders, and scan what changes there, until Ctrl-C or ``stop``.

    Parameters
    ----------
    on_report : is given what each scan did
    poll_s : as for ``Watcher``

    Raises
    ------
    LibraryWriteError, WeightsError
    """
    with cancellable(stop) as flag:

        def scan(source: ChangedPlaces) -> float:
            report = library.import_from(source, stop=flag)
            if on_report:
                on_report(report)
            return 0.0

        watcher = Watcher(library, library.folders.all, scan, poll_s=poll_s)
        watcher.start(flag)
        watcher.run()
