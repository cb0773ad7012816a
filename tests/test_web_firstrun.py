"""An empty library on the page: a folder is added, and the demo is tried."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, expect

from tests.browsing import MARKS, watched
from tests.conftest import write_music
from tests.serve_process import serving

pytestmark = MARKS


def test_a_new_library_is_filled_from_the_page(browser: Browser, web_player: None, tmp_path: Path):
    write_music(tmp_path / "music" / "mine")
    arguments = ("-l", tmp_path / "new", "serve", "--no-open", "--port", 0, "--folder", tmp_path / "music")
    with serving(*arguments, SEGUE_PULL="0") as running:
        running.faults = True
        with watched(browser, running) as page:
            page.goto("/")
            field = page.get_by_role("combobox", name="Folder with music")
            field.fill(f"{tmp_path}/music/m")
            page.get_by_role("option", name="mine").click()
            expect(field).to_have_value(f"{tmp_path}/music/mine/")
            page.get_by_role("button", name="Add folder").click()
            expect(page.get_by_role("region", name="Recently added").locator(".tile")).to_have_count(3)
            page.goto("/tracks")
            expect(page.locator(".row")).to_have_count(12)


def test_the_demo_is_tried_from_the_page(browser: Browser, web_player: None, tmp_path: Path):
    arguments = ("-l", tmp_path / "new", "serve", "--no-open", "--port", 0)
    with serving(*arguments, SEGUE_PULL="0", XDG_DATA_HOME=str(tmp_path / "data")) as running:
        running.faults = True
        with watched(browser, running) as page:
            page.goto("/tracks")
            page.get_by_role("button", name="Try the demo").click()
            expect(page.get_by_role("heading", name="Segue is analyzing your music")).to_be_visible()
            expect(page.locator(".job")).to_be_visible()
            job = running.get("/jobs")["jobs"][0]
            running.api("POST", f"/jobs/{job['id']}/cancel", headers={"X-Segue": "1"})
            expect(page.get_by_role("button", name="Try the demo")).to_be_visible()
