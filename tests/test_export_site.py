"""segue export site: what it writes, what it leaves alone, and that it works without a server."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from segue import Library
from segue.audio.peaks import compute_peaks
from segue.errors import UsageError
from segue.export.site import MOST_TRACKS, write_site
from tests.conftest import tag

NASTY = '</script><img src=x onerror="document.title=1">'


def data_of(folder: Path) -> dict:
    text = (folder / "data.js").read_text("utf-8")
    assert text.startswith("window.SEGUE = ")
    return json.loads(text.removeprefix("window.SEGUE = ").removesuffix(";\n"))


def test_a_site_shows_what_was_asked_for_and_nothing_else(segue, scanned: Path, tmp_path: Path):
    folder = tmp_path / "site"
    code, out, err = segue(
        "-l", scanned, "export", "site", folder, "--tracks", "artist:The Lows", "-t", "High number 1",
        "-k", 2, "--clip", 2, "--title", "Mine & yours",
    )  # fmt: skip
    data = data_of(folder)
    assert (code, out.splitlines()[0][:18]) == (0, "5 tracks, 5 clips,")
    assert "whether you may publish" in err
    assert data["title"] == "Mine & yours"
    wanted = {*(f"Low number {i}" for i in range(4)), "High number 1"}
    assert {track["title"] for track in data["tracks"]} == wanted
    for row, track in enumerate(data["tracks"]):
        rows = [other for other, _ in track["near"]]
        scores = [score for _, score in track["near"]]
        assert len(rows) == 2
        assert row not in rows
        assert scores == sorted(scores, reverse=True)
    assert not any("Low" in path.name or "music" in path.name for path in folder.rglob("*"))
    assert str(scanned) not in (folder / "data.js").read_text("utf-8")


def test_neighbors_are_the_librarys_own(library: Library, tmp_path: Path):
    tracks = list(library)
    scores = library.matrix(tracks).scores
    write_site(tmp_path / "site", tracks, scores, k=3, clip_s=0)
    for track, entry in zip(tracks, data_of(tmp_path / "site")["tracks"], strict=True):
        nearest = entry["near"][0][0]
        assert tracks[nearest].tags.genre == track.tags.genre
        assert entry["near"][0][1] == pytest.approx(float(scores[tracks.index(track), nearest]), abs=1e-3)


def test_clips_are_as_long_as_asked_for_and_bounded(library: Library, tmp_path: Path):
    tracks = list(library)[:2]
    made = write_site(tmp_path / "site", tracks, library.matrix(tracks).scores, clip_s=2)
    clips = sorted((tmp_path / "site" / "clips").iterdir())
    assert [clip.name for clip in clips] == ["0000.mp3", "0001.mp3"]
    for clip in clips:
        assert compute_peaks(clip, 44_100)[1] == pytest.approx(2, abs=0.2)
        assert clip.stat().st_size <= 2 * 96_000 / 8
    assert made.n_bytes < 120_000
    assert all(max(track["peaks"]) == 100 for track in data_of(tmp_path / "site")["tracks"])


def test_a_track_whose_file_is_gone_has_no_clip(own: Library, folder: Path, tmp_path: Path):
    tracks = list(own)[:3]
    Path(tracks[1].path).unlink()
    made = write_site(tmp_path / "site", tracks, own.matrix(tracks).scores, clip_s=1)
    assert (made.clips, made.without_clip) == (2, (tracks[1].display_name,))
    entry = data_of(tmp_path / "site")["tracks"][1]
    assert (entry["clip"], entry["peaks"]) == (None, [])
    assert (tmp_path / "site" / entry["cover"]).is_file()


def test_a_folder_with_anything_else_is_left_alone(library: Library, tmp_path: Path):
    tracks = list(library)[:2]
    scores = library.matrix(tracks).scores
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for place in (tmp_path / "mine", tmp_path / "mine" / "letter.txt"):
        with pytest.raises(UsageError, match="holds something else"):
            write_site(place, tracks, scores)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    write_site(tmp_path / "site", tracks, scores, title="First", clip_s=0)
    write_site(tmp_path / "site", tracks[:1], scores[:1, :1], title="Second", clip_s=0)
    assert (data_of(tmp_path / "site")["title"], len(data_of(tmp_path / "site")["tracks"])) == ("Second", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "site"]


def test_a_full_disk_is_told_in_one_line(library: Library, tmp_path: Path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))  # bytes a file
    try:
        with pytest.raises(UsageError) as told:
            write_site(tmp_path / "site", list(library)[:2], np.eye(2, dtype=np.float32), clip_s=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(told.value) == f"{tmp_path / 'site'} cannot be written: {os.strerror(errno.EFBIG)}"
    assert not (tmp_path / "site").exists()


def test_too_much_is_refused(library: Library, tmp_path: Path):
    one = list(library)[:1]
    for tracks, clip_s in ((one * (MOST_TRACKS + 1), 0), ([], 0), (one, 61)):
        with pytest.raises(UsageError):
            write_site(tmp_path / "site", tracks, np.zeros((len(tracks),) * 2, np.float32), clip_s=clip_s)


def test_a_whole_library_is_shown_evenly(segue, scanned: Path, tmp_path: Path):
    _, out, err = segue("-l", scanned, "export", "site", tmp_path / "site", "--most", 3, "--clip", 0)
    assert out.startswith("3 tracks, 0 clips")
    assert "3 of 12 tracks" in err
    assert len({track["album"] for track in data_of(tmp_path / "site")["tracks"]}) == 3


def test_a_file_outside_the_library_is_no_track_of_a_site(segue, scanned: Path, folder: Path, tmp_path: Path):
    code, _, err = segue("-l", scanned, "export", "site", tmp_path / "s", "-t", folder / "low0.flac")
    assert code == 2
    assert "scan it first" in err


def test_names_are_never_read_as_html(own: Library, folder: Path, tmp_path: Path):
    tag(folder / "low0.flac", title=NASTY, artist="A\u2028B & <b>")
    own.scan(folder)
    tracks = [own.find(NASTY), *list(own)[-2:]]
    write_site(tmp_path / "site", tracks, own.matrix(tracks).scores, title=NASTY, clip_s=0)
    text = (tmp_path / "site" / "data.js").read_text("ascii")
    assert "<" not in text
    assert data_of(tmp_path / "site")["tracks"][0]["title"] == NASTY
    script = (tmp_path / "site" / "page.js").read_text("utf-8")
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", script)
