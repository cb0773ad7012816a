"""Rows that are selected together, dragged, dense, and one cover for the tracks of an album."""

from __future__ import annotations

import itertools
import re

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import (
    LATE_EFFECTS,
    MARKS,
    PHONE,
    answered,
    hold,
    is_request,
    new_page,
    rows,
    settle,
    slow_music,
    take,
    watched,
)
from tests.serve_process import Server

pytestmark = MARKS
SELECTED = re.compile(r"\bselected\b")


def queue_of(page: Page) -> list[str]:
    return page.evaluate(
        "(({ order, tracks }) => order.map((i) => tracks[i].title))(JSON.parse(localStorage['segue.queue']))"
    )


def expect_selected(page: Page, *titles: str) -> None:
    expect(page.locator(".row.selected .row-title")).to_have_text([f"Selected: {title}" for title in titles])


def beside(page: Page, i: int, *keys: str) -> None:
    """Click in a row, beside its title and its buttons."""
    rows(page).nth(i).locator(".row-length").click(modifiers=list(keys))


def test_clicks_select_rows_as_in_a_file_manager(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto("/tracks")
        expect(rows(page)).to_have_count(12)
        names = rows(page).locator(".row-title").all_text_contents()
        beside(page, 1)
        expect(page.get_by_role("group", name="Selected tracks")).to_contain_text("1")
        beside(page, 4, "Shift")
        expect(page.get_by_text("4 tracks selected")).to_be_attached()
        expect_selected(page, *names[1:5])
        beside(page, 2, "Control")
        beside(page, 7, "Control")
        expect_selected(page, names[1], names[3], names[4], names[7])
        page.get_by_role("button", name="Add to queue", exact=True).click()
        assert queue_of(page) == [names[1], names[3], names[4], names[7]]
        rows(page).nth(3).click(button="right", position={"x": 300, "y": 20})
        page.get_by_role("menuitem", name="Play next").click()
        assert len(queue_of(page)) == 8  # of all that is selected
        beside(page, 5)
        expect_selected(page, names[5])
        page.keyboard.press("Escape")
        expect(page.locator(".row.selected")).to_have_count(0)
        beside(page, 5)
        page.get_by_role("link", name="Albums").first.click()
        page.go_back()
        expect(rows(page)).to_have_count(12)
        expect(page.locator(".row.selected")).to_have_count(0)


def test_keys_select_rows(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto("/tracks")
        expect(rows(page)).to_have_count(12)
        rows(page).nth(2).locator(".row-title").focus()
        page.keyboard.press("x")
        expect(rows(page).nth(2)).to_have_class(SELECTED)
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Shift+ArrowDown")
        expect(page.locator(".row.selected")).to_have_count(3)
        expect(rows(page).nth(4).locator(".row-title")).to_be_focused()
        page.keyboard.press("Shift+ArrowUp")
        expect(page.locator(".row.selected")).to_have_count(2)
        page.keyboard.press("Control+a")
        expect(page.locator(".row.selected")).to_have_count(12)
        page.keyboard.press("x")
        expect(page.locator(".row.selected")).to_have_count(11)
        page.keyboard.press("Escape")
        expect(page.locator(".row.selected")).to_have_count(0)


def test_a_long_list_is_selected_beyond_what_is_drawn(page: Page, web_server: Server):
    n = web_server.get("/tracks")["total"]
    page.goto("/tracks")
    expect(rows(page).first).to_be_visible()
    rows(page).first.locator(".row-title").focus()
    page.keyboard.press("Control+a")
    expect(page.get_by_text(f"{n} tracks selected")).to_be_attached()
    page.get_by_role("button", name="Play", exact=True).last.click()
    assert len(queue_of(page)) == n


def test_a_double_click_plays(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        page.goto("/tracks")
        rows(page).nth(3).locator(".row-length").dblclick()
        expect(rows(page).nth(3).get_by_role("button", name="Pause")).to_be_visible()


def test_rows_are_dragged_to_the_queue_and_to_playlists(browser: Browser, own_server: Server):
    kept = own_server.post("/playlists", {"name": "Evening", "tracks": []}, 201)["id"]
    with watched(browser, own_server) as page:
        page.goto("/tracks")
        expect(rows(page)).to_have_count(12)
        names = rows(page).locator(".row-title").all_text_contents()
        beside(page, 0)
        beside(page, 2, "Shift")
        expect(page.locator(".row.selected")).to_have_count(3)
        drag(page, 1, page.locator(".drop-target", has_text="Evening"))
        expect(page.get_by_text("3 tracks added to “Evening”")).to_be_visible()
        assert [t["title"] for t in own_server.get(f"/playlists/{kept}")["tracks"]] == names[:3]
        with answered(page, "PUT", f"/playlists/{kept}"):
            page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        drag(page, 3, page.locator(".drop-target", has_text="Queue"))  # not selected: alone
        expect(page.get_by_text(f"“{names[3]}” added to the queue")).to_be_visible()
        page.keyboard.press("Escape")
        drag(page, 4, page.locator(".drop-target", has_text="Queue"))
        expect(page.locator(".drop-tray")).to_have_count(0)
        assert queue_of(page) == [names[3], names[4]]
        page.keyboard.press("q")
        expect(page.locator(".queue-line")).to_have_count(2)
        drag(page, 0, page.locator(".queue-line").nth(1), (20, 4))  # on its upper half: before it
        expect(page.locator(".queue-line")).to_have_count(3)
        assert queue_of(page) == [names[3], names[0], names[4]]
    assert own_server.get(f"/playlists/{kept}")["tracks"] == []


def drag(page: Page, i: int, target, at: tuple[int, int] = (20, 20)) -> None:
    """With the mouse, as a person does: the place to drop appears on the way."""
    settle(page)
    box = rows(page).nth(i).locator(".row-length").bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, box["y"] + 20, steps=4)
    expect(page.locator(".drop-tray")).to_be_visible()  # before that, nothing takes what is dragged
    place = target.bounding_box()
    for x_px in (-1, 0):  # a browser tells of entering first
        page.mouse.move(place["x"] + at[0] + x_px, place["y"] + at[1], steps=3)
    expect(page.locator(".drop-over")).to_have_count(1)
    page.mouse.up()


def test_a_playlist_is_put_in_order_by_dragging_and_loses_what_is_selected(
    browser: Browser, own_server: Server
):
    ids = [track["id"] for track in own_server.get("/tracks", sort="title")["tracks"][:5]]
    kept = own_server.post("/playlists", {"name": "Evening", "tracks": ids}, 201)["id"]

    def saved() -> list[str]:
        return [track["id"] for track in own_server.get(f"/playlists/{kept}")["tracks"]]

    with watched(browser, own_server) as page:
        page.goto(f"/playlists/{kept}")
        expect(rows(page)).to_have_count(5)
        settle(page)
        grip = rows(page).nth(0).locator(".grip").bounding_box()
        last = rows(page).nth(3).bounding_box()
        assert grip
        assert last
        page.mouse.move(grip["x"] + 8, grip["y"] + 8)
        page.mouse.down()
        page.mouse.move(grip["x"] + 8, last["y"] + last["height"] - 4, steps=5)
        with answered(page, "PUT", f"/playlists/{kept}"):
            page.mouse.up()
        assert saved() == [*ids[1:4], ids[0], ids[4]]
        beside(page, 1)
        beside(page, 2, "Shift")
        expect(page.locator(".row.selected")).to_have_count(2)
        with answered(page, "PUT", f"/playlists/{kept}"):
            page.get_by_role("button", name="Remove from this playlist").click()
        assert saved() == [ids[1], ids[0], ids[4]]
        with answered(page, "PUT", f"/playlists/{kept}"):
            page.get_by_role("button", name="Undo").click()
        assert saved() == [*ids[1:4], ids[0], ids[4]]


def test_changes_of_a_playlist_are_saved_in_their_order(browser: Browser, own_server: Server):
    tracks = own_server.get("/tracks", sort="title")["tracks"][:3]
    first, second, third = (track["title"] for track in tracks)
    kept = own_server.post("/playlists", {"name": "Evening", "tracks": [t["id"] for t in tracks]}, 201)["id"]
    with watched(browser, own_server) as page:
        changes = hold(page, f"**/playlists/{kept}", "PUT")
        page.goto(f"/playlists/{kept}")
        for _ in range(2):
            page.get_by_role("button", name=f"Move {first} down").click()
        expect(rows(page).locator(".row-title")).to_have_text([second, third, first])
        settle(page, but=1)  # the second waits for the first
        with page.expect_request(lambda request: is_request(request, "PUT", f"/playlists/{kept}")):
            take(page, changes).continue_()
        with answered(page, "PUT", f"/playlists/{kept}"):
            take(page, changes).continue_()
    saved = own_server.get(f"/playlists/{kept}")["tracks"]
    assert [track["title"] for track in saved] == [second, third, first]


def test_what_is_changed_as_soon_as_a_playlist_is_drawn_stays_so(browser: Browser, own_server: Server):
    tracks = own_server.get("/tracks", sort="title")["tracks"][:3]
    first, second, third = (track["title"] for track in tracks)
    kept = own_server.post("/playlists", {"name": "Evening", "tracks": [t["id"] for t in tracks]}, 201)["id"]
    with watched(browser, own_server) as page:
        page.add_init_script(LATE_EFFECTS)
        page.goto(f"/playlists/{kept}")
        with answered(page, "PUT", f"/playlists/{kept}"):
            page.get_by_role("button", name=f"Move {first} down").click()
        settle(page)
        expect(rows(page).locator(".row-title")).to_have_text([second, first, third])


def test_tracks_of_an_album_that_follow_each_other_have_one_cover(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto("/tracks")
        expect(rows(page)).to_have_count(12)
        expect(page.locator(".row .cover")).to_have_count(3)  # three albums of four tracks
        page.goto("/tracks?sort=added")
        expect(rows(page)).to_have_count(12)
        albums = page.locator(".row").evaluate_all(
            "all => all.map((row) => row.querySelector('.row-album').innerText)"
        )
        runs = sum(one != before for before, one in zip(["", *albums], albums, strict=False))
        expect(page.locator(".row .cover")).to_have_count(runs)
        rows(page).first.locator("a.row-title").click()
        likely = page.get_by_role("list", name=re.compile("^Similar to ")).locator(".row")
        settle(page)
        expect(likely.first).to_be_visible()
        expect(likely.locator(".cover")).to_have_count(likely.count())  # a number would look like a rank


def test_rows_are_dense_where_one_wants_them_so(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto("/tracks")
        expect(rows(page).nth(1)).to_have_js_property("offsetHeight", 64)
        page.goto("/settings")
        page.get_by_role("button", name="Compact rows").click()
        page.goto("/tracks")
        expect(rows(page).nth(1)).to_have_js_property("offsetHeight", 44)
        tops = rows(page).evaluate_all("all => all.map((row) => row.getBoundingClientRect().top)")
        assert {round(b - a) for a, b in itertools.pairwise(tops)} == {44}


@pytest.mark.parametrize(
    ("address", "late"), [("/tracks", "library"), ("/albums", "albums*"), ("/artists", "artists*")]
)
def test_nothing_moves_when_the_counts_come(browser: Browser, own_server: Server, address: str, late: str):
    """A finger would else open what has moved under it."""
    with new_page(browser, own_server.address, PHONE, has_touch=True) as page:
        held, below = hold(page, f"**/api/v1/{late}"), page.locator(".page-head + *")
        page.goto(address)
        answer = take(page, held)
        before = below.bounding_box()
        answer.continue_()
        expect(page.locator(".lead")).to_contain_text(re.compile("[0-9] (track|album|artist)"))
        assert below.bounding_box()["y"] == before["y"]


def test_a_finger_selects_from_the_menu_on(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address, PHONE, has_touch=True) as page:
        page.goto("/tracks")
        expect(rows(page)).to_have_count(12)
        below_the_title = {"x": 200, "y": 60}  # which is a link, as wide as there is room
        rows(page).nth(1).tap(position=below_the_title)
        expect(page.locator(".row.selected")).to_have_count(0)
        rows(page).nth(1).get_by_role("button", name="More actions").tap()
        page.get_by_role("menuitem", name="Select", exact=True).tap()
        rows(page).nth(2).tap(position=below_the_title)
        expect(page.locator(".row.selected")).to_have_count(2)
        expect(page).to_have_url(re.compile("/tracks$"))
        expect(page.get_by_role("button", name="Add to queue", exact=True)).to_be_visible()
