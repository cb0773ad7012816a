"""Home, albums, artists, genres and history on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from segue.library import Library
from tests.browsing import MARKS, PHONE, new_page, settle, slow_music, watched
from tests.serve_process import Server, serving
from tests.sounds import clips

pytestmark = MARKS
# Buttons of the page whose words have no room, or that stand in its margin or beyond.
CROWDED = """() => [...document.querySelectorAll(".page .button, .page .select")]
    .filter((one) => one.offsetParent && !one.closest(".filters"))
    .filter((one) => one.scrollWidth > one.clientWidth || one.getBoundingClientRect().right > innerWidth - 12)
    .map((one) => one.textContent)"""


def test_albums_are_a_wall_of_covers_that_leads_to_tracks_in_their_order(page: Page, web_server: Server):
    total = web_server.get("/albums")["total"]
    page.goto("/")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Library").click()
    expect(page.get_by_text(f"{total} albums")).to_be_visible()
    expect(page.locator(".wall .tile").first).to_be_visible()
    album = web_server.get("/albums", sort="name")["albums"][0]
    page.get_by_role("searchbox").fill(album["name"])
    found = web_server.get("/albums", q=album["name"])["total"]
    expect(page.get_by_text(re.compile(f"^{found} albums?$"))).to_be_visible()
    settle(page)
    page.get_by_role("list", name="Albums").get_by_role("link", name=album["name"]).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(album["name"])
    tracks = web_server.get(f"/albums/{album['id']}")["tracks"]
    listed = page.get_by_role("list", name=album["name"], exact=True)
    expect(listed.locator(".row-title")).to_have_text([track["title"] for track in tracks])
    similar = web_server.get(f"/albums/{album['id']}/similar")["matches"]
    shelf = page.get_by_role("region", name="Albums that sound like this")
    near = [match["album"]["name"] for match in similar if match["score"] > 0]
    expect(shelf.locator(".tile-name")).to_have_text(near)


def test_the_buttons_of_a_phone_have_room_for_their_words(browser: Browser, web_server: Server):
    album = web_server.get("/albums", sort="name")["albums"][0]
    with new_page(browser, web_server.address, PHONE, has_touch=True, is_mobile=True) as page:
        for path in ("/albums", "/artists", f"/albums/{album['id']}", f"/artists/{album['artist_id']}"):
            page.goto(path)
            settle(page)
            expect(page.locator(".page .button, .page .select").first).to_be_visible()
            assert page.evaluate(CROWDED) == [], path


def test_an_album_plays_from_its_cover_in_its_order(page: Page, web_server: Server):
    slow_music(page)
    page.goto("/albums?sort=name")
    album = web_server.get("/albums", sort="name")["albums"][0]
    page.get_by_role("button", name=f"Play {album['name']}").click()
    first, *rest = web_server.get(f"/albums/{album['id']}")["tracks"]
    expect(page.locator(".bar-title")).to_have_text(first["title"])
    page.keyboard.press("q")
    expect(page.locator(".queue-list:not(.coming) > .queue-line")).to_have_count(1 + len(rest))


def test_an_artist_has_albums_tracks_and_artists_who_sound_alike(page: Page, web_server: Server):
    artist = web_server.get("/artists")["artists"][0]
    page.goto("/artists")
    page.get_by_role("list", name="Artists").get_by_role("link", name=artist["name"]).last.click()
    details = web_server.get(f"/artists/{artist['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text(artist["name"])
    albums = page.get_by_role("region", name="Albums", exact=True)
    expect(albums.locator(".tile-name")).to_have_text([album["name"] for album in details["own_albums"]])
    near = web_server.get(f"/artists/{artist['id']}/similar")["matches"]
    expect(
        page.get_by_role("region", name="Artists who sound alike").locator(".tile-name").first
    ).to_have_text(near[0]["artist"]["name"])


def test_a_row_leads_to_its_artist_and_its_album(page: Page, web_server: Server):
    track = web_server.get("/tracks", sort="artist")["tracks"][0]
    page.goto("/tracks")
    row = page.locator(".row").first
    row.get_by_role("link", name=track["album"], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(track["album"])
    expect(page).to_have_url(re.compile("/albums/al-"))
    page.go_back()
    page.locator(".row").first.get_by_role("link", name=track["artist"], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(track["artist"])


def test_home_shows_what_was_played_and_what_sounds_like_it(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto("/")
        expect(page.get_by_role("region", name="Start somewhere").locator(".tile")).to_have_count(3)
        track = own_server.get("/tracks", q="Low number 2")["tracks"][0]
        own_server.api("POST", "/plays", json={"tracks": [track["id"]]}, headers={"X-Segue": "1"})
        page.reload()
        expect(page.get_by_role("region", name="Jump back in").locator(".tile-name")).to_have_text(["low"])
        because = page.get_by_role("region", name="Because you played Low number 2")
        matches = own_server.get("/home")["because"]["matches"]
        expect(because.locator(".tile-name")).to_have_text([match["track"]["title"] for match in matches])
        expect(page.get_by_role("region", name="Rediscover").locator(".tile")).to_have_count(2)
        page.goto("/history")
        expect(page.get_by_role("list", name=re.compile("^Played on")).locator(".row-title")).to_have_text(
            ["Low number 2"]
        )


def test_home_has_a_mix_of_each_group_that_plays(page: Page, web_server: Server):
    group = web_server.get("/clusters")["clusters"][0]
    slow_music(page)
    page.goto("/")
    page.get_by_role("button", name=f"Play a mix of {group['name']}").first.click()
    expect(page.locator(".bar-title")).to_have_text(group["central"][0]["title"])


def test_home_of_files_without_tags_shows_some_of_them(browser: Browser, web_player: None, tmp_path: Path):
    clips(tmp_path / "music", 3)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
    with (
        serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as running,
        watched(browser, running) as page,
    ):
        page.goto("/")
        expect(page.get_by_role("heading", name="Start somewhere")).to_be_visible()
        expect(page.locator(".tile-name")).to_have_count(3)


def test_the_list_of_tracks_is_sorted_by_a_column_and_a_right_click_opens_the_menu(
    page: Page, web_server: Server
):
    by_title = [track["title"] for track in web_server.get("/tracks", sort="title", limit=5)["tracks"]]
    page.goto("/tracks")
    page.get_by_role("group", name="Order of the list").get_by_role("button", name="Title").click()
    first = page.get_by_role("list", name="Tracks").locator(".row").first
    expect(first.get_by_role("link", name=by_title[0])).to_be_visible()
    assert "sort=title" in page.url
    first.click(button="right")
    page.get_by_role("menuitem", name="Add to queue").click()
    page.keyboard.press("q")
    expect(page.locator(".queue-list:not(.coming) > .queue-line")).to_have_count(1)


def test_genres_lead_to_their_albums(page: Page, web_server: Server):
    genre = web_server.get("/genres")["genres"][0]
    page.goto("/genres")
    page.get_by_role("link", name=genre["name"]).first.click()
    expect(page.get_by_text(f"{genre['albums']} album")).to_be_visible()


def test_an_address_of_the_old_list_of_tracks_still_leads_there(page: Page, web_server: Server):
    genre = web_server.get("/facets")["genres"][0]
    page.goto(f"/?genre={genre['name']}")
    expect(page.locator(".row")).to_have_count(genre["n"])


@pytest.mark.parametrize("path", ["/", "/albums", "/artists", "/genres", "/history"])
def test_pages_of_music_fit_a_phone(browser: Browser, web_server: Server, path: str):
    with new_page(browser, web_server.address, PHONE) as page:
        page.goto(path)
        settle(page)
        assert page.locator(".page").evaluate("page => page.scrollWidth - page.clientWidth") == 0
        assert page.get_by_role("navigation", name="Pages").get_by_role("link").count() == 3
