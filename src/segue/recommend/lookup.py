"""What a query means: one track, several that go by one name, or a file outside the library."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from segue.advice import command
from segue.catalog import Catalog, Selection
from segue.catalog.near_names import KINDS, NameKind
from segue.errors import AmbiguousQueryError, TrackNotFoundError, UsageError
from segue.recommend.seeds import AnalyzedSound, Chooser, Queries, Query, Seed, SeedGroup, analyze
from segue.recordings import plain_title, quality
from segue.spec import Embedder
from segue.texts import count
from segue.track import Track, folded

Meaning = TypeVar("Meaning")

MOST_OF_ONE = 1_000  # tracks that stand for an artist, an album, a playlist or a folder
_LISTED = 10  # choices of an ambiguous text
_LOOKED_AT = 200  # tracks that hold all words of a text
_SAME_LENGTH_S = 3.0  # two copies of one recording differ by less, whatever their format


def list_queries(queries: Queries) -> list[Query]:
    """One query or several, as a list. Raises UsageError for what is neither."""
    if isinstance(queries, str | Path | Track | AnalyzedSound | SeedGroup):
        return [queries]
    if not isinstance(queries, Iterable):
        raise _no_query(queries)
    return list(queries)


def require_queries(queries: Queries, k: int = 1) -> list[Query]:
    """As ``list_queries``. Raises UsageError where there are none, or k is below 1."""
    listed = list_queries(queries)
    if k < 1 or not listed:
        raise UsageError(f"k is {k}, for {count(len(listed), 'seed')}; both must be at least 1")
    return listed


def require_weights(weights: Iterable[float] | None, n_seeds: int) -> list[float] | None:
    """The weights of so many seeds; none where all count alike. Raises UsageError where they are no such."""
    if weights is None:
        return None
    listed = [float(weight) for weight in weights]
    if len(listed) != n_seeds or not all(0 < weight < math.inf for weight in listed):
        raise UsageError(f"expected {count(n_seeds, 'weight')} above 0, one for each seed")
    return listed


def resolve_seed(
    query: Query,
    catalog: Catalog,
    embedders: Callable[[], Sequence[Embedder]],
    *,
    choose: Chooser | None = None,
    paths: bool = True,
) -> SeedGroup:
    """Tracks of the library, or what the embedders make of a file outside it.

    Parameters
    ----------
    choose : asks which one is meant, where a text may mean several.
    paths : whether a text may be a path of this machine.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, AudioError
    UsageError
        Where the query is neither a text nor a track nor a sound, such as a vector.
    """
    if isinstance(query, SeedGroup):
        return query
    if isinstance(query, AnalyzedSound):
        return SeedGroup((query,))
    if isinstance(query, Track):
        return _group(catalog, track_by_id(catalog, query.id))
    text = _text(query)
    file = _file(text) if paths else None
    if file is None or not _is_path(text) or catalog.tracks.by_reference(text):
        try:
            return _group(catalog, _choose(lambda name: lookup(catalog, name, paths=paths), text, choose))
        except TrackNotFoundError as error:
            if file is None:
                if paths and os.sep in text and not os.path.exists(os.path.expanduser(text)):  # noqa: PTH110, PTH111
                    raise TrackNotFoundError(f"there is no such file or folder; {error}") from None
                raise
    sound = analyze(file, embedders())
    return SeedGroup((sound,))


def find_track(catalog: Catalog, query: Query, choose: Chooser | None = None) -> Track:
    """The one track that a query means: an id, a path, a title, or other text.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    if isinstance(query, Track):
        return track_by_id(catalog, query.id)
    if isinstance(query, SeedGroup | AnalyzedSound):
        raise UsageError("one track is needed here; give its id, path or title")
    return _choose(lambda text: lookup_track(catalog, text), _text(query), choose)


def _text(query: str | Path) -> str:
    if not isinstance(query, str | Path):
        raise _no_query(query)
    return str(query)


def _no_query(value: object) -> UsageError:
    kind = type(value).__name__
    hint = "; take its track" if isinstance(getattr(value, "track", None), Track) else ""
    if isinstance(value, float | np.generic | np.ndarray):
        hint = "; for a vector there is similar_to_vector"
    return UsageError(f"a seed is a text, a path or a track, not {kind}{hint}")


def track_by_id(catalog: Catalog, track_id: str) -> Track:
    """Raises TrackNotFoundError, and UsageError for what is no text."""
    if not isinstance(track_id, str):
        raise UsageError(f"a track's id is a text, not {type(track_id).__name__}")
    track = catalog.tracks.by_id(track_id)
    if track is None:
        raise TrackNotFoundError(f"no track has the id {track_id!r}")
    return track


def lookup(catalog: Catalog, text: str, *, paths: bool = True) -> Track | Selection:
    """The track, artist, album, playlist or folder that a text means.

    In this order: an id, a path, an id in a source; ``artist:NAME`` and the like; an exact title; a title or
    file name but for accents; an exact artist, album or playlist; a folder's path; words of one track,
    artist, album or playlist; a folder's name. Copies of one recording count as one.

    Parameters
    ----------
    paths : whether a text may be a path of this machine

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    tracks = catalog.tracks
    meanings: Sequence[Track | Selection] = (
        tracks.by_reference(text, paths=paths)
        or (":" in text and catalog.selections.explicit(text, paths=paths))
        or best_copies(tracks.by_title(text) or tracks.by_name(text))
        or _exact(catalog, text)
        or _folder(catalog, text, paths=paths)
        or _by_words(catalog, text)
        or catalog.selections.exactly(text, thorough=True)
        or catalog.selections.folders_named(text)
    )
    if len(meanings) == 1:
        return meanings[0]
    if meanings and isinstance(meanings[0], Track):
        meanings = [*meanings, *_exact(catalog, text)]
    raise _not_one(catalog, text, meanings)


def lookup_track(catalog: Catalog, text: str) -> Track:
    """The one track that a text means; no artist or album of the same name is meant.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    tracks: Sequence[Track] = catalog.tracks.by_reference(text)
    explicit = [] if tracks or ":" not in text else catalog.selections.explicit(text)
    if explicit:
        tracks = tracks_of(catalog, explicit[0])
    elif not tracks:
        tracks = best_copies(
            catalog.tracks.by_title(text)
            or catalog.tracks.by_name(text)
            or catalog.tracks.search(text, _LOOKED_AT, by_label=False)
        )
    if len(tracks) == 1:
        return tracks[0]
    raise _not_one(catalog, text, tracks, kinds=("title", "track"))


def suggest_seeds(catalog: Catalog, text: str, limit: int = 8) -> list[Selection]:
    """Artists, albums and playlists whose name holds every word of a text, exact names first."""
    exact = catalog.selections.exactly(text)
    if folded(text) == "recent":
        with contextlib.suppress(TrackNotFoundError):
            exact.append(catalog.selections.recent())
    by_seed: dict[str, Selection] = {}
    for one in itertools.chain(exact, catalog.selections.containing(text, limit)):
        by_seed.setdefault(one.seed, one)
        if len(by_seed) >= limit:
            break
    return list(by_seed.values())[:limit]


def tracks_of(catalog: Catalog, selection: Selection) -> list[Track]:
    """A selection's tracks, in its order."""
    tracks = catalog.tracks.by_keys(selection.keys)
    return [tracks[key] for key in selection.keys if key in tracks]


def _choose(look_up: Callable[[str], Meaning], text: str, choose: Chooser | None) -> Meaning:
    """What a text means; of several, the one that somebody chooses."""
    try:
        return look_up(text)
    except AmbiguousQueryError as error:
        choice = choose(error) if choose else None
        if choice is None:
            raise
        return look_up(choice)


def _group(catalog: Catalog, meaning: Track | Selection) -> SeedGroup:
    """A track; all tracks of a selection; of very many, some from all of it."""
    if isinstance(meaning, Track):
        return SeedGroup((meaning,))
    keys = meaning.keys[:: -(-len(meaning.keys) // MOST_OF_ONE)] if meaning.keys else ()
    tracks = catalog.tracks.by_keys(keys)
    used = f", of which {len(keys)} are used" if len(keys) < len(meaning.keys) else ""
    return SeedGroup(tuple(tracks[key] for key in keys if key in tracks), f"{meaning}{used}")


def _file(text: str) -> Path | None:
    """The file of this machine that a text names."""
    path = os.path.expanduser(text)  # noqa: PTH111 - Path.expanduser fails where there is no such user
    return Path(path) if os.path.isfile(path) else None  # noqa: PTH113 - nor is a long text an error


def _is_path(text: str) -> bool:
    """Whether a text can hardly be a title: it has a folder or an ending."""
    return os.sep in text or bool(Path(text).suffix)


def _exact(catalog: Catalog, text: str) -> list[Selection]:
    """Artists of this name, else albums, else playlists, else what was played last."""
    selections = catalog.selections.exactly(text)
    if not selections and folded(text) == "recent":
        return [catalog.selections.recent()]
    return [one for one in selections if one.kind == selections[0].kind]


def _folder(catalog: Catalog, text: str, *, paths: bool) -> list[Selection]:
    is_path = "/" in text or os.sep in text or (paths and os.path.isdir(os.path.expanduser(text)))  # noqa: PTH111, PTH112
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
    return [*catalog.selections.containing(text, _LISTED + 1), *titled] or [*tracks]


def _not_one(
    catalog: Catalog,
    text: str,
    meanings: Sequence[Track | Selection],
    kinds: Collection[NameKind] = KINDS,
) -> AmbiguousQueryError | TrackNotFoundError:
    if not meanings:
        near = did_you_mean(catalog, text, kinds)
        meant = f"{near} To" if near else "to"
        return TrackNotFoundError(f"no track matches {text!r}; {meant} look for it: {command('search TEXT')}")
    count = f"more than {_LISTED}" if len(meanings) > _LISTED else str(len(meanings))
    tracks = [one for one in meanings if isinstance(one, Track)]
    if len(tracks) == len(meanings):
        message = f"{count} tracks match {text!r}; name one by its id"
    else:
        message = f"{text!r} may mean {count} things; name one by its id, or as artist:NAME or album:NAME"
    choices = [
        (one.id, one.display_name) if isinstance(one, Track) else (one.seed, str(one)) for one in meanings
    ]
    return AmbiguousQueryError(message, tracks[:_LISTED], choices[:_LISTED])


def did_you_mean(catalog: Catalog, text: str, kinds: Collection[NameKind] = KINDS) -> str:
    """A question with the names that are spelled most like a text; empty where none is."""
    return ask_for(catalog.tracks.near_names(text, kinds))


def ask_for(near: Iterable[tuple[str, NameKind]]) -> str:
    """Whether one of these names is meant; empty where there are none."""
    names = [f"{name!r} ({kind})" for name, kind in near]
    return f"did you mean {' or '.join(names)}?" if names else ""


def best_copies(tracks: Sequence[Track]) -> list[Track]:
    """Each recording once, by its best copy: tracks of one content, or of one title, artist and length."""
    if len(tracks) < 2:
        return list(tracks)
    groups: list[list[Track]] = []
    for track in tracks:
        same = next((group for group in groups if _is_copy(track, group[0])), None)
        if same is None:
            groups.append([track])
        else:
            same.append(track)
    return [max(group, key=quality) for group in groups]


def _is_copy(a: Track, b: Track) -> bool:
    if a.content_hash == b.content_hash:
        return True
    one, other = folded(a.artist or ""), folded(b.artist or "")
    if not a.duration_s or abs(a.duration_s - b.duration_s) > _SAME_LENGTH_S:
        return False
    return plain_title(a.title) == plain_title(b.title) and (one == other or not one or not other)


def interpretations(queries: Sequence[Query], groups: Sequence[SeedGroup]) -> tuple[SeedGroup, ...]:
    """What each query that is no track or sound itself was taken to mean."""
    pairs = zip(queries, groups, strict=True)
    return tuple(group for query, group in pairs if not isinstance(query, Track | AnalyzedSound))


def all_seeds(groups: Sequence[SeedGroup]) -> list[Seed]:
    """The sounds of some groups, one after the other."""
    return [seed for group in groups for seed in group.seeds]
