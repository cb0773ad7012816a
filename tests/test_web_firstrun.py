"""An empty library on the page: a folder is added, and the demo is tried."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, expect

from segue.library import Library
from tests.browsing import MARKS, answered, hold, settle, take, watched
from tests.conftest import write_music
from tests.serve_process import Server, serving
from tests.waiting import wait_for

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


def all_done(running: Server) -> bool:
    return all(job["state"] == "done" for job in running.get("/jobs")["jobs"])


def test_a_followed_folder_brings_its_changes_to_the_page(browser: Browser, web_player: None, tmp_path: Path):
    paths = write_music(tmp_path / "music")
    late = paths["high3"].rename(tmp_path / "high3.flac")
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(tmp_path / "music")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as running:
        running.faults = True
        with watched(browser, running) as page:
            page.goto("/settings")
            follow = page.get_by_label("Follow the scanned folders")
            with answered(page, "PUT", "/settings"):
                follow.click()
            expect(follow).to_be_checked()
            assert running.get("/settings")["watch_now"]
            wait_for(lambda: all_done(running))  # what a page sees running it looks at again
            page.clock.install()
            page.goto("/tracks")
            expect(page.locator(".row")).to_have_count(11)
            settle(page)
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            shutil.copy(late, tmp_path / "music")
            wait_for(lambda: running.get("/library")["tracks"] == 12)
            wait_for(lambda: all_done(running))
            page.clock.fast_forward(15_000)
            assert not asked  # a page that rests asks for nothing
            page.clock.set_fixed_time(page.evaluate("Date.now()"))  # "again at once" takes a while here
            page.evaluate("window.dispatchEvent(new Event('focus'))")  # somebody comes back to it
            expect(page.locator(".row")).to_have_count(12)
            page.evaluate("window.dispatchEvent(new Event('focus'))")  # and again at once
            settle(page)
            assert [url for url in asked if url.endswith("/jobs")] == [f"{running.address}/api/v1/jobs"]


def test_the_demo_is_tried_from_the_page(browser: Browser, web_player: None, tmp_path: Path):
    arguments = ("-l", tmp_path / "new", "serve", "--no-open", "--port", 0)
    with serving(*arguments, SEGUE_PULL="0", XDG_DATA_HOME=str(tmp_path / "data")) as running:
        running.faults = True
        with watched(browser, running) as page:
            page.goto("/tracks")
            settle(page)
            held = hold(page, "**/api/v1/jobs")
            page.get_by_role("button", name="Try the demo").click()
            first = take(page, held)
            answer = first.fetch()
            (job,) = answer.json()["jobs"]
            # At once, before its pieces are made: what the page shows may take a while.
            running.api("POST", f"/jobs/{job['id']}/cancel", headers={"X-Segue": "1"})
            first.fulfill(response=answer)
            expect(page.get_by_role("heading", name="Segue is analyzing your music")).to_be_visible()
            expect(page.locator(".job")).to_be_visible()
            assert running.ended(job["id"])["state"] == "cancelled"
            take(page, held).continue_()
            expect(page.get_by_role("button", name="Try the demo")).to_be_visible()
