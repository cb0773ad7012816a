"""Clusters of tracks that sound alike, as the catalog keeps them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from segue.catalog.connections import Connections
from segue.catalog.names import split_names
from segue.catalog.tracks import select_in
from segue.texts import escape_text
from segue.track import TrackId


@dataclass(frozen=True, slots=True)
class Cluster:
    """Tracks that sound alike.

    Attributes
    ----------
    number : from 1, that of the most recordings first
    name : as people name music, such as "Dark piano"; no two are alike
    size : how many tracks, when it was found
    words : what is measured, each with the mean's deviation from the library's, in standard deviations
    labels : what networks call its tracks much more often than others
    central : the tracks nearest to its middle, nearest first
    genres : the tags of the most tracks, with their shares of the tracks that have one
    color : ``#rrggbb``
    """

    number: int
    name: str
    size: int
    words: tuple[tuple[str, float], ...]
    labels: tuple[str, ...]
    central: tuple[TrackId, ...]
    genres: tuple[tuple[str, float], ...]
    color: str


@dataclass(frozen=True, slots=True, repr=False)
class Clusters:
    """All clusters of a library, in the order of their numbers.

    Attributes
    ----------
    items : the clusters
    view : how tracks were compared
    separation : how far the clusters are apart; see ``segue.cluster.Clustering``
    new : tracks that came since
    stale : whether anything has changed since
    """

    items: tuple[Cluster, ...] = ()
    view: str = ""
    separation: float = 0.0
    new: int = 0
    stale: bool = False

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.items)

    def __getitem__(self, place: int) -> Cluster:
        return self.items[place]

    def _repr_html_(self) -> str:
        genres = "<th>genres</th>" if any(cluster.genres for cluster in self.items) else ""
        head = f"<tr><th></th><th>group</th><th>tracks</th>{genres}</tr>"
        return f"<table>{head}{''.join(map(_html_row, self.items))}</table>"

    def __repr__(self) -> str:
        lines = [f"{cluster.size:6}  {cluster.name}" for cluster in self.items]
        return "\n".join([f"<Clusters: {len(self)}>", *lines])


def _html_row(cluster: Cluster) -> str:
    dot = f'<td style="color:{escape_text(cluster.color)}">&#9679;</td>'
    genres = ", ".join(f"{genre} {share:.0%}" for genre, share in cluster.genres)
    cells = (cluster.name, str(cluster.size), *([genres] if genres else []))
    return f"<tr>{dot}{''.join(f'<td>{escape_text(cell)}</td>' for cell in cells)}</tr>"


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """When all clusters of a library were found.

    Attributes
    ----------
    stamp : of the snapshot
    left_out : tracks that had no vector in the view
    """

    view: str
    separation: float
    stamp: str
    left_out: int
    seed: int


@dataclass(slots=True)
class Tally:
    """How many of a cluster's tracks have each tag and label.

    Attributes
    ----------
    genres : tracks of each genre
    tagged : tracks with any
    labels : tracks of each label, by space and name
    analyzed : tracks with any label of a space
    """

    genres: Counter[str] = field(default_factory=Counter)
    tagged: int = 0
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    analyzed: Counter[str] = field(default_factory=Counter)


class ClusterTables:
    """What is kept of clusters, read and, within a transaction of the catalog's writer, replaced."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def load(self, stamp: str) -> Clusters:
        """The clusters that were found last, and what has changed since, if the stamp is another one."""
        rows = self._local.db.execute("SELECT * FROM clusters ORDER BY cluster").fetchall()
        if not rows:
            return Clusters()
        run = ClusterRun(**json.loads(rows[0]["facts"])["run"])
        sql = (
            "SELECT count(*) FROM tracks LEFT JOIN cluster_tracks USING (key) "
            "WHERE cluster IS NULL AND missing_since IS NULL"
        )
        new = int(self._local.db.execute(sql).fetchone()[0]) - run.left_out if run.stamp != stamp else 0
        clusters = tuple(map(_cluster_from_row, rows))
        return Clusters(clusters, run.view, run.separation, max(0, new), run.stamp != stamp)

    def names(self, ids: Iterable[str] | None = None) -> dict[TrackId, str]:
        """The names of the clusters that these tracks, or all, are in; those in none are left out."""
        sql = "SELECT id, name FROM cluster_tracks JOIN tracks USING (key) JOIN clusters USING (cluster)"
        rows = self._local.db.execute(sql) if ids is None else select_in(self._local.db, sql, "id", ids)
        return {TrackId(row[0]): row[1] for row in rows}

    def numbers(self, ids: Iterable[str]) -> dict[TrackId, int]:
        """The numbers of the clusters that these tracks are in; those in none are left out."""
        sql = "SELECT id, cluster FROM tracks JOIN cluster_tracks USING (key)"
        return {TrackId(row[0]): row[1] for row in select_in(self._local.db, sql, "id", ids)}

    def replace(
        self,
        keys: NDArray[np.int64],
        numbers: NDArray[np.int64],
        describe: Callable[[list[Tally]], Sequence[Cluster]],
        run: ClusterRun,
        counted: NDArray[np.bool_] | None = None,
    ) -> None:
        """Put tracks into clusters, tally what they are, and keep what ``describe`` says of that.

        Parameters
        ----------
        keys, numbers : int64 (n,), of the tracks, and of their clusters, from 1 without a gap
        counted : bool (n,), which of them are tallied, at least one of each cluster; all if none is given
        """
        counted = np.ones(len(keys), np.bool_) if counted is None else counted
        for table in ("clusters", "cluster_tracks"):
            self._local.db.execute(f"DELETE FROM {table}")
        self._insert(keys[counted], numbers[counted])
        tallies = self._tallies(int(numbers.max(initial=0)))
        self._insert(keys[~counted], numbers[~counted])
        for cluster in describe(tallies):
            facts = {**asdict(cluster), "run": asdict(run)}
            number, name = facts.pop("number"), facts.pop("name")
            facts["colour"] = facts.pop("color")  # the spelling that libraries keep
            text = json.dumps(facts, ensure_ascii=False)
            self._local.db.execute("INSERT INTO clusters VALUES (?, ?, ?)", (number, name, text))

    def _insert(self, keys: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        pairs = zip(keys.tolist(), numbers.tolist(), strict=True)
        self._local.db.executemany("INSERT INTO cluster_tracks VALUES (?, ?)", pairs)

    def _tallies(self, k: int) -> list[Tally]:
        tallies = [Tally() for _ in range(k)]
        sql = (
            "SELECT cluster, genre, count(*) FROM cluster_tracks JOIN tracks USING (key) "
            "WHERE genre IS NOT NULL GROUP BY cluster, genre"
        )
        for cluster, text, n in self._local.db.execute(sql):
            words = split_names("genre", text)
            tallies[cluster - 1].genres.update(dict.fromkeys(words, n))
            tallies[cluster - 1].tagged += n if words else 0
        sql = (
            "SELECT cluster, space, label, count(*) FROM cluster_tracks JOIN labels USING (key) "
            "GROUP BY cluster, space, label"
        )
        for cluster, space, label, n in self._local.db.execute(sql):
            tallies[cluster - 1].labels[space, label] = n
        sql = (
            "SELECT cluster, space, count(*) FROM cluster_tracks "
            "JOIN (SELECT DISTINCT key, space FROM labels) USING (key) GROUP BY cluster, space"
        )
        for cluster, space, n in self._local.db.execute(sql):
            tallies[cluster - 1].analyzed[space] = n
        return tallies


def _cluster_from_row(row: sqlite3.Row) -> Cluster:
    facts = json.loads(row["facts"])
    return Cluster(
        number=row["cluster"],
        name=row["name"],
        size=facts["size"],
        words=tuple((word, value) for word, value in facts["words"]),
        labels=tuple(facts["labels"]),
        central=tuple(map(TrackId, facts["central"])),
        genres=tuple((name, share) for name, share in facts["genres"]),
        color=facts["colour"],
    )
