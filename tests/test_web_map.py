"""The map is searched, colored by sound, and shows a journey; a journey shows its steps."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Page, expect

from tests.browsing import MARKS, wait_for_map
from tests.serve_process import Server

pytestmark = MARKS


def test_a_track_is_found_on_the_map_and_escape_closes_it(page: Page, web_server: Server):
    track = web_server.get("/tracks", sort="title")["tracks"][0]
    page.goto("/map")
    page.get_by_role("combobox", name="Find on the map").fill(track["title"])
    page.get_by_role("listbox", name="Tracks").get_by_role("option", name=track["title"]).first.click()
    card = page.get_by_role("region", name="Selected track")
    expect(card.get_by_role("link", name=track["title"])).to_be_visible()
    page.get_by_role("application").focus()
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_the_map_is_colored_by_a_descriptor_in_steps_of_as_many_tracks(page: Page, web_server: Server):
    (name, *_) = web_server.get("/map/descriptors")["names"]
    values = web_server.get(f"/map/descriptors/{name}")["values"]
    assert len(values) == len(web_server.get("/map")["ids"])
    page.goto("/map")
    page.get_by_label("Color by a sound feature").select_option(name)
    legend = page.get_by_role("list", name="Colors").get_by_role("button")
    expect(legend).to_have_count(7)
    counts = [int(text) for text in legend.locator(".num").all_inner_texts()]
    assert sum(counts) == sum(value is not None for value in values)
    assert max(counts) - min(counts) <= 2
    wait_for_map(page, pixels=200)


def test_a_journey_shows_its_longest_step_and_is_drawn_on_the_map(page: Page, web_server: Server):
    tracks = web_server.get("/tracks", sort="artist")["tracks"]
    start, end = tracks[0]["id"], tracks[-1]["id"]
    journey = web_server.post("/journey", {"start": start, "end": end, "k": 12})["matches"]
    page.goto(f"/journey?from={start}&to={end}")
    longest = min(match["step"] for match in journey if match["step"] is not None)
    expect(page.get_by_text(f"longest step {longest:.2f}")).to_be_attached()
    page.get_by_role("link", name="Show on the map").click()
    expect(page).to_have_url(re.compile(f"/map\\?path={start},.*{end}$"))
    wait_for_map(page, pixels=200)


def test_a_track_on_the_way_becomes_a_stop(page: Page, web_server: Server):
    tracks = web_server.get("/tracks", sort="artist")["tracks"]
    start, end = tracks[0]["id"], tracks[-1]["id"]
    page.goto(f"/journey?from={start}&to={end}")
    stops = page.get_by_role("list", name="Stops of the journey").locator(".row")
    stops.nth(3).get_by_role("button", name=re.compile("^More actions")).click()
    page.get_by_role("menuitem", name="Make this a stop").click()
    expect(page).to_have_url(re.compile("via="))
    expect(page.get_by_role("heading", name="Via 1")).to_be_visible()
