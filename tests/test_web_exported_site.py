"""The page of an exported site in Chromium, opened as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from segue import Library
from segue.export.site import write_site
from tests.browsing import MARKS, PHONE, failed_requests, hold, new_page, slow_music, take
from tests.test_export_site import NASTY

pytestmark = MARKS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, scanned: Path) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "site"
    with Library.open(scanned) as library:
        tracks = list(library)
        write_site(folder, tracks, library.matrix(tracks).scores, title=NASTY, k=5, clip_s=2)
    return folder


@pytest.fixture
def page(browser: Browser, site: Path):
    with new_page(browser, site.as_uri()) as page:
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: request.url.startswith("file:") or faults.append(request.url))
        failed = failed_requests(page)
        page.goto(f"{site.as_uri()}/index.html")
        yield page
        assert not faults
        assert not failed


def test_a_track_leads_to_what_sounds_like_it(page: Page):
    expect(page.locator("h1")).to_have_text(NASTY)
    expect(page.locator("#tracks a")).to_have_count(12)
    page.locator("#tracks a", has_text="High number 0").click()
    expect(page.locator("h2")).to_have_text("High number 0")
    expect(page.locator("#near a")).to_have_count(5)
    expect(page.locator("#near a").first).to_contain_text("The Highs")
    name = page.locator("#near b").first.inner_text()
    page.locator("#near a").first.click()
    expect(page.locator("h2")).to_have_text(name)
    page.go_back()
    expect(page.locator("h2")).to_have_text("High number 0")


def test_a_clip_plays_and_stops_with_its_track(page: Page):
    slow_music(page)
    page.reload()
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator("rect.played").first).to_be_attached()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_search_leaves_what_has_its_words(page: Page):
    page.get_by_label("Search").fill("noise 2")
    expect(page.locator("#tracks a:visible")).to_have_count(1)
    page.get_by_label("Search").fill("nothing of this name")
    expect(page.get_by_text("No track has these words.")).to_be_visible()


def test_a_phone_shows_it_without_scrolling_sideways(page: Page):
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_load_that_ends_with_its_page_has_not_failed(browser: Browser, site: Path):
    look_for = "name => new Promise(end => Object.assign(new Image(), { src: name, onerror: end }))"
    with new_page(browser, site.as_uri()) as page:
        failed, icons = failed_requests(page), hold(page, "**/icon.svg")
        page.goto(f"{site.as_uri()}/index.html")
        for _ in range(3):
            take(page, icons)
            with page.expect_event("requestfailed"):
                page.reload()
        assert failed == []
        page.evaluate(look_for, "gone.png")
        assert failed == [f"{site.as_uri()}/gone.png"]
