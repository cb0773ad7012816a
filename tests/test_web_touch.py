"""A finger moves tracks and stops by their handles, and scrolls everywhere else."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browsing import MARKS, PHONE, answered, new_page, rows, settle, slow_music
from tests.serve_process import Server

pytestmark = MARKS


@contextlib.contextmanager
def phone(browser: Browser, server: Server) -> Iterator[Page]:
    with new_page(browser, server.address, PHONE, has_touch=True, is_mobile=True) as page:
        # Tracks of 3 s would go on while the test looks.
        page.add_init_script("HTMLMediaElement.prototype.play = () => Promise.resolve()")
        yield page


def center(element: Locator, *, below: float = 0) -> tuple[float, float]:
    """The middle of an element, or so many pixels below it."""
    box = element.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + below


def swipe(page: Page, start: tuple[float, float], end: tuple[float, float], *, hold: bool = False) -> None:
    """One finger from one place to another; ``hold`` as one that rests first, which asks for a menu."""
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": start[0], "y": start[1]})
    if hold:
        page.evaluate(
            """([x, y]) => document.elementFromPoint(x, y).dispatchEvent(
            new MouseEvent("contextmenu", { bubbles: true, cancelable: true }))""",
            start,
        )
    for i in range(1, 9):
        x, y = (a + (b - a) * i / 8 for a, b in zip(start, end, strict=True))
        touch("touchMove", {"x": x, "y": y})
    touch("touchEnd")


def test_a_playlist_is_put_in_order_by_a_finger_and_scrolls(browser: Browser, own_server: Server):
    ids = [track["id"] for track in own_server.get("/tracks", sort="title")["tracks"]]
    kept = own_server.post("/playlists", {"name": "Evening", "tracks": ids}, 201)["id"]
    with phone(browser, own_server) as page:
        page.goto(f"/playlists/{kept}")
        expect(rows(page)).to_have_count(12)
        settle(page)
        grip = rows(page).nth(0).locator(".grip")
        box = grip.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
        with answered(page, "PUT", f"/playlists/{kept}"):
            swipe(page, center(grip), center(rows(page).nth(2), below=9), hold=True)
        expect(page.get_by_role("menu")).to_have_count(0)
        saved = [track["id"] for track in own_server.get(f"/playlists/{kept}")["tracks"]]
        assert saved == [*ids[1:3], ids[0], *ids[3:]]
        expect(page.locator(".dragged, .drop-here")).to_have_count(0)
        scroller = page.locator(".page")
        assert scroller.evaluate("(page) => page.scrollTop") == 0
        x, y = center(rows(page).nth(6))
        swipe(page, (x - 60, y), (x - 60, y - 250))
        page.wait_for_function("() => document.querySelector('.page').scrollTop > 100")
        assert [track["id"] for track in own_server.get(f"/playlists/{kept}")["tracks"]] == saved


def test_a_track_moves_up_and_down_from_its_menu(browser: Browser, own_server: Server):
    ids = [track["id"] for track in own_server.get("/tracks", sort="title")["tracks"][:3]]
    kept = own_server.post("/playlists", {"name": "Evening", "tracks": ids}, 201)["id"]
    with phone(browser, own_server) as page:
        page.goto(f"/playlists/{kept}")
        rows(page).nth(0).get_by_role("button", name="More actions").tap()
        expect(page.get_by_role("menuitem", name="Move up")).to_have_count(0)
        with answered(page, "PUT", f"/playlists/{kept}"):
            page.get_by_role("menuitem", name="Move down").tap()
        saved = [track["id"] for track in own_server.get(f"/playlists/{kept}")["tracks"]]
        assert saved == [ids[1], ids[0], ids[2]]


def test_the_queue_is_put_in_order_by_a_finger(browser: Browser, own_server: Server):
    with phone(browser, own_server) as page:
        slow_music(page)  # the next track would close the menu
        page.goto("/tracks?album=low")
        page.get_by_role("button", name="Play Low number 0").tap()
        page.get_by_role("button", name="Show now playing").tap()
        page.get_by_role("button", name="Open the queue").tap()
        lines = page.get_by_role("complementary", name="Queue").locator(".queue-list > li")
        expect(lines).to_have_count(4)
        settle(page)
        swipe(page, center(lines.nth(3).locator(".grip")), center(lines.nth(1), below=-9))
        names = lines.locator(".row-name > :first-child")
        expect(names).to_have_text([f"Low number {i}" for i in (0, 3, 1, 2)])
        # Chromium may take a first tap after a swipe for what stops its movement.
        page.get_by_role("complementary", name="Queue").get_by_role("heading").first.tap()
        lines.nth(1).get_by_role("button", name="More actions for Low number 3").tap()
        page.get_by_role("menuitem", name="Remove from the queue").tap()
        expect(names).to_have_text([f"Low number {i}" for i in (0, 1, 2)])


def test_the_stops_of_a_journey_are_moved_by_a_finger(browser: Browser, own_server: Server):
    tracks = own_server.get("/tracks", sort="artist")["tracks"]
    start, stop, end = tracks[0], tracks[4], tracks[-1]
    with phone(browser, own_server) as page:
        page.goto(f"/journey?from={start['id']}&via={stop['id']}&to={end['id']}")
        names = page.locator(".journey-end-track .row-title")
        expect(names).to_have_text([start["title"], stop["title"], end["title"]])
        settle(page)
        boxes = page.locator(".journey-end")
        swipe(page, center(boxes.nth(0).locator(".grip")), center(boxes.nth(1)))
        expect(names).to_have_text([stop["title"], start["title"], end["title"]])
        expect(page).to_have_url(re.compile(f"from={stop['id']}.*to={end['id']}"))
        expect(page.locator(".dragged, .drop-over")).to_have_count(0)
