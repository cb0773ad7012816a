"""The page explains pairs of which one track lacks a space: an embedder was added later, say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.embed.descriptors import Descriptors
from segue.embed.onnx_file import OnnxFile
from segue.library import Library
from tests.conftest import write_music
from tests.onnx_models import ASKED, filters, saved

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, expect

from tests.browsing import MARKS, hold, take, watched
from tests.serve_process import Server, serving

pytestmark = MARKS


@pytest.fixture
def incomplete(web_player: None, tmp_path: Path) -> Iterator[Server]:
    """One track has vectors of descriptors alone; all others have two spaces."""
    paths = write_music(tmp_path / "music")
    first = paths.pop("low0")
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(first)
    network = OnnxFile(saved(tmp_path / "ears.onnx", filters(["n", "t"])), **ASKED)
    with Library.open(tmp_path / "library", embedders=[Descriptors(), network]) as library:
        library.scan(list(paths.values()))
    with serving("--library", tmp_path / "library", "serve", "--no-open", "--port", 0) as server:
        server.faults = True  # browsers leave in the middle of a sound
        yield server


def test_why_opens_for_a_pair_of_which_one_lacks_a_space(browser: Browser, incomplete: Server):
    (seed,) = incomplete.get("/tracks", q="Low number 0")["tracks"]
    match = incomplete.post("/similar", {"seeds": [seed["id"]], "k": 1})["matches"][0]["track"]
    explanation = incomplete.get("/why", a=seed["id"], b=match["id"])
    assert {part["space"]: part["score"] is None for part in explanation["parts"]} == {
        "descriptors-1": False,
        next(p["space"] for p in explanation["parts"] if p["space"].startswith("ears")): True,
    }
    with watched(browser, incomplete) as page:
        page.goto(f"/track/{seed['id']}")
        page.get_by_role("button", name=f"Why is {match['title']} similar").first.click()
        expect(page.get_by_text(explanation["text"])).to_be_visible()
        expect(page.get_by_text("only one of the tracks was analyzed by it")).to_be_visible()


def test_a_place_is_kept_for_why_while_it_loads(browser: Browser, own_server: Server):
    (seed,) = own_server.get("/tracks", q="Low number 0")["tracks"]
    with watched(browser, own_server) as page:
        held = hold(page, "**/api/v1/why?*")
        page.goto(f"/track/{seed['id']}")
        why = page.get_by_role("button", name="Why is Low number 1 similar?")
        why.click()
        row = page.get_by_role("listitem").filter(has=why)
        place = row.locator(".skeleton")
        expect(place).to_be_visible()
        assert place.bounding_box()["height"] > 40
        take(page, held).continue_()
        expect(row.locator(".why-text")).to_be_visible()
        expect(place).to_have_count(0)
