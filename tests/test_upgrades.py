"""A library with an older version of a network goes on answering, and is upgraded when somebody asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segue.embed.models import MODELS
from segue.embed.published_network import RECIPES
from segue.errors import ModelNotFoundError, WeightsError
from segue.library import Library
from segue.library.upgrades import Upgrade
from tests.conftest import SR, hiss, tone
from tests.model_files import install_mn04
from tests.serve_process import serving
from tests.sounds import write

OLD, NEW = RECIPES["mn04-1"].spec, RECIPES["mn04"].spec
pytestmark = pytest.mark.slow  # networks run, and views of 1312 dimensions are fitted

OLD_SET, NEW_SET = {"descriptors-1", "mn04-1"}, {"descriptors-1", "mn04-2"}


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where mn04 is installed, as an older Segue converted it."""
    install_mn04(tmp_path / "models", revision=1)
    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def music(tmp_path: Path) -> Path:
    (tmp_path / "music").mkdir()
    for i in range(4):
        write(tmp_path / "music" / f"low{i}.wav", tone(110 + 4 * i, i), SR)
        write(tmp_path / "music" / f"noise{i}.wav", hiss(i), SR)
    return tmp_path / "music"


@pytest.fixture
def old(music: Path, tmp_path: Path) -> Path:
    """A library as an older Segue left it."""
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors", "mn04-1"]) as library:
        assert library.scan(music, jobs=1).added == 8
        assert set(library.spaces()) == OLD_SET
    return tmp_path / "library"


def spaces_of(library: Library, title: str) -> set[str]:
    """Those in which a track has a vector."""
    snapshot = library.snapshot()
    row = snapshot.row_of(library.tracks.key_of(library.find(title).id))
    return {name for name, space in snapshot.spaces.items() if space.has_vector()[row]}


def compared(library: Library) -> set[str]:
    return set(library.view_index().spaces)


def test_the_two_versions_are_of_one_network_and_one_forward_pass(old: Path, music: Path):
    assert (OLD.space, OLD.dim, OLD.hop_s, OLD.digest()) == ("mn04-1", 384, 3.0, "f38a72b0f2ec5bbf")
    assert (NEW.space, NEW.dim, NEW.hop_s, NEW.window_s) == ("mn04-2", 1312, 6.0, 3.0)
    with Library.open(old) as library:
        library.start_upgrade()
        library.scan(music, jobs=1)
        older, newer = (dict(library.windows(space)) for space in ("mn04-1", "mn04-2"))
    for track, windows in older.items():
        np.testing.assert_allclose(newer[track][0, :384], windows[0], rtol=1e-2, atol=1e-3)


def test_an_old_library_answers_and_takes_new_files_in_the_version_that_it_has(old: Path, music: Path):
    with Library.open(old) as library:
        assert compared(library) == OLD_SET
        assert library.similar("low1", k=1).matches[0].track.title.startswith("low")
        write(music / "new.wav", tone(120, 9), SR)
        report = library.scan(music, jobs=1)
        assert (report.added, report.unchanged, report.completed) == (1, 8, 0)
        assert set(library.spaces()) == OLD_SET
        assert spaces_of(library, "new") == OLD_SET
        outside = (music / "new.wav").rename(music.parent / "clip.wav")
        assert library.similar(outside, k=1).matches[0].score == pytest.approx(1, abs=1e-3)
        assert library.upgrades() == [Upgrade("mn04-1", "mn04-2", 9)]


def test_a_name_means_the_version_that_the_library_has(old: Path, music: Path, tmp_path: Path):
    write(music / "new.wav", tone(120, 9), SR)
    with Library.open(old, embedders=["descriptors", "mn04"]) as library:
        library.scan(music, jobs=1)
        assert spaces_of(library, "new") == OLD_SET
    with Library.open(tmp_path / "fresh", create=True) as library:
        library.scan(music, jobs=1)
        assert compared(library) == NEW_SET
        assert library.upgrades() == []


def test_an_upgrade_makes_only_the_newer_vectors_and_changes_the_view_once(old: Path, music: Path):
    with Library.open(old) as library:
        before = {space: {t.id: np.array(x) for t, x in library.rows(space)} for space in OLD_SET}
        assert library.start_upgrade() == ["mn04-2"]
        assert compared(library) == OLD_SET
        report = library.scan(music, jobs=1)
        assert (report.completed, report.added, report.changed) == (8, 0, 0)
        assert compared(library) == NEW_SET
        assert library.upgrades() == []
        for space, rows in before.items():
            for track, vector in library.rows(space):
                np.testing.assert_array_equal(vector, rows[track.id])
        assert {frozenset(library.labels(track)) for track in library} <= {frozenset({"mn04-2"}), frozenset()}
        write(music / "new.wav", tone(120, 9), SR)
        library.scan(music, jobs=1)
        assert spaces_of(library, "new") == NEW_SET  # the older version is not made any more
        clip = (music / "new.wav").rename(music.parent / "clip.wav")
        for view in (None, "mn04-1", "mn04-2"):
            library.similar(clip, k=1, view=view)
        library.verify()


def test_an_upgrade_that_is_stopped_goes_on_with_the_next_scan_and_no_view_mixes(old: Path, music: Path):
    files = sorted(str(path) for path in music.iterdir())
    with Library.open(old) as library:
        library.start_upgrade()
        library.scan(music, jobs=1, only=set(files[:4]))
        assert compared(library) == OLD_SET
    with Library.open(old) as library:
        assert library.upgrades() == [Upgrade("mn04-1", "mn04-2", 4)]
        write(music / "new.wav", tone(120, 9), SR)
        library.scan(music, jobs=1, only={str(music / "new.wav")})
        assert spaces_of(library, "new") == OLD_SET | NEW_SET
        assert compared(library) == OLD_SET
        assert library.scan(music, jobs=1).completed == 4
        assert compared(library) == NEW_SET


def test_another_process_upgrades_and_an_open_library_goes_on_with_the_newer_version(old: Path, music: Path):
    with Library.open(old) as library:
        assert compared(library) == OLD_SET
        with Library.open(old) as other:
            other.start_upgrade()
            other.scan(music, jobs=1)
        assert compared(library) == NEW_SET
        clip = write(music.parent / "clip.wav", tone(120, 9), SR)
        assert {"mn04-1", "mn04-2"} <= library.analyze(clip).pooled.keys()


def test_without_the_model_an_old_library_answers_and_an_upgrade_says_what_to_do(
    old: Path, music: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path / "none"))
    with Library.open(old) as library:
        assert compared(library) == OLD_SET
        assert library.similar("low1", k=1).matches
        with pytest.raises(ModelNotFoundError, match="segue models pull mn04"):
            library.start_upgrade()


def test_a_model_that_cannot_be_upgraded_serves_old_libraries_and_new_ones_hear_what_is_wrong(
    models: Path, old: Path, music: Path, tmp_path: Path, segue, monkeypatch: pytest.MonkeyPatch
):
    def refuse(content: bytes) -> bytes:
        raise WeightsError("the network has no layers hardswish_99")

    monkeypatch.setitem(MODELS, "mn04", replace(MODELS["mn04"], upgrade=refuse))
    install_mn04(models, revision=1)
    write(music / "new.wav", tone(120, 9), SR)
    code, out, err = segue("-l", old, "scan", "--no-pull", "--quiet", music)
    assert (code, out.split(";")[0]) == (0, "1 added, 8 unchanged")
    assert "scanned without musicnn (not installed)," in err
    with Library.open(old) as library:
        assert spaces_of(library, "new") == OLD_SET
        with pytest.raises(ModelNotFoundError, match=r"no layers hardswish_99.*segue models pull mn04"):
            library.start_upgrade()
    code, _, err = segue("-l", tmp_path / "fresh", "scan", "--no-pull", "--quiet", music)
    assert "mn04 (outdated: converted by another version of Segue)" in err
    assert "segue models pull musicnn mn04" in err


def test_the_command_says_what_is_newer_and_adds_it(old: Path, music: Path, segue):
    library = ("-l", old)
    code, out, err = segue(*library, "scan", "--no-pull", "--quiet", music)
    assert (code, out.split(";")[0]) == (0, "8 unchanged")
    assert "8 tracks have mn04-1 and not yet the newer mn04-2" in err
    assert "scan --upgrade FOLDER" in err
    assert "8 tracks have mn04-1 and not yet the newer mn04-2" in segue(*library, "info")[1]
    code, out, err = segue(*library, "scan", "--upgrade", "--no-pull", "--quiet", music)
    assert (code, out.split(";")[0]) == (0, "8 given vectors of another embedder")
    assert "mn04-1" not in err
    assert "upgrade" not in segue(*library, "info")[1]


def test_the_service_says_what_is_newer_and_adds_it_in_a_job(old: Path):
    with serving("-l", old, "serve", "--port", 0) as server:
        status = server.get("/library")
        assert status["upgrades"] == [{"older": "mn04-1", "newer": "mn04-2", "tracks": 8}]
        assert {space["name"] for space in status["spaces"] if space["compared"]} == OLD_SET
        job = server.post("/jobs/scan", {"folders": None, "upgrade": True}, 202)["job"]
        assert server.ended(job["id"])["report"]["completed"] == 8
        status = server.get("/library")
        assert status["upgrades"] == []
        assert {space["name"] for space in status["spaces"] if space["compared"]} == NEW_SET
