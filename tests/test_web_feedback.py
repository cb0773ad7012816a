"""Hearts and dislikes on the page, which change what it shows at once and are the same everywhere."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import MARKS, PHONE, hold, new_page, take, watched
from tests.serve_process import Server

pytestmark = MARKS


def track(own_server: Server, title: str) -> str:
    return own_server.get("/tracks", q=title)["tracks"][0]["id"]


def verdicts(own_server: Server) -> dict[str, str]:
    return {one["track"]: one["verdict"] for one in own_server.get("/feedback")["feedback"]}


def similar_rows(page: Page):
    return page.get_by_label("Similar to Low number 0").get_by_role("listitem")


def test_a_dislike_takes_the_track_away_at_once_and_undo_brings_it_back(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto(f"/track/{track(own_server, 'Low number 0')}")
        row = similar_rows(page).filter(has_text="Low number 1")
        row.get_by_role("button", name="Dislike Low number 1").click()
        expect(page.get_by_text("no longer recommends “Low number 1”")).to_be_visible()
        expect(row).to_have_count(0)
        expect(page.get_by_text("moved down").first).to_be_visible()
        assert verdicts(own_server) == {track(own_server, "Low number 1"): "dislike"}
        (kept,) = own_server.get("/feedback")["feedback"]
        assert kept["seed"] == track(own_server, "Low number 0")
        page.get_by_role("button", name="Undo").click()
        expect(row).to_have_count(1)
        assert verdicts(own_server) == {}


def test_nothing_is_said_of_likes_before_they_are_known(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        held = hold(page, "**/feedback?*")
        page.goto("/likes")
        answer = take(page, held)
        expect(page.get_by_text("Loading likes…")).to_have_count(1)
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        expect(page.get_by_text("Nothing liked yet")).to_have_count(0)
        answer.continue_()
        expect(page.get_by_text("Nothing liked yet")).to_be_visible()


def test_why_says_which_like_moved_a_track(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto(f"/track/{track(own_server, 'Low number 0')}")
        row = similar_rows(page).filter(has_text="Low number 1")
        row.get_by_role("button", name="Like Low number 1", exact=True).click()
        expect(row.get_by_text("moved up")).to_be_visible()
        page.get_by_role("button", name="Why is Low number 1 similar?").click()
        expect(page.get_by_text("Moved up by your likes and dislikes: you like it.")).to_be_visible()


def test_the_heart_is_the_same_on_all_pages_and_in_the_library(browser: Browser, own_server: Server):
    like = {"name": "Like Low number 1", "exact": True}
    with watched(browser, own_server) as page:
        page.goto(f"/track/{track(own_server, 'Low number 1')}")
        page.get_by_role("button", **like).first.click()
        expect(page.get_by_role("button", **like).first).to_have_attribute("aria-pressed", "true")
        assert verdicts(own_server) == {track(own_server, "Low number 1"): "like"}
        page.get_by_role("link", name="Playlists").first.click()
        page.get_by_role("link", name="Likes").click()
        liked = page.get_by_label("Liked tracks")
        expect(liked.get_by_role("listitem")).to_have_count(1)
        own_server.post("/feedback", {"track": track(own_server, "High number 1"), "verdict": "dislike"}, 201)
        page.reload()
        expect(page.get_by_label("Disliked tracks").get_by_text("High number 1")).to_be_visible()
        page.get_by_role("button", name="Dislike High number 1").click()
        liked.get_by_role("button", **like).click()
        expect(page.get_by_text("Nothing liked yet")).to_be_visible()
        assert verdicts(own_server) == {}


def test_similar_asks_without_likes_and_dislikes_when_told(browser: Browser, own_server: Server):
    own_server.post("/feedback", {"track": track(own_server, "Low number 1"), "verdict": "dislike"}, 201)
    with watched(browser, own_server) as page:
        page.goto(f"/track/{track(own_server, 'Low number 0')}")
        page.get_by_role("button", name="More like this").click()
        page.get_by_role("link", name="Similar").first.click()
        found = page.get_by_label("Recommendations", exact=True).get_by_role("listitem")
        expect(found.filter(has_text="Low number 2")).to_have_count(1)
        expect(found.filter(has_text="Low number 1")).to_have_count(0)
        page.get_by_label("Use likes and dislikes").uncheck()
        expect(found.filter(has_text="Low number 1")).to_have_count(1)


def test_a_phone_has_both_in_the_menu(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address, PHONE) as page:
        page.goto(f"/track/{track(own_server, 'Low number 0')}")
        page.get_by_role("button", name="More actions for Low number 1", exact=True).click()
        page.get_by_role("menuitem", name="Dislike").click()
        expect(page.get_by_text("no longer recommends")).to_be_visible()
        assert verdicts(own_server) == {track(own_server, "Low number 1"): "dislike"}
