"""Two weeks of radio: how much of a style is heard, how much comes again the next day, at what loss.

A library of made tracks in 12 styles of uneven sizes; each style has a middle, tracks lie around it and
around smaller middles within. For some seeds, an hour a day (17 tracks) is asked for and remembered as
played. The loss is against the nearest tracks that are as many as were heard, each once.

Usage: python benchmarks/radio.py [N_TRACKS]
"""

import argparse
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np
from page_tables import Table, paragraph

from segue.library import Library
from segue.sources.vectors import Vectors

DAYS, HOUR = 14, 17
STYLES = 12
SEEDS = 8
COLUMNS = "overlap", "played", "in style", "score", "of the nearest", "loss"


def made(n: int) -> tuple[np.ndarray, np.ndarray]:
    """float32 (n, 48) and the style of each."""
    rng = np.random.default_rng(0)
    sizes = rng.dirichlet(np.full(STYLES, 3.0))
    style = rng.choice(STYLES, n, p=sizes)
    middles = rng.standard_normal((STYLES, 48))
    albums = rng.standard_normal((STYLES, 60, 48)) * 0.5
    album = rng.integers(0, 60, n)
    return (middles[style] + albums[style, album] + rng.standard_normal((n, 48)) * 0.8).astype(
        np.float32
    ), style


def two_weeks(library: Library, seed: str, styles: dict[str, int], reach: float) -> dict[str, float]:
    days, first = [], time.time() - 86_400 * (DAYS - 1)  # what is played later than tomorrow is refused
    for day in range(DAYS):
        with patch("segue.recommend.radio.time.time", lambda day=day: first + 86_400 * day):
            found = library.radio(seed, k=HOUR, reach=reach)
        days.append([match.track.id for match in found])
        library.record_plays(days[-1], first + 86_400 * day)
    heard = list(dict.fromkeys(track for tracks in days for track in tracks))
    scores = {m.track.id: m.score for m in library.similar(seed, k=len(styles) - 1)}
    own = [track for track, style in styles.items() if style == styles[seed] and track != seed]
    best = np.mean(sorted(scores.values(), reverse=True)[: len(heard)])
    got = np.mean([scores[track] for tracks in days for track in tracks])
    again = [len(set(a) & set(b)) / HOUR for a, b in pairwise(days)]
    return {
        "overlap": float(np.mean(again)),
        "played": len(set(heard) & set(own)) / len(own),
        "in style": float(np.mean([styles[track] == styles[seed] for track in heard])),
        "loss": float(1 - got / best),
        "score": float(got),
        "of the nearest": float(np.mean(sorted(scores.values(), reverse=True)[:HOUR])),
    }


def main(n: int) -> None:
    vectors, style = made(n)
    paragraph(f"""
        {n} tracks in {STYLES} styles, {SEEDS} seeds, {DAYS} days of {HOUR} tracks; means. Overlap is the
        share that was played the day before, less is better; played is the share of the style's own tracks
        that came, more is better; score is the mean similarity to the seed, and beside it that of the
        {HOUR} nearest; loss is how much lower it is than that of as many nearest tracks, less is better.
    """)
    table = Table("reach", *COLUMNS, first=6)
    for reach in (0.0, 0.5, 1.0):
        with tempfile.TemporaryDirectory() as root, Library.open(Path(root) / "l", create=True) as library:
            library.import_from(Vectors(vectors, name="made", metric="cosine"))
            tracks = list(library)
            styles = {track.id: int(style[int(track.title)]) for track in tracks}
            results = [two_weeks(library, tracks[i].id, styles, reach) for i in range(0, n, n // SEEDS)][
                :SEEDS
            ]
        table.row(reach, *(f"{np.mean([r[column] for r in results]):.3f}" for column in COLUMNS))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tracks", type=int, nargs="?", default=5_000)
    main(parser.parse_args().tracks)
