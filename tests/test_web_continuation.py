"""Music goes on after the queue by what sounds alike; each row and the bar take likes and dislikes."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, Request, Response, expect

from tests.browsing import MARKS, answered, hold, is_request, slow_music, take, watched
from tests.serve_process import Server

pytestmark = MARKS


def play_one(page: Page, server: Server, title: str = "Low number 0") -> None:
    track = server.get("/tracks", q=title)["tracks"][0]["id"]
    page.goto(f"/track/{track}")
    page.get_by_role("button", name=f"Play {title}").first.click()
    page.get_by_role("button", name="Queue", exact=True).click()


RADIO = "**/api/v1/radio"
SOUND = "**/audio?*"  # held, as tracks last for 3 s, and the music goes on before a test has looked


def now(page: Page):
    return page.get_by_role("region", name="Player").locator(".bar-title")


def coming(page: Page):
    return page.get_by_label("Continuation").get_by_role("listitem")


def title_of(row) -> str:
    return row.locator(".row-name .clip").first.inner_text()


def titles(page: Page):
    return coming(page).locator(".row-name .clip:first-child")


def chosen(answer: Response) -> list[str]:
    return [match["track"]["title"] for match in answer.json()["matches"]]


def is_radio(answer: Response) -> bool:
    return is_request(answer.request, "POST", "/radio")


def asked_for(request: Request) -> dict:
    """What the page asks of what goes on after the queue; it also asks by itself, where little is left."""
    return json.loads(request.post_data or "{}") if request.url.endswith("/radio") else {}


def is_brighter(answer: Response) -> bool:
    return asked_for(answer.request).get("steer") == ["brighter"]


def test_one_track_is_followed_by_what_sounds_like_it(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        held = hold(page, SOUND)
        play_one(page, own_server)
        expect(coming(page).first).to_be_visible()
        first = title_of(coming(page).first)
        assert first != "Low number 0"
        take(page, held).continue_()
        expect(now(page)).to_have_text(first)
        expect(page.get_by_role("button", name="Pause").first).to_be_visible()
        expect(coming(page).filter(has_text=first)).to_have_count(0)


def test_the_last_track_of_an_album_is_followed_too(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto("/?album=low")
        page.get_by_role("button", name="Play Low number 3").click()
        expect(now(page)).not_to_contain_text("Low")
        expect(now(page)).to_contain_text("number")


def test_the_continuation_is_steered_while_it_plays(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        play_one(page, own_server)
        section = page.get_by_role("region", name="Keep playing")
        expect(coming(page).first).to_be_visible()
        with page.expect_response(is_brighter) as found:
            section.get_by_role("button", name="brighter").click()
        expect(titles(page)).to_have_text(chosen(found.value))
        row = coming(page).last
        row.hover()
        with page.expect_request(lambda request: bool(asked_for(request).get("minus"))) as asked:
            row.get_by_role("button", name=f"Go on less like {(title := chosen(found.value)[-1])}").click()
        assert asked_for(asked.value)["minus"] == [own_server.get("/tracks", q=title)["tracks"][0]["id"]]
        expect(coming(page).filter(has_text=title)).to_have_count(0)


def test_music_stops_where_it_is_told_to(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        held = hold(page, SOUND)
        play_one(page, own_server)
        page.get_by_label("Keep playing what sounds like this").uncheck()
        expect(coming(page)).to_have_count(0)
        take(page, held).continue_()
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)
        expect(now(page)).to_have_text("Low number 0")
        page.reload()
        page.get_by_role("button", name="Queue", exact=True).click()
        expect(page.get_by_label("Keep playing what sounds like this")).not_to_be_checked()


def test_music_stops_where_it_is_told_to_though_more_was_looked_for(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        sounds, questions = hold(page, SOUND), hold(page, RADIO, "POST")
        play_one(page, own_server)
        question = take(page, questions)
        page.get_by_label("Keep playing what sounds like this").uncheck()
        with answered(page, "POST", "/radio"):
            question.continue_()
        take(page, sounds).continue_()
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)
        expect(now(page)).to_have_text("Low number 0")
        expect(coming(page)).to_have_count(0)


def test_what_was_looked_for_does_not_follow_other_music(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        questions = hold(page, RADIO, "POST")
        play_one(page, own_server)
        question = take(page, questions)
        similar = page.get_by_role("list", name="Similar to Low number 0")
        similar.get_by_role("button", name="Play Low number 1").click()
        with answered(page, "POST", "/radio"):
            question.continue_()
        another = take(page, questions)
        assert len(asked_for(another.request)["seeds"]) == 5  # the end of what plays now
        with page.expect_response(is_radio) as answer:
            another.continue_()
        expect(titles(page)).to_have_text(chosen(answer.value))


def test_what_began_while_more_was_looked_for_does_not_come_again(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        play_one(page, own_server)
        expect(coming(page).first).to_be_visible()
        *_, begins, last = titles(page).all_inner_texts()
        questions = hold(page, RADIO, "POST")
        coming(page).nth(-3).locator(".queue-play").click()  # two are left, and more are asked for
        question = take(page, questions)
        page.get_by_role("button", name="Next track").first.click()
        expect(now(page)).to_have_text(begins)
        with page.expect_response(is_radio) as answer:
            question.continue_()
        expect(titles(page)).to_have_text([last, *chosen(answer.value)])


def test_a_cleared_queue_and_a_removed_track_come_back(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        page.goto("/?album=low")
        page.get_by_role("button", name="Play Low number 0").click()
        page.get_by_role("button", name="Pause").first.click()
        page.get_by_role("button", name="Queue", exact=True).click()
        queue = page.get_by_label("Queue", exact=True).locator(".queue-list:not(.coming) > li")
        expect(queue).to_have_count(4)
        queue.filter(has_text="Low number 2").hover()
        page.get_by_role("button", name="Remove Low number 2").click()
        expect(queue).to_have_count(3)
        page.get_by_role("button", name="Undo").last.click()
        expect(queue).to_have_count(4)
        page.get_by_role("button", name="Clear queue").click()
        expect(page.get_by_text("The queue is empty")).to_be_visible()
        page.get_by_role("button", name="Undo").last.click()
        expect(queue).to_have_count(4)
        expect(now(page)).to_have_text("Low number 0")


def test_what_is_added_to_the_queue_stays_where_a_removal_is_undone(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        slow_music(page)
        page.goto("/?album=low")
        page.get_by_role("button", name="Play Low number 0").click()
        page.get_by_role("button", name="Queue", exact=True).click()
        queue = page.get_by_label("Queue", exact=True).locator(".queue-list:not(.coming) > li")
        queue.filter(has_text="Low number 2").hover()
        page.get_by_role("button", name="Remove Low number 2").click()
        undo = page.get_by_role("button", name="Undo")
        expect(undo).to_be_visible()
        row = page.locator(".row").filter(has_text="Low number 3")
        row.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name="Add to queue").click()
        expect(queue).to_have_count(4)
        undo.click()
        expect(queue).to_contain_text([f"Low number {i}" for i in (0, 1, 2, 3, 3)])


def test_each_row_and_the_bar_take_likes_and_dislikes_with_undo(browser: Browser, own_server: Server):
    def verdicts() -> list[str]:
        return [one["verdict"] for one in own_server.get("/feedback")["feedback"]]

    with watched(browser, own_server) as page:
        slow_music(page)
        page.goto("/?album=low")
        row = page.locator(".row").filter(has_text="Low number 1")
        row.get_by_role("button", name="Like Low number 1", exact=True).click()
        expect(page.get_by_text("You like “Low number 1”")).to_be_visible()
        assert verdicts() == ["like"]
        page.get_by_role("button", name="Undo").click()
        expect(row.get_by_role("button", name="Like Low number 1", exact=True)).to_have_attribute(
            "aria-pressed", "false"
        )
        assert verdicts() == []
        row.get_by_role("button", name="Play Low number 1").click()
        bar = page.get_by_role("region", name="Player")
        bar.get_by_role("button", name="Pause").click()
        bar.get_by_role("button", name="Dislike Low number 1").click()
        expect(bar.get_by_role("button", name="Dislike Low number 1")).to_have_attribute(
            "aria-pressed", "true"
        )
        assert verdicts() == ["dislike"]
