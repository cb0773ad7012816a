"""FMA's metadata, read from folders and archives of its shape."""

from __future__ import annotations

import numpy as np
import pytest

from segue.errors import LibraryError, SourceError
from segue.library import Library
from segue.sources.fma import FMA, LABELS, read_genres, splits
from segue.sources.fma.features import COLUMNS, DIMENSIONS, SPEC
from segue.sources.fma.tracks import ids_in, words_in, year_in
from tests.fma_files import (
    BIO,
    ECHONEST_COLUMNS,
    IDS,
    SPLIT_OF,
    SUBSET_OF,
    TRACK_COLUMNS,
    cells_of,
    features_of,
    packed,
    state_of,
    write_echonest,
    write_features,
    write_fma,
    write_raw_tracks,
    write_tracks,
)
from tests.source_contract import SourceContract


@pytest.fixture
def metadata(tmp_path):
    return write_fma(tmp_path / "fma_metadata", IDS)


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


def test_the_made_files_have_the_shape_of_the_published_ones(metadata):
    lines = (metadata / "tracks.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith(",album,album,")
    assert lines[0].endswith(",track,track")
    assert lines[1].startswith(",comments,date_created,")
    assert lines[1].endswith(",tags,title")
    assert lines[2] == "track_id" + "," * 52
    lines = (metadata / "features.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[:2] for line in lines[:3]] == [
        ["feature", "chroma_cens"],
        ["statistics", "kurtosis"],
        ["number", "01"],
    ]
    assert lines[3] == "track_id" + "," * 518
    assert len(COLUMNS) == 518 == len(set(DIMENSIONS))
    assert sorted(COLUMNS) == COLUMNS
    assert (len(TRACK_COLUMNS), len(ECHONEST_COLUMNS)) == (52, 10)


def test_a_track_is_what_its_row_says(library, metadata):
    report = library.import_from(FMA(metadata))
    assert (report.added, report.failed, report.exit_code) == (len(IDS), 0, 0)
    track = library.find("000005")
    assert track.tags.title == "Title 5"
    assert (track.artist, track.tags.album, track.tags.album_artist) == ("Artist 1", "Album 0", None)
    assert (track.tags.year, track.tags.track_number, track.duration_s) == (1995, 5, 105.0)
    assert (track.source, track.source_id, track.path) == ("fma", "000005", "fma:000005")
    assert track.tags.genre == "Rock; Punk"
    assert track.details == {
        "bit_rate": 256000,
        "listens": 50,
        "interest": 4656,
        "license": "Attribution-NonCommercial-ShareAlike 3.0 International",
        "date_created": "2008-11-26 01:48:12",
        "subset": "medium",
        "split": "training",
        "genres": [12, 25],
        "genres_all": [12, 25],
        "tags": ["lo-fi", "rock'n'roll"],
        "artist_id": 1,
        "album_id": 0,
        "location": 'Zürich, "downtown"',
    }
    assert library.find("155320").source_id == "155320"


def test_what_is_not_said_is_not_known(library, tmp_path):
    nothing = dict.fromkeys(TRACK_COLUMNS, "")
    changes = {7: nothing | {("track", "genres"): "[]"}, 8: {("album", "date_released"): ""}}
    library.import_from(FMA(write_fma(tmp_path / "fma", [7, 8, 12], changes=changes)))
    bare, dated, without_number = (library.find(name) for name in ("000007", "000008", "000012"))
    assert (bare.tags.title, bare.artist, bare.tags.genre, bare.tags.year, bare.details) == (None,) * 4 + (
        {},
    )
    assert (bare.duration_s, bare.url, library.labels(bare)) == (0.0, None, {})
    assert dated.tags.year == 2008  # when it came to the archive
    assert without_number.tags.track_number is None  # FMA says 0


def test_genres_are_labels_with_all_above_them_and_tags_with_the_root_first(library, metadata):
    library.import_from(FMA(metadata))
    heavy = library.find("000002")
    assert heavy.tags.genre == "Rock; Metal, Heavy"
    assert library.labels(heavy) == {LABELS: {"Metal, Heavy": 1.0, "Punk": 1.0, "Rock": 1.0}}
    assert library.find("000020").tags.genre == "Metal, Heavy"  # genre_top is empty there
    found = library.similar("000002", label="rock").matches
    rock = {i for i in IDS if 12 in ids_in(str(cells_of(i)["track", "genres_all"]))}
    assert {int(match.track.source_id) for match in found} == rock - {2}
    assert [t.source_id for t in library.tracks.search("freak folk")] == [
        f"{i:06}" for i in IDS if i % 6 == 4
    ]


def test_features_are_a_space_of_518_named_numbers(library, metadata):
    library.import_from(FMA(metadata))
    ids, vectors = library.vectors(SPEC.space)
    of = {library[i].source_id: vector for i, vector in zip(ids, vectors, strict=True)}
    assert of.keys() == {f"{i:06}" for i in IDS}
    for track_id in IDS:
        assert np.array_equal(of[f"{track_id:06}"], features_of(track_id))
    assert "mfcc_mean_01" in library.snapshot().spaces[SPEC.space].dimensions
    nearest = library.similar("000002", k=3, view="fma-features").matches
    assert {int(match.track.source_id) % 6 for match in nearest} == {2}


def test_features_are_joined_by_id_in_whatever_order_they_come(library, metadata, tmp_path, rng):
    FMA_sorted = FMA(metadata)
    library.import_from(FMA_sorted)
    shuffled = rng.permutation(IDS).tolist()
    write_features(
        metadata / "features.csv",
        [99, *shuffled[:5], 7, *shuffled[5:], 200_000],
        columns=rng.permutation(len(COLUMNS)),
        index_line=False,
    )
    report = library.import_from(FMA(metadata))
    assert (report.unchanged, report.changed, report.failed) == (len(IDS), 0, 0)
    write_tracks(metadata / "tracks.csv", rng.permutation(IDS).tolist(), index_line=False)
    report = library.import_from(FMA(metadata))
    assert (report.unchanged, report.failed) == (len(IDS), 0)
    archive = packed(metadata, tmp_path / "fma_metadata.zip")
    assert library.import_from(FMA(archive)).unchanged == len(IDS)


def test_the_published_archive_is_read_as_it_is(tmp_path, metadata):
    states = []
    for i, source in enumerate((metadata, metadata.parent, packed(metadata, tmp_path / "metadata.zip"))):
        with Library.open(tmp_path / f"library {i}", create=True) as library:
            assert library.import_from(FMA(source)).added == len(IDS)
            states.append(state_of(library))
    assert states[0] == states[1] == states[2]


def test_lines_of_text_within_a_cell_do_not_disturb_the_rows(metadata):
    text = (metadata / "tracks.csv").read_text("utf-8")
    assert BIO.replace('"', '""') in text
    (batch,) = FMA(metadata).batches()
    assert list(batch.ids) == [f"{i:06}" for i in IDS]
    assert batch.done == (metadata / "tracks.csv").stat().st_size


def test_lists_are_read_as_python_writes_them():
    assert ids_in("[21, 10]") == (21, 10)
    assert ids_in("[]") == ids_in(None) == ()
    assert words_in("""['a, b', "it's", 'ü']""") == ["a, b", "it's", "ü"]
    assert [year_in(text) for text in ("1999-05-01 00:00:00", "0000-00-00", "12345", "")] == [1999] + [
        None
    ] * 3


def test_without_features_only_metadata_is_imported(library, metadata):
    (metadata / "features.csv").unlink()
    assert library.import_from(FMA(metadata)).added == len(IDS)
    assert library.find("000005").tags.title == "Title 5"
    with pytest.raises(LibraryError, match="no vector"):
        library.similar("000002", label="Rock")
    for verb in (library.playlist, library.radio):
        with pytest.raises(LibraryError, match="no vector"):
            verb("000002")
    write_features(metadata / "features.csv", IDS)
    report = library.import_from(FMA(metadata))
    assert (report.changed, len(library)) == (len(IDS), len(IDS))
    assert len(library.similar("000002", k=3).matches) == 3


@pytest.mark.parametrize("subset", ["small", "medium", "large", "full"])
def test_a_subset_holds_the_smaller_ones(library, metadata, subset):
    names = (*SUBSET_OF[:3], "full")
    wanted = {i for i in IDS if i % 4 <= names.index(subset)}
    report = library.import_from(FMA(metadata, subset=subset))
    assert {int(track.source_id) for track in library} == wanted
    assert report.cleaning.get("beyond the subset", 0) == len(IDS) - len(wanted)


def test_a_smaller_subset_later_puts_the_others_out_of_sight(library, metadata):
    library.import_from(FMA(metadata))
    report = library.import_from(FMA(metadata, subset="small"))
    assert (report.unchanged, report.newly_missing) == (4, len(IDS) - 4)
    assert library.import_from(FMA(metadata)).unchanged == len(IDS)
    assert all(track.missing_since is None for track in library)


def test_a_second_import_changes_nothing_and_a_third_only_what_changed(library, metadata):
    library.import_from(FMA(metadata))
    before, stamp = state_of(library), library.snapshot().stamp
    report = library.import_from(FMA(metadata))
    assert (report.unchanged, report.added, report.changed, report.newly_missing) == (len(IDS), 0, 0, 0)
    assert (state_of(library), library.snapshot().stamp) == (before, stamp)
    write_tracks(metadata / "tracks.csv", IDS[1:], changes={5: {("track", "title"): "Another"}})
    write_features(metadata / "features.csv", IDS, vectors=lambda i: features_of(i if i != 10 else 11))
    report = library.import_from(FMA(metadata))
    assert (report.changed, report.unchanged, report.newly_missing) == (2, len(IDS) - 3, 1)
    after = state_of(library)
    assert {name for name in after if after[name] != before[name]} == {"000002", "000005", "000010"}
    assert library.find("000005").title == "Another"


def test_links_come_from_the_raw_table_where_there_is_one(library, metadata):
    write_raw_tracks(metadata / "raw_tracks.csv", IDS[:-1])
    library.import_from(FMA(metadata))
    assert library.find("000002").url == "http://freemusicarchive.org/music/2"
    assert library.find("155320").url is None


def test_echo_nest_makes_a_space_of_its_own_for_the_tracks_it_knows(library, metadata):
    with pytest.raises(SourceError, match=r"no echonest\.csv"):
        library.import_from(FMA(metadata, echonest=True))
    write_echonest(metadata / "echonest.csv", IDS[::2])
    report = library.import_from(FMA(metadata, echonest=True))
    assert report.added + report.changed == len(IDS)
    ids, vectors = library.vectors("fma-echonest-1")
    known = {int(library[i].source_id): v for i, v in zip(ids, vectors, strict=True) if np.isfinite(v).all()}
    assert sorted(known) == IDS[::2]
    assert np.allclose(known[5], [(5 + i) / 20 for i in range(8)])


def test_splits_have_no_artist_in_common(library, metadata):
    library.import_from(FMA(metadata))
    parts = splits(library)
    found = {name: {int(track.source_id) for track in tracks} for name, tracks in parts.items()}
    assert found == {name: {i for i in IDS if SPLIT_OF[i // 4 % 5] == name} for name in SPLIT_OF}
    assert all(found.values())
    artists = [{track.artist for track in tracks} for tracks in parts.values()]
    assert not artists[0] & artists[1]
    assert not artists[0] & artists[2]
    assert not artists[1] & artists[2]


def test_the_genre_tree_knows_parents_children_and_roots(metadata):
    tree = FMA(metadata).genre_tree()
    assert len(tree) == 9
    assert [genre.title for genre in tree.roots()] == ["International", "Pop", "Rock", "Folk", "Hip-Hop"]
    assert [genre.title for genre in tree.ancestors(31)] == ["Punk", "Rock"]
    assert [genre.id for genre in tree.children(12)] == [25]
    assert tree.by_title("metal, heavy") is tree[31]
    assert (31 in tree, 32 in tree, tree.by_title("Polka")) == (True, False, None)


@pytest.mark.shared
def test_the_real_genres_are_163_in_one_tree(shared, tmp_path):
    path = shared / "data" / "tabular" / "fma_genres.csv"
    if not path.is_file():
        pytest.skip("the real genres.csv is not part of a clone")
    (tmp_path / "genres.csv").write_bytes(path.read_bytes())
    tree, problems = read_genres(tmp_path)
    assert (len(tree), list(problems)) == (163, [])
    roots = {genre.title for genre in tree.roots()}
    assert len(roots) == 16
    assert {"Rock", "Electronic", "Hip-Hop", "Classical", "Old-Time / Historic"} <= roots
    for genre in tree:
        assert ([genre, *tree.ancestors(genre.id)])[-1].id == genre.top_level
    assert [genre.title for genre in tree.ancestors(tree.by_title("Black-Metal").id)] == ["Metal", "Rock"]


class TestFMA(SourceContract):
    @pytest.fixture
    def make(self, tmp_path):
        def write(n):
            folder = write_fma(tmp_path / "fma_metadata", IDS[:n])
            with (folder / "tracks.csv").open("a", encoding="utf-8") as file:
                file.write("odd,row\n")
            return FMA(folder)

        return write
