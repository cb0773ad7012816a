"""What a text means as a seed: one track, or several that go by one name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.errors import AmbiguousQueryError, AudioError, TrackNotFoundError, UsageError
from segue.library import Library
from segue.track import Track
from tests.conftest import SR, tone
from tests.written_library import new_library, song


def by(artist: str, album: str, *titles: str, folder: str | None = None, **tags) -> list:
    place = folder or f"/music/{artist}/{album}"
    return [
        song(f"{place}/{i:02d} {title}.flac", title=title, artist=artist, album=album, track_number=i, **tags)
        for i, title in enumerate(titles, 1)
    ]


SONGS = [
    *by("The Björks", "Début", "Dawn", "Noon", "Dusk"),
    *by("The Björks", "Hits", "Dawn (2011 Remaster)", "Night"),
    *by("Iron Vesper", "Hits", "Oath", "Iron", "Vesper Bell"),
    *by("Iron Vesper", "Crown", "Crown", "Ash"),
    *by("Ash", "1977", "Girl", "Angel"),
    *by("Cat", "Various", "One", folder="/music/mix", album_artist="Many Hands"),
    *by("Dog", "Various", "Two", folder="/music/mix", album_artist="Many Hands"),
    song("/music/loose/Dawn.mp3", title="Dawn", artist="Somebody Else"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("seeds") / "library"
    with new_library(root, SONGS) as library:
        ids = {track.title: track.id for track in library}
        library.playlists.create("Evening", [ids["Dusk"], ids["Night"], ids["Dusk"]])
        library.playlists.create("Crown", [ids["Oath"]])
        library.playlists.create("Empty", [])
        library.feedback.record_plays([(ids["Girl"], 10.0), (ids["Noon"], 30.0), (ids["Oath"], 20.0)])
    return root


@pytest.fixture
def library(root: Path) -> Iterator[Library]:
    with Library.open(root, embedders=["descriptors"]) as opened:
        yield opened


def titles(library: Library, text: str) -> list[str]:
    return [seed.title for seed in library.seed_group(text).seeds if isinstance(seed, Track)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("artist:iron vesper", ["Ash", "Crown", "Oath", "Iron", "Vesper Bell"]),
        ("Artist: THE BJORKS", ["Dawn", "Noon", "Dusk", "Dawn (2011 Remaster)", "Night"]),
        ("album:debut", ["Dawn", "Noon", "Dusk"]),
        ("album:Iron Vesper - Hits", ["Oath", "Iron", "Vesper Bell"]),
        ("album:various", ["One", "Two"]),
        ("playlist:evening", ["Dusk", "Night"]),
        ("folder:/music/mix", ["One", "Two"]),
        ("recent:2", ["Noon", "Oath"]),
    ],
)
def test_explicit_names_mean_one_thing_for_certain(library: Library, text: str, expected: list[str]):
    assert sorted(titles(library, text)) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "expected", "told"),
    [
        ("iron vesper", 5, "5 tracks by Iron Vesper"),
        ("BJORKS", 5, "5 tracks by The Björks"),
        ("Début", 3, "3 tracks of the album Début by The Björks"),
        ("evening", 2, "2 tracks of the playlist Evening"),
        ("/music/mix/", 2, "2 tracks of the folder music/mix"),
        ("recent", 3, "the 3 tracks played last"),
        ("many hands", 2, "2 tracks by Many Hands"),
        ("noon", 1, "The Björks - Noon"),
        ("the björks - noon", 1, "The Björks - Noon"),
        ("vesp bel", 1, "Iron Vesper - Vesper Bell"),
        ("mix", 2, "2 tracks of the folder music/mix"),
        ("Loose", 1, "1 track of the folder music/loose"),
    ],
)
def test_plain_names_are_understood(library: Library, text: str, expected: int, told: str):
    group = library.seed_group(text)
    assert (len(group.seeds), group.text) == (expected, told)


def test_an_exact_title_beats_an_artist_an_album_and_a_playlist(library: Library):
    assert titles(library, "crown") == ["Crown"]
    assert titles(library, "ash") == ["Ash"]
    assert titles(library, "artist:ash") == ["Girl", "Angel"]


def test_copies_of_one_recording_mean_the_best(tmp_path: Path):
    copies = [
        song("/m/a.mp3", title="Song", artist="Duo", album="First"),
        song("/m/b.flac", title="Song (2009 Remaster)", artist="Duo", album="Best Of"),
        song("/m/c.flac", title="SONG", album="Untagged"),
    ]
    with new_library(tmp_path / "library", copies) as library:
        assert library.find("song").title in ("Song", "SONG")
        assert len(library.seed_group("song").seeds) == 1


def test_different_pieces_of_one_name_are_listed(library: Library):
    with pytest.raises(AmbiguousQueryError, match="2 tracks match 'dawn'") as caught:
        library.similar("dawn")
    seeds = [seed for seed, _ in caught.value.choices]
    assert {library.find(seed).artist for seed in seeds} == {"The Björks", "Somebody Else"}


def test_albums_of_one_title_by_several_artists_are_listed_each_with_what_names_it(library: Library):
    with pytest.raises(AmbiguousQueryError, match="2 things") as caught:
        library.similar("hits")
    assert [seed for seed, _ in caught.value.choices] == [
        "album:The Björks - Hits",
        "album:Iron Vesper - Hits",
    ]
    for seed, text in caught.value.choices:
        assert library.seed_group(seed).text == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("artist:polka", "no track has the artist 'polka'; there are"),
        ("album:polka", "no track has the album 'polka'; there are"),
        ("playlist:polka", "no playlist 'polka'; there are: "),
        ("folder:/nowhere", "no track lies below '/nowhere'"),
        ("/music/nowhere.flac", "there is no such file or folder; no track matches '/music/nowhere.flac'"),
        ("artist:", "artist: names no artist"),
        ("playlist:Empty", "no playlist 'Empty'"),
        ("polka", "no track matches 'polka'"),
        ("polka\0b", "no track matches"),
        ("polka " * 100, "no track matches"),
        ("~polka/dance", "no track matches"),
        ("~polka", "no track matches"),
    ],
)
def test_what_there_is_not_is_told_with_what_there_is(library: Library, text: str, words: str):
    with pytest.raises(TrackNotFoundError) as caught:
        library.similar(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("Iron Vespr", "'Iron Vesper' (artist)"),
        ("Irn Vesper", "'Iron Vesper' (artist)"),
        ("Ron Vespper", "'Iron Vesper' (artist)"),
        ("IronVesper", "'Iron Vesper' (artist)"),
        ("Dusck", "'Dusk' (title)"),
        ("the bjorkks", "'The Björks' (artist)"),
        ("vesper bel crown", "'Vesper Bell' (title)"),
        ("ash gril", "'Ash Girl' (track)"),
        ("Debuut", "'Début' (album)"),
        ("Many Hnds", "'Many Hands' (artist)"),  # of an album alone
        ("/music/nowhere/Vespr Bell.flac", "'Vesper Bell' (title)"),
    ],
)
def test_a_seed_that_is_spelled_wrong_is_told_the_nearest_names(library: Library, text: str, nearest: str):
    with pytest.raises(TrackNotFoundError) as caught:
        library.similar(text)
    assert f"did you mean {nearest}" in str(caught.value)
    name = nearest.split("'")[1]
    assert library.seed_group(name).seeds


def test_where_one_track_is_meant_no_artist_is_offered(library: Library):
    with pytest.raises(TrackNotFoundError) as caught:
        library.find("Iron Vespr")
    assert "(artist)" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["polka", "", " ", "'", "\0", "\ud800", "*" * 50, "\U0010ffff" * 3, "x" * 10_000]
)
def test_what_is_like_nothing_has_no_near_names(library: Library, text: str):
    assert library.catalog.tracks.near_names(text) == []


def test_files_without_tags_are_near_by_the_names_of_their_files(tmp_path: Path):
    with new_library(tmp_path, [song("/music/Slow Waltz.flac", title=None)]) as library:
        assert library.catalog.tracks.near_names("slow walz") == [("Slow Waltz", "title")]


def test_a_path_to_a_file_means_that_file_and_not_a_track_of_its_name(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    soundfile.write(tmp_path / "Dawn.mp3", tone(440), SR, format="WAV")
    (tmp_path / "Night").write_bytes(b"no sound")
    monkeypatch.chdir(tmp_path)
    assert library.seed_group("Dawn.mp3").text == "Dawn.mp3"
    assert titles(library, "Night") == ["Night"]  # without an ending or a folder it may be a title
    with pytest.raises(AudioError):
        library.seed_group("./Night")
    with pytest.raises(AmbiguousQueryError):  # a name is no path where paths are not taken
        library.seed_group("Dawn", paths=False)


def test_every_title_artist_and_album_is_a_seed_or_a_choice(library: Library):
    for track in library:
        names = [track.title, f"artist:{track.artist}"]
        if track.tags.album:
            names.append(f"album:{track.tags.album_artist or track.artist} - {track.tags.album}")
        for name in names:
            try:
                seeds = library.seed_group(name).seeds
            except AmbiguousQueryError as error:
                seeds = error.matches
            assert track.artist in [seed.artist for seed in seeds if isinstance(seed, Track)], name


def test_several_tracks_of_one_name_are_no_answers_and_are_named(library: Library):
    found = library.similar("artist:Iron Vesper", k=5)
    assert found.seeds == ("5 tracks by Iron Vesper",)
    assert "Iron Vesper" not in {match.track.artist for match in found}
    assert library.playlist(["Evening", "Girl"], k=3).seeds == (
        "2 tracks of the playlist Evening",
        "Ash - Girl",
    )


def test_an_artist_counts_as_much_as_one_track(library: Library):
    girl = library.find("Girl")
    by_name = library.similar(["artist:Iron Vesper", girl], k=3)
    center = library.vector_of(girl) + mean_direction(library, "artist:Iron Vesper")
    by_vector = library.similar_to_vector(center, k=12)
    among = [match.track.id for match in by_vector if match.track.id in {m.track.id for m in by_name}]
    assert among == [match.track.id for match in by_name]


def mean_direction(library: Library, text: str):
    import numpy as np

    vectors = [library.vector_of(seed) for seed in library.seed_group(text).seeds]
    mean = np.mean(vectors, axis=0)
    return mean / np.linalg.norm(mean)


def test_somebody_may_choose_which_one_is_meant(library: Library):
    asked: list[str] = []

    def choose(error: AmbiguousQueryError) -> str:
        asked.append(str(error))
        return error.choices[1][0]

    library.recommender.choose = choose
    assert library.similar("hits", k=1).seeds == ("3 tracks of the album Hits by Iron Vesper",)
    assert library.find("dawn").title == "Dawn"
    assert len(asked) == 2


def test_one_track_is_asked_for_where_only_one_will_be_taken(library: Library):
    with pytest.raises(AmbiguousQueryError):
        library.find("artist:Iron Vesper")
    with pytest.raises(UsageError, match="one track is needed"):
        library.find(library.seed_group("artist:Iron Vesper"))


def test_names_are_suggested_as_they_are_typed(library: Library):
    assert [found.seed for found in library.suggest_seeds("iron")] == ["artist:Iron Vesper"]
    assert [found.seed for found in library.suggest_seeds("CROWN")] == [
        "album:Iron Vesper - Crown",
        "playlist:Crown",
    ]
    assert library.suggest_seeds("polka") == []


def test_the_command_says_what_it_starts_from(segue, root: Path):
    code, out, err = segue("-l", root, "similar", "iron vesper", "-k", "2")
    assert code == 0
    assert "seed: 5 tracks by Iron Vesper" in err
    code, out, _ = segue("-l", root, "similar", "album:début", "-k", "2", "--json")
    assert json.loads(out)["seeds"] == ["3 tracks of the album Début by The Björks"]


def test_without_a_terminal_the_command_lists_the_choices(segue, root: Path):
    code, out, err = segue("-l", root, "similar", "hits", "--json")
    assert (code, out) == (2, "")
    assert "album:Iron Vesper - Hits" in err
    assert "3 tracks of the album Hits by Iron Vesper" in err


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (np.ones(3, np.float32), "similar_to_vector"),
        ([0.5, 0.5], "similar_to_vector"),
        (np.ones((2, 3)), "similar_to_vector"),
        (3, "not int"),
        ([None], "not NoneType"),
    ],
)
def test_what_is_no_seed_is_refused_and_not_read_as_a_title(root: Path, seed, words: str):
    with Library.open(root) as library:
        with pytest.raises(UsageError, match=words):
            library.similar(seed)
        with pytest.raises(UsageError, match="a seed is a text, a path or a track"):
            library.explain(seed, "Night")
        near = library.similar("Night", k=1)
        with pytest.raises(UsageError, match="not Match; take its track"):
            library.similar(near[0])


def test_an_exact_title_is_meant_before_one_with_other_accents(tmp_path: Path):
    songs = [song(f"{i}.wav", title=title) for i, title in enumerate(["Café", "Cafe", "Other", "café"])]
    with new_library(tmp_path / "library", songs) as library:
        assert library.seed_group("cafe").seeds[0].title == "Cafe"
        assert library.seed_group("CAFÈ").seeds[0].title in ("Café", "Cafe", "café")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Süße Lieder", "SUSSE LIEDER"),
        ("100%", "100%"),
        ("a_b", "A_B"),
        ("back\\slash", "back\\slash"),
        ("Юг", "юг"),
        ("odd\udcff", "odd\udcff"),
    ],
)
def test_a_folder_is_found_by_its_name_in_other_letters(tmp_path: Path, name: str, text: str):
    songs = [song(f"/music/{folder}/{i}.flac", title="Z") for i, folder in enumerate([name, "other", "a-b"])]
    with new_library(tmp_path, songs) as library:
        found = library.seed_group(text)
        assert [seed.path for seed in found.seeds if isinstance(seed, Track)] == [f"/music/{name}/0.flac"]


@pytest.mark.parametrize("key", [1, slice(3), None, b"abc"])
def test_a_library_is_asked_by_ids_alone(root: Path, key):
    with Library.open(root) as library, pytest.raises(UsageError, match="a track's id is a text, not"):
        library[key]
