"""What a listener's playlists and likes could teach a view: P@5 of held-out playlists, with and without.

Made listeners have playlists of the labelled clips, each by one taste. The view is fitted on four fifths of a
listener's playlists, as Segue fits it on albums (``segue.views.tag_fit``), and tracks of the others are asked
about, among tracks that the fit does not know. A neighbor is right if it is in the same playlist. Segue
itself does not learn from playlists: this is why.

Usage: python benchmarks/taste.py LIBRARY LABELS.csv [--write]   (columns path, album, artist, genre_guess)
"""

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from page_tables import replace_table

from segue.library import Library
from segue.recommend.retrieval_metrics import bootstrap, interval
from segue.views.tag_fit import FOLDS, LEAST_GAIN, _drawing_together, _interval

PAGE = Path(__file__).resolve().parents[1] / "docs" / "quality.md"
LISTENERS, PLAYLISTS, TRACKS = 40, 20, 8
LIKES = "likes: three soundtracks"
K = 5

Places = NDArray[np.int64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Clips:
    """The clips as the view compares them by their sound, with their labels as numbers."""

    vectors: NDArray[np.float64]
    sound: NDArray[np.float64]  # loudness and brightness, standardized
    labels: dict[str, Places]  # album, artist, genre_guess

    @classmethod
    def read(cls, library: str, labels_csv: str) -> "Clips":
        with Path(labels_csv).open(encoding="utf-8") as f:
            rows = {Path(row["path"]).name: row for row in csv.DictReader(f)}
        with Library.open(library) as opened:
            index, space = opened.view_index("all/sound"), opened.snapshot().spaces["descriptors-1"]
            tracks = opened.tracks.by_keys(index.keys.tolist())
            names = [rows[Path(tracks[key].path).name] for key in index.keys.tolist()]
            columns = [space.dimensions.index(x) for x in ("loudness_lkfs_mean", "centroid_hz_mean")]
            sound = np.asarray(space.vectors, np.float64)[index.rows][:, columns]
            vectors = np.array(index.vectors, np.float64)
        labels = {
            name: np.unique([row[name] for row in names], return_inverse=True)[1]
            for name in ("album", "artist", "genre_guess")
        }
        return cls(vectors, (sound - sound.mean(axis=0)) / sound.std(axis=0), labels)


def of_label(clips: Clips, rng: Rng, name: str, n: int = 1) -> Places:
    """Clips of n values of a label."""
    numbers = np.unique(clips.labels[name])
    return np.flatnonzero(np.isin(clips.labels[name], rng.choice(numbers, n, replace=False)))


def as_loud_and_bright(clips: Clips, rng: Rng) -> Places:
    """The clips nearest in loudness and brightness to some clip, twice as many as a playlist has."""
    apart = ((clips.sound - clips.sound[rng.integers(len(clips.sound))]) ** 2).sum(axis=1)
    return np.argsort(apart, kind="stable")[: 2 * TRACKS]


TASTES: dict[str, Callable[[Clips, Rng], Places]] = {
    "a soundtrack": lambda clips, rng: of_label(clips, rng, "album"),
    "a genre": lambda clips, rng: of_label(clips, rng, "genre_guess"),
    "an artist": lambda clips, rng: of_label(clips, rng, "artist"),
    "two soundtracks, mixed": lambda clips, rng: of_label(clips, rng, "album", 2),
    "as loud and as bright": as_loud_and_bright,
    "by chance": lambda clips, rng: np.arange(len(clips.vectors)),
}


def playlists(clips: Clips, taste: str, rng: Rng) -> list[Places]:
    lists: list[Places] = []
    while len(lists) < PLAYLISTS:
        pool = TASTES[taste](clips, rng)
        if len(pool) > 2:
            lists.append(rng.choice(pool, min(TRACKS, len(pool)), replace=False))
    return lists


def liked(clips: Clips, rng: Rng) -> list[Places]:
    """What one likes, as parts that can be held out: most of three soundtracks."""
    pool = rng.permutation(of_label(clips, rng, "album", 3))[: PLAYLISTS * TRACKS // 4]
    return [part for part in np.array_split(pool, FOLDS) if len(part) > 1]


def values(clips: Clips, x: NDArray[np.float64], asked: Places, allowed: Places) -> NDArray[np.float64]:
    """(n_asked, 2): of the five nearest allowed clips, those in the list asked about, and of the album."""
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    cosines = unit[asked] @ unit[allowed].T
    cosines[asked[:, None] == allowed] = -np.inf
    nearest = allowed[np.argsort(-cosines, axis=1)[:, :K]]
    albums = np.stack([clips.labels[name] for name in ("album", "artist")], axis=1)
    same = (albums[nearest] == albums[asked][:, None]).all(axis=2)
    return np.stack([np.isin(nearest, asked).mean(axis=1), same.mean(axis=1)], axis=1)


def hold_out(clips: Clips, lists: Sequence[Places], *, artists: bool, likes: bool) -> NDArray[np.float64]:
    """(n, 6) of all tracks of all lists, each held out in its turn.

    In the list and of the album, by the sound and by the fit; the soundtrack, and which list it is.

    Parameters
    ----------
    artists : whether no track by an artist who is in a list that is held out is in the fit
    likes : whether the lists are parts of one
    """
    u, every, parts = clips.vectors, np.arange(len(clips.vectors)), []
    for fold in range(FOLDS):
        tests = lists[fold::FOLDS]
        held = np.concatenate(tests)
        kept = ~np.isin(every, held)
        if artists:
            kept &= ~np.isin(clips.labels["artist"], clips.labels["artist"][held])
        taught = [one[kept[one]] for i, one in enumerate(lists) if i % FOLDS != fold]
        taught = [np.concatenate(taught)] if likes else taught
        rows = np.concatenate(taught)
        numbers = np.repeat(np.arange(len(taught)), [len(one) for one in taught])
        fitted, allowed = u @ _drawing_together(u[rows], numbers), np.setdiff1d(every, rows)
        for i, one in enumerate(tests):
            before, after = (values(clips, x, one, allowed) for x in (u, fitted))
            which = np.full(len(one), fold + FOLDS * i)
            parts.append(np.column_stack([before, after, clips.labels["album"][one], which]))
    return np.concatenate(parts)


def helps(found: NDArray[np.float64]) -> bool:
    """Whether the rule by which tags are used would use what a listener's lists teach."""
    gain, albums = (found[:, 2:4] - found[:, :2]).T
    which = np.unique(found[:, 5], return_inverse=True)[1]
    return bool(_interval(gain, which)[0] > 0 and gain.mean() >= LEAST_GAIN and albums.mean() >= 0)


def row(name: str, held_out: str, found: Sequence[NDArray[np.float64]]) -> str:
    """Of all listeners of one taste, as a row of the table; soundtracks are drawn for the intervals."""
    rows = np.concatenate(found)
    gains, soundtracks = rows[:, 2:4] - rows[:, :2], np.unique(rows[:, 4], return_inverse=True)[1]
    ends = interval(bootstrap(gains, soundtracks)).T
    texts = [
        f"{gain:+.3f} ({low:+.3f} to {high:+.3f})"
        for gain, (low, high) in zip(gains.mean(axis=0), ends, strict=True)
    ]
    before = f"{rows[:, 0].mean():.3f}".removeprefix("0")
    used = f"{sum(map(helps, found))} of {len(found)}"
    return f"| {name} | {held_out} | {before} | {texts[0]} | {texts[1]} | {used} |"


def table(clips: Clips) -> str:
    lines = [
        "| Playlists of | held out with one | P@5 by sound | gain | gain of albums | would be used by |",
        "|---|---|---|---|---|---|",
    ]
    for name in (*TASTES, LIKES):
        for artists in (True, False):
            found = []
            for listener in range(LISTENERS):
                rng = np.random.default_rng(listener)
                lists = liked(clips, rng) if name == LIKES else playlists(clips, name, rng)
                found.append(hold_out(clips, lists, artists=artists, likes=name == LIKES))
            lines.append(row(name, "its artists" if artists else "its tracks", found))
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def main(library: str, labels_csv: str, write: str = "") -> None:
    text = table(Clips.read(library, labels_csv))
    print(text)
    if write:
        replace_table(PAGE, text, "taste", "end of taste")


if __name__ == "__main__":
    main(*sys.argv[1:])
