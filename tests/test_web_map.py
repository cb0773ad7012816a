"""The map is searched, colored by sound, and shows a journey; a journey shows its steps."""

from __future__ import annotations

import base64
import io
import re

import av
import numpy as np
import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Locator, Page, expect

from tests.browsing import LATE_EFFECTS, MARKS, settle, slow_music, wait_for_map
from tests.serve_process import Server

pytestmark = MARKS
# Keeps what the newest frame writes over the map: each text once, with its place.
TEXTS = """
    window.texts = new Map()
    const pen = CanvasRenderingContext2D.prototype
    const [scale, fillText] = [pen.scale, pen.fillText]
    pen.scale = function (...by) { window.texts.clear(); scale.apply(this, by) }
    pen.fillText = function (text, x, y) {
        const width = this.measureText(text).width
        window.texts.set(text, { left: x - width / 2, right: x + width / 2, top: y - 11, bottom: y + 2 })
        fillText.call(this, text, x, y)
    }
"""

# Whether two frames have been drawn, so that the page shows what the pointer is on.
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SOUNDED = """
    window.sounded = []
    const playUnnoticed = HTMLMediaElement.prototype.play
    HTMLMediaElement.prototype.play = function () {
        window.sounded.push(this.src)
        return playUnnoticed.call(this)
    }
"""


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


@pytest.mark.parametrize("at_once", [False, True])
def test_the_map_is_moved_and_read_by_keys(page: Page, web_server: Server, at_once: bool):
    if at_once:
        page.add_init_script(LATE_EFFECTS)
    titles = {track["title"] for track in web_server.get("/tracks", limit=100)["tracks"]}
    page.goto("/map")
    if not at_once:
        wait_for_map(page, pixels=200)
    area = page.get_by_role("application")
    area.focus()
    said = area.get_by_role("status")
    heard = set()
    for key in ("+", *["ArrowLeft"] * 6, *["ArrowDown"] * 6, "-", "0"):
        page.keyboard.press(key)
        expect(said).to_have_text(re.compile(" by "))
        heard.add(said.inner_text())
    assert {text.split(" by ")[0] for text in heard} <= titles
    assert len(heard) > 1
    page.keyboard.press("Enter")
    card = page.get_by_role("region", name="Selected track")
    expect(card).to_be_visible()
    expect(card.get_by_role("link", name=said.inner_text().split(" by ")[0])).to_be_visible()


def test_names_on_the_map_cover_neither_each_other_nor_the_legend(page: Page, web_server: Server):
    titles = {track["title"] for track in web_server.get("/tracks", limit=100)["tracks"]}
    groups = {group["name"] for group in web_server.get("/clusters")["clusters"]}
    page.add_init_script(TEXTS)
    page.goto("/map")
    wait_for_map(page, pixels=200)
    settle(page)  # covers have arrived, and the last frame was drawn
    page.wait_for_function("() => window.texts.size > 5")
    texts = page.evaluate("Object.fromEntries(window.texts)")
    assert titles & {text.removesuffix("…") for text in texts}  # few tracks are in view, so each has its name
    assert groups & texts.keys()
    legend = page.evaluate("""() => {
        const place = (one) => document.querySelector(one).getBoundingClientRect()
        const [own, box] = [place(".scatter"), place(".legend")]
        const [x, y] = [box.left - own.left, box.top - own.top]
        return { left: x, right: x + box.width, top: y, bottom: y + box.height }
    }""")
    boxes = [*texts.values(), legend]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            assert not overlap(one, other), [text for text, box in texts.items() if box in (one, other)]


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    return (
        one["left"] < other["right"] and one["right"] > other["left"]
        and one["top"] < other["bottom"] and one["bottom"] > other["top"]
    )  # fmt: skip


def test_the_map_is_colored_by_a_descriptor_in_steps_of_as_many_tracks(page: Page, web_server: Server):
    names, name = web_server.get("/map/descriptors")["names"], "centroid_hz_mean"
    assert name in names
    values = web_server.get(f"/map/descriptors/{name}")["values"]
    assert len(values) == len(web_server.get("/map")["ids"])
    page.goto("/map")
    choice = page.get_by_label("Color by a sound feature")
    expect(choice.locator("option")).to_have_count(1 + len(names))  # any of them
    expect(choice.locator("> option")).to_have_text([
        "Sound", "Brightness", "Noise", "Loudness", "Sharpness of attacks",
        "Changes of brightness", "Changes of loudness", "Tempo",
    ])  # fmt: skip
    choice.select_option(name)
    legend = page.get_by_role("list", name="Colors").get_by_role("button")
    expect(legend).to_have_count(7)
    settle(page)
    counts = [int(text) for text in legend.locator(".num").all_inner_texts()]
    assert sum(counts) == sum(value is not None for value in values)
    assert max(counts) - min(counts) <= 2
    wait_for_map(page, pixels=200)


def test_a_journey_shows_its_longest_step_and_is_drawn_on_the_map(page: Page, web_server: Server):
    tracks = web_server.get("/tracks", sort="artist")["tracks"]
    start, end = tracks[0]["id"], tracks[-1]["id"]
    page.goto(f"/journey?from={start}&to={end}")
    expect(page.get_by_text("longest step")).to_be_attached()
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


def test_the_stops_of_a_journey_are_moved_by_keys_a_menu_and_dragging(page: Page, web_server: Server):
    tracks = web_server.get("/tracks", sort="artist")["tracks"]
    start, one, two, end = (tracks[i]["id"] for i in (0, 2, 4, 6))
    others = [tracks[i]["title"] for i in (0, 2, 4, 6)]
    names = page.locator(".journey-end-track .row-title")
    page.goto(f"/journey?from={start}&via={one}&via={two}&to={end}")
    expect(names).to_have_text(others)
    names.nth(1).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(names).to_have_text([others[0], others[2], others[1], others[3]])
    expect(names.nth(2)).to_be_focused()
    expect(page).to_have_url(re.compile(f"via={two}&via={one}"))
    page.get_by_role("button", name="Move from").click()
    page.get_by_role("menuitem", name="Move later").click()
    expect(names).to_have_text([others[2], others[0], others[1], others[3]])
    drag(page, page.locator(".journey-end").last, page.locator(".journey-end").first)
    expect(names).to_have_text([others[3], others[2], others[0], others[1]])
    expect(page).to_have_url(re.compile(f"from={end}.*to={one}|to={one}.*from={end}"))
    stops = page.get_by_role("list", name="Stops of the journey").locator(".row-title")
    expect(stops.first).to_have_text(others[3])
    expect(stops.last).to_have_text(others[1])


def test_a_row_dropped_on_a_stop_takes_its_place(page: Page, web_server: Server):
    tracks = web_server.get("/tracks", sort="artist")["tracks"]
    page.goto(f"/journey?from={tracks[0]['id']}&to={tracks[-1]['id']}&k=6")
    row = page.get_by_role("list", name="Stops of the journey").locator(".row").nth(2)
    title = row.locator(".row-title").inner_text()
    drag(page, row, page.locator(".journey-end").last)
    expect(page.locator(".journey-end-track .row-title").last).to_have_text(title)


def drag(page: Page, source: Locator, target: Locator) -> None:
    """With the mouse, from beside the text of one to the middle of the other."""
    source.scroll_into_view_if_needed()
    settle(page)
    box, place = source.bounding_box(), target.bounding_box()
    assert box
    assert place
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 6)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 20, box["y"] + box["height"] - 12, steps=4)
    expect(page.locator(".drop-tray")).to_be_visible()  # before that, nothing takes what is dragged
    for x_px in (-8, -2, 0):  # a browser tells of entering first
        page.mouse.move(place["x"] + place["width"] / 2 + x_px, place["y"] + place["height"] / 2, steps=3)
    expect(page.locator(".drop-over")).to_have_count(1)
    page.mouse.up()


def test_hovering_plays_what_the_pointer_is_on_only_when_asked(page: Page, web_server: Server):
    slow_music(page)
    page.add_init_script(SOUNDED)
    page.goto("/tracks")
    page.locator(".row").first.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.get_by_role("link", name="Map", exact=True).first.click()
    wait_for_map(page, pixels=200)
    sounded = page.evaluate("window.sounded.length")
    title, point = find_point(page)
    page.evaluate("new Promise((done) => setTimeout(done, 500))")  # twice as long as a pointer rests
    assert page.evaluate("window.sounded.length") == sounded  # the tooltip has the name, and nothing sounds
    page.get_by_role("button", name="Play what the pointer is on").click()
    page.mouse.move(point[0] + 200, 5)
    track = web_server.get("/tracks", q=title)["tracks"][0]["id"]
    page.mouse.move(*point)
    page.wait_for_function("(track) => window.sounded.at(-1).includes(`/tracks/${track}/audio`)", arg=track)
    expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)  # the player waits


def find_point(page: Page) -> tuple[str, tuple[float, float]]:
    """A point under the pointer, and the title that the page shows for it."""
    box = page.get_by_role("application").bounding_box()
    assert box
    tip = page.locator(".map-tooltip .row-name > :first-child")
    for row in range(5, 20):
        for column in range(8, 24):
            at = (box["x"] + box["width"] * column / 32, box["y"] + box["height"] * row / 24)
            page.mouse.move(*at)
            page.evaluate(DRAWN)
            if tip.count():
                return tip.inner_text(), at
    raise AssertionError("no point was found on the map")


def test_what_the_lasso_catches_becomes_a_playlist_in_a_good_order(page: Page, web_server: Server):
    n = web_server.get("/library")["tracks"]
    page.goto("/map")
    wait_for_map(page, pixels=20 * n)
    page.get_by_role("button", name=re.compile("^Lasso")).click()
    box = page.get_by_role("application").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.01, box["y"] + box["height"] * 0.09)
    page.mouse.down()
    for x, y in ((0.99, 0.09), (0.99, 0.99), (0.01, 0.99)):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=5)
    page.mouse.up()
    page.get_by_role("region", name="Selected tracks").get_by_role("button", name="Save").click()
    page.get_by_placeholder("New playlist name").fill("From the map")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="From the map")).to_be_visible()
    kept = page.url.rsplit("/", 1)[-1]
    ids = [track["id"] for track in web_server.get(f"/playlists/{kept}")["tracks"]]
    assert sorted(ids) == sorted(web_server.get("/map")["ids"])
    scores = web_server.post("/matrix", {"tracks": ids})["scores"]
    steps = [scores[i][i + 1] for i in range(n - 1)]
    others = [scores[i][j] for i in range(n) for j in range(n) if i != j]
    assert sum(steps) / len(steps) > sum(others) / len(others) + 0.1  # each sounds like the one before
    web_server.api("DELETE", f"/playlists/{kept}")


def test_the_queue_and_a_journey_are_lines_on_the_map(page: Page, web_server: Server):
    ids = web_server.get("/map")["ids"][:6]
    bare = drawn_over(page, "/map")
    assert not np.any(drawn_over(page, "/map") != bare)
    journey = np.any(drawn_over(page, f"/map?path={','.join(ids)}") != bare, axis=2)
    assert np.count_nonzero(journey) > 300  # px
    page.goto("/tracks")
    page.get_by_role("button", name="Play", exact=True).first.click()
    page.get_by_role("region", name="Player").get_by_role("button", name="Pause").click()
    red, green, blue, alpha = np.moveaxis(drawn_over(page, "/map").astype(int), 2, 0)
    assert (
        np.count_nonzero((alpha > 100) & (red > 200) & (green < 140) & (blue < 120)) > 300
    )  # vermilion: it sounds


def drawn_over(page: Page, path: str) -> np.ndarray:
    """What is drawn over the points of the map: uint8 (height, width, 4)."""
    page.goto(path)
    wait_for_map(page, pixels=200)
    settle(page)  # covers of the tracks that are near
    picture = page.locator("canvas.scatter-over").evaluate("(canvas) => canvas.toDataURL()")
    with av.open(io.BytesIO(base64.b64decode(picture.split(",")[1]))) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgba")


def test_the_map_comes_back_after_the_graphics_card_has_lost_it(page: Page, web_server: Server):
    page.goto("/map")
    wait_for_map(page, pixels=200)
    restored = page.evaluate("""() => new Promise((done) => {
        const canvas = document.querySelector(".scatter-points")
        const context = canvas.getContext("webgl2").getExtension("WEBGL_lose_context")
        canvas.addEventListener("webglcontextrestored", (event) => done(event.type), { once: true })
        const restore = () => setTimeout(() => context.restoreContext())
        canvas.addEventListener("webglcontextlost", restore, { once: true })
        context.loseContext()
    })""")
    assert restored == "webglcontextrestored"
    wait_for_map(page, pixels=200)
