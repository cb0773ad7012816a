"""Recordings with several files, listed in the shell, over HTTP and on the page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.library import Library
from tests.recordings import encode, performance, write
from tests.serve_process import Server, serving


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two recordings with several files, one of them twice, and one with a single file."""
    folder = tmp_path_factory.mktemp("duplicates")
    y, z = performance(0), performance(1)
    write(folder / "music" / "alder.flac", y, title="Alder", artist="The Players")
    small = encode(
        folder / "music" / "alder.mp3", y, "libmp3lame", 128_000, title="Alder", artist="The Players"
    )
    shutil.copy(small, folder / "music" / "another alder.mp3")
    write(folder / "music" / "birch.flac", z, title="Birch")
    encode(folder / "music" / "birch.m4a", z, "aac", 96_000, title="Birch (Mono)")
    write(folder / "music" / "cedar.flac", performance(2), title="Cedar")
    with Library.open(folder / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(folder / "music")
    return folder


def test_recordings_with_several_files_come_with_the_best_first(root):
    with Library.open(root / "library") as library:
        alder, birch = library.duplicates()
    assert [Path(copy.track.path).name for copy in alder.copies] == [
        "alder.flac", "alder.mp3", "another alder.mp3"
    ]  # fmt: skip
    assert [copy.identical for copy in alder.copies] == [False, False, True]
    assert alder.extra_bytes == 2 * (root / "music" / "alder.mp3").stat().st_size
    assert [Path(copy.track.path).name for copy in birch.copies] == ["birch.flac", "birch.m4a"]


def test_the_command_lists_every_file_and_changes_none(root, segue):
    before = {path: path.read_bytes() for path in (root / "music").iterdir()}
    code, out, err = segue("-l", root / "library", "duplicates")
    assert code == 0
    rows = [line.split("  ") for line in out.splitlines()]
    assert [row[-1].rsplit("/", 1)[-1] for row in rows[1:]] == [
        "alder.flac", "alder.mp3", "another alder.mp3", "birch.flac", "birch.m4a"
    ]  # fmt: skip
    assert [" best " in line for line in out.splitlines()[1:]] == [True, False, False, True, False]
    assert "identical" in out.splitlines()[3]
    assert "2 recordings have 5 files" in err
    assert "Nothing was changed" in err
    assert {path: path.read_bytes() for path in (root / "music").iterdir()} == before


def test_json_has_the_files_of_each_recording(root, segue):
    _, out, _ = segue("-l", root / "library", "duplicates", "--json")
    alder, _ = json.loads(out)
    assert [(copy["codec"], copy["identical"]) for copy in alder["copies"]] == [
        ("flac", False), ("mp3", False), ("mp3", True)
    ]  # fmt: skip


def test_a_library_without_duplicates_says_so(scanned, segue):
    assert segue("-l", scanned, "duplicates")[:2] == (0, "no recording has several files\n")


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    with serving("--library", root / "library", "serve", "--no-open", "--port", 0) as running:
        running.faults = True  # browsers leave in the middle of a sound
        yield running


@pytest.mark.slow
def test_the_service_lists_recordings_by_pages_and_names_versions_in_its_answers(server):
    page = server.get("/duplicates", limit=1, offset=1)
    (birch,) = page["recordings"]
    assert page["total"] == 2
    assert [(copy["track"]["title"], copy["codec"]) for copy in birch["copies"]] == [
        ("Birch", "flac"), ("Birch (Mono)", "m4a" if birch["copies"][1]["codec"] == "m4a" else "aac")
    ]  # fmt: skip
    assert page["extra_bytes"] > birch["copies"][1]["size"]
    (found,) = server.get("/search", q="Alder")["matches"]
    assert len(found["versions"]) == 2
    for body in ({}, {"same_artist": False}):  # the short way and the long one
        answer = server.post("/similar", {"seeds": [found["versions"][0]["id"]], "k": 2, **body})
        titles = {match["track"]["title"]: len(match["versions"]) for match in answer["matches"]}
        assert titles == {"Birch": 1, "Cedar": 0}


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_lists_duplicates_and_counts_copies_beside_a_track(web_player, server):
    pytest.importorskip("playwright", reason="pip install playwright")
    from playwright.sync_api import expect

    from tests.browsing import chromium, watched

    with chromium() as browser, watched(browser, server) as page:
        page.goto("/status")
        expect(page.get_by_text("2 recordings with several files")).to_be_visible()
        expect(page.get_by_text("identical")).to_have_count(1)
        (found,) = server.get("/search", q="Cedar")["matches"]
        page.goto(f"/track/{found['track']['id']}")
        expect(page.get_by_text("3 copies")).to_be_visible()
        expect(page.get_by_text("2 copies")).to_be_visible()
