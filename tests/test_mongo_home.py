"""Libraries that share a database: scans with --catalog on real small files, and servers that go away."""

from __future__ import annotations

import numpy as np
import pytest
from pymongo import MongoClient

import segue.cli.scan
import segue.library.shared_catalog
from segue.errors import SourceError
from segue.library import Library
from segue.library.shared_catalog import SharedCatalog
from tests.conftest import tag
from tests.mongo_server import fixtures, give_up_soon
from tests.sounds import write

kept_server, server, uri = fixtures()
# nx-27017 0.8 does not replace documents with binary data.
replacing = pytest.mark.parametrize("kept_server", ["secantusdb"], indirect=True)


@pytest.fixture
def database(server, uri):
    with MongoClient(uri) as client:
        yield client.get_default_database()


class House:
    """A folder of music and the library of it."""

    def __init__(self, folder, segue, uri):
        self.music, self.root, self._segue, self._uri = folder / "music", folder / "library", segue, uri
        self.music.mkdir(parents=True)

    def hears(self, *pitches):
        for hz in pitches:
            path = write(self.music / f"{hz} Hz.flac", clip_of(hz), 8_000)
            tag(path, artist="Ada")
        return self

    def scan(self, expected=0):
        code, out, err = self._segue(
            "-l", self.root, "scan", self.music, "-e", "descriptors", "--catalog", self._uri, "-q"
        )
        assert code == expected, (out, err)
        return out, err

    def prune(self):
        assert self._segue("-l", self.root, "prune", "--yes")[0] == 0

    def titles(self):
        with Library.open(self.root) as library:
            return sorted(track.title for track in library if track.missing_since is None)

    def nearest(self, title):
        with Library.open(self.root) as library:
            return [
                match.track.title for match in library.similar(library.tracks.search(title)[0], k=20).matches
            ]

    def vectors(self):
        with Library.open(self.root) as library:
            ids, matrix = library.vectors()
            titles = [library[i].title for i in ids]
        return {title: row.tobytes() for title, row in zip(titles, matrix, strict=True)}


def clip_of(hz):
    t = np.arange(4_800) / 8_000
    noise = np.random.default_rng(hz).normal(0, 0.02, len(t))
    return 0.3 * np.sin(2 * np.pi * hz * t) + noise


@pytest.fixture
def house(tmp_path, segue, uri):
    return lambda name, address=uri: House(tmp_path / name, segue, address)


@pytest.fixture
def soon(uri, monkeypatch):
    """The address, for tests that kill its server."""
    return give_up_soon(monkeypatch, uri)


@pytest.mark.slow
def test_libraries_take_each_other_s_tracks(house, database):
    a, b = house("a").hears(200, 400, 1600), house("b").hears(410, 1650)
    out, _ = a.scan()
    assert "3 added" in out
    assert "from other libraries" not in out
    out, _ = b.scan()
    assert "tracks: 2 added" in out
    assert "from other libraries: 3 added, 0 changed, 0 unchanged, 0 failed" in out
    a.scan()
    everything = sorted(f"{hz} Hz" for hz in (200, 400, 410, 1600, 1650))
    assert a.titles() == b.titles() == everything
    assert a.vectors() == b.vectors()
    assert set(a.nearest("410")) == set(everything) - {"410 Hz"}
    assert a.nearest("410")[0] == b.nearest("410")[0] == "400 Hz"
    assert b.nearest("1600")[0] == "1650 Hz"
    assert database.tracks.count_documents({}) == 5
    with Library.open(b.root) as library:
        track = library.tracks.search("1600")[0]
    assert (track.has_file, track.artist) == (False, "Ada")
    assert track.details["path"] == str(a.music / "1600 Hz.flac")


@pytest.mark.slow
def test_a_second_scan_changes_nothing(house, database):
    a, b = house("a").hears(200, 400), house("b").hears(800)
    a.scan()
    b.scan()
    before = list(database.tracks.find().sort("_id"))
    out, _ = b.scan()
    assert "tracks: 1 unchanged" in out
    assert "from other libraries: 0 added, 0 changed, 2 unchanged, 0 failed" in out
    assert list(database.tracks.find().sort("_id")) == before


@pytest.mark.slow
@replacing
def test_what_is_deleted_at_one_goes_at_the_other(house, database):
    a, b = house("a").hears(200, 400), house("b").hears(800)
    a.scan()
    b.scan()
    (a.music / "400 Hz.flac").unlink()
    a.scan()
    assert b.titles() == ["200 Hz", "400 Hz", "800 Hz"]
    out, _ = b.scan()
    assert "1 gone" in out
    assert b.titles() == ["200 Hz", "800 Hz"]
    a.prune()
    assert "1 deleted" in a.scan()[0]
    b.scan()
    b.prune()
    assert database.tracks.count_documents({}) == 2
    with Library.open(b.root) as library:
        assert len(library) == 2


@pytest.mark.slow
@replacing
def test_a_changed_tag_comes_through(house):
    a, b = house("a").hears(200, 400), house("b").hears(800)
    a.scan()
    b.scan()
    tag(a.music / "400 Hz.flac", title="Four Hundred")
    a.scan()
    assert "1 changed" in b.scan()[0]
    assert b.titles() == ["200 Hz", "800 Hz", "Four Hundred"]


@pytest.mark.slow
def test_one_that_both_have_is_there_once_and_outlives_its_first_owner(house, database):
    a, b = house("a").hears(200, 400), house("b").hears(400, 800)
    a.scan()
    out, _ = b.scan()
    assert "1 written by another library and left" in out
    assert b.titles() == ["200 Hz", "400 Hz", "800 Hz"]
    assert database.tracks.count_documents({}) == 3
    (a.music / "400 Hz.flac").unlink()
    with Library.open(a.root) as library:
        library.scan(a.music)
    a.prune()
    a.scan()
    b.scan()
    a.scan()
    assert a.titles() == b.titles() == ["200 Hz", "400 Hz", "800 Hz"]
    assert database.tracks.count_documents({}) == 3


def test_a_library_without_tracks_of_its_own_takes_those_of_others(house, database):
    a, listener = house("a").hears(200, 400), house("listener")
    a.scan()
    for _ in range(2):
        listener.scan(expected=2)  # as of any scan that finds nothing
        assert listener.titles() == ["200 Hz", "400 Hz"]
    assert database.tracks.count_documents({}) == 2
    assert listener.nearest("200") == ["400 Hz"]


def test_documents_that_others_have_damaged_fail_alone(house, database):
    a, b = house("a").hears(200, 400, 800, 1600), house("b").hears(500)
    a.scan()
    ids = {document["path"].rsplit("/")[-1]: document["_id"] for document in database.tracks.find()}
    database.tracks.update_one({"_id": ids["200 Hz.flac"]}, {"$set": {"hash": "no digits"}})
    database.tracks.update_one({"_id": ids["400 Hz.flac"]}, {"$set": {"vectors": {"descriptors-1": [1.0]}}})
    database.tracks.update_one({"_id": ids["800 Hz.flac"]}, {"$set": {"duration_s": "long", "labels": 3}})
    database.tracks.insert_one({"_id": 5, "somebody": "else's"})
    out, _ = b.scan(expected=1)
    assert "from other libraries: 2 added, 0 changed, 0 unchanged, 2 failed" in out
    assert b.titles() == ["1600 Hz", "500 Hz", "800 Hz"]
    with Library.open(b.root) as library:
        assert len(library.failures()) == 2


def test_spaces_of_a_later_version_are_reported(house, database):
    house("a").hears(200).scan()
    spec = database.segue_spaces.find_one()["spec"]
    database.segue_spaces.insert_one({"_id": "new-1", "spec": spec.replace('"dim"', '"size"')})
    b = house("b").hears(800)
    _, err = b.scan(expected=1)
    assert "vectors of new-1, which this version of Segue does not know" in err
    assert b.titles() == ["800 Hz"]


@pytest.mark.slow
def test_a_server_that_is_down_is_reported_before_the_scan_begins(server, house, soon):
    a = house("a", soon).hears(200)
    server.kill()
    out, err = a.scan(expected=2)
    assert out == ""
    assert err.startswith("segue: no MongoDB answers at mongodb://127.0.0.1:")
    assert "a scan without --catalog needs no server" in err
    assert len(err.splitlines()) == 1
    assert not a.root.exists()


@pytest.mark.slow
def test_a_server_that_goes_away_during_the_scan_leaves_the_library_up_to_date(
    server, house, soon, monkeypatch
):
    a = house("a", soon).hears(200, 400)
    sync = segue.cli.scan.sync

    def kill_before(context, shared, **how):
        server.kill()
        return sync(context, shared, **how)

    monkeypatch.setattr(segue.cli.scan, "sync", kill_before)
    out, err = a.scan(expected=1)
    assert "2 added" in out
    assert "no MongoDB answers" in err
    assert a.titles() == ["200 Hz", "400 Hz"]
    monkeypatch.setattr(segue.cli.scan, "sync", sync)
    server.start()
    out, _ = a.scan()
    assert "tracks: 2 added" in out


@pytest.mark.slow
def test_a_server_that_goes_away_between_sending_and_taking(server, house, soon, monkeypatch):
    a, b = house("a", soon).hears(200, 400), house("b").hears(800)
    a.scan()
    with Library.open(b.root, create=True, embedders=["descriptors"]) as library:
        library.scan(b.music)
    export = segue.library.shared_catalog.export_mongo

    def export_and_die(*args, **how):
        report = export(*args, **how)
        server.kill()
        return report

    monkeypatch.setattr(segue.library.shared_catalog, "export_mongo", export_and_die)
    with pytest.raises(SourceError, match="no MongoDB answers"):
        SharedCatalog(soon).sync(b.root)
    assert b.titles() == ["800 Hz"]
    monkeypatch.setattr(segue.library.shared_catalog, "export_mongo", export)
    server.start()
    done = SharedCatalog(soon).sync(b.root)
    assert (done.sent.unchanged, done.received.added) == (1, 2)


def test_the_address_may_come_from_the_environment(house, uri, segue, monkeypatch, database):
    a = house("a").hears(200)
    monkeypatch.setenv("SEGUE_CATALOG", uri)
    code, out, _ = segue("-l", a.root, "scan", a.music, "-e", "descriptors", "-q")
    assert code == 0
    assert "tracks: 1 added" in out
    assert database.tracks.count_documents({}) == 1
