"""Versions of one recording are one answer; other performances of a piece are apart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segue.errors import UsageError
from segue.library import Library, Where
from segue.recordings import Versions, plain_title, quality, same_name
from segue.recordings.contours import contour, correlation
from segue.track import Tags, Track, TrackId
from tests.recordings import SR, brighter, encode, performance, write

PIECES = ("Alder", "Birch", "Cedar")


def make_music(folder: Path) -> Path:
    """Three pieces of six versions, each with two other performances."""
    for seed, title in enumerate(PIECES):
        y = performance(seed)
        tags = {"title": title, "artist": "The Players"}
        write(folder / title / "whole.flac", y, **tags, album="Trees")
        encode(folder / title / "small.mp3", y, "libmp3lame", 128_000, **tags)
        encode(folder / title / "small.m4a", y, "aac", 96_000, **tags)
        write(
            folder / title / "remaster.flac",
            brighter(y),
            title=f"{title} (2011 Remaster)",
            artist="The players",
        )
        write(folder / title / "late.flac", np.concatenate([np.zeros(SR // 2, np.float32), y]), **tags)
        write(folder / title / f"{title}.flac", y / 2)
        write(
            folder / "Live" / f"{seed}.flac",
            performance(seed, timing=1),
            title=f"{title} (Live)",
            artist="The Players",
        )
        write(folder / "Again" / f"{seed}.flac", performance(seed, timing=2), **tags)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions")
    with Library.open(folder / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(make_music(folder / "music"))
    return folder


@pytest.fixture
def library(root: Path) -> Iterator[Library]:
    with Library.open(root / "library") as library:
        yield library


def folders_of(library: Library, versions: Versions) -> list[set[str]]:
    tracks = [library.tracks.by_keys(group).values() for group in versions.groups]
    return [{Path(track.path).parent.name for track in group} for group in tracks]


def track_named(library: Library, end: str) -> Track:
    return next(track for track in library if track.path.endswith(end))


# In a library


def test_all_versions_of_a_recording_are_one_group_and_other_performances_are_in_none(library):
    versions = library.recommender.session().versions
    assert [len(group) for group in versions.groups] == [6, 6, 6]
    assert sorted(map(sorted, folders_of(library, versions))) == [[title] for title in PIECES]


def test_similar_gives_each_recording_once_by_its_best_version(library):
    answers = library.similar(track_named(library, "Alder/small.mp3"), k=8)
    titles = [match.track.title for match in answers]
    assert len(answers) == 8  # two recordings and six other performances
    assert len(set(titles)) == 8 - 2  # another performance has the title of the recording
    best = [match for match in answers if match.versions]
    assert [match.track.codec for match in best] == ["flac", "flac"]
    assert {Path(match.track.path).parent.name for match in best} == {"Birch", "Cedar"}
    assert all(len(match.versions) == 5 for match in best)
    assert answers.shortfall is None


def test_versions_of_the_seed_are_no_answers(library):
    answers = library.similar(track_named(library, "Birch/Birch.flac"), k=100)
    assert "Birch" not in {Path(match.track.path).parent.name for match in answers}
    assert {match.track.title for match in answers} >= {"Birch (Live)", "Birch"}


def test_the_best_version_that_meets_the_conditions_is_shown(library, root):
    seed = track_named(library, "Birch/whole.flac")
    where = Where(folder=root / "music" / "Cedar", artist="The Players", duration_s=(20.3, None))
    (answer,) = library.similar(seed, where=where)
    assert answer.track.path.endswith("late.flac")
    assert len(answer.versions) == 5


def test_groups_are_of_recordings_with_all_their_versions(root, tmp_path):
    with Library.open(shutil.copytree(root / "library", tmp_path / "library")) as library:
        clusters = library.find_clusters(9)
        assert sorted(cluster.size for cluster in clusters) == [1] * 6 + [6] * 3
        numbers = library.cluster_numbers(list(library))
        for group in library.recommender.session().versions.groups:
            tracks = library.tracks.by_keys(group).values()
            assert len({numbers[track.id] for track in tracks}) == 1
        with pytest.raises(UsageError, match="of 9 tracks, 2 to 9 clusters are possible"):
            library.find_clusters(10)


def test_a_playlist_has_each_recording_once(library):
    answers = library.playlist(track_named(library, "Live/0.flac"), k=20)
    places = [Path(match.track.path).parent.name for match in answers]
    assert sorted(place for place in places if place in PIECES) == sorted(PIECES)


def test_a_journey_has_each_recording_once_and_tells_the_versions_of_its_ends(library):
    start, end = track_named(library, "Alder/small.mp3"), track_named(library, "Cedar/small.m4a")
    answers = library.journey(start, end, k=8)
    assert answers[0].track.id == start.id
    assert len(answers[0].versions) == 5
    places = [Path(match.track.path).parent.name for match in answers]
    assert [places.count(title) for title in PIECES] in ([1, 0, 1], [1, 1, 1])


def test_a_search_has_each_recording_once(library):
    found = library.search("Alder")
    assert found.total == len(found) == 3
    assert sorted(len(match.versions) for match in found) == [0, 0, 5]


def test_what_was_found_is_kept_and_new_tracks_are_compared_with_it(root, tmp_path):
    shutil.copytree(root / "library", tmp_path / "library")
    copy = tmp_path / "more" / "copy.mp3"
    copy.parent.mkdir()
    shutil.copy(root / "music" / "Alder" / "small.mp3", copy)
    encode(tmp_path / "more" / "tiny.mp3", performance(1), "libmp3lame", 64_000, title="Birch")
    with Library.open(tmp_path / "library") as library:
        library.scan(tmp_path / "more")
        groups = library.recommender.session().versions.groups
        assert sorted(map(len, groups)) == [6, 7, 7]
        (tmp_path / "library" / "index" / "versions.index").unlink()
        with Library.open(tmp_path / "library") as anew:
            assert set(anew.recommender.session().versions.groups) == set(groups)


def test_a_damaged_file_of_versions_is_made_anew(root, tmp_path):
    shutil.copytree(root / "library", tmp_path / "library")
    path = tmp_path / "library" / "index" / "versions.index"
    path.write_bytes(path.read_bytes()[:-7])
    with Library.open(tmp_path / "library") as library:
        assert len(library.recommender.session().versions.groups) == 3


def test_very_short_copies_are_one_recording_where_their_names_agree(tmp_path):
    notes = {name: performance(seed, 2.0) for seed, name in enumerate(["Ding", "Dong", "Bell"])}
    for name, y in notes.items():
        write(tmp_path / "music" / f"{name}.flac", y, title=name, artist="The Players")
    encode(
        tmp_path / "music" / "d.mp3", notes["Ding"], "libmp3lame", 96_000, title="DING", artist="The players"
    )
    encode(tmp_path / "music" / "x.mp3", notes["Dong"], "libmp3lame", 96_000, title="Another", artist="Them")
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
        (recording,) = library.duplicates()
    assert [Path(copy.track.path).name for copy in recording.copies] == ["Ding.flac", "d.mp3"]


# Contours


def test_contours_of_one_sound_agree_whatever_its_level_and_offset(rng):
    windows = rng.standard_normal((12, 20)).astype(np.float32)
    assert correlation(contour(windows), contour(3 * windows + 5)) == pytest.approx(1, abs=1e-5)


def test_contours_of_a_sound_that_begins_a_third_of_a_window_later_agree(rng):
    windows = rng.standard_normal((12, 20)).astype(np.float32)
    late = 0.66 * windows[1:] + 0.34 * windows[:-1]
    assert correlation(contour(windows[1:]), contour(late)) > 0.9


def test_contours_of_different_sounds_do_not_agree(rng):
    one, other = rng.standard_normal((2, 12, 40)).astype(np.float32)
    assert abs(correlation(contour(one), contour(other))) < 0.3


def test_a_sound_that_never_changes_agrees_with_none():
    still = contour(np.ones((6, 4), np.float32))
    assert correlation(still, still) == -1


# Names


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Heroes (2017 Remaster)", "heroes"), ("Heroes - 2017 Remaster", "heroes"),
        ("Heroes [Mono]", "heroes"), ("Été", "ete"),
        ("Heroes (Radio Edit)", "heroes"), ("Heroes (1977)", "heroes"), ("Heroes (Live)", "heroes (live)"),
        ("Heroes (Live, 2005 Remaster)", "heroes (live, 2005 remaster)"), ("(Remastered)", "(remastered)"),
    ],
)  # fmt: skip
def test_plain_titles_have_no_edition(title, plain):
    assert plain_title(title) == plain


def made(
    title: str | None = None, artist: str | None = None, path: str = "/x/y.mp3", codec: str = "mp3"
) -> Track:
    return Track(TrackId("0"), path, Tags(title, artist), 180.0, 44_100, 2, codec, 3_000_000, "hash", 0.0)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (made("Heroes", "Bowie"), made("HEROES (Remastered)", "bowie"), True),
        (made("Heroes", "Bowie feat. Eno"), made("Heroes", "Eno & Bowie"), True),
        (made("Heroes", "Bowie"), made("Heroes", None), True),
        (made("Heroes", "Bowie"), made("Heroes", "Somebody"), None),
        (made("Heroes", "Bowie"), made("Heroes (Live)", "Bowie"), False),
        (made("Heroes", "Bowie"), made(path="/x/03 - Bowie_Heroes.mp3"), True),
        (made("Heroes", "Bowie"), made("Track 3", path="/x/03.mp3"), None),
        (made("Intro", "Bowie"), made("Outro", "Bowie"), False),
        (made(path="/x/01.mp3"), made(path="/y/01.flac"), None),
    ],
)
def test_names_speak_for_one_recording_or_against_it_or_say_nothing(a, b, same):
    assert same_name(a, b) is same_name(b, a) is same


def test_the_best_version_is_lossless_then_of_more_bits_then_of_more_tags():
    small, large = made("a"), replace(made("a"), size=6_000_000)
    tagged, whole = made("a", "b"), made(codec="flac")
    assert sorted([whole, large, tagged, small], key=quality) == [small, tagged, large, whole]


def test_of_several_versions_the_place_of_the_first_is_taken():
    versions = Versions(((3, 1), (7, 8, 9)))
    keys = np.array([8, 1, 5, 3, 9])
    np.testing.assert_array_equal(versions.one_each(keys), [0, 1, 2])
    first, numbers = versions.split(keys)
    np.testing.assert_array_equal(keys[first][numbers], [8, 1, 5, 1, 8])
    first, numbers = Versions().split(keys)
    np.testing.assert_array_equal(keys[first][numbers], keys)
    assert versions.versions_of(9) == (7, 8, 9)
    assert versions.recording_of(5) == 5
