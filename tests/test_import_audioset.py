from __future__ import annotations

import io
import tarfile
from itertools import pairwise

import numpy as np
import pytest

from segue.errors import LibraryError, UsageError
from segue.library import Library
from segue.library.embedders import embedders_for
from segue.recommend.retrieval_metrics import precision_at
from segue.sources.audioset import AudioSet, Segment, read_json, read_segments, write_tfrecords
from segue.sources.audioset.source import SPEC
from tests.conftest import SHARED
from tests.source_contract import SourceContract

REAL = SHARED / "data" / "audioset"


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


def segments(n=40, seed=0):
    """Of two kinds in turns, whose frames lie around two points; one in ten is short."""
    rng = np.random.default_rng(seed)
    centers = rng.integers(60, 190, (2, 128))
    found = []
    for i in range(n):
        frames = centers[i % 2] + rng.integers(-40, 40, (4 if i % 10 == 3 else 10, 128))
        found.append(
            Segment(f"video{i:06d}", 30.0, 40.0, (i % 2, 5), np.clip(frames, 0, 255).astype(np.uint8))
        )
    return found


@pytest.fixture
def shard(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    write_tfrecords(segments(), folder / "vi.tfrecord")
    text = 'index,mid,display_name\n0,/m/a,"Speech"\n1,/m/b,"Toot, honk"\n5,/m/c,"Music"\n'
    (folder / "class_labels_indices.csv").write_text(text)
    return folder


def test_segments_keep_their_as_bytestimes_labels_and_link(library, shard):
    report = library.import_from(AudioSet([shard]))
    assert (report.added, report.failed, len(library)) == (40, 0, 40)
    track = library.find("video000003")
    assert (track.duration_s, track.url) == (10, "https://www.youtube.com/watch?v=video000003&t=30")
    assert track.details == {"start_s": 30.0, "end_s": 40.0, "labels": [1, 5]}
    assert library.labels(track) == {"audioset-1": {"Music": 1.0, "Toot, honk": 1.0}}
    assert track.title == "Toot, honk, Music"
    space = library.snapshot().spaces["audioset-1"]
    assert space.windows.dtype == np.uint8
    for row, segment in enumerate(segments()):
        assert (space.windows_of(row) == segment.frames).all()
        assert space.vectors[row] == pytest.approx(segment.frames.mean(axis=0))
    assert {t.source_id for t in library.tracks.search("toot")} == {
        s.video_id for s in segments() if 1 in s.labels
    }


@pytest.mark.parametrize("view", [
    None, "audioset", "audioset/raw", "audioset/fitted", "audioset/flattened", "audioset/flattened/raw",
    "audioset/frames", "audioset-1/raw/frames", "all",
])  # fmt: skip
def test_every_reading_finds_what_is_alike(library, shard, view):
    library.import_from(AudioSet([shard]))
    for name in ("video000002", "video000003"):
        matches = library.similar(name, k=15, view=view).matches
        assert len(matches) == 15
        assert {int(match.track.source_id[-1]) % 2 for match in matches} == {int(name[-1]) % 2}
        assert all(a.score >= b.score for a, b in pairwise(matches))
    with Library.open(library.path) as again:  # by the index in its file
        kept = again.similar("video000003", k=15, view=view).matches
    assert [match.track for match in kept] == [match.track for match in matches]
    assert [match.score for match in kept] == pytest.approx([match.score for match in matches], abs=1e-5)


def test_a_flattened_segment_is_its_first_ten_frames_and_the_raw_score_their_cosine(library, shard):
    library.import_from(AudioSet([shard]))
    flat = np.stack([np.resize(s.frames, (10, 128)).reshape(-1) for s in segments()]).astype(np.float64)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    cosines = flat @ flat[3]
    for match in library.similar("video000003", k=39, view="audioset/flattened/raw").matches:
        assert match.score == pytest.approx(cosines[int(match.track.source_id[5:])], abs=1e-5)


def test_frames_are_matched_one_by_one(library, shard, tmp_path):
    """A segment that has one sound of another's, among others, is found by that sound."""
    known = segments()
    mixed = np.concatenate([known[0].frames[:1], np.full((9, 128), 255, np.uint8)])
    write_tfrecords([*known, Segment("mixed000000", 0.0, 10.0, (5,), mixed)], shard / "vi.tfrecord")
    one = Segment("single00000", 0.0, 1.0, (5,), known[0].frames[:1])
    write_tfrecords([one], shard / "si.tfrecord")
    library.import_from(AudioSet([shard]))
    found = library.similar("single00000", k=2, view="audioset/frames/raw").matches
    assert {match.track.source_id for match in found} == {"video000000", "mixed000000"}
    assert [match.score for match in found] == pytest.approx([1, 1], abs=1e-4)


def test_views_that_are_not_there_are_named(library, shard):
    library.import_from(AudioSet([shard]))
    for view, reason in (
        ("vggish", "begins with the name of a space"),
        ("audioset/loud", "'loud' is none of"),
    ):
        with pytest.raises(UsageError, match=reason):
            library.similar("video000003", view=view)


def test_a_second_import_changes_nothing_and_shards_come_one_by_one(library, shard, tmp_path):
    write_tfrecords(segments(80, seed=0)[40:], tmp_path / "later.tfrecord")
    library.import_from(AudioSet([shard]))
    report = library.import_from(AudioSet([tmp_path / "later.tfrecord"]))
    assert (report.added, report.newly_missing, len(library)) == (40, 0, 80)
    report = library.import_from(AudioSet([shard, tmp_path / "later.tfrecord"], labels=None))
    assert (report.added, report.failed, report.unchanged) == (0, 0, 80)


def test_damaged_records_fail_alone(library, shard):
    data = bytearray((shard / "vi.tfrecord").read_bytes())
    data[3000] ^= 1
    (shard / "vi.tfrecord").write_bytes(data)
    report = library.import_from(AudioSet([shard]))
    assert (report.added, report.failed) == (39, 1)
    assert "vi.tfrecord at" in report.failures[0].where
    assert len(library.failures()) == 1
    write_tfrecords(segments(), shard / "vi.tfrecord")
    assert library.import_from(AudioSet([shard])).added == 1
    assert not library.failures()


def test_a_segment_without_frames_is_reported(library, tmp_path):
    empty = Segment("empty000000", 0.0, 10.0, (1,), np.zeros((0, 128), np.uint8))
    write_tfrecords([*segments(4), empty], tmp_path / "a.tfrecord")
    report = library.import_from(AudioSet([tmp_path / "a.tfrecord"]))
    assert (report.added, [(p.where, p.reason) for p in report.failures]) == (
        4, [("empty000000", "it has no frame")],
    )  # fmt: skip


def test_exported_json_reads_back_and_is_imported(library, shard, tmp_path, segue):
    library.import_from(AudioSet([shard]))
    code, _, err = segue(
        "--library", library.path, "export", "--format", "audioset-json", "-o", tmp_path / "a.jsonl"
    )
    assert (code, "40 segments" in err) == (0, True)
    assert list(read_json(tmp_path / "a.jsonl")) == segments()
    with Library.open(tmp_path / "other", create=True) as other:
        assert other.import_from(AudioSet([tmp_path / "a.jsonl"])).added == 40
        assert other.find("video000007").details == library.find("video000007").details


def test_json_is_not_exported_of_other_libraries(tmp_path, scanned, segue):
    code, _, err = segue("--library", scanned, "export", "-f", "audioset-json", "-o", tmp_path / "a.jsonl")
    assert code == 2
    assert "AudioSet" in err


def test_sounds_can_only_be_asked_about_with_vggish(library, shard, music):
    """Its weights are not on this machine; with them, it hears files for AudioSet's space."""
    library.import_from(AudioSet([shard]))
    with (
        Library.open(library.path) as opened,
        pytest.raises(LibraryError, match="no installed embedder"),
    ):
        opened.similar(music["low0"])
    assert all(embedder.spec != SPEC for embedder in embedders_for({SPEC.space: SPEC}, library.path))


def test_the_command_imports(segue, shard, tmp_path):
    place = ("--library", tmp_path / "library")
    code, out, _ = segue(*place, "import", "audioset", shard)
    assert (code, "audioset: 40 added" in out) == (0, True)
    code, out, _ = segue(
        *place, "similar", "video000002", "-k", 2, "--view", "audioset/frames", "--label", "Speech"
    )
    assert (code, len(out.splitlines()), "youtube.com" in out) == (0, 3, True)
    assert segue(*place, "import", "audioset", tmp_path / "nowhere")[0] == 2


@pytest.mark.shared
def test_real_shards_are_whole_and_labels_agree_more_often_than_by_chance(library):
    report = library.import_from(AudioSet([REAL]))
    assert (report.added, report.failed) == (650, 0)
    real = {segment.video_id: segment for segment in read_segments(REAL)}
    space, tracks = library.snapshot().spaces["audioset-1"], list(library)
    assert all((space.windows_of(i) == real[t.source_id].frames).all() for i, t in enumerate(tracks))
    labels = [set(library.labels(track)["audioset-1"]) for track in tracks]
    x = np.asarray(space.vectors, np.float64)
    centred = x - x.mean(axis=0)

    def precision(v, among=5):
        units = v / np.linalg.norm(v, axis=1, keepdims=True)
        cosines = units @ units.T
        np.fill_diagonal(cosines, -2)
        return precision_at(labels, np.argsort(-cosines, axis=1)[:, :among], [among])[among]

    chance = precision(np.random.default_rng(0).standard_normal(x.shape))
    assert precision(centred) > precision(x) > chance + 0.1


class TestAudioSet(SourceContract):
    @pytest.fixture
    def make(self, tmp_path):
        silent = Segment("silent", 0.0, 10.0, (0,), np.zeros((0, 128), np.uint8))

        def write(n):
            write_tfrecords([silent, *segments(n)], tmp_path / "vi.tfrecord")
            return AudioSet(tmp_path / "vi.tfrecord")

        return write


@pytest.mark.slow
@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_an_archive_that_unpacks_to_too_much_is_left_soon(library, tmp_path, monkeypatch, packing):
    monkeypatch.setattr("segue.sources.packed.MAX_UNPACKED", 1 << 20)
    path = tmp_path / f"features.tar.{packing}"
    with tarfile.open(path, f"w:{packing}") as archive:
        for name, data in (("../out.tfrecord", b""), ("big.bin", bytes(1 << 25))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert path.stat().st_size < 100_000
    report = library.import_from(AudioSet(path))
    assert (report.added, report.exit_code) == (0, 2)
    assert "unpacks to more than" in report.failures[0].reason
    assert not (tmp_path.parent / "out.tfrecord").exists()
