"""Playlists that change beside their own page, and changes that are taken back one by one."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import MARKS, answered, hold, rows, take, watched
from tests.serve_process import Server

pytestmark = MARKS


def lows(server: Server) -> list[str]:
    return [track["id"] for track in server.get("/tracks", genre="low", sort="title")["tracks"]]


def make(server: Server, ids: list[str]) -> str:
    return str(server.post("/playlists", {"name": "Evening", "tracks": ids}, 201)["id"])


def ids_of(server: Server, playlist: str) -> list[str]:
    return [track["id"] for track in server.get(f"/playlists/{playlist}")["tracks"]]


def do(page: Page, i: int, what: str) -> None:
    rows(page).nth(i).get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=what).click()


def add(page: Page, i: int) -> None:
    """Add the track of a row to the playlist, from the row's menu."""
    do(page, i, "Add to a playlist")
    page.get_by_role("button", name="Evening").last.click()


def test_what_comes_into_a_playlist_while_its_page_is_open_stays_there(browser: Browser, own_server: Server):
    one, two, three, _ = lows(own_server)
    kept = make(own_server, [one, two, three])
    with watched(browser, own_server) as page:
        page.goto(f"/playlists/{kept}")
        add(page, 0)
        expect(rows(page)).to_have_count(4)
        with answered(page, "PUT", f"/playlists/{kept}"):
            do(page, 2, "Move up")
        assert ids_of(own_server, kept) == [one, three, two, one]


def test_a_removed_track_comes_back_beside_one_that_was_added_since(browser: Browser, own_server: Server):
    one, two, three, _ = lows(own_server)
    kept = make(own_server, [one, two, three])
    with watched(browser, own_server) as page:
        page.goto(f"/playlists/{kept}")
        do(page, 1, "Remove from this playlist")
        expect(rows(page)).to_have_count(2)
        add(page, 0)
        expect(rows(page)).to_have_count(3)
        with answered(page, "PUT", f"/playlists/{kept}"):
            page.get_by_role("button", name="Undo").click()
        assert ids_of(own_server, kept) == [one, two, three, one]
        expect(rows(page)).to_have_count(4)


def test_two_tracks_that_are_added_at_once_both_come(browser: Browser, own_server: Server):
    one, two, three, _ = lows(own_server)
    kept = make(own_server, [three])
    with watched(browser, own_server) as page:
        page.goto("/tracks?genre=low&sort=title")
        slow = hold(page, f"**/api/v1/playlists/{kept}", "PUT")
        add(page, 0)
        first = take(page, slow)
        page.get_by_role("button", name="Close", exact=True).click()
        add(page, 1)
        with answered(page, "PUT", f"/playlists/{kept}"):
            first.continue_()
        with answered(page, "PUT", f"/playlists/{kept}"):
            take(page, slow).continue_()
        assert ids_of(own_server, kept) == [three, one, two]


def test_what_another_device_changes_meanwhile_stays_and_is_shown(browser: Browser, own_server: Server):
    one, two, three, four = lows(own_server)
    kept = make(own_server, [one, two, three])

    def on_the_other_device(tracks: list[str]) -> None:
        own_server.api("PUT", f"/playlists/{kept}", json={"tracks": tracks})

    with watched(browser, own_server) as page:
        page.goto(f"/playlists/{kept}")
        expect(rows(page)).to_have_count(3)
        on_the_other_device([one, two, three, four])
        do(page, 2, "Move up")
        expect(rows(page)).to_have_count(4)
        assert ids_of(own_server, kept) == [one, three, two, four]
        slow = hold(page, f"**/api/v1/playlists/{kept}", "PUT")
        do(page, 0, "Remove from this playlist")
        on_its_way = take(page, slow)  # it has read the list
        on_the_other_device([one, two, four, four])
        on_its_way.continue_()
        again = take(page, slow)
        with answered(page, "PUT", f"/playlists/{kept}"):
            again.continue_()
        assert ids_of(own_server, kept) == [two, four, four]
        expect(rows(page)).to_have_count(3)
        own_server.api("PUT", f"/playlists/{kept}", json={"name": "Night"})
        with answered(page, "PUT", f"/playlists/{kept}"):
            page.unroute_all()
            do(page, 1, "Move up")
    assert own_server.get(f"/playlists/{kept}")["name"] == "Night"
