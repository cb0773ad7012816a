"""The page as an app: icons, a shell for when the service is away, media keys, a typeface, titles, words."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import re

import av
import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import MARKS, WEB, new_page, settle, slow_music, watched
from tests.serve_process import Server

pytestmark = MARKS
MEDIA = """
    window.actions = {}
    window.positions = []
    const session = navigator.mediaSession
    session.setActionHandler = (name, act) => { window.actions[name] = act }
    session.setPositionState = (state) => window.positions.push(state)
"""
# Whether the worker has kept the page and all files that it loads.
KEPT = """async () => {
    const files = [...document.querySelectorAll("script[src], link[rel=stylesheet]")]
    const names = [document.baseURI, ...files.map((one) => one.src ?? one.href)]
    const kept = await Promise.all(names.map((name) => caches.match(name)))
    return kept.every(Boolean)
}"""


def play(page: Page, title: str = "Low number 0") -> None:
    slow_music(page)
    page.goto("/?album=low")
    page.get_by_role("button", name=f"Play {title}").click()


def test_the_icons_are_what_the_manifest_says(web_server: Server):
    manifest = json.loads(web_server.client.get("/assets/segue.webmanifest").content)
    pictures = [icon for icon in manifest["icons"] if icon["type"] == "image/png"]
    assert {icon.get("purpose", "any") for icon in pictures} == {"any", "maskable"}
    for icon in pictures:
        answer = web_server.client.get(f"/assets/{icon['src']}")
        assert answer.headers["content-type"] == "image/png"
        with av.open(io.BytesIO(answer.content)) as picture:
            stream = picture.streams.video[0]
            assert f"{stream.width}x{stream.height}" == icon["sizes"]
    assert web_server.client.get("/assets/apple-touch-icon.png").status_code == 200


def test_the_icons_are_those_that_the_script_draws():
    assets = WEB / "public" / "assets"
    before = {path.name: path.read_bytes() for path in assets.glob("*.png")}
    spec = importlib.util.spec_from_file_location("make_icons", WEB / "make_icons.py")
    assert spec
    assert spec.loader
    icons = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(icons)
    assert set(before) == set(icons.ICONS)
    for name, how in icons.ICONS.items():
        with (
            av.open(io.BytesIO(before[name])) as kept,
            av.open(io.BytesIO(icons.png(icons.draw(*how)))) as drawn,
        ):
            frames = [next(one.decode(video=0)).to_ndarray(format="rgba") for one in (kept, drawn)]
        assert (frames[0] == frames[1]).all()


def test_the_page_opens_without_the_service(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address, service_workers="allow") as page:
        page.goto("/settings")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()  # so that what it loads goes through the worker
        page.wait_for_function(KEPT)
        page.context.set_offline(True)
        page.goto("/likes")
        expect(page.get_by_role("heading", name="Likes")).to_be_visible()
        expect(page.get_by_text("Segue is not responding").first).to_be_visible()


def test_media_keys_mean_what_they_say_and_the_lock_screen_has_the_position(
    browser: Browser, own_server: Server
):
    with watched(browser, own_server) as page:
        page.add_init_script(MEDIA)
        play(page)
        expect(page.get_by_role("button", name="Pause").first).to_be_visible()
        page.evaluate("window.actions.play()")  # it plays already: nothing changes
        page.evaluate("window.actions.play()")
        expect(page.get_by_role("button", name="Pause").first).to_be_visible()
        told = page.wait_for_function("() => window.positions.find((state) => state && state.position > 0.2)")
        assert told.json_value()["duration"] == pytest.approx(3, abs=0.1)
        page.evaluate("window.actions.pause()")
        page.evaluate("window.actions.pause()")
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)
        assert page.evaluate("navigator.mediaSession.metadata.artwork.length") == 3


def test_a_typeface_is_shipped(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto("/")
        page.wait_for_function("() => document.fonts.check('16px \"Inter Variable\"')")
        assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Inter Variable"')
        text = own_server.client.get("/assets/licenses.txt").text
        assert "@fontsource-variable/inter" in text


def test_each_page_has_a_title_and_says_whether_music_plays(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.goto("/settings")
        expect(page).to_have_title("Settings – Segue")
        play(page)
        expect(page).to_have_title("▶ Tracks – Segue")
        page.get_by_role("link", name="Low number 1").first.click()
        page.get_by_role("region", name="Player").get_by_role("button", name="Pause").click()
        expect(page).to_have_title("Low number 1 · The Lows – Segue")
        page.get_by_role("main").get_by_role("link", name="The Lows").first.click()
        expect(page).to_have_title("The Lows – Segue")
        page.get_by_role("link", name="low", exact=True).first.click()
        expect(page).to_have_title("low · The Lows – Segue")
        page.goto("/map")
        expect(page).to_have_title(re.compile(r"^Map.* – Segue$"))
        page.goto("/track/none")
        expect(page).to_have_title("Track – Segue")


def test_recording_pauses_the_music(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address, permissions=["microphone"]) as page:
        play(page)
        page.get_by_role("link", name="Similar").first.click()
        page.get_by_role("button", name="Record").click()
        expect(page.get_by_role("timer")).to_be_visible()
        expect(page.get_by_role("region", name="Player").get_by_role("button", name="Pause")).to_have_count(0)


def test_scores_are_told_as_percentiles_and_no_model_is_named_in_a_sentence(
    browser: Browser, own_server: Server
):
    track = own_server.get("/tracks", q="Low number 0")["tracks"][0]["id"]
    with watched(browser, own_server) as page:
        page.goto(f"/track/{track}")
        row = page.get_by_label("Similar to Low number 0").get_by_role("listitem").first
        expect(row.locator(".score")).to_contain_text("% of your library")
        row.get_by_role("button", name="Why is").click()
        expect(row.locator(".why-text")).to_be_visible()
        expect(row.locator(".why-text")).not_to_contain_text("descriptors")


def test_several_seeds_are_told_as_percentiles_too(browser: Browser, own_server: Server):
    bare = {"artist": "", "duration_s": 3, "minus": False}
    tracks = own_server.get("/tracks", sort="title")["tracks"]
    seeds = [bare | {"id": track["id"], "title": track["title"]} for track in tracks[:3]]
    with watched(browser, own_server) as page:
        page.add_init_script(f"localStorage['segue.seeds'] = JSON.stringify({json.dumps(seeds)})")
        page.goto("/similar")
        scores = page.get_by_label("Recommendations", exact=True).locator(".row .score")
        expect(scores.first).to_contain_text("% of your library")
        settle(page)
        shares = [int(re.search(r"\d+", text)[0]) for text in scores.all_inner_texts()]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] > 50


def test_the_script_stays_small(web_server: Server):
    page = web_server.client.get("/").text
    scripts = re.findall(r'src="\.(/assets/[^"]+\.js)"', page)
    sizes = [len(gzip.compress(web_server.client.get(name).content)) for name in scripts]
    assert sizes
    assert sum(sizes) < 80_000
