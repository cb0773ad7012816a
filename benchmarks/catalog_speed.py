"""How long lists, searches, filters and counts of a large made library take; `--help` tells the rest.

A search has another text each turn, as what it answered before is kept.

The library is made in FOLDER where it is not there yet: tracks with invented names, artists whose numbers of
tracks fall as 1/rank, albums, genres, years, three labels a track, and vectors of 64 numbers in clusters.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, cycle
from pathlib import Path
from typing import Any

import numpy as np
from page_tables import Table, paragraph

from segue import Library
from segue.library import Where
from segue.sources.contract import ImportBatch, Space, SpaceRows
from segue.spec import EmbedderSpec, Label, SpaceSettings

_DIM, _INNER, _CLUSTERS, _BATCH = 64, 6, 2000, 1 << 14  # _INNER: dimensions in which a cluster is wide
_SYLLABLES = (
    "ba be bo da do fa fe ga go ha ho ja ka ke ki la le lo lu ma me mi mo na ne ni no pa pe ra re ri ro sa se"
    " so ta te ti to va ve vi wa we ya yo za zo blue river night dark star"
).split()
_WORDS = ("blue", "river", "night", "dark", "star", "za")
_PAIRS = tuple(" ".join(pair) for pair in combinations(_WORDS, 2))
_GENRES = (
    "Rock", "Pop", "Jazz", "Electronic", "Folk", "Classical", "Hip-Hop", "Metal", "Ambient", "Punk", "Soul",
    "Country", "Reggae", "Blues", "Rock; Indie", "Electronic/House", "Techno", "Trance", "Disco", "Polka",
)  # fmt: skip
_LABELS = tuple(f"{kind} {n}" for kind in ("Guitar", "Piano", "Voice", "Drum", "Strings") for n in range(60))
_FIRST, _FAR = "The first cluster", "Far from the first cluster"
_SPEC = EmbedderSpec(
    name="made", version=1, accepts="features", dim=_DIM, sr=0, window_s=0, hop_s=0, dtype="float32",
    license="", reference="",
)  # fmt: skip


class MadeLibrary:
    """A source of ``total`` invented tracks."""

    name, kind, location, unit, whole = "made", "benchmark", "invented", "records", True

    def __init__(self, total: int, transform: str = "fitted") -> None:
        self.total = total
        self._settings = SpaceSettings(transform=transform)
        rng = np.random.default_rng(5)
        self._centers = rng.standard_normal((_CLUSTERS, _DIM)).astype(np.float32)
        self._axes = rng.standard_normal((_INNER, _DIM)).astype(np.float32)
        products = self._centers @ self._centers[0]
        self._is_far = products <= np.quantile(products, 0.1)
        weights = 1 / (10 + np.arange(max(20, total // 20)))
        self._artists = np.cumsum(weights / weights.sum())

    def spaces(self) -> Sequence[Space]:
        return [Space(_SPEC, [f"d{i}" for i in range(_DIM)], self._settings)]

    def batches(self) -> Iterator[ImportBatch]:
        for start in range(0, self.total, _BATCH):
            yield self._batch(start, min(_BATCH, self.total - start))

    def _batch(self, start: int, n: int) -> ImportBatch:
        rng = np.random.default_rng([7, start])
        artists = self._artists.searchsorted(rng.random(n))
        albums = rng.integers(0, 8, n)
        clusters = (artists * 7 + rng.integers(0, 3, n)) % _CLUSTERS
        vectors = self._centers[clusters] + rng.standard_normal((n, len(self._axes)), np.float32) @ self._axes
        columns = {
            "title": [_name(rng.integers(0, len(_SYLLABLES), 7)) for _ in range(n)],
            "artist": [_artist(number) for number in artists.tolist()],
            "album": [
                _artist(1_000_003 + 8 * a + b) for a, b in zip(artists.tolist(), albums.tolist(), strict=True)
            ],
            "genre": [_GENRES[c % len(_GENRES)] for c in clusters.tolist()],
            "year": (1955 + clusters % 70).tolist(),
            "track_number": rng.integers(1, 15, n).tolist(),
            "duration_s": rng.integers(90, 420, n).astype(float).tolist(),
        }
        labels = [self._labels(cluster) for cluster in clusters.tolist()]
        return ImportBatch(
            "made", [f"t{i}" for i in range(start, start + n)], np.arange(start, start + n), columns,
            {_SPEC.space: SpaceRows.without_windows(vectors)}, {_SPEC.space: labels}, done=start + n,
        )  # fmt: skip

    def _labels(self, cluster: int) -> list[Label]:
        """Three for each cluster, and one for the tenth of the clusters that lie farthest from the first."""
        labels = [Label(_LABELS[(cluster + 37 * j) % len(_LABELS)], 0.9 - 0.2 * j) for j in range(3)]
        place = [_FIRST] if cluster == 0 else [_FAR] if self._is_far[cluster] else []
        return labels + [Label(name, 1.0) for name in place]


def _name(picks: Any) -> str:
    words = ["".join(_SYLLABLES[i] for i in picks[:3]), "".join(_SYLLABLES[i] for i in picks[3:5])]
    return " ".join([*words, _SYLLABLES[picks[5]]]).title()


def _artist(number: int) -> str:
    return _name(np.random.default_rng(number).integers(0, len(_SYLLABLES), 7))


def _milliseconds(ask: Callable[[], object], turns: int) -> tuple[float, float]:
    """CPU time of the first question, and the median of the next ones: other programs do not count."""
    times = []
    for _ in range(turns + 1):
        began = time.process_time()
        ask()
        times.append(1000 * (time.process_time() - began))
    return times[0], statistics.median(times[1:])


def _each(ask: Callable[[str], object], texts: Iterable[str]) -> Callable[[], object]:
    """A question about the next text each time."""
    turn = cycle(texts)
    return lambda: ask(next(turn))


def _questions(library: Library) -> dict[str, Callable[[], object]]:
    n = len(library)
    track = next(iter(library.tracks.by_keys([n // 2]).values()))
    first = library.tracks.by_keys(library.keys_matching(Where(label=_FIRST))[:1])
    artist, common, rare = track.artist or "", Where(genre="Rock"), Where(genre="Polka", years=(1990, 1999))
    page, tracks = library.tracks.page, library.tracks
    vectors = library.view_index().take([n // 3])[0]
    return {
        "overview": library.overview,
        "facets": tracks.facets,
        "list by artist, first": lambda: page(None, "artist", 60, 0),
        "list by artist, middle": lambda: page(None, "artist", 60, n // 2),
        "list by title, middle": lambda: page(None, "title", 60, n // 2),
        "list by year, end": lambda: page(None, "year", 60, n - 60),
        "list of a genre by artist, deep": lambda: page(library.keys_matching(common), "artist", 60, n // 50),
        "search one letter": _each(tracks.search, "bdglmn"),
        "search a word": _each(tracks.search, _WORDS),
        "search two words": _each(tracks.search, _PAIRS),
        "search inside a word": _each(tracks.search, ["iver", "ight", "lue", "tar", "ark", "ive"]),
        "search, no hit": _each(tracks.search, [f"xyzzy{i}" for i in range(6)]),
        "search by sound and name": _each(library.search, reversed(_PAIRS)),
        "keys of a genre": lambda: library.keys_matching(common),
        "similar": lambda: library.similar(track),
        "similar, not the artist": lambda: library.similar(track, same_artist=False),
        "similar, one genre": lambda: library.similar(track, where=common),
        "similar, genre and years": lambda: library.similar(track, where=rare),
        "similar, one artist": lambda: library.similar(track, where=Where(artist=artist)),
        "similar, years": lambda: library.similar(track, where=Where(years=(1980, 1989))),
        "similar, of the farthest tenth": lambda: library.similar(
            next(iter(first.values())), where=Where(label=_FAR)
        ),
        "similar to a vector": lambda: library.similar_to_vector(vectors),
        "suggest seeds": _each(library.suggest_seeds, _WORDS),
        "names spelled almost so": _each(tracks.near_names, [f"{word} riverr" for word in _WORDS]),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=100_000, help="of a library that is made")
    parser.add_argument("--transform", default="fitted", help="of its vectors: fitted, centered or raw")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--only", default="", help="questions that hold this text")
    args = parser.parse_args()
    made = (args.folder / "catalog.sqlite").exists()
    with Library.open(args.folder, create=not made) as library:
        if not made:
            began = time.perf_counter()
            library.import_from(MadeLibrary(args.tracks, args.transform))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
            seconds = time.perf_counter() - began
            paragraph(f"""
                {len(library)} tracks were made and imported in {seconds:.1f} s, with at most {peak:.0f} MB.
            """)
        paragraph(f"""
            {len(library)} tracks; processor time in ms of the first time, and the median of {args.turns}
            more. Less is better.
        """)
        table = Table("question", "first, ms", "then, ms", first=34)
        for name, ask in _questions(library).items():
            if args.only in name:
                table.row(name, *(f"{ms:.1f}" for ms in _milliseconds(ask, args.turns)))


if __name__ == "__main__":
    main()
