"""Several people at the page: each signs in, and sees what is theirs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.library import Library

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import MARKS, PHONE, WEB, answered, new_page, rows, settle
from tests.serve_process import Server, serving

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
PASSWORDS = {"Olga": "olga's own password", "Anna": "anna's own password"}

SAVE = """async () => {
    const { tracks } = await (await fetch("/api/v1/tracks?limit=1")).json();
    const body = JSON.stringify({ name: "Evening", tracks: [tracks[0].id] });
    const headers = { "X-Segue": "1", "Content-Type": "application/json" };
    await fetch("/api/v1/playlists", { method: "POST", headers, body });
}"""

TOLD_LATE = """() => {
    const told = { key: "segue.user", oldValue: null, newValue: localStorage["segue.user"] };
    dispatchEvent(new StorageEvent("storage", told));
}"""

pytestmark = MARKS


@pytest.fixture
def shared(web_player: None, scanned: Path, tmp_path: Path) -> Iterator[Server]:
    """A service of a library that Olga owns and Anna shares."""
    root = shutil.copytree(scanned, tmp_path / "library")
    with Library.open(root) as library:
        for name, password in PASSWORDS.items():
            library.users.add(name, password)
    with serving("-l", root, "serve", "--no-open", "--port", 0) as running:
        running.faults = True  # browsers leave in the middle of a sound
        yield running


def sign_in(page: Page, name: str, password: str | None = None) -> None:
    page.goto("/settings")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password or PASSWORDS[name])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def heart(page: Page):
    return page.get_by_role("button", name="Like Low number 0", exact=True).first


def find(page: Page, title: str) -> None:
    page.goto("/tracks")
    page.get_by_role("searchbox").fill(title)
    expect(rows(page)).to_have_count(1)


def test_two_people_keep_hearts_apart_and_see_and_end_their_sessions(browser: Browser, shared: Server):
    with new_page(browser, shared.address) as olgas, new_page(browser, shared.address) as annas:
        sign_in(olgas, "Olga")
        sign_in(annas, "Anna")
        find(olgas, "Low number 0")
        heart(olgas).click()
        expect(heart(olgas)).to_have_attribute("aria-pressed", "true")
        find(annas, "Low number 0")
        expect(heart(annas)).to_have_attribute("aria-pressed", "false")
        annas.goto("/likes")
        expect(annas.get_by_text("Nothing liked yet")).to_be_visible()
        with new_page(browser, shared.address, PHONE) as phone:
            sign_in(phone, "Anna")
            annas.goto("/settings")
            sessions = annas.get_by_label("Sessions").get_by_role("listitem")
            expect(sessions).to_have_count(2)
            expect(sessions.filter(has_text="this browser")).to_have_count(1)
            expect(sessions.first).to_contain_text("Chrome on Linux")
            sessions.get_by_role("button", name="End the session").click()
            expect(sessions).to_have_count(1)
            phone.reload()
            expect(phone.get_by_label("Password", exact=True)).to_be_visible()


def test_an_administrator_adds_a_person_who_changes_the_password(browser: Browser, shared: Server):
    with new_page(browser, shared.address) as olgas, new_page(browser, shared.address) as berts:
        sign_in(olgas, "Olga")
        people = olgas.get_by_label("People", exact=True).get_by_role("listitem")
        expect(people).to_have_count(2)
        olgas.get_by_text("Add a person").click()
        olgas.get_by_label("Name", exact=True).fill("Bert")
        olgas.get_by_label("Password, at least 8 characters", exact=True).fill("bert's first password")
        olgas.get_by_role("button", name="Add", exact=True).click()
        expect(people).to_have_count(3)
        sign_in(berts, "Bert", "bert's first password")
        expect(berts.get_by_label("People", exact=True)).to_have_count(0)
        expect(berts.get_by_text("Follow the scanned folders")).to_have_count(0)
        berts.get_by_text("Change password").first.click()
        berts.get_by_label("Old password").fill("bert's first password")
        berts.get_by_label("New password").fill("bert's second password")
        berts.get_by_role("button", name="Change password").click()
        expect(berts.get_by_text("Password changed")).to_be_visible()
        berts.get_by_text("Password for apps").first.click()
        berts.get_by_role("button", name="Make one").click()
        word = berts.locator("code.word").inner_text()
        olgas.get_by_role("button", name="Make administrator: Bert").click()
        expect(people.filter(has_text="Bert")).to_contain_text("administrator · since")
        berts.reload()
        expect(berts.get_by_label("People", exact=True).get_by_role("listitem")).to_have_count(3)
        olgas.get_by_role("button", name="Make listener: Bert").click()
        expect(people.filter(has_text="Bert")).to_contain_text("listener · since")
        berts.reload()
        expect(berts.get_by_role("heading", name="Bert", exact=True)).to_be_visible()
        expect(berts.get_by_label("People", exact=True)).to_have_count(0)
        asked = {"u": "Bert", "p": word, "f": "json"}
        answer = shared.client.get("/rest/tokenInfo", params=asked).json()["subsonic-response"]
        assert answer["tokenInfo"] == {"username": "Bert"}
        olgas.get_by_role("button", name="Remove Bert").click()
        olgas.get_by_role("button", name="Remove", exact=True).click()
        expect(people).to_have_count(2)
        berts.reload()
        expect(berts.get_by_label("Password", exact=True)).to_be_visible()


def test_a_playlist_that_everybody_sees_is_played_and_saved_by_others(browser: Browser, shared: Server):
    with new_page(browser, shared.address) as olgas, new_page(browser, shared.address) as annas:
        sign_in(olgas, "Olga")
        find(olgas, "Low number 0")
        with answered(olgas, "POST", "/playlists") as made:
            olgas.evaluate(SAVE)
        address = f"/playlists/{made.value.json()['id']}"
        olgas.goto(address)
        tick = olgas.get_by_label("Everybody may see and play it")
        expect(tick).not_to_be_checked()
        with answered(olgas, "PUT", address):
            tick.click()
        expect(tick).to_be_checked()
        sign_in(annas, "Anna")
        annas.goto("/playlists")
        annas.get_by_role("link", name="Evening").click()
        expect(annas.get_by_text("By Olga, who shares it.")).to_be_visible()
        expect(rows(annas)).to_have_count(1)
        expect(annas.get_by_role("button", name="Delete playlist")).to_have_count(0)
        annas.get_by_role("button", name="More like this", exact=True).click()
        annas.goto("/similar")
        expect(annas.get_by_text("1 track of the playlist by Olga")).to_be_visible()
        expect(
            annas.get_by_role("list", name="Recommendations").get_by_role("listitem").first
        ).to_be_visible()
        annas.keyboard.press("Control+k")
        annas.keyboard.type("eveni")
        annas.get_by_role("option", name=re.compile("Evening.*1 track, by Olga")).click()
        annas.get_by_role("button", name="Start radio").click()
        expect(annas.get_by_text("Radio: like “Evening”")).to_be_visible()
        with answered(annas, "GET", "/playlists"):
            annas.get_by_role("button", name="Save", exact=True).click()
        settle(annas)
        expect(annas.get_by_text("Or add to")).to_have_count(0)  # to no list of another
        annas.get_by_role("button", name="Create").click()
        annas.get_by_role("button", name="Open").click()
        expect(annas.get_by_role("button", name="Delete playlist")).to_be_visible()
        with answered(olgas, "PUT", address):
            tick.click()
        expect(tick).not_to_be_checked()
        annas.goto(address)
        expect(annas.get_by_text("no such playlist")).to_be_visible()


def test_a_browser_that_two_people_share_keeps_nothing_of_the_first(browser: Browser, shared: Server):
    with new_page(browser, shared.address) as page:
        sign_in(page, "Olga")
        find(page, "Low number 0")
        page.get_by_role("button", name="Play Low number 0").first.click()
        expect(page.get_by_label("Player")).to_be_visible()
        page.goto("/settings")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Password", exact=True)).to_be_visible()
        sign_in(page, "Anna")
        settle(page)
        expect(page.get_by_label("Player")).to_have_count(0)
        assert "Low number 0" not in page.evaluate("JSON.stringify(localStorage)")


def test_services_below_two_paths_keep_their_people_apart(browser: Browser, shared: Server, tmp_path: Path):
    """Both have the same storage: neither page takes the other's user for one who has come in its place."""
    with serving("-l", tmp_path / "library", "serve", "--base-path", "/a", "--no-open", "--port", 0) as below:
        below.faults = True
        with new_page(browser, below.address) as page:
            page.add_init_script("localStorage['segue.user'] = 'of the service at the top'")
            page.goto("/a/settings")
            page.get_by_label("Name").fill("Olga")
            page.get_by_label("Password", exact=True).fill(PASSWORDS["Olga"])
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", name="Olga", exact=True)).to_be_visible()
            page.goto("/a/tracks")
            page.get_by_role("searchbox").fill("Low number 0")
            expect(rows(page)).to_have_count(1)
            page.get_by_role("button", name="Play Low number 0").first.click()
            expect(page.get_by_label("Player")).to_be_visible()
            assert "Low number 0" in page.evaluate("localStorage['segue/a.queue']")
            page.goto("/a/settings")
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_label("Password", exact=True)).to_be_visible()
            settle(page)
            assert "Low number 0" not in page.evaluate("JSON.stringify(localStorage)")
            assert page.evaluate("localStorage['segue.user']") == "of the service at the top"


def test_a_closed_part_of_the_settings_opens_by_a_key(browser: Browser, shared: Server):
    with new_page(browser, shared.address) as page:
        sign_in(page, "Olga")
        page.get_by_text("Change password").first.focus()
        page.keyboard.press("Space")
        expect(page.get_by_label("Old password")).to_be_visible()


def test_who_signs_in_stays_on_the_page_though_the_browser_tells_of_it_late(browser: Browser, shared: Server):
    """A page that was loaded again may be told of what it wrote before, as if another tab had written it."""
    with new_page(browser, shared.address) as page:
        sign_in(page, "Olga")
        loads: list[str] = []
        page.on("request", lambda asked: asked.is_navigation_request() and loads.append(asked.url))
        page.evaluate(TOLD_LATE)
        settle(page)
        expect(page.get_by_role("heading", name="Olga", exact=True)).to_be_visible()
        assert loads == []


def test_who_signs_in_in_another_tab_is_seen_in_this_one(browser: Browser, shared: Server):
    with new_page(browser, shared.address) as page:
        sign_in(page, "Olga")
        other = page.context.new_page()
        other.goto("/settings")
        other.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_people_are_managed_by_a_finger(browser: Browser, shared: Server):
    with new_page(browser, shared.address, PHONE, has_touch=True, is_mobile=True) as page:
        sign_in(page, "Olga")
        expect(page.get_by_label("People", exact=True).get_by_role("listitem")).to_have_count(2)
        page.get_by_text("Add a person").click()
        expect(page.get_by_label("Name", exact=True)).to_be_visible()
        low = """(found) => found.filter((one) => one.checkVisibility({ contentVisibilityAuto: true })
            && one.offsetHeight < 44).map((one) => one.outerHTML)"""
        assert page.locator(".panel :is(button, summary, select, .check)").evaluate_all(low) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_people_can_be_read_aloud_and_by_everybody(
    browser: Browser, shared: Server, scheme: str
):
    objections = []
    with new_page(browser, shared.address, bypass_csp=True, color_scheme=scheme) as page:
        page.goto("/settings")
        expect(page.get_by_label("Name")).to_be_visible()
        objections += violations(page)
        sign_in(page, "Olga")
        for text in ("Change password", "Password for apps", "Add a person"):
            page.get_by_text(text).first.click()
        settle(page)
        objections += violations(page)
    assert not objections, json.dumps(objections, indent=1)


def violations(page: Page) -> list[object]:
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]
