"""Files of audio to tables of Arrow, for engines that have workers of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from threadpoolctl import ThreadpoolController

import segue
from segue.catalog import AnalyzedFile, Failure
from segue.embed.registry import make_embedders
from segue.errors import UsageError
from segue.ingest.arrow_rows import arrow_schema, fingerprint, from_arrow, to_arrow
from segue.ingest.embed_files import embed_files
from segue.library import Library
from segue.spec import EmbedderSpec, Embedding, Label
from tests.conftest import SR, tone

pa = pytest.importorskip("pyarrow")
DESCRIPTORS = ["descriptors"]


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for i in range(5):
        soundfile.write(folder / f"{i}.flac", tone(220 * (i + 1)), SR)
    (folder / "broken.flac").write_text("only words, no sound\n" * 9)
    return folder


def test_vectors_are_those_of_a_scan_bit_for_bit(music: Path, tmp_path: Path):
    paths = sorted(music.iterdir())
    table = pa.Table.from_batches(embed_files(paths, DESCRIPTORS, batch_files=4))
    with Library.open(tmp_path / "library", create=True, embedders=DESCRIPTORS) as library:
        library.scan(music)
        scanned = {track.path: (track, row) for track, row in library.rows("descriptors-1")}
        windows = {track.path: row for track, row in library.windows("descriptors-1")}
        known = {one.path: one.state for one in library.catalog.known_files().values()}
    rows = table.to_pylist()
    assert [row["path"] for row in rows] == [str(path) for path in paths]
    for row in rows:
        if row["error"]:
            continue
        track, vector = scanned[row["path"]]
        space = row["descriptors_1"]
        assert np.array_equal(np.float32(space["vector"]), vector, equal_nan=True)
        ours = np.frombuffer(space["windows"], np.float16).reshape(-1, len(vector))
        assert np.array_equal(ours, windows[row["path"]], equal_nan=True)
        assert (row["duration_s"], row["codec"], row["sr"]) == (track.duration_s, track.codec, track.sr)
        assert row["audio_hash"] == known[row["path"]].audio_hash


def test_vectors_do_not_depend_on_the_threads_that_blas_may_take(music: Path):
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        (two,) = embed_files([music / "0.flac"], DESCRIPTORS)
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        (one,) = embed_files([music / "0.flac"], DESCRIPTORS)
    assert repr(one.to_pylist()) == repr(two.to_pylist())


def test_a_file_that_cannot_be_used_is_a_row_with_its_reason(music: Path):
    (music / "bad\udcff.flac").write_bytes(b"")
    paths = [music / "broken.flac", music / "0.flac", music / "nowhere.flac", music / "bad\udcff.flac"]
    rows = pa.Table.from_batches(embed_files(paths, DESCRIPTORS)).to_pylist()
    errors = [row["error"] for row in rows]
    assert [bool(error) for error in errors] == [True, False, True, True]
    assert errors[0].partition(": ")[0] in ("not audio", "damaged")
    assert errors[2].startswith("unreadable: cannot be read: No such file")
    assert errors[3] == "unreadable: its name is no Unicode"
    assert all(row["descriptors_1"] is None for row in rows if row["error"])


def test_no_files_make_no_batch_and_unknown_models_are_refused():
    assert list(embed_files([], DESCRIPTORS)) == []
    with pytest.raises(UsageError, match="unknown embedder 'polka'"):
        next(segue.embed_files(["a.flac"], ["polka"]))


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_rows_are_read_back_as_they_were(music: Path, rng: np.random.Generator, dtype: str):
    described = make_embedders(DESCRIPTORS)[0].spec
    other = EmbedderSpec("made", 3, "waveform", 4, 8000, 1.0, 1.0, dtype, "MIT", "nowhere")
    (batch,) = embed_files([music / "0.flac"], DESCRIPTORS)
    (file,) = from_arrow(batch, [described])
    assert isinstance(file, AnalyzedFile)
    embedding = Embedding(
        rng.uniform(0, 255, 4).astype(dtype), rng.standard_normal((3, 4)).astype(np.float16),
        (Label("Piano", 0.75),), rng.uniform(0, 1, 7).astype(np.float32),
    )  # fmt: skip
    both = AnalyzedFile(
        file.path, file.state, file.tags, file.duration_s, file.sr, file.channels, file.codec, "a warning",
        {**file.embeddings, "made-3": embedding},
    )  # fmt: skip
    failed = Failure("b.flac", "damaged", "cut: short", 7, 8)
    specs = [described, other]
    found, failure = from_arrow(to_arrow([both, failed], specs), specs)
    assert isinstance(found, AnalyzedFile)
    assert (found.state, found.tags, found.warning) == (file.state, file.tags, "a warning")
    back = found.embeddings["made-3"]
    assert back.pooled.dtype == np.dtype(dtype)
    assert np.array_equal(back.pooled, embedding.pooled)
    assert np.array_equal(back.windows, embedding.windows)
    assert back.scores is not None
    assert np.array_equal(back.scores, embedding.scores)
    assert back.labels == embedding.labels
    assert failure == failed


def test_a_fingerprint_tells_models_apart_in_any_order():
    a, b = (EmbedderSpec("made", i, "waveform", 4, 8000, 1.0, 1.0, "float32", "MIT", "-") for i in (1, 2))
    assert fingerprint([a, b]) == fingerprint([b, a]) != fingerprint([a])
    assert arrow_schema([a]).names[-1] == "made_1"
