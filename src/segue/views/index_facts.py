"""What the file of a view's index says of itself: how the view was fitted, and how near tracks are found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.catalog import Snapshot
from segue.errors import IndexFormatError
from segue.index.file import read_header
from segue.spec import EmbedderSpec
from segue.texts import count
from segue.views.spec import ViewSpec, default_view
from segue.views.versions import compared_spaces

K = 5  # nearest tracks that are looked at
_FIT = 5  # rises whenever the same library would get another view; older files are rebuilt
_ANSWERS, _RECALL = 10, 0.95  # of a usual query


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """How the default view finds near tracks.

    Attributes
    ----------
    tracks : that are compared
    n_probe, n_candidates : lists that a query for 10 tracks scans, and tracks that it compares exactly;
        0 and all of them where every track is compared
    recall : the share of the 10 truly nearest that it found when it was built; 1 where all are compared
    tag_fit : what the library's tags do to the view; none where they were not looked at
    """

    tracks: int
    n_probe: int
    n_candidates: int
    recall: float
    tag_fit: TagFit | None

    def __str__(self) -> str:
        """For people."""
        if not self.n_probe:
            return f"exact: compares all {count(self.tracks, 'track')}"
        return (
            f"approximate: looks at {count(self.n_probe, 'list')}, compares {self.n_candidates} of "
            f"{count(self.tracks, 'track')}, and finds {self.recall:.1%} of the {_ANSWERS} nearest"
        )


@dataclass(frozen=True, slots=True)
class TagFit:
    """Whether tags improve a view, by cross-validation.

    Attributes
    ----------
    used : whether the view is fitted on tags too
    albums : how many there are of two tracks and more by one artist
    without, with_tags : the share of right tracks, those of the same album and artist, among the five nearest
        of tracks that were held out: in the view without tags, and in one that knows the tags of all others
    low, high : ends of the 95 % interval of their difference, by bootstrap over groups of albums
    """

    used: bool
    albums: int
    without: float = 0.0
    with_tags: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def __str__(self) -> str:
        """For people."""
        if not (self.without or self.with_tags):
            return f"not used: {self.albums} albums of two tracks and more by one artist are too few"
        verb = "used" if self.used else "not used"
        return (
            f"{verb}: tracks held out find {self.with_tags:.1%} of their {K} nearest on their own album with "
            f"them, {self.without:.1%} without (gain {100 * self.low:+.1f} to {100 * self.high:+.1f} points)"
        )

    def sentence(self) -> str:
        """For people who know no measures."""
        if not (self.without or self.with_tags):
            return "Segue compares tracks by sound alone: your tags name too few albums to learn from."
        if not self.used:
            return (
                "Segue compares tracks by sound alone: what your tags say of albums and artists was tried, "
                "and did not bring tracks of the same album closer together."
            )
        return (
            "Segue compares tracks by sound, and has learned from your tags which differences matter: of "
            f"the {K} most similar tracks, {100 * self.with_tags:.0f} % are from the same album, "
            f"by sound alone {100 * self.without:.0f} %."
        )


def read_index_facts(folder: Path, snapshot: Snapshot) -> IndexFacts | None:
    """Those of the default view; none where it has no index of this snapshot yet."""
    spec = default_view(compared_spaces(snapshot))
    specs = [space.spec for space in spec.spaces_of(snapshot).values()]
    try:
        header = read_header(index_path(folder, spec))
    except (OSError, IndexFormatError):
        return None
    note, n = header["note"], header["n"]
    expected = view_note(specs, spec) | {"stamp": snapshot.stamp}
    if any(note.get(name) != value for name, value in expected.items()):
        return None
    point = _usual_point(header)
    tag_fit = TagFit(**note["tags"]) if "tags" in note else None
    if point is None:
        return IndexFacts(n, 0, n, 1.0, tag_fit)
    return IndexFacts(n, point["probes"], point["candidates"], point["measured"], tag_fit)


def _usual_point(header: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """How far a usual query looks; none where it compares every row, as ``Index.operating_point``."""
    points = [one for one in header["settings"] if one["k"] >= _ANSWERS and one["recall"] >= _RECALL]
    if not header["coded"] or not points:
        return None
    return min(points, key=lambda one: (one["k"], one["recall"]))


def index_path(folder: Path, spec: ViewSpec) -> Path:
    """``default.index``, or named after the view."""
    name = "default" if spec == ViewSpec() else re.sub(r"[^\w.-]+", "-", str(spec))
    return folder / f"{name}.index"


def view_note(specs: Sequence[EmbedderSpec], spec: ViewSpec) -> dict[str, Any]:
    """What a view's file keeps of what it was made from."""
    # Files of all versions call the view their "reading".
    return {"specs": [[spec.space, spec.digest()] for spec in specs], "reading": str(spec), "fit": _FIT}
