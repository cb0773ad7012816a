"""Each command does its work, tells mistakes plainly, and ends with an honest exit code."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

from segue.library import Library
from segue.sources.audioset import Segment, write_json
from tests import sounds
from tests.audioset_files import some_frames
from tests.command_table import (
    command_of,
    commands_that_do_something,
    commands_with_json,
    documented_keys,
    every_command,
    name_of,
)
from tests.fma_files import IDS, write_fma
from tests.named_tests import defined_tests
from tests.serve_process import serving
from tests.tables import songs, write_csv
from tests.waiting import wait_for

# A command line, and what it prints. {library} holds 12 tracks in {music}, and a failure in {bad}.
WORKS = [
    ("scan {music}", "12 unchanged; library: {library}"),
    ("import audioset {audioset}", "audioset: 3 added; library: {library}"),
    ("import fma {fma}", "fma: 13 added; library: {library}"),
    ("import table {table}", "songs: 30 added; library: {library}"),
    ("import vectors {vectors}", "matrix: 20 added; library: {library}"),
    ("similar 'low number 0' -k 2", "Low number 1"),
    ("playlist 'low number 0' 'high number 0' -k 3", "number"),
    ("radio 'low number 0' -k 3 --steer calmer", "number"),
    ("journey 'low number 0' 'high number 0' -k 3", "High number 0"),
    ("why 'low number 0' 'low number 1'", "descriptors-1"),
    ("matrix 'low number 0' {outside}", "2 outside.flac"),
    ("evaluate --by artist -q", "12 of 12 tracks have a tag 'artist'"),
    ("map -q --csv", "The Lows - Low number 0"),
    ("search 'noise number 0'", "Noise number 0"),
    ("albums", "low"),
    ("albums album:low -k 1", "score"),
    ("artists 'artist:The Lows'", "The Highs"),
    ("info", "tracks    12"),
    ("plan --tracks 1e6 --users 2e6", "All within 24 h"),
    ("info 'low number 0'", "The Lows"),
    ("failures", "not audio"),
    ("folders", "leaves out"),
    ("folders list", "leaves out"),
    ("folders exclude {music} Audiobooks/", "kept; tracks that this leaves out go with the next"),
    ("settings", "speech"),
    ("settings longest 45:00", "45:00"),
    ("clusters -k 3", "typical tracks"),
    ("feedback like 'low number 1'", "liked: The Lows - Low number 1"),
    ("feedback", "Noise number 3"),
    ("feedback list", "Noise number 3"),
    ("feedback dislike 'high number 3'", "disliked: The Highs - High number 3"),
    ("feedback export -f csv", "verdict,at,id"),
    ("feedback undo 'noise number 3'", "taken back: liked The Noises - Noise number 3"),
    ("feedback import {likes}", "1 imported, 0 unchanged, 0 not found"),
    ("feedback clear --yes", "1 likes and dislikes forgotten"),
    ("export -f csv", "The Lows"),
    ("embed -e descriptors {outside}", '"status": "ok"'),
    ("prune", "0 removed, 12 tracks left"),
    ("check", "all checksums match: 12 tracks, 3 matrices"),
    ("models", "mn04     missing"),
    ("models list", "mn04     missing"),
    ("models check", ""),
    ("doctor", "checks: 0 faults"),
    ("users", ""),
    ("users add Olga --password-file {secret}", "added Olga, the owner"),
]
# Of these, somebody else must take part: a server, a client, a synthesizer for some seconds, or other music.
WORK_ELSEWHERE = {
    "watch": "test_the_command_scans_follows_and_ends_at_once",
    "import mongo": "test_the_command_imports_and_reports_as_json",
    "duplicates": "test_the_command_lists_every_file_and_changes_none",
    "spark embed": "test_the_commands_embed_index_search_and_make_a_library",
    "spark index": "test_the_commands_embed_index_search_and_make_a_library",
    "spark nearest": "test_the_commands_embed_index_search_and_make_a_library",
    "spark recommend": "test_the_command_recommends_from_a_collection",
    "spark library": "test_the_commands_embed_index_search_and_make_a_library",
    "folders include": "test_folders_lists_and_changes_what_stays_out",
    "folders remove": "test_the_commands_change_folders_and_copy_the_library",
    "folders move": "test_the_commands_change_folders_and_copy_the_library",
    "backup": "test_the_commands_change_folders_and_copy_the_library",
    "export mongo": "test_the_command_exports_and_tells_as_json",
    "export site": "test_a_site_shows_what_was_asked_for_and_nothing_else",
    "models pull": "test_pull_check_and_remove",
    "models pack": "test_the_commands_pack_and_unpack",
    "models unpack": "test_the_commands_pack_and_unpack",
    "models add": "test_add_from_the_command",
    "models remove": "test_pull_check_and_remove",
    "serve": "test_nothing_is_shown_before_the_password",
    "max-serve": "test_the_command_of_its_manual_works",
    "demo": "test_the_demo_plays_scans_and_recommends",
    "users list": "test_the_command_adds_lists_and_removes_users",
    "users remove": "test_the_command_adds_lists_and_removes_users",
    "users rights": "test_the_command_adds_lists_and_removes_users",
    "users password": "test_the_command_ends_sessions_and_makes_app_passwords",
    "users app-password": "test_the_command_ends_sessions_and_makes_app_passwords",
    "users sessions": "test_the_command_ends_sessions_and_makes_app_passwords",
}
# A mistake, and what the message has: the value found, what was expected, or the next step.
MISTAKES = [
    ("scan nowhere", "'nowhere' does not exist", "segue scan --help"),
    ("scan {music} -e polka", "unknown embedder 'polka'", "there are: descriptors, musicnn"),
    ("scan {music} --onnx {bad}", "--onnx also needs --sr HZ"),
    ("scan {music} --catalog polka", "the MongoDB address is invalid", "expected mongodb://"),
    ("import polka", "No such command 'polka'", "segue import --help"),
    ("import {music}", "say first what kind of data set '{music}' is", "to add music: segue scan FOLDER"),
    ("import audioset nowhere", "'nowhere' does not exist", "segue import audioset --help"),
    ("import fma {music}", "{music} has no tracks.csv", "fma_metadata.zip as published has it"),
    ("import fma {bad}", "{bad} is neither a folder of FMA metadata nor fma_metadata.zip"),
    ("import mongo polka -c songs -f vector", "the MongoDB address is invalid", "expected mongodb://"),
    ("import mongo mongodb://127.0.0.1:9/x -c songs", "Missing option '--vector-field'"),
    ("import mongo mongodb://h/x -c s -f v --column song", "'song'", "expected WHAT=FIELD"),
    ("import table {words}", "no column looks like an id or a title", "--column id=NAME, of: a, b"),
    ("import table {table} --column song", "'song'", "expected WHAT=NAME, such as title=song"),
    ("import table {table} --weight tempo=much", "'tempo=much'", "expected FEATURE=NUMBER"),
    ("import vectors {outside}", "{outside} is a file of audio", "segue scan analyzes it"),
    ("import vectors {vectors} --metric polka", "'polka' is not one of 'cosine'"),
    ("similar polka", "no track matches 'polka'", "segue search TEXT"),
    ("similar 'low number 0' --view polka", "no view 'polka'", "there are all, descriptors-1"),
    ("similar 'low number 0' --m3u {bad}/x.m3u8", "{bad}/x.m3u8 cannot be written"),
    ("similar 'low number 0' --cluster 1", "no clusters yet", "segue clusters"),
    ("playlist 'low number 0' --variety 2", "2.0 is not in the range 0<=x<=1", "segue playlist --help"),
    ("radio 'low number 0' --steer sideways", "'sideways' is not one of 'faster', 'slower'"),
    ("journey 'low number 0' 'low number 0'", "two different sounds"),
    ("journey 'low number 0'", "Missing argument 'END'", "segue journey --help"),
    ("why 'low number 0' polka", "no track matches 'polka'", "segue search TEXT"),
    ("matrix 'low number 0' {bad}", "{bad}: no decoder recognizes it"),
    ("evaluate --by polka", "'polka' is not one of 'genre', 'artist', 'album'"),
    ("map -q --picture {bad}/x.svg", "{bad}/x.svg cannot be written"),
    ("map --json --csv", "choose one of --json and --csv"),
    ("search low --limit 0", "0 is not in the range x>=1", "segue search --help"),
    ("albums album:polka", "no track has the album 'polka'"),
    ("artists artist:polka", "no track has the artist 'polka'"),
    ("info low", "4 tracks match 'low'", "name one by its id"),
    ("info --all", "--all shows all that is known of a track", "name one"),
    ("plan --tracks 0", "0.0 is not in the range x>=1", "segue plan --help"),
    ("spark embed {music}", "Missing option '--into'", "segue spark embed --help"),
    ("spark index {music} --into {music}/index", "{music} holds no embeddings yet"),
    ("spark nearest {music} {music} --recall much", "'much' is not a valid float"),
    ("spark recommend x mongodb://h/x", "also needs --collection NAME"),
    ("spark library {music} {music}/library", "{music} holds no embeddings yet"),
    ("folders polka", "No such command 'polka'", "segue folders --help"),
    ("folders list polka", "unexpected extra argument (polka)", "segue folders list --help"),
    ("folders exclude {music}", "Missing argument 'PATTERN...'", "segue folders exclude --help"),
    ("folders include {music}", "Missing argument 'PATTERN...'", "segue folders include --help"),
    ("folders remove {music}", "12 tracks would be removed", "--yes"),
    ("folders remove {outside} --yes", "{outside} was not scanned", "folders that were: {music}"),
    ("folders move {music} {bad}", "none of 12 files is below {bad}", "expected {bad}/"),
    ("watch nowhere", "nowhere' does not exist"),
    ("doctor polka", "unexpected extra argument (polka)", "segue doctor --help"),
    ("models pack {bad}/x.zip mn04", "the model mn04 is missing"),
    ("models unpack {words}", "{words} was not written by segue models pack"),
    ("export site {bad}/x", "{bad}/x cannot be written"),
    ("backup {music}", "{music} is there already", "choose a new folder"),
    ("settings polka 1", "'polka' is not one of 'speech', 'shortest'", "segue settings --help"),
    ("settings speech polka", "speech is 'polka', expected yes or no"),
    ("failures polka", "unexpected extra argument (polka)", "segue failures --help"),
    ("duplicates polka", "unexpected extra argument (polka)", "segue duplicates --help"),
    ("clusters -k 100", "k is 100", "2 to 12 clusters are possible"),
    ("feedback like polka", "no track matches 'polka'", "segue search TEXT"),
    ("feedback dislike", "Missing argument 'TRACK...'"),
    ("feedback list --limit 0", "0 is not in the range x>=1"),
    ("feedback undo x --last 2", "name tracks, or say how many", "not both"),
    ("feedback undo polka", "no track matches 'polka'"),
    ("feedback export -o {bad}/x.csv", "{bad}/x.csv cannot be written"),
    ("feedback import {words}", "record 1: it has no id", "expected the columns verdict, at, id"),
    ("feedback polka", "No such command 'polka'", "segue feedback --help"),
    ("feedback clear polka", "unexpected extra argument (polka)"),
    ("export -o {bad}/x.csv", "{bad}/x.csv cannot be written"),
    ("export -o polka", "the ending of polka names no format", "--format: json, csv"),
    ("export -f audioset-json -o x.json", "no AudioSet segments", "import audioset FILE"),
    ("export mongo polka", "the MongoDB address is invalid", "expected mongodb://"),
    ("export -f csv mongo mongodb://h", "options before mongo are for files", "segue export mongo ..."),
    ("embed -e descriptors nowhere.wav", "nowhere.wav: cannot be opened"),
    ("embed {outside}", "the model vggish is missing", "segue models pull vggish"),
    ("prune polka", "unexpected extra argument (polka)", "segue prune --help"),
    ("check polka", "unexpected extra argument (polka)", "segue check --help"),
    ("models polka", "No such command 'polka'", "segue models --help"),
    ("models list polka", "unexpected extra argument (polka)", "segue models list --help"),
    ("models pull polka", "there is no model 'polka'", "there are vggish, musicnn, mn04, aisfx"),
    ("models add mn04 {words}", "given were {words} (8 bytes)", "it is published as https://"),
    ("models remove mn04", "mn04 is not in", "there is nothing to remove"),
    ("models check mn04", "the model mn04 is missing", "segue models pull mn04"),
    ("serve --host 0.0.0.0", "0.0.0.0 is open to other machines", "set --password or --token"),
    ("serve --behind-proxy proxy.example", "'proxy.example'", "expected addresses, such as 10.0.0.2"),
    ("serve --base-path /api", "'/api'", "such as /segue, and none of the service's own"),
    ("serve --cors-origin https://a.example", "--cors-origin needs", "--password or --token"),
    ("serve --password x --cors-origin *", "'*'", "expected an origin, such as https://music.example.org"),
    ("serve --tls-key {words}", "--tls-key needs --tls-cert", "--tls-cert"),
    ("serve --allow-host http://a/b", "'http://a/b'", "expected a host name, such as music.example.org"),
    ("max-serve --port 99999", "99999 is not in the range", "segue max-serve --help"),
    ("max-serve", "the model vggish is missing", "segue models pull vggish"),
    ("users polka", "No such command 'polka'", "segue users --help"),
    ("users list polka", "unexpected extra argument (polka)", "segue users list --help"),
    ("users add Olga --password-file {words}", "the password has 3 characters, expected 8 to 300"),
    ("users password polka --password-file {secret}", "no user 'polka'", "there are none"),
    ("users app-password polka", "no user 'polka'", "there are none"),
    ("users remove polka", "no user 'polka'", "there are none"),
    ("users rights polka listener", "no user 'polka'", "there are none"),
    ("users sessions --end all", "--end needs the name of a user"),
    ("demo --folder {bad}/x", "the folder {bad}/x/music cannot be written", "choose another"),
]
PARTLY = [
    ("scan {music} {words}", "{words}: no decoder recognizes it"),
    ("import table {holed}", "failed: row 30: it has no id"),
    ("embed -e descriptors {outside} {bad}", "{bad}: no decoder recognizes it"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, music: dict[str, Path], scanned: Path) -> dict[str, Path]:
    """One of each kind that commands read, and a library."""
    folder = tmp_path_factory.mktemp("files")
    paths = {
        "music": music["low0"].parent,
        "bad": folder / "bad.wav",
        "words": folder / "words.csv",
        "outside": shutil.copy(music["high0"], folder / "outside.flac"),
        "table": write_csv(folder / "songs.csv", songs(30)),
        "holed": write_csv(folder / "holed.csv", [*songs(29), songs(30)[29] | {"id": ""}]),
        "vectors": folder / "matrix.npy",
        "audioset": folder / "segments.jsonl",
        "fma": write_fma(folder / "fma_metadata", IDS),
        "likes": folder / "likes.csv",
        "secret": folder / "secret.txt",
        "library": folder / "library",
    }
    paths["bad"].write_text("words")
    paths["words"].write_text("a,b\n1,2\n")
    paths["secret"].write_text("correct horse battery staple\n")
    paths["likes"].write_text("verdict,at,id,title,artist,album\nlike,5,x,low number 1,The Lows,Low\n")
    np.save(paths["vectors"], np.random.default_rng(0).standard_normal((20, 4)))
    segments = [Segment(f"video{i:06d}", 0.0, 10.0, (i,), some_frames(seed=i)) for i in range(3)]
    write_json(segments, paths["audioset"])
    shutil.copytree(scanned, paths["library"])
    with Library.open(paths["library"]) as library:
        library.scan(paths["bad"])
        library.like("Noise number 3")
    return paths


@pytest.fixture
def run(segue, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command line on a copy of the library: exit code, stdout, stderr, and texts to look for there.

    ``{bad}`` and the like stand for the names of ``files``, in the line and in the texts.
    """
    names = {name: str(path) for name, path in files.items()} | {"library": str(tmp_path / "library")}
    shutil.copytree(files["library"], tmp_path / "library")
    monkeypatch.setenv("SEGUE_LIBRARY", names["library"])
    monkeypatch.chdir(tmp_path)

    def command(line: str, *texts: str) -> tuple[int, str, str, list[str]]:
        code, out, err = segue(*(word.format_map(names) for word in shlex.split(line)))
        return code, out, err, [text.format_map(names) for text in texts]

    return command


@pytest.mark.parametrize(("line", "text"), WORKS, ids=[line for line, _ in WORKS])
def test_a_command_does_its_work(run, line: str, text: str):
    code, out, err, (expected,) = run(line, text)
    assert code == 0, err
    assert expected in out


@pytest.mark.parametrize(("line", "texts"), [(line, texts) for line, *texts in MISTAKES], ids=str)
def test_a_mistake_is_told_plainly_and_ends_with_2(run, line: str, texts: list[str]):
    code, _, err, expected = run(line, *texts)
    assert code == 2
    assert not [text for text in expected if text not in err], err
    assert "Traceback" not in err


@pytest.mark.parametrize(("line", "text"), PARTLY, ids=[line for line, _ in PARTLY])
def test_what_worked_in_part_ends_with_1(run, line: str, text: str):
    code, _, err, (expected,) = run(line, text)
    assert code == 1
    assert expected in err


JSON_LINES = [line for line, _ in WORKS if name_of(shlex.split(line)) in commands_with_json()]


@pytest.mark.parametrize("line", [line.replace(" --csv", "") for line in JSON_LINES])
def test_json_has_the_keys_that_are_documented(run, line: str):
    code, out, *_ = run(f"{line} --json")
    found = json.loads(out)
    name = "info TRACK" if line.startswith("info ") else name_of(shlex.split(line))
    expected = documented_keys()[name]
    assert code == 0
    assert found
    for record in found if isinstance(found, list) else [found]:
        assert record.keys() == expected


def test_no_command_is_forgotten():
    commands = commands_that_do_something()
    tried = {name_of(shlex.split(line)) for line, _ in WORKS}
    assert tried | WORK_ELSEWHERE.keys() == commands
    assert set(WORK_ELSEWHERE.values()) <= defined_tests()
    assert {name_of(shlex.split(line)) for line, *_ in MISTAKES} - {"import"} == commands
    assert {name.removesuffix(" TRACK") for name in documented_keys()} == commands_with_json()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows breaks pipes in another way")
def test_a_reader_who_has_seen_enough_is_no_fault(scanned: Path):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "segue", "-l", str(scanned), "info"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the browser is a shell's script")
def test_serve_opens_the_player_in_the_browser(scanned: Path, tmp_path: Path):
    browser, told = tmp_path / "browser", tmp_path / "told"
    browser.write_text(f'#!/bin/sh\necho "$1" > {told}.part\nmv {told}.part {told}\n')
    browser.chmod(0o755)
    with serving("-l", scanned, "serve", "--port", 0, BROWSER=f"{browser} %s") as server:
        wait_for(told.exists)
        assert told.read_text() == f"{server.address}/\n"


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_help_fits_80_columns_and_cuts_nothing(segue, words: tuple[str, ...], monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = segue(*words, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    listed = out.partition("Commands:")[2]
    assert "..." not in listed.replace("FMA, ...", "")


def test_every_command_is_described_in_less_than_50_letters():
    for words in every_command():
        if words:
            short = command_of(words).short_help
            assert short, words
            assert len(short) < 50


def test_commands_are_listed_by_the_groups_that_hold_them(segue):
    for words in every_command():
        command = command_of(words)
        if isinstance(command, click.Group):
            listed = segue(*words, "--help")[1].partition("Commands:")[2]
            assert {line.split()[0] for line in listed.splitlines() if line} == set(command.commands)


def test_what_no_tag_names_is_said_and_not_an_empty_table(segue, tmp_path: Path):
    (tmp_path / "music").mkdir()
    sounds.FORMATS["wav16"].write(tmp_path / "music", sounds.melody(1.0))
    named = ("-l", tmp_path / "library")
    assert segue(*named, "scan", "-q", tmp_path / "music")[0] == 0
    assert segue(*named, "albums") == (0, "", "no track has the tag 'album'\n")
    assert segue(*named, "albums", "--genre", "polka")[2] == "no album has a track of the genre 'polka'\n"
    assert segue(*named, "artists") == (0, "", "no track has the tag 'artist'\n")
