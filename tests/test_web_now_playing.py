"""Now playing, in the full window of a desk and of a phone."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import MARKS, PHONE, new_page, slow_music, watched
from tests.serve_process import Server

pytestmark = MARKS
SMALL = """(root) => [...root.querySelectorAll("button, input, a[href]")]
    .filter((one) => one.offsetParent && !one.closest("h2"))
    .filter((one) => one.offsetHeight < 44 || one.offsetWidth < 44)
    .map((one) => one.ariaLabel || one.textContent)"""
SWIPE = """(box, [x, y]) => {
    const at = (x, y) => new Touch({ identifier: 1, target: box, clientX: x, clientY: y })
    const send = (name, touch, all) => box.dispatchEvent(
        new TouchEvent(name, { bubbles: true, touches: all, changedTouches: [touch] }))
    send("touchstart", at(200, 300), [at(200, 300)])
    send("touchend", at(200 + x, 300 + y), [])
}"""


# Presses the button of the player between the two events, after the page has heard of the first.
PAUSE_AT_THE_END = """
    const Made = window.Audio
    window.Audio = function () {
        const element = new Made()
        const press = () => element.ended && document.querySelector(".transport .play-button").click()
        const end = () => { window.ended = true }
        queueMicrotask(() => element.addEventListener("pause", press))
        queueMicrotask(() => element.addEventListener("ended", end))
        return element
    }
"""


def window(page: Page):
    return page.get_by_role("dialog", name="Now playing")


def play(page: Page) -> None:
    slow_music(page)
    page.goto("/?album=low")
    page.get_by_role("button", name="Play Low number 0").click()
    page.get_by_role("region", name="Player").get_by_role("button", name="Pause").click()


def test_a_desk_shows_what_plays_what_comes_and_why(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        play(page)
        page.keyboard.press("f")
        expect(window(page).get_by_role("heading", name="Low number 0")).to_be_visible()
        assert window(page).bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 800}
        expect(window(page).get_by_role("slider", name="Position in Low number 0, large")).to_be_visible()
        comes = window(page).get_by_role("region", name="Comes next")
        expect(comes.get_by_role("listitem").first).to_contain_text("Low number 1")
        expect(comes.get_by_text("Why “Low number 1”?")).to_be_visible()
        comes.get_by_role("button", name="Play Low number 2").click()
        expect(window(page).get_by_role("heading", name="Low number 2")).to_be_visible()
        page.keyboard.press("Escape")
        expect(window(page)).to_have_count(0)


def test_a_pause_in_the_last_moment_of_a_track_holds(browser: Browser, own_server: Server):
    """An element pauses by itself before it says that its sound has ended."""
    with watched(browser, own_server) as page:
        page.add_init_script(PAUSE_AT_THE_END)
        page.route("**/api/v1/transitions", lambda route: None)  # so that nothing is loaded ahead
        page.goto("/?album=low")
        page.get_by_role("button", name="Play Low number 0").click()
        page.wait_for_function("() => window.ended")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        player = page.get_by_role("region", name="Player")
        expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()
        expect(player.locator(".bar-title")).to_have_text("Low number 0")


@pytest.mark.parametrize("size", [(1280, 800), (1280, 700), (1920, 1080)])
def test_a_desks_window_shows_all_of_it_at_once(browser: Browser, own_server: Server, size: tuple[int, int]):
    with new_page(browser, own_server.address, size) as page:
        play(page)
        page.keyboard.press("f")
        expect(window(page).get_by_role("button", name="Open the queue")).to_be_in_viewport(ratio=1)
        assert window(page).evaluate("(box) => box.scrollHeight === box.clientHeight")


def test_the_focus_stays_within_and_goes_back(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        play(page)
        page.get_by_role("button", name="Show now playing").click()
        for _ in range(30):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.closest('[role=dialog]') !== null")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Show now playing")).to_be_focused()


def test_a_phone_has_gestures_and_large_targets(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address, PHONE, has_touch=True, is_mobile=True) as page:
        # Tracks of 3 s would go on while the test looks.
        page.add_init_script("HTMLMediaElement.prototype.play = () => Promise.resolve()")
        page.goto("/?album=low")
        page.get_by_role("button", name="Play Low number 0").tap()
        bar = page.get_by_role("region", name="Player")
        assert bar.locator(".transport").evaluate(SMALL) == []
        page.get_by_role("button", name="Show now playing").tap()
        expect(window(page)).to_be_visible()
        assert window(page).evaluate(SMALL) == []
        window(page).evaluate(SWIPE, [-160, 10])
        expect(window(page).get_by_role("heading", name="Low number 1")).to_be_visible()
        window(page).evaluate(SWIPE, [160, 10])
        expect(window(page).get_by_role("heading", name="Low number 0")).to_be_visible()
        window(page).evaluate(SWIPE, [10, 200])
        expect(window(page)).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_a_phone_offers_no_place_to_drop_a_file(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address, PHONE, has_touch=True, is_mobile=True) as page:
        page.goto("/similar")
        expect(page.get_by_text("Use your own audio")).to_be_visible()
        expect(page.get_by_text("Drop an audio file")).to_have_count(0)
