"""How good the library's neighbours are, by the genres of its tags."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.catalog.conditions import split_names
from segue.errors import LibraryError, UsageError
from segue.files import replacing
from segue.library import Library
from segue.recommend.evaluate import hubness
from segue.serve.jobs import Cancelled, Course, Report

_KS = (1, 5, 10)
_MOST = 20_000  # tracks that are asked about
_BLOCK = 500
_NAME = "evaluation.json"
Rows = NDArray[np.int64]


def evaluate(library: Library, scratch: str, view: str | None, course: Course) -> Report:
    """Precision at 1, 5 and 10 over genres, what chance would give, and hubness; kept beside the index.

    Raises
    ------
    LibraryError
        Where too few tracks have a genre.
    """
    index = library.index_of(view)
    if index.reading.form == "frames":
        raise UsageError("in a view of frames a track has many vectors: take another view")
    tracks = library.catalog.by_keys(index.keys.tolist())
    words = [_genres(tracks[key].tags.genre) if key in tracks else set() for key in index.keys.tolist()]
    asked = np.flatnonzero([bool(own) for own in words])
    if len(asked) < 2 or len(index.keys) <= max(_KS):
        raise LibraryError(f"{len(asked)} of {len(words)} tracks have a genre; too few to tell anything")
    if len(asked) > _MOST:
        asked = np.random.default_rng(0).choice(asked, _MOST, replace=False)
    course.begin(len(asked))
    ids, found = index.index.ids, []
    for start in range(0, len(asked), _BLOCK):
        if course.stop.is_set():
            raise Cancelled
        items, _ = index.index.neighbors(ids[asked[start : start + _BLOCK]], max(_KS))
        found.append(np.searchsorted(ids, items))
        course.advance(min(start + _BLOCK, len(asked)))
    near = np.concatenate(found)
    at = {str(k): round(_precision(words, asked, near, k), 4) for k in _KS}
    report: Report = {
        "view": str(index.reading), "tracks": len(words), "asked": len(asked), "precision": at,
        "chance": round(_chance(words, asked), 4), "hubness": round(hubness(near), 3), "at": time.time(),
    }  # fmt: skip
    _keep(library, scratch, report)
    return report


def _genres(text: str | None) -> set[str]:
    return set(split_names("genre", text or ""))


def _precision(words: list[set[str]], asked: Rows, near: Rows, k: int) -> float:
    """Of the tracks that were asked about; ``near`` holds a row for each of them."""
    hits = [
        [not words[i].isdisjoint(words[j]) for j in row] for i, row in zip(asked, near[:, :k], strict=True)
    ]
    return float(np.mean(hits))


def _chance(words: list[set[str]], asked: Rows) -> float:
    """The share of random pairs that have a genre in common."""
    rng = np.random.default_rng(0)
    pairs = zip(rng.choice(asked, 20_000), rng.integers(0, len(words), 20_000), strict=True)
    return float(np.mean([not words[a].isdisjoint(words[b]) for a, b in pairs if a != b]))


def _places(library: Library, scratch: str) -> list[Path]:
    return [library.path / "index" / _NAME, Path(scratch) / _NAME]


def _keep(library: Library, scratch: str, report: Report) -> None:
    for path in _places(library, scratch):
        try:
            with replacing(path) as part:
                part.write_text(json.dumps(report), "utf-8")
        except UsageError:  # a read-only library: for as long as the service runs
            continue
        return


def kept(library: Library, scratch: str) -> Report | None:
    """What the last evaluation found."""
    for path in _places(library, scratch):
        try:
            found: Report = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        return found
    return None
