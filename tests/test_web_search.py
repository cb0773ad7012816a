"""Search on every page: grouped, best matches first, by keyboard and by mouse."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import MARKS, hold, rows, slow_music, take, watched
from tests.serve_process import Server

pytestmark = MARKS


def options(page: Page):
    return page.get_by_role("dialog", name="Search").get_by_role("option")


def test_ctrl_k_finds_everything_of_a_name_from_any_page(page: Page, web_server: Server):
    artist = web_server.get("/artists")["artists"][0]
    found = web_server.get("/search/grouped", q=artist["name"])["tracks"]
    for path in ("/", "/map", f"/track/{artist['cover']}"):
        page.goto(path)
        expect(page.locator("h1").first).to_be_attached()
        page.keyboard.press("Control+k")
        page.keyboard.type(artist["name"])
        expect(options(page).first).to_contain_text(artist["name"])
        groups = page.get_by_role("dialog").get_by_role("group")
        expect(groups.first).to_have_attribute("aria-label", "Artists")  # the name itself is the best match
        tracks = page.get_by_role("group", name="Tracks").get_by_role("option")
        expect(tracks).to_have_count(len(found))
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    page.keyboard.type(artist["name"])
    expect(page.get_by_role("group", name="Artists").get_by_role("option")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/artists/{artist['id']}$"))


def test_enter_waits_for_what_is_still_looked_for(page: Page, web_server: Server):
    first, second = (artist["name"] for artist in web_server.get("/artists")["artists"][:2])
    page.goto("/")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search everything")
    field.fill(first)
    expect(page.get_by_role("group", name="Artists").get_by_role("option", name=first)).to_be_visible()
    held = hold(page, "**/search/grouped?*")
    with page.expect_request("**/search/grouped?*"):
        field.fill(second)
    page.keyboard.press("Enter")  # and not the artist of the first search, which is still shown
    take(page, held).continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text(second)


def test_a_track_is_played_from_the_search_and_all_of_them_are_listed(page: Page, web_server: Server):
    track = web_server.get("/tracks", sort="title")["tracks"][0]
    slow_music(page)
    page.goto("/")
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("combobox", name="Search everything").fill(track["title"])
    expect(page.get_by_role("group", name="Tracks").get_by_role("option").first).to_be_visible()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".bar-title")).to_have_text(track["title"])
    page.keyboard.press("Control+k")
    page.keyboard.type(track["title"])
    expect(options(page).last).to_contain_text("All tracks")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/tracks\?q="))


def test_a_misspelled_name_is_looked_for_as_it_is_spelled(page: Page, web_server: Server):
    artist = web_server.get("/artists")["artists"][0]
    misspelled = artist["name"][:2] + "x" + artist["name"][3:]
    suggestions = page.get_by_role("group", name="Did you mean").get_by_role("option", name=artist["name"])
    page.goto("/")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search everything")
    for take_it in (lambda: page.keyboard.press("Enter"), suggestions.first.click):
        field.fill(misspelled)
        expect(page.get_by_text("Nothing has this name.")).to_be_visible()
        expect(options(page).first).to_contain_text("All tracks for")  # which Enter opens, as before
        page.keyboard.press("ArrowDown")
        expect(suggestions.first).to_have_attribute("aria-selected", "true")
        take_it()
        expect(field).to_have_value(artist["name"])
        expect(field).to_be_focused()
        expect(page.get_by_role("group", name="Artists").get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/artists/{artist['id']}$"))


def test_a_row_plays_its_own_track_while_the_next_list_is_awaited(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        page.goto("/tracks")
        expect(rows(page)).to_have_count(12)
        held = hold(page, "**/api/v1/search?*")
        page.get_by_role("searchbox").fill("Low number 0")
        listed = take(page, held)
        page.get_by_role("button", name="Play Low number 3").click()
        take(page, held).continue_()
        expect(page.get_by_role("region", name="Player").locator(".bar-title")).to_have_text("Low number 3")
        listed.continue_()
        expect(rows(page)).to_have_count(1)
