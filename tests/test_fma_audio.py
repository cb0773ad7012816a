"""FMA's audio joined to its metadata: before, after and again, with files that are silent, short or gone."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import segue.ingest.attach_audio
import segue.ingest.audio
from segue.catalog import Writer
from segue.embed.descriptors import Descriptors
from segue.errors import UsageError
from segue.library import Library
from segue.sources.fma import FMA, id_of_file
from segue.sources.fma.features import SPEC
from segue.sources.fma.tracks import ids_in
from tests.fma_files import cells_of, features_of, state_of, write_fma, write_tracks
from tests.following import Telling
from tests.sounds import FORMATS, clip, embeddings_of, melody, start, write

IDS = [2, 3, 5, 10, 20, 26, 99_134, 108_925, 133_297]
SILENT, SHORT, GONE = 99_134, 108_925, 133_297
HEARD = Descriptors().spec.space


def place(folder, track_id, ending="wav"):
    path = folder / f"{track_id:06}"[:3] / f"{track_id:06}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def metadata(tmp_path):
    return write_fma(tmp_path / "fma_metadata", IDS)


@pytest.fixture
def audio(tmp_path):
    """Folders as in ``fma_small``, one file beside them, and a stranger."""
    folder = tmp_path / "fma_small"
    for track_id in IDS[:4]:
        clip(place(folder, track_id), 200 + track_id)
    place(folder, 20)
    FORMATS["mp3"].write(folder / "000", melody(1.0), "000020")
    clip(folder / "000026.wav", 226)
    write(place(folder, SILENT), np.zeros(44_100))
    clip(place(folder, SHORT), 300, duration_s=0.01)
    clip(folder / "interlude.wav", 999)
    return folder


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


def import_both(library, metadata, audio, **how):
    return library.import_from(FMA(metadata, **how)), library.attach_audio("fma", audio, id_of_file)


def heard_of(library):
    """The descriptors of each track that has them, by its id in FMA."""
    ids, vectors = library.vectors(HEARD)
    found = zip(ids, vectors, strict=True)
    return {library[i].source_id: v for i, v in found if np.isfinite(v).all()}


def assert_joined(library, audio):
    """Every track has its own sound, its own features, and what its source says of it."""
    library.verify()
    sounds = [p for p in audio.rglob("*.*") if id_of_file(str(p)) and int(p.stem) not in (SILENT, SHORT)]
    expected = {}
    for path in sounds:
        for embedding in embeddings_of_one(path):
            expected[path.stem] = embedding.pooled
    heard = heard_of(library)
    assert heard.keys() - {None} == expected.keys()
    for name, vector in expected.items():
        assert np.array_equal(heard[name], vector)
    ids, vectors = library.vectors(SPEC.space)
    for i, vector in zip(ids, vectors, strict=True):
        track = library[i]
        if track.source_id:
            assert np.array_equal(vector, features_of(int(track.source_id)))
            assert track.tags.title == f"Title {int(track.source_id)}"
            assert "fma-genres" in library.labels(track)
    for path in sounds:
        track = library.find(path.stem)
        assert (track.path, track.has_file, track.size) == (str(path), True, path.stat().st_size)
        assert library.find(str(path)).id == track.id
        assert [t.id for t in library.tracks.search(path.stem)] == [track.id]


def embeddings_of_one(path):
    lone = path.parent / "alone"
    lone.mkdir()
    shutil.copy2(path, lone)
    try:
        return list(embeddings_of(lone).values())
    finally:
        shutil.rmtree(lone)


def test_ids_are_read_from_names_in_any_folder():
    assert id_of_file("/a/000/000002.mp3") == id_of_file("000002.flac") == "000002"
    assert [id_of_file(name) for name in ("/000002/x.mp3", "2.mp3", "000002 x.mp3", "000002")] == [
        None, None, None, "000002",
    ]  # fmt: skip


def test_audio_is_joined_by_its_padded_id(library, metadata, audio):
    report, joined = import_both(library, metadata, audio)
    assert report.exit_code == 0
    assert (joined.attached, joined.with_file, joined.without_file, joined.unmatched) == (8, 8, 1, 1)
    assert joined.failed == 2
    assert joined.exit_code == 1
    assert len(library) == len(IDS)
    assert_joined(library, audio)
    mp3 = library.find("000020")
    assert (mp3.codec, mp3.sr, round(mp3.duration_s, 1)) == ("mp3", 44_100, 1.0)


def test_silent_short_and_missing_files_are_named_and_fail_alone(library, metadata, audio):
    import_both(library, metadata, audio)
    failures = {failure.path: (failure.kind, failure.reason) for failure in library.failures()}
    assert failures[str(place(audio, SILENT))][0] == "silent"
    assert failures[str(place(audio, SHORT))][0] == "too short"
    assert failures["fma:133297"] == ("no file", f"no audio file 133297.* below {audio}")
    assert len(failures) == 3
    for track_id in (SILENT, SHORT, GONE):
        track = library.find(f"{track_id:06}")
        assert not track.has_file
        assert len(library.similar(track, k=3).matches) == 3


def test_the_second_time_changes_nothing(library, metadata, audio):
    import_both(library, metadata, audio)
    before = state_of(library)
    library.prune()  # sweeps out the rows that the tracks had before they were heard
    stamp = library.snapshot().stamp
    failures = [(f.path, f.kind, f.reason) for f in library.failures()]
    report, joined = import_both(library, metadata, audio)
    assert (report.unchanged, report.changed, joined.attached, joined.with_file) == (len(IDS), 0, 0, 8)
    assert (joined.unchanged, joined.still_failing, joined.usable) == (6, 2, 6)
    assert (state_of(library), library.snapshot().stamp) == (before, stamp)
    assert [(f.path, f.kind, f.reason) for f in library.failures()] == failures


def test_audio_that_was_scanned_before_is_not_analyzed_again(library, metadata, audio):
    library.scan(audio)
    scanned = {t.path: (t.codec, t.content_hash) for t in library}
    report, joined = import_both(library, metadata, audio)
    assert (report.added, joined.attached) == (len(IDS), 8)
    assert (joined.unchanged, joined.changed, joined.completed) == (6, 0, 0)
    assert joined.audio_s == 0
    assert_joined(library, audio)
    assert len(library) == len(IDS) + 1  # the stranger, which was scanned
    assert {t.path: (t.codec, t.content_hash) for t in library if t.has_file} == scanned
    before = state_of(library)
    _, joined = import_both(library, metadata, audio)
    assert (joined.attached, state_of(library)) == (0, before)


@pytest.mark.slow
def test_the_order_makes_no_difference(tmp_path, metadata, audio):
    (audio / "interlude.wav").unlink()
    states = []
    for i in range(3):
        with Library.open(tmp_path / f"library {i}", create=True) as library:
            if i == 1:
                library.import_from(FMA(metadata))
            if i == 2:
                library.scan(audio)
            import_both(library, metadata, audio)
            states.append((state_of(library), {k: v.tobytes() for k, v in heard_of(library).items()}))
    assert states[0] == states[1] == states[2]


@pytest.mark.slow
def test_a_changed_file_is_analyzed_again_and_the_rest_is_kept(library, metadata, audio):
    import_both(library, metadata, audio)
    clip(place(audio, 5), 1700)
    _, joined = import_both(library, metadata, audio)
    assert (joined.changed, joined.unchanged) == (1, 5)
    assert_joined(library, audio)
    clip(place(audio, 3), 1900)
    assert library.scan(audio).changed == 1
    assert_joined(library, audio)


def test_changed_metadata_keeps_the_vectors(library, metadata, audio):
    import_both(library, metadata, audio)
    write_tracks(metadata / "tracks.csv", IDS, changes={3: {("track", "listens"): 7}})
    assert library.import_from(FMA(metadata)).changed == 1
    assert_joined(library, audio)
    assert library.find("000003").details["listens"] == 7
    assert import_both(library, metadata, audio)[1].unchanged == 6


@pytest.mark.slow
def test_a_file_in_another_place_is_looked_at_and_recognized(library, metadata, audio, tmp_path):
    import_both(library, metadata, audio)
    other = tmp_path / "fma_large"
    shutil.copytree(audio, other)
    clip(place(other, 10), 2100)
    shutil.rmtree(audio)
    _, joined = import_both(library, metadata, other)
    assert (joined.attached, joined.changed, joined.unchanged) == (8, 1, 5)
    assert_joined(library, other)


@pytest.mark.slow
def test_a_file_that_is_gone_is_out_of_sight_until_it_is_back_or_pruned(library, metadata, audio):
    import_both(library, metadata, audio)
    away = audio.parent / "away.wav"
    place(audio, 3).rename(away)
    for _ in range(2):
        _, joined = import_both(library, metadata, audio)
        assert (joined.with_file, joined.without_file, joined.newly_missing) == (7, 2, 1)
        assert library.find("000003").missing_since is not None
    away.rename(place(audio, 3))
    _, joined = import_both(library, metadata, audio)
    assert (joined.without_file, joined.unchanged) == (1, 6)
    assert_joined(library, audio)
    place(audio, 3).unlink()
    library.scan(audio)
    assert library.prune() == 1
    report, joined = import_both(library, metadata, audio)
    assert (report.added, report.unchanged, joined.without_file) == (1, len(IDS) - 1, 2)
    assert not library.find("000003").has_file


def test_only_the_files_of_a_subset_are_analyzed(library, metadata, audio):
    _, joined = import_both(library, metadata, audio, subset="small")
    assert {t.source_id for t in library} == {"000020"}
    assert (joined.with_file, joined.unmatched, joined.usable, joined.exit_code) == (1, 8, 1, 0)


def test_of_two_files_with_one_id_the_same_stays_chosen(library, metadata, audio):
    import_both(library, metadata, audio)
    chosen = library.find("000026").path
    clip(place(audio, 26, "aiff"), 900)
    _, joined = import_both(library, metadata, audio)
    assert (library.find("000026").path, joined.attached, joined.unmatched) == (chosen, 0, 2)


def test_a_file_that_holds_a_track_of_another_source_stays_with_it(library, metadata, audio):
    import_both(library, metadata, audio)
    library.import_from(FMA(metadata, name="again"))
    joined = library.attach_audio("again", audio, id_of_file)
    assert (joined.attached, joined.with_file) == (0, 8)
    assert_joined_to = {t.source for t in library if t.has_file}
    assert assert_joined_to == {"fma"}
    assert len(library) == 2 * len(IDS)


@pytest.mark.slow
def test_a_renamed_file_goes_over_to_the_track_of_its_new_name(library, metadata, audio):
    import_both(library, metadata, audio)
    place(audio, 3).unlink()
    library.scan(audio)
    library.prune()
    place(audio, 2).rename(place(audio, 3))
    library.scan(audio)  # takes it for the track that moved
    import_both(library, metadata, audio)
    assert library.find("000003").path == str(place(audio, 3))
    two = library.find("000002")
    assert (two.has_file, two.path, two.content_hash) == (False, "fma:000002", "fma:000002")
    assert library.tracks.search("000002.wav") == []


def test_audio_is_joined_only_to_what_was_imported(library, audio):
    with pytest.raises(UsageError, match="no track has been imported as 'fma'"):
        library.attach_audio("fma", audio, id_of_file)


def test_no_audio_at_all_is_a_failure(library, metadata, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    _, joined = import_both(library, metadata, empty)
    assert (joined.exit_code, joined.without_file) == (2, len(IDS))


def test_the_command_imports_joins_and_tells(segue, tmp_path, metadata, audio):
    path = tmp_path / "by command"
    command = ("--library", path, "import", "fma", metadata, "--audio", audio)
    code, out, err = segue(*command)
    assert code == 1  # two files failed
    assert "fma: 9 added" in out
    assert "8 tracks with audio" in out
    assert "1 track without a file there" in err
    assert "silence, or a constant level" in err
    code, out, _ = segue(*command, "--json")
    told = json.loads(out)
    assert (code, told["unchanged"], told["audio"]["with_file"], told["audio"]["scan"]["unchanged"]) == (
        0, 9, 8, 6,
    )  # fmt: skip
    code, out, _ = segue("--library", path, "failures")
    assert "no audio file 133297.*" in out
    assert "silent" in out
    assert "too short" in out
    code, out, _ = segue("--library", path, "similar", "000002", "--label", "Rock", "--json")
    assert code == 0
    rock = {f"{i:06}" for i in IDS if 12 in ids_in(str(cells_of(i)["track", "genres_all"]))}
    assert {m["source_id"] for m in json.loads(out)["matches"]} == rock - {"000002"}


def test_the_command_takes_a_subset_and_another_name(segue, tmp_path, metadata):
    path = tmp_path / "by command"
    options = ("--subset", "medium", "--name", "archive", "--quiet")
    code, out, _ = segue("--library", path, "import", "fma", metadata, *options)
    assert code == 0
    assert "archive: 4 added" in out
    assert "beyond the subset: 5" in out
    with Library.open(path) as library:
        assert library.find("archive:000005").tags.title == "Title 5"


# Killed

N_KILLED = 16
PART = 2  # tracks a commit


def import_and_join(send, metadata, audio, library_path):
    segue.ingest.audio.BATCH_TRACKS = segue.ingest.attach_audio.COMMIT_FILES = PART
    give = Writer.assign_files

    def give_and_tell(writer, source, files):
        n = give(writer, source, files)
        send.in_step("given")
        return n

    Writer.assign_files = give_and_tell
    with Library.open(library_path, create=True) as library:
        library.import_from(FMA(metadata))
        library.attach_audio("fma", audio, id_of_file, progress=Telling(send.in_step, "heard"), jobs=1)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Metadata, audio, and what a library knows after both."""
    root, ids = tmp_path_factory.mktemp("many"), range(2, 2 + N_KILLED)
    metadata, audio = write_fma(root / "fma_metadata", ids), root / "audio"
    for track_id in ids:
        clip(place(audio, track_id), 200 + 31 * track_id)
    with Library.open(root / "library", create=True) as library:
        import_both(library, metadata, audio)
        return metadata, audio, state_of(library)


@pytest.mark.slow
@pytest.mark.parametrize(("known", "word", "after"), [
    (False, "given", 1), (False, "given", 5), (False, "heard", 1), (False, "heard", 9),
    (True, "given", 1), (True, "given", 5),
])  # fmt: skip
def test_attaching_audio_after_a_kill_ends_like_an_undisturbed_run(many, tmp_path, known, word, after):
    metadata, audio, expected = many
    if known:
        with Library.open(tmp_path / "library", create=True) as library:
            library.scan(audio)
    process, receiver = start(import_and_join, metadata, audio, tmp_path / "library")
    while after:
        after -= receiver.recv() == word
    process.kill()
    process.join()
    assert process.exitcode < 0
    with Library.open(tmp_path / "library") as library:
        library.verify()
        _, joined = import_both(library, metadata, audio)
        assert joined.with_file == N_KILLED
        assert state_of(library) == expected
        assert_joined(library, audio)
        if known:
            assert joined.audio_s == 0
