"""The page speaks to a listener: no number without a meaning, no riddle where something is missing."""

from __future__ import annotations

import json
import re

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, Request, expect

from tests.browsing import LATE_EFFECTS, MARKS, PAGES, rows, settle, slow_music, watched
from tests.serve_process import Server
from tests.waiting import wait_for

pytestmark = MARKS

SCORE = re.compile(r"(?<![\d.])-?0\.\d{2,3}\b(?! ms)")
SEEN = """() => {
    for (const read of document.querySelectorAll(".hidden-text")) read.remove()
    return document.querySelector("main").innerText
}"""


def bare_scores(page: Page) -> list[str]:
    settle(page)
    return SCORE.findall(page.evaluate(SEEN))


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shows_a_bare_score(page: Page, path: str):
    page.goto(path)
    assert not bare_scores(page)


def test_recommendations_and_their_reasons_show_no_bare_score(page: Page, web_server: Server):
    track, *_, last = web_server.get("/tracks")["tracks"]
    page.goto(f"/track/{track['id']}")
    page.get_by_role("button", name=re.compile("^Why")).first.click()
    expect(page.locator(".why-text")).to_be_visible()
    assert not bare_scores(page)
    page.goto(f"/journey?from={track['id']}&to={last['id']}")
    expect(page.get_by_role("list", name="Stops of the journey").locator(".row").nth(3)).to_be_visible()
    assert not bare_scores(page)


def test_compared_tracks_are_explained_in_words(page: Page, web_server: Server):
    page.goto("/compare")
    pair = page.locator(".compare-pair")
    expect(pair.get_by_role("link")).to_have_count(2)
    ids = [link.get_attribute("href").rsplit("/", 1)[-1] for link in pair.get_by_role("link").all()]
    expect(pair.locator(".compare-why")).to_have_text(web_server.get("/why", a=ids[0], b=ids[1])["text"])


@pytest.mark.parametrize("kind", ["track", "albums", "artists", "playlists"])
@pytest.mark.parametrize("name", ["none", "%zz"])
def test_what_is_gone_says_so_and_leads_home(page: Page, kind: str, name: str):
    page.goto("/")
    page.evaluate(
        "to => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')) }",
        f"/{kind}/{name}",
    )
    expect(page.get_by_role("heading", name="Not in this library")).to_be_visible()
    page.get_by_role("link", name="Go home", exact=True).click()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()


def test_a_search_that_finds_no_name_says_so(page: Page):
    page.goto("/")
    page.keyboard.press("Control+k")
    page.get_by_label("Search everything").fill("zzqxzzqx")
    expect(page.get_by_text("Nothing has this name.")).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(1)  # all tracks, also by mood and sound


def test_a_reload_within_a_track_counts_it_once(browser: Browser, own_server: Server):
    def told_of(request: Request) -> list[str]:
        body = request.post_data if request.url.endswith("/plays") else None
        return json.loads(body)["tracks"] if body else []

    with watched(browser, own_server) as page:
        slow_music(page)
        place = page.get_by_role("slider", name=re.compile("^Position in"))
        page.goto("/tracks")
        first, second = own_server.get("/tracks", limit=2, sort="artist")["tracks"]
        rows(page).first.get_by_role("button", name="Play").click()
        told: list[list[str]] = []
        page.on("request", lambda request: told.append(told_of(request)))
        wait_for(lambda: place.press("End") or [first["id"]] in told)  # its length may not be known at first
        page.reload()
        expect(page.get_by_role("region", name="Player").get_by_role("button", name="Pause")).to_be_visible()
        expect(place).to_have_attribute("aria-valuemax", "3")
        place.press("End")
        page.keyboard.press("Shift+ArrowRight")
        expect(page.locator(".bar-title")).to_have_text(second["title"])
        wait_for(lambda: place.press("End") or [second["id"]] in told)

        def counted() -> list[str]:
            return [play["track"]["id"] for play in own_server.get("/history", limit=10)["plays"]]

        wait_for(lambda: second["id"] in counted())
        assert counted() == [second["id"], first["id"]]


def test_keys_of_the_player_work_while_the_position_has_the_focus(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        page.goto("/tracks")
        rows(page).first.get_by_role("button", name="Play").click()
        bar = page.get_by_role("region", name="Player")
        expect(bar.get_by_role("button", name="Pause")).to_be_visible()
        place = page.get_by_role("slider", name=re.compile("^Position in"))
        place.click()
        expect(place).to_be_focused()
        page.keyboard.press("Space")
        expect(bar.get_by_role("button", name="Play", exact=True)).to_be_visible()
        page.keyboard.press("m")
        expect(bar.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("at_once", [False, True])
def test_leaving_the_page_turns_the_microphone_off(page: Page, at_once: bool):
    if at_once:
        page.add_init_script(LATE_EFFECTS)
    page.add_init_script("""
        const askAsItIs = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
        navigator.mediaDevices.getUserMedia = async (wish) => (window.heard = await askAsItIs(wish))
    """)
    page.goto("/similar")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("timer")).to_be_visible()
    page.get_by_role("link", name="Settings").first.click()
    page.wait_for_function("() => window.heard.getTracks().every((track) => track.readyState === 'ended')")
