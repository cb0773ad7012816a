"""Tracks play into each other in the browser: loaded ahead, without a gap, faded and equally loud."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from segue.library import Library
from tests.browsing import MARKS, watched
from tests.conftest import SR, tag
from tests.serve_process import Server, serving

pytestmark = MARKS
LENGTH_S = 6.0
HAVE_ENOUGH_DATA = 4  # to play to the end without a pause, as HTML counts
RECORD = """
    window.sound = []
    const made = window.Audio
    window.elements = []
    window.Audio = function () {
        const element = new made()
        const deck = window.elements.push(element) - 1
        for (const name of ["loadstart", "playing", "ended", "pause"])
            element.addEventListener(name, () => element.getAttribute("src") && window.sound.push(
                { deck, name, at: performance.now() / 1000, src: element.src, time: element.currentTime }))
        return element
    }
    const own = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "volume")
    const play = HTMLMediaElement.prototype.play
    HTMLMediaElement.prototype.play = function () {
        const other = window.elements.find((one) => one !== this)
        window.sound.push({ deck: window.elements.indexOf(this), name: "play", at: performance.now() / 1000,
            src: this.src, ready: this.readyState, left: other ? other.duration - other.currentTime : null })
        return play.call(this)
    }
    Object.defineProperty(HTMLMediaElement.prototype, "volume", { ...own, set(volume) {
        const deck = window.elements.indexOf(this)
        window.sound.push({ deck, name: "volume", at: performance.now() / 1000, volume })
        own.set.call(this, volume)
    } })
    const level = ({ paused, volume, currentTime: time }, deck) => paused || window.sound.push(
        { deck, name: "level", at: performance.now() / 1000, volume, time })
    setInterval(() => {
        window.sound.push({ name: "tick", at: performance.now() / 1000 })
        window.elements.forEach(level)
    }, 50)
"""
# Whether the second track has come up and the first has gone, since the second began.
FADED = """() => {
    const begin = window.sound.filter(({ name }) => name === "play")[1].at
    const since = window.sound.filter(({ name, at }) => name === "volume" && at >= begin)
    return since.some((one) => one.deck === 0 && one.volume < 0.01)
        && since.some((one) => one.deck === 1 && one.volume > 0.8)
}"""


def write_album(folder: Path) -> None:
    """One long tone in two files, then one that ends with silence, and a loud one."""
    t = np.arange(int(2 * LENGTH_S * SR)) / SR
    y = (0.1 * np.sin(2 * np.pi * 330 * t) * (1 + 0.2 * np.sin(2 * np.pi * 2 * t))).astype(np.float32)
    half = len(y) // 2
    cold = np.concatenate([y[: len(y) // 3], np.zeros(2 * SR, np.float32)])
    loud = (9 * y[:half]).clip(-1, 1)
    folder.mkdir()
    for number, (title, sound) in enumerate(
        (("First half", y[:half]), ("Second half", y[half:]), ("Cold end", cold), ("Loud", loud)), 1
    ):
        soundfile.write(folder / f"{number}.flac", sound, SR)
        tag(folder / f"{number}.flac", title=title, artist="Tone", album="Suite", tracknumber=str(number))


@pytest.fixture
def suite(web_player: None, tmp_path: Path) -> Iterator[Server]:
    write_album(tmp_path / "music")
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as running:
        running.faults = True  # browsers leave in the middle of a sound
        yield running


def now(page: Page):
    return page.get_by_role("region", name="Player").locator(".bar-title")


def events(page: Page, name: str) -> list[dict]:
    return [event for event in page.evaluate("window.sound") if event["name"] == name]


def queue_of(page: Page, server: Server, *titles: str) -> None:
    """Put these tracks into the queue before the page starts, and nothing after them."""
    by_title = {track["title"]: track for track in server.get("/tracks")["tracks"]}
    tracks = [by_title[title] for title in titles]
    queue = {
        "tracks": tracks, "order": list(range(len(tracks))), "at": 0, "shuffle": False, "repeat": "off",
    }  # fmt: skip
    page.add_init_script(RECORD)
    kept = f"localStorage['segue.queue'] ??= JSON.stringify({json.dumps(queue)})"
    page.add_init_script(kept)
    page.add_init_script("localStorage['segue.keepplaying'] = false")
    asked = {"tracks": [track["id"] for track in tracks], "crossfade_s": 5}
    server.post("/transitions", asked)  # so that the page's own question is answered at once


def start(page: Page) -> None:
    page.goto("/settings")
    page.get_by_role("button", name="Play", exact=True).click()


def stumble_s(page: Page, at: float) -> float:
    """By how much the machine was late around this time, with what it does each 50 ms and with its sound.

    A busy one is late with everything, and no player can help it.
    """
    sound = page.evaluate("window.sound")

    def around(**kind: object) -> list[tuple[dict, dict]]:
        """Of each two events that follow each other, those between which is a part of the time."""
        events = [event for event in sound if kind.items() <= event.items()]
        return [(a, b) for a, b in itertools.pairwise(events) if b["at"] > at - 1 and a["at"] < at + 1]

    late_s = sum(max(b["at"] - a["at"] - 0.05, 0) for a, b in around(name="tick"))
    for deck in (0, 1):
        levels = around(name="level", deck=deck)
        late_s += max(sum((b["at"] - a["at"]) - (b["time"] - a["time"]) for a, b in levels), 0)
    return late_s


def wait_for_second(page: Page, time_s: float) -> None:
    """Until the second track has played so far."""
    page.wait_for_function(
        "(s) => window.sound.some(({ name, deck, time }) => name === 'level' && deck === 1 && time > s)",
        arg=time_s,
    )


def test_an_album_runs_on_without_a_gap_and_the_next_track_is_loaded_ahead(browser: Browser, suite: Server):
    with watched(browser, suite) as page:
        queue_of(page, suite, "First half", "Second half")
        start(page)
        expect(now(page)).to_have_text("Second half")
        wait_for_second(page, 1)
        first, second = events(page, "play")
        assert first["deck"] != second["deck"]
        assert first["src"] != second["src"]
        assert second["ready"] == HAVE_ENOUGH_DATA  # it was loaded ahead
        late_s = stumble_s(page, second["at"])
        last = [event for event in events(page, "level") if event["deck"] == first["deck"]][-1]
        assert LENGTH_S - last["time"] < 0.15 + late_s  # the first is heard to its end
        over = last["at"] + LENGTH_S - last["time"]
        assert second["at"] - over < 0.15 + late_s  # 0.57 s with one element
        assert second["left"] < 0.15 + late_s


def test_silence_at_the_end_is_skipped_and_loud_tracks_are_made_quieter(browser: Browser, suite: Server):
    with watched(browser, suite) as page:
        queue_of(page, suite, "Cold end", "Loud")
        start(page)
        expect(now(page)).to_have_text("Loud")
        wait_for_second(page, 0.5)
        levels = events(page, "level")
        last = max(event["time"] for event in levels if event["deck"] == 0)
        late_s = stumble_s(page, events(page, "play")[1]["at"])
        assert last < LENGTH_S * 2 / 3 + 1 + late_s  # it sounds for 4 s, the file lasts for 6
        (quiet, loud) = (
            [event["volume"] for event in levels if event["deck"] == deck][-1] for deck in (0, 1)
        )
        assert quiet > 0.85
        assert loud < 0.5


def test_tracks_of_two_albums_are_faded_into_each_other(browser: Browser, suite: Server):
    with watched(browser, suite) as page:
        queue_of(page, suite, "Second half", "First half", "Loud")
        start(page)
        expect(now(page)).to_have_text("First half")
        page.wait_for_function(FADED)
        begin, *later = (event["at"] - 0.1 for event in events(page, "play")[1:])
        end = later[0] if later else math.inf
        fades = [event for event in events(page, "volume") if begin <= event["at"] < end]
        out, into = ([event for event in fades if event["deck"] == deck] for deck in (0, 1))
        silent = next(i for i, event in enumerate(out) if event["volume"] < 0.01)
        both = out[silent]["at"] - begin - 0.1
        assert 1.9 < both < 2.5 + stumble_s(page, out[silent]["at"])  # a third of 6 s
        falling, rising = ([event["volume"] for event in fade] for fade in (out[: silent + 1], into))
        assert falling == sorted(falling, reverse=True)
        assert falling[0] > 0.8
        assert rising == sorted(rising)
        assert rising[0] < 0.1
        assert rising[-1] > 0.8
        expect(now(page)).to_have_text("Loud")
        assert events(page, "play")[2]["ready"] == HAVE_ENOUGH_DATA  # loaded ahead, too, after the fade


def test_the_crossfade_is_set_and_kept(browser: Browser, suite: Server):
    with watched(browser, suite) as page:
        page.goto("/settings")
        page.get_by_label("Crossfade").fill("0")
        page.get_by_label("Play all tracks at the same loudness").uncheck()
        page.reload()
        expect(page.get_by_text("Crossfade off")).to_be_visible()
        expect(page.get_by_label("Play all tracks at the same loudness")).not_to_be_checked()
