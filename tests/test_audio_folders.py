"""Folders of audio as a source."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from segue.library import Library
from segue.sources.audio_folders import AudioFolders
from tests.sounds import clip
from tests.source_contract import Make, N, SourceContract


class TestAudioFolders(SourceContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        music = tmp_path / "music"

        def write(n: int) -> AudioFolders:
            music.mkdir(exist_ok=True)
            if not (music / "bad.wav").exists():
                (music / "bad.wav").write_text("no sound")
            for i in range(N):
                path = music / f"{i}.wav"
                if i >= n:
                    path.unlink(missing_ok=True)
                elif not path.exists():
                    clip(path, 200 + 100 * i)
            return AudioFolders([music])

        return write


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


def test_scanning_folders_is_importing_from_them(music: Path, tmp_path: Path):
    for i in range(2):
        clip(music / f"{i}.wav", 300 + 100 * i)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        assert library.import_from(AudioFolders(music)).added == 2
        assert library.scan(music).unchanged == 2


def test_a_part_of_a_folder_leaves_the_rest_alone(music: Path, tmp_path: Path):
    paths = [clip(music / f"{i}.wav", 300 + 100 * i) for i in range(3)]
    part = AudioFolders(music, only={str(paths[0])})
    listing = part.tracks()
    assert [file.path for file in listing.files] == [str(paths[0])]
    assert listing.others == {str(paths[1]), str(paths[2])}
    assert part.folders == ()
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(music)
        paths[2].unlink()
        report = library.import_from(part)
        assert (report.unchanged, report.newly_missing) == (1, 1)


def test_listing_opens_no_file_and_names_what_it_cannot_read(music: Path, tmp_path: Path):
    clip(music / "a.wav", 300)
    source = AudioFolders([music, tmp_path / "nowhere"])
    shutil.copy(music / "a.wav", music / "b.wav")
    (music / "c.wav").write_text("no sound")
    listing = source.tracks()
    assert [Path(file.path).name for file in listing.files] == ["a.wav", "b.wav", "c.wav"]
    assert [(Path(problem.where).name, problem.kind) for problem in listing.problems] == [
        ("nowhere", "unreadable")
    ]
    assert source.hashes(listing.files[0]) == source.hashes(listing.files[1])
    sound, tags = source.load(listing.files[0])
    assert sound.duration_s == pytest.approx(0.6, abs=0.01)
    assert tags.title is None
