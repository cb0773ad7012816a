from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segue import advice
from segue.cli.tables import columns
from segue.library import Library
from tests.conftest import write_music
from tests.waiting import PATIENCE_S


def test_help_does_not_load_the_decoders():
    code = (
        "import sys, segue.cli; sys.exit(any(m in sys.modules for m in ('numpy', 'av', 'soundfile', 'rich')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_python_m_segue_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "segue", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("segue 0.")


def test_scan_similar_and_the_rest_from_nothing(segue, tmp_path: Path):
    write_music(tmp_path / "music")
    library = ("-l", tmp_path / "library")
    code, out, err = segue(*library, "scan", tmp_path / "music")
    assert code == 0
    assert out.startswith("12 added")
    assert "segue models pull musicnn mn04" in err
    assert "x real time" in out
    code, out, _ = segue(*library, "similar", "low number 0", "-k", "3")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == 4
    assert all("The Lows" in line for line in lines[1:])
    assert segue(*library, "scan", tmp_path / "music")[1].startswith("12 unchanged")
    (tmp_path / "music" / "low0.flac").unlink()
    assert "1 gone missing" in segue(*library, "scan", tmp_path / "music")[1]
    code, out, err = segue(*library, "prune")
    assert (code, out) == (2, "")
    assert "low0.flac" in err
    assert "add --yes" in err
    assert segue(*library, "prune", "--dry-run")[1] == "1 would be removed\n"
    assert segue(*library, "prune", "--older-than", "1d", "--yes")[1] == "0 removed, 12 tracks left\n"
    assert segue(*library, "prune", "--yes")[1] == "1 removed, 11 tracks left\n"
    assert segue(*library, "check")[1] == "all checksums match: 11 tracks, 3 matrices\n"


def test_a_long_scan_says_that_it_writes_to_disk(segue, tmp_path: Path, monkeypatch):
    write_music(tmp_path / "music")
    monkeypatch.setattr("segue.display.terminal.LINE_EVERY_S", 0)
    code, _, err = segue("-l", tmp_path / "library", "scan", "-e", "descriptors", tmp_path / "music")
    assert code == 0
    assert err.splitlines()[-5:] == [
        "writing to disk", "making the index", "looking at what tags teach",
        "tags not used: 3 albums of two tracks and more by one artist are too few",
        "looking for copies of one recording",
    ]  # fmt: skip


def test_scan_reports_failures_by_its_exit_code(segue, tmp_path: Path):
    folder, library = tmp_path / "music", ("-l", tmp_path / "library")
    folder.mkdir()
    assert segue(*library, "scan", folder)[0] == 2
    (folder / "bad.mp3").write_text("words")
    code, out, err = segue(*library, "scan", folder)
    assert code == 2
    assert "1 failed" in out
    assert "bad.mp3" in err
    write_music(folder)
    assert segue(*library, "scan", folder)[0] == 0  # nothing new failed
    assert segue(*library, "scan", folder, "--retry")[0] == 1
    code, out, _ = segue(*library, "failures", "--json")
    (failure,) = json.loads(out)
    assert failure["kind"] == "not audio"
    assert failure["path"].endswith("bad.mp3")


def test_a_folder_that_is_not_there_is_a_usage_error(segue, tmp_path: Path):
    code, _, err = segue("-l", tmp_path / "library", "scan", tmp_path / "nowhere")
    assert code == 2
    assert "nowhere" in err


def test_similar_prints_json(segue, scanned: Path):
    code, out, _ = segue("-l", scanned, "similar", "low number 0", "--k", "2", "--json")
    found = json.loads(out)
    assert code == 0
    assert [match["artist"] for match in found["matches"]] == ["The Lows"] * 2
    assert found["shortfall"] is None
    assert found["matches"][0]["score"] >= found["matches"][1]["score"]


def test_similar_takes_several_seeds_and_a_file_outside(segue, scanned: Path, tmp_path: Path, music):
    outside = tmp_path / "outside.flac"
    outside.write_bytes(music["noise0"].read_bytes())
    code, out, _ = segue("-l", scanned, "similar", outside, "-k", "1")
    assert code == 0
    assert "Noise number 0" in out
    code, out, _ = segue("-l", scanned, "similar", "low number 0", "low number 1", "-k", "2")
    assert out.count("The Lows") == 2


def test_similar_writes_a_playlist_with_relative_paths(segue, scanned: Path, music, tmp_path: Path):
    folder = next(iter(music.values())).parent
    playlist = folder / "mine.m3u8"
    code, _, err = segue("-l", scanned, "similar", "low number 0", "-k", "3", "--m3u", playlist)
    assert code == 0
    assert str(playlist) in err
    lines = playlist.read_text("utf-8").splitlines()
    playlist.unlink()
    assert lines[0] == "#EXTM3U"
    assert all(line.startswith("#EXTINF:3,The Lows - Low number") for line in lines[1::2])
    assert all((folder / line).is_file() and "/" not in line for line in lines[2::2])


def test_similar_can_leave_out_the_artist(segue, scanned: Path):
    _, out, _ = segue("-l", scanned, "similar", "low number 0", "--no-same-artist")
    assert "The Lows" not in out
    assert "The Highs" in out


def test_an_ambiguous_seed_lists_what_it_could_mean(segue, scanned: Path):
    code, out, err = segue("-l", scanned, "similar", "noise number")
    assert (code, out) == (2, "")
    assert "4 tracks match" in err
    assert err.count("The Noises") == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("similar", "polka"), "no track matches 'polka'"),
        (("similar",), "Missing argument"),
        (("similar", "low number 0", "--k", "0"), "is not in the range"),
        (("info", "polka"), "no track matches"),
        (("export", "-f", "parquet"), "name a file"),
        (("export", "-o", "x.doc"), "choose one with --format: json"),
        (("export", "--space", "other-1"), "it has: descriptors-1"),
        (("dance",), "No such command"),
    ],
)
def test_mistakes_get_one_clear_line_and_exit_code_2(segue, scanned: Path, arguments, words):
    code, out, err = segue("-l", scanned, *arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_a_seed_file_without_audio_is_named(segue, scanned: Path, tmp_path: Path):
    (tmp_path / "words.wav").write_text("words")
    code, _, err = segue("-l", scanned, "similar", tmp_path / "words.wav")
    assert code == 2
    assert "words.wav" in err


def test_no_library_says_how_to_make_one(segue, tmp_path: Path):
    code, _, err = segue("-l", tmp_path / "none", "search", "x")
    assert code == 2
    assert f"segue --library {shlex.quote(str(tmp_path / 'none'))} scan FOLDER" in err


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--help"], 'Start with "python3 start.py scan ~/Music"'),
        (["--help"], "Usage: python3 start.py [OPTIONS] COMMAND"),
        (["similar", "--help"], "Usage: python3 start.py similar [OPTIONS] SEEDS..."),
    ],
)
def test_help_names_the_program_as_it_was_called(arguments: list[str], shown: str):
    env = os.environ | {advice.VARIABLE: "python3 start.py"}
    command = [sys.executable, "-m", "segue", *arguments]
    assert shown in subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_search_lists_tracks(segue, scanned: Path):
    code, out, _ = segue("-l", scanned, "search", "high")
    assert code == 0
    assert len(out.splitlines()) == 5
    assert json.loads(segue("-l", scanned, "search", "high", "--json")[1])[0]["album"] == "high"
    assert segue("-l", scanned, "search", "polka")[2].startswith("no track matches 'polka'\n")
    assert "did you mean 'The Highs' (artist)" in segue("-l", scanned, "search", "the hihgs")[2]
    assert "did you mean 'The Highs' (artist)" in segue("-l", scanned, "similar", "the hihgs")[2]


def test_info_describes_the_library_and_a_track(segue, scanned: Path):
    facts = json.loads(segue("-l", scanned, "info", "--json")[1])
    assert (facts["tracks"], facts["artists"], facts["music"]) == (12, 3, "0:36")
    facts = json.loads(segue("-l", scanned, "info", "low number 0", "--json")[1])
    assert facts["title"] == "Low number 0"
    assert facts["descriptors"]["tempo_bpm"] == pytest.approx(120, rel=0.03)


@pytest.mark.slow
def test_export_writes_every_format(segue, scanned: Path, tmp_path: Path):
    import pyarrow.parquet as pq

    rows = list(csv.DictReader(io.StringIO(segue("-l", scanned, "export", "-f", "csv")[1])))
    assert [row["title"] for row in rows][:1] == ["High number 0"]
    assert len(json.loads(segue("-l", scanned, "export")[1])) == 12
    assert segue("-l", scanned, "export", "-o", tmp_path / "a.parquet", "--vectors")[0] == 0
    table = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert segue("-l", scanned, "export", "-o", tmp_path / "a.npy")[0] == 0
    matrix = np.load(tmp_path / "a.npy")
    beside = list(csv.DictReader(io.StringIO((tmp_path / "a.tracks.csv").read_text("utf-8"))))
    assert matrix.shape == (12, 103)
    assert [row["id"] for row in beside] == [row["id"] for row in table]
    np.testing.assert_array_equal(np.array([row["vector"] for row in table], np.float32), matrix)
    with_vectors = json.loads(segue("-l", scanned, "export", "--vectors")[1])
    np.testing.assert_allclose([row["vector"] for row in with_vectors], matrix, rtol=1e-6)


@pytest.mark.slow
def test_csv_with_vectors_comes_back_as_it_was(segue, scanned: Path, tmp_path: Path):
    code, _, err = segue("-l", scanned, "export", "-o", tmp_path / "a.csv", "--vectors")
    assert (code, err.split(" to ")[0]) == (0, "wrote 12 tracks")
    lines = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text("utf-8"))))
    with Library.open(scanned) as library:
        ids, vectors = library.vectors()
    assert [line["id"] for line in lines] == ids
    printed = np.array([json.loads(line["vector"]) for line in lines], np.float32)
    np.testing.assert_array_equal(printed, vectors)
    assert segue("-l", tmp_path / "back", "import", "vectors", tmp_path / "a.csv")[0] == 0
    with Library.open(tmp_path / "back") as back:
        np.testing.assert_array_equal(back.vectors()[1], vectors)
        assert [track.title for track in back] == [line["title"] for line in lines]


def test_control_characters_of_tags_do_not_reach_the_terminal(capsys):
    columns(("a", "b"), [("\x1b[2Jevil\nline", "x")])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 2


def test_the_library_can_be_named_by_the_environment(segue, scanned: Path, monkeypatch):
    monkeypatch.setenv("SEGUE_LIBRARY", str(scanned))
    assert segue("search", "low")[0] == 0


@pytest.mark.skipif(os.name == "nt", reason="SIGINT to a child is Unix's")
@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_next_scan_goes_on(demo_music: Path, tmp_path: Path):
    import pty

    command = [
        sys.executable,
        "-m",
        "segue",
        "-l",
        str(tmp_path / "library"),
        "scan",
        str(demo_music),
    ]
    interrupted = False
    terminal, theirs = pty.openpty()  # on a terminal, progress is shown at each file
    wide = os.environ | {"COLUMNS": "200"}
    scan = subprocess.Popen([*command, "-j", "1"], stdout=subprocess.PIPE, stderr=theirs, text=True, env=wide)
    os.close(theirs)
    err = ""
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while part := os.read(terminal, 4096):
            err += part.decode("utf-8", "replace")
            if re.search(r"[1-9]\d* of 96", err) and not interrupted:
                interrupted = True
                scan.send_signal(signal.SIGINT)
    os.close(terminal)
    out, _ = scan.communicate(timeout=PATIENCE_S)
    assert scan.returncode == 130, err
    assert "the next scan continues" in err
    assert "Traceback" not in err
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(out.split(" added")[0]) + int(done.stdout.split(" added")[0]) == 96


@pytest.mark.slow
def test_the_demo_plays_scans_and_recommends(segue, demo_music: Path, tmp_path: Path):
    shutil.copytree(demo_music, tmp_path / "music")  # tests/test_packaging.py has the command make it
    code, out, err = segue("demo", "--folder", tmp_path)
    assert code == 0, err
    assert "96 short pieces" in out
    share = int(out.split("nearest of each piece, ")[1].split(" %")[0])
    assert share > 85
    assert segue("demo", "--folder", tmp_path)[0] == 0


@pytest.mark.parametrize("arguments", [("demo",), ("embed", "a.wav"), ("max-serve",), ("models", "list")])
def test_commands_without_a_library_refuse_the_option_library(segue, tmp_path: Path, arguments):
    code, out, err = segue("-l", tmp_path / "mine", *arguments)
    assert (code, out) == (2, "")
    assert f"--library does not apply to segue {arguments[0]}: " in err
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("map", "--color", "genre"), "--color needs --picture"),
        (("map", "--colour", "genre"), "--color needs --picture"),
        (("serve", "--embedder", "vggish"), "--embedder needs --max-api"),
        (("export", "-f", "audioset-json", "-o", "a.json", "--vectors"), "leave out --vectors and --space"),
        (("clusters", "--show", "-k", "3"), "leave out --k and --view"),
    ],
)
def test_an_option_without_effect_is_refused(segue, scanned: Path, arguments, words):
    code, out, err = segue("-l", scanned, *arguments)
    assert (code, out) == (2, "")
    assert words in err
