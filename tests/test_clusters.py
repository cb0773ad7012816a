"""The clusters of a library: found, named, kept, and what the command prints of them."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest

from segue.catalog import Where
from segue.errors import LibraryError, UsageError
from segue.library import Library
from segue.progress import Silent
from segue.sources.contract import ImportBatch, Space, SpaceRows
from segue.spec import EmbedderSpec, Label, SpaceSettings

FEATURES = (
    "danceability", "energy", "loudness", "speechiness_log", "acousticness_log", "instrumentalness_log",
    "liveness_log", "valence", "tempo_log2", "duration_log",
)  # fmt: skip


class Songs:
    """With Spotify's features: some fast, loud and not acoustic, some slow, quiet and acoustic, some long."""

    name, kind, location, unit, whole = "songs", "made", "here", "records", True
    kinds = ("wild", "still", "epic")

    def __init__(self, each=40, seed=1, more=0):
        rng = np.random.default_rng(seed)
        self.truth = [kind for kind in self.kinds for _ in range(each)] + ["wild"] * more
        self.total = len(self.truth)
        self.matrix = 0.3 * rng.standard_normal((self.total, len(FEATURES))).astype(np.float32)
        shifts = {
            "wild": {"tempo_log2": 4, "loudness": 3, "acousticness_log": -3},
            "still": {"tempo_log2": -3, "loudness": -4, "acousticness_log": 3},
            "epic": {"duration_log": 4},
        }
        for i, kind in enumerate(self.truth):
            for name, shift in shifts[kind].items():
                self.matrix[i, FEATURES.index(name)] += shift

    def spaces(self):
        spec = EmbedderSpec(
            "made", 1, "features", len(FEATURES), 0, 0, 0, "float32", "none", "made for tests"
        )
        return [Space(spec, FEATURES, SpaceSettings(transform="raw"))]

    def batches(self):
        n = self.total
        numbers = [self.truth[:i].count(kind) for i, kind in enumerate(self.truth)]
        columns = {
            "title": [f"{kind} {i}" for kind, i in zip(self.truth, numbers, strict=True)],
            "artist": [f"{kind} artist {i}" for kind, i in zip(self.truth, numbers, strict=True)],
            "genre": [{"wild": "Metal; Rock", "still": "Folk", "epic": "Prog"}[kind] for kind in self.truth],
        }
        labels = [[Label("Music", 0.9)] + [Label("Guitar", 0.5)] * (kind == "still") for kind in self.truth]
        ids = [title.replace(" ", "-") for title in columns["title"]]
        hashes = np.arange(n, dtype=np.int64)
        spaces = {"made-1": SpaceRows.without_windows(self.matrix)}
        yield ImportBatch(self.name, ids, hashes, columns, spaces, {"made-1": labels}, n)


def library_of(songs, path):
    with Library.open(path, create=True, embedders=["descriptors"]) as library:
        library.import_from(songs)
    return path


@pytest.fixture
def root(tmp_path):
    return library_of(Songs(), tmp_path / "library")


@pytest.fixture
def library(root):
    with Library.open(root) as opened:
        yield opened


def kinds_of(library, clusters):
    """Which kind's songs each cluster has, of one kind only."""
    names = library.cluster_names()
    found = {}
    for cluster in clusters:
        titles = {library[i].title.split()[0] for i, name in names.items() if name == cluster.name}
        (found[cluster.number],) = titles
    return found


def test_names_come_from_measurements_and_labels(library):
    clusters = library.find_clusters()
    assert (len(clusters), clusters.stale, clusters.new) == (3, False, 0)
    kinds = kinds_of(library, clusters)
    by_kind = {kinds[cluster.number]: cluster for cluster in clusters}
    assert set(by_kind) == {"wild", "still", "epic"}
    assert by_kind["wild"].name in ("Fast metal", "Loud metal")
    assert by_kind["still"].name in ("Slow folk", "Quiet folk", "Acoustic folk")
    assert by_kind["epic"].name == "Long prog"
    assert by_kind["still"].labels == ("Guitar",)  # all have Music
    assert by_kind["wild"].labels == ()
    assert all(value > 0.5 for _, value in by_kind["epic"].words)
    assert by_kind["wild"].genres == (("metal", 1.0), ("rock", 1.0))
    assert by_kind["epic"].genres == (("prog", 1.0),)
    assert [cluster.number for cluster in clusters] == [1, 2, 3]
    assert [cluster.size for cluster in clusters] == [40, 40, 40]
    assert len({cluster.color for cluster in clusters}) == 3


def test_central_tracks_are_those_nearest_to_the_middle(library):
    clusters = library.find_clusters()
    ids, matrix = library.vectors("made-1")
    names = library.cluster_names()
    x = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    for cluster in clusters:
        mine = np.array([names[i] == cluster.name for i in ids])
        middle = x[mine].mean(axis=0)
        nearest = np.argsort(-np.where(mine, x @ middle, -2))[:3]
        assert list(cluster.central) == [ids[i] for i in nearest]


def test_a_filter_keeps_to_one_cluster(library):
    clusters = library.find_clusters()
    kinds = kinds_of(library, clusters)
    for cluster in clusters:
        for name in (cluster.number, str(cluster.number), cluster.name, cluster.name.upper()):
            found = library.similar("wild 3", k=50, where=Where(cluster=name))
            expected = 39 if kinds[cluster.number] == "wild" else 40
            assert len(found.matches) == expected
            assert {m.track.title.split()[0] for m in found.matches} == {kinds[cluster.number]}
    with pytest.raises(UsageError, match=r"no cluster 'nope'; there are: 1 .*; 2 .*; 3 "):
        library.similar("wild 3", where=Where(cluster="nope"))


@pytest.mark.slow
def test_clusters_are_kept_and_replaced(root, library):
    found = library.find_clusters()
    names = library.cluster_names()
    with Library.open(root) as again:
        assert again.clusters() == found
        assert again.cluster_names() == names
        some = [again.find("wild 3"), again.find("epic 2")]
        assert set(again.cluster_names(some)) == {track.id for track in some}
    assert library.find_clusters() == found  # the same again
    five = library.find_clusters(5)
    assert len(five) == 5
    assert library.clusters() == five
    assert set(library.cluster_names().values()) == {cluster.name for cluster in five}
    assert len({cluster.name for cluster in five}) == 5
    assert sum(cluster.size for cluster in five) == len(library)


class Follower(Silent):
    """Remembers each stage with what was done of it, and every note."""

    def __init__(self):
        self.stages, self.notes = [], []

    def begin(self, total, unit):
        self.stages.append((total, unit, []))

    def advance(self, done, tally=""):
        self.stages[-1][2].append(done)

    def note(self, text):
        self.notes.append(text)


@pytest.mark.slow
def test_the_search_for_clusters_says_how_far_it_is(library):
    follower = Follower()
    clusters = library.find_clusters(progress=follower)
    assert clusters == library.find_clusters()
    assert [unit for _, unit, _ in follower.stages] == ["clusters", "clusters", "rounds"]
    for total, _, done in follower.stages:
        assert done == sorted(done)
        assert not done or done[-1] == total
    assert follower.notes == [
        "comparing numbers of clusters",
        f"finding {len(clusters)} clusters",
        "naming the clusters and writing to disk",
    ]


def test_a_search_for_clusters_that_is_stopped_keeps_those_of_before(library):
    class Interrupting(Silent):
        def advance(self, done, tally=""):
            raise KeyboardInterrupt

    before = library.find_clusters(5)
    with pytest.raises(KeyboardInterrupt):
        library.find_clusters(progress=Interrupting())
    assert library.clusters() == before


@pytest.mark.slow
def test_what_comes_and_goes_later_is_noticed(root):
    with Library.open(root) as library:
        library.find_clusters()
        library.import_from(Songs(more=5))
        now = library.clusters()
        assert (now.new, now.stale) == (5, True)
        assert library.find_clusters().new == 0
        assert not library.clusters().stale
        library.import_from(Songs(each=30))
        assert (library.clusters().new, library.clusters().stale) == (0, True)
        library.prune()
        assert len(library.cluster_names()) == len(library) == 90


def test_few_tracks_and_views_of_frames_are_refused(tmp_path, scanned):
    small = library_of(Songs(each=1), tmp_path / "small")
    with (
        Library.open(small) as library,
        pytest.raises(LibraryError, match="3 tracks with vectors to compare"),
    ):
        library.find_clusters()
    with Library.open(scanned) as library:
        with pytest.raises(UsageError, match="clustering needs one vector a track"):
            library.find_clusters(view="descriptors-1/frames/raw")
        assert library.clusters().items == ()


def test_sounds_that_are_alike_are_together(scanned, tmp_path):
    import shutil

    root = shutil.copytree(scanned, tmp_path / "copy")
    with Library.open(root) as library:
        clusters = library.find_clusters(3)
        genres = {cluster.genres[0]: cluster for cluster in clusters}
        assert set(genres) == {("low", 1.0), ("high", 1.0), ("noise", 1.0)}
        words = {name: {word for word, _ in cluster.words} for (name, _), cluster in genres.items()}
        assert "dark" in words["low"]
        assert "noisy" in words["noise"]
        assert "tonal" in words["low"] | words["high"]


@pytest.mark.slow
def test_the_command_shows_progress_unless_quiet(root, segue, monkeypatch):
    monkeypatch.setattr("segue.display.terminal.LINE_EVERY_S", 0)
    code, _, err = segue("-l", root, "clusters")
    lines = err.splitlines()
    assert code == 0
    assert re.fullmatch(r"clusters: 2 of \d+ clusters, [\d.]+/s, \d+ s left", lines[0])
    assert lines[-1] == "clusters: naming the clusters and writing to disk"
    assert segue("-l", root, "clusters", "--quiet")[2] == ""


def test_the_command_finds_clusters_and_shows_them(root, segue):
    at = ("-l", root)
    code, out, err = segue(*at, "clusters", "--show")
    assert (code, out) == (0, "")
    assert "no clusters yet; find some with: segue --library" in err
    code, _, err = segue(*at, "similar", "wild 3", "--cluster", "1")
    assert code == 2
    assert "no clusters" in err
    code, out, err = segue(*at, "clusters")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["no.", "name", "tracks", "genres", "typical", "tracks"]
    assert len(lines) == 4
    assert "metal 100%, rock 100%" in out
    assert segue(*at, "clusters", "--show")[1] == out
    code, out, _ = segue(*at, "clusters", "--k", "2", "--json")
    found = json.loads(out)
    assert (code, len(found["clusters"]), found["stale"]) == (0, 2, False)
    first = found["clusters"][0]
    assert set(first) == {"number", "name", "size", "words", "labels", "central", "genres", "color"}
    code, out, _ = segue(*at, "similar", "wild 3", "--cluster", first["name"], "--json", "-k", "100")
    assert len(json.loads(out)["matches"]) in (first["size"], first["size"] - 1)
    code, _, err = segue(*at, "clusters", "--show", "--k", "3")
    assert code == 2
    assert "leave out --k and --view" in err
    assert segue(*at, "clusters", "--k", "1000")[0] == 2


@pytest.mark.slow
def test_the_command_says_that_the_library_has_changed(root, segue):
    at = ("-l", root)
    segue(*at, "clusters")
    with Library.open(root) as library:
        library.import_from(Songs(more=2))
    assert "in no cluster: 2 tracks added since" in segue(*at, "clusters", "--show")[2]
    segue(*at, "clusters")
    with Library.open(root) as library:
        library.import_from(Songs(each=20))
    assert "the library has changed since" in segue(*at, "clusters", "--show")[2]


def test_exports_have_a_column_once_there_are_clusters(root, segue):
    at = ("-l", root)
    _, out, _ = segue(*at, "export", "--format", "csv")
    assert "cluster" not in out.splitlines()[0].split(",")
    segue(*at, "clusters")
    _, out, _ = segue(*at, "export", "--format", "csv")
    with Library.open(root) as library:
        names = library.cluster_names()
    assert {row["id"]: row["cluster"] for row in csv.DictReader(out.splitlines())} == names
    _, out, _ = segue(*at, "export", "--format", "json")
    assert {row["id"]: row["cluster"] for row in json.loads(out)} == names
    _, out, _ = segue(*at, "info", "wild 3")
    assert "cluster" in out
