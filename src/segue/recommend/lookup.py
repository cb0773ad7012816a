"""What a text means: one track, or several that go by one name."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from segue.advice import command
from segue.catalog import Catalog, Selection
from segue.errors import AmbiguousQueryError, TrackNotFoundError
from segue.track import Track, folded

Chooser = Callable[[AmbiguousQueryError], str | None]
"""Asks somebody which one is meant: the ``seed`` of a choice, or nothing."""

_LISTED = 10  # choices of an ambiguous text
_LOOKED_AT = 200  # tracks that hold all words of a text
_SAME_LENGTH_S = 3.0  # two copies of one recording differ by less, whatever their format
_EDITION = re.compile(
    r"\s*[(\[][^)\]]*\b(?:remaster(?:ed)?|edition|mono|stereo|explicit|clean)\b[^)\]]*[)\]]"
    r"|\s+-\s+[^-]*\bremaster(?:ed)?\b[^-]*$"
)
_LOSSLESS = {"flac", "alac", "wav", "aiff", "pcm", "wavpack", "ape", "tta"}


def lookup(catalog: Catalog, text: str, *, paths: bool = True) -> Track | Selection:
    """The track, artist, album, playlist or folder that a text means.

    In this order: an id, a path, an id in a source; ``artist:NAME`` and the like; an exact title or file
    name; an exact artist, album or playlist; a folder; words of one track, artist, album or playlist. Copies
    of one recording count as one.

    Parameters
    ----------
    paths : whether a text may be a path of this machine

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    steps: tuple[Callable[[], Sequence[Track | Selection]], ...] = (
        lambda: catalog.tracks.by_reference(text, paths=paths),
        lambda: catalog.selections.explicit(text, paths=paths) or (),
        lambda: best_copies(catalog.tracks.by_name(text)),
        lambda: _exact(catalog, text),
        lambda: _folder(catalog, text, paths=paths),
        lambda: _by_words(catalog, text),
        lambda: catalog.selections.exactly(text, thorough=True),
    )
    found = next((found for step in steps if (found := step())), ())
    if len(found) == 1:
        return found[0]
    raise _not_one(text, [*found, *(_exact(catalog, text) if found and isinstance(found[0], Track) else ())])


def lookup_track(catalog: Catalog, text: str) -> Track:
    """The one track that a text means; no artist or album of the same name is meant.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    found: Sequence[Track] = catalog.tracks.by_reference(text)
    explicit = None if found else catalog.selections.explicit(text)
    if explicit:
        found = tracks_of(catalog, explicit[0])
    elif not found:
        found = best_copies(catalog.tracks.by_name(text)) or best_copies(
            catalog.tracks.search(text, _LOOKED_AT, by_label=False)
        )
    if len(found) == 1:
        return found[0]
    raise _not_one(text, found)


def suggest_seeds(catalog: Catalog, text: str, limit: int = 8) -> list[Selection]:
    """Artists, albums and playlists whose name holds every word of a text, exact names first."""
    exact = catalog.selections.exactly(text)
    if folded(text) == "recent":
        with contextlib.suppress(TrackNotFoundError):
            exact.append(catalog.selections.recent())
    found = {one.seed: one for one in [*exact, *catalog.selections.containing(text)]}
    return list(found.values())[:limit]


def tracks_of(catalog: Catalog, selection: Selection) -> list[Track]:
    """A selection's tracks, in its order."""
    tracks = catalog.tracks.by_keys(selection.keys)
    return [tracks[key] for key in selection.keys if key in tracks]


def _exact(catalog: Catalog, text: str) -> list[Selection]:
    """Artists of this name, else albums, else playlists, else what was played last."""
    found = catalog.selections.exactly(text)
    if not found and folded(text) == "recent":
        return [catalog.selections.recent()]
    return [one for one in found if one.kind == found[0].kind]


def _folder(catalog: Catalog, text: str, *, paths: bool) -> list[Selection]:
    is_path = "/" in text or os.sep in text or (paths and Path(text).expanduser().is_dir())
    try:
        return [catalog.selections.folder(text, paths=paths)] if is_path else []
    except TrackNotFoundError:
        return []


def _by_words(catalog: Catalog, text: str) -> list[Track | Selection]:
    """Tracks by words of all their tags; where several match, what one tag alone names."""
    tracks = best_copies(catalog.tracks.search(text, _LOOKED_AT, by_label=False))
    if len(tracks) == 1:
        return [*tracks]
    words = folded(text).split()
    titled = [track for track in tracks if all(word in folded(track.title) for word in words)]
    return [*catalog.selections.containing(text), *titled] or [*tracks]


def _not_one(text: str, found: Sequence[Track | Selection]) -> AmbiguousQueryError | TrackNotFoundError:
    if not found:
        return TrackNotFoundError(f"no track matches {text!r}; to look for it: {command('search TEXT')}")
    count = f"more than {_LISTED}" if len(found) > _LISTED else str(len(found))
    tracks = [one for one in found if isinstance(one, Track)]
    if len(tracks) == len(found):
        message = f"{count} tracks match {text!r}; name one by its id"
    else:
        message = f"{text!r} may mean {count} things; name one by its id, or as artist:NAME or album:NAME"
    choices = [
        (one.id, one.display_name) if isinstance(one, Track) else (one.seed, str(one)) for one in found
    ]
    return AmbiguousQueryError(message, tracks[:_LISTED], choices[:_LISTED])


def best_copies(tracks: Sequence[Track]) -> list[Track]:
    """Each recording once, by its best copy: tracks of one content, or of one title, artist and length."""
    groups: list[list[Track]] = []
    for track in tracks:
        same = next((group for group in groups if _is_copy(track, group[0])), None)
        if same is None:
            groups.append([track])
        else:
            same.append(track)
    return [max(group, key=_quality) for group in groups]


def _is_copy(a: Track, b: Track) -> bool:
    if a.content_hash == b.content_hash:
        return True
    one, other = folded(a.artist or ""), folded(b.artist or "")
    if not a.duration_s or abs(a.duration_s - b.duration_s) > _SAME_LENGTH_S:
        return False
    return plain_title(a.title) == plain_title(b.title) and (one == other or not one or not other)


def plain_title(title: str) -> str:
    """A title without what tells its edition, case and accents: ``Title (2011 Remaster)`` is ``title``."""
    return _EDITION.sub("", folded(title)).strip() or folded(title)


def _quality(track: Track) -> tuple[bool, bool, bool, bool, int, float]:
    """Larger for the better copy; the first of equal ones is taken."""
    lossless = any(word in track.codec.lower() for word in _LOSSLESS)
    return (
        track.has_file, track.missing_since is None, track.warning is None, lossless, track.sr,
        track.size / track.duration_s if track.duration_s else 0,
    )  # fmt: skip
