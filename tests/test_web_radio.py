"""The radio on the page: it goes on, it is steered, and what was played is remembered."""

from __future__ import annotations

import json
import re

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, Request, expect

from tests.browsing import MARKS, PATIENCE_MS, hold, is_request, settle, slow_music, take, watched
from tests.serve_process import Server

pytestmark = MARKS


def start(page: Page, own_server: Server) -> None:
    track = own_server.get("/tracks", q="Low number 0")["tracks"][0]["id"]
    page.goto(f"/track/{track}")
    page.get_by_role("button", name="More actions for Low number 0").first.click()
    page.get_by_role("menuitem", name="Start radio").click()
    expect(page.get_by_text("Radio: like “Low number 0”")).to_be_visible()
    page.get_by_role("button", name="Queue", exact=True).click()


def asked_for(request: Request) -> dict:
    """What the page asks of a radio; it also asks by itself, where little is left to play."""
    return json.loads(request.post_data or "{}") if request.url.endswith("/radio") else {}


def test_a_radio_plays_and_is_steered_and_stopped(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        start(page, own_server)
        radio = page.get_by_role("region", name="Radio")
        expect(radio).to_contain_text("Radio like “Low number 0”")
        expect(page.get_by_label("Queue").get_by_role("listitem").first).to_be_visible()
        with page.expect_request(lambda request: asked_for(request).get("steer") == ["brighter"]) as asked:
            radio.get_by_role("button", name="brighter").click()
        assert asked_for(asked.value)["previous"]
        expect(radio.get_by_role("button", name="brighter")).to_have_attribute("aria-pressed", "true")
        with page.expect_request(lambda request: asked_for(request).get("steer") == ["darker"]):
            radio.get_by_role("button", name="darker").click()  # the opposite takes its place
        expect(radio.get_by_role("button", name="brighter")).to_have_attribute("aria-pressed", "false")
        radio.get_by_role("button", name="Stop radio").click()
        expect(radio).to_have_count(0)


def test_what_was_heard_counts_as_played(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        with page.expect_request(
            lambda request: is_request(request, "POST", "/plays"), timeout=3 * PATIENCE_MS
        ) as told:
            start(page, own_server)  # the tests' tracks last for seconds
        (track,) = json.loads(told.value.post_data or "")["tracks"]
        assert own_server.get(f"/tracks/{track}")["track"]["title"] != "Low number 0"


def test_a_late_radio_does_not_take_over_from_a_track_that_was_chosen_of_those_to_come(
    browser: Browser, own_server: Server
):
    with watched(browser, own_server) as page:
        slow_music(page)
        start(page, own_server)
        coming = page.get_by_label("Continuation").get_by_role("listitem").last.get_by_role("button").first
        title = coming.locator(".clip").first.inner_text()
        held = hold(page, "**/api/v1/radio", "POST")
        page.get_by_role("button", name="More actions for Low number 0").first.click()
        page.get_by_role("menuitem", name="Start radio").click()
        late = take(page, held)
        coming.click()
        now = page.get_by_role("region", name="Player").locator(".bar-title")
        expect(now).to_contain_text(title)
        with page.expect_event("requestfinished", lambda request: request == late.request):
            late.fallback()
        settle(page, but=len(held))
        expect(now).to_contain_text(title)


def test_another_track_ends_the_radio(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        start(page, own_server)
        expect(page.get_by_role("region", name="Radio")).to_be_visible()
        similar = page.get_by_label("Similar to Low number 0")
        similar.get_by_role("button", name=re.compile("^Play ")).last.click()  # none says so of what plays
        expect(page.get_by_role("region", name="Radio")).to_have_count(0)


@pytest.mark.parametrize(
    ("wish", "address", "method"),
    [
        ("Start radio", "radio", "POST"),
        ("Shuffle", "tracks?*sort=random*", "GET"),
        ("Play", "tracks?*limit=200*", "GET"),
    ],
)
def test_a_late_answer_does_not_take_over_from_what_was_begun_meanwhile(
    browser: Browser, own_server: Server, wish: str, address: str, method: str
):
    with watched(browser, own_server) as page:
        slow_music(page)
        page.add_init_script("localStorage['segue.keepplaying'] = false")
        page.goto("/tracks")
        row = page.locator(".row", has_text="Low number 0").first
        row.wait_for()
        held = hold(page, f"**/api/v1/{address}", method)
        if wish == "Start radio":
            row.get_by_role("button", name="More actions for Low number 0").click()
            page.get_by_role("menuitem", name=wish).click()
        else:
            page.get_by_role("main").get_by_role("button", name=wish, exact=True).click()
        late = take(page, held)
        row.get_by_role("link", name="Low number 0").click()
        page.get_by_role("button", name="Play Low number 0").first.click()
        now = page.get_by_role("region", name="Player").locator(".bar-title")
        expect(now).to_contain_text("Low number 0")
        page.get_by_role("button", name="Queue", exact=True).click()
        with page.expect_event("requestfinished", lambda request: request == late.request):
            late.fallback()
        settle(page, but=len(held))
        expect(page.get_by_label("Queue").get_by_role("listitem")).to_have_count(1)
        expect(now).to_contain_text("Low number 0")
        expect(page.get_by_text("Radio: like")).to_have_count(0)
