"""The player's page in a real browser, with a real service and our own synthesizer's pieces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import sounds

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import MARKS, rows, slow_music, wait_for_map
from tests.serve_process import Server

pytestmark = MARKS


def play_first(page: Page) -> None:
    page.goto("/tracks")
    rows(page).first.get_by_role("button", name="Play").click()
    expect(page.locator(".bar-time")).to_have_text(re.compile("^(?!0:00)[0-9]"))


def waveform(page: Page):
    return page.get_by_role("slider", name=re.compile("^Position in"))


def test_searching_narrows_the_library_as_one_types(page: Page, web_server: Server):
    page.goto("/tracks")
    everything = web_server.get("/tracks")["total"]
    expect(page.get_by_role("status").filter(has_text=f"{everything} tracks found")).to_be_attached()
    wanted = web_server.get("/tracks", limit=9)["tracks"][7]
    page.keyboard.press("/")
    page.keyboard.type(wanted["title"])
    expect(rows(page).first.get_by_role("link", name=wanted["title"])).to_be_visible()
    found = web_server.get("/search", q=wanted["title"])["total"]
    expect(rows(page)).to_have_count(found)
    assert found < everything
    page.get_by_role("searchbox").fill("no track is called that")
    expect(page.get_by_role("heading", name="No tracks found")).to_be_visible()


def test_filters_are_in_the_address_and_come_back_from_it(page: Page, web_server: Server):
    page.goto("/tracks")
    genre = web_server.get("/facets")["genres"][0]
    page.get_by_label("Genre").select_option(genre["name"])
    expect(rows(page)).to_have_count(genre["n"])
    assert "genre=" in page.url
    page.reload()
    expect(rows(page)).to_have_count(genre["n"])
    expect(page.get_by_label("Genre")).to_have_value(genre["name"])


def test_music_plays_on_from_page_to_page(page: Page):
    play_first(page)
    for name in ("Similar", "Map", "Status", "Settings", "Library"):
        page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{name}")).first.click()
        expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
        before = page.locator(".bar-time").inner_text()
        expect(page.locator(".bar-time")).not_to_have_text(before)


def test_the_waveform_seeks_by_mouse_and_by_keyboard(page: Page):
    play_first(page)
    page.get_by_role("button", name="Pause", exact=True).last.click()  # what plays does not stay where it is
    wave = waveform(page)
    box = wave.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    middle_s = int(wave.get_attribute("aria-valuemax") or 0) // 2
    near_middle = "|".join(str(middle_s + offset_s) for offset_s in (-1, 0, 1))
    expect(wave).to_have_attribute("aria-valuenow", re.compile(f"^({near_middle})$"))
    wave.focus()
    page.keyboard.press("Home")
    expect(wave).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("ArrowRight")
    expect(wave).to_have_attribute("aria-valuenow", "5")


def test_the_keyboard_pauses_skips_and_returns(page: Page):
    play_first(page)
    page.locator("h1").click()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play", exact=True).last).to_be_visible()
    first = page.locator(".bar-title").inner_text()
    # "Previous" returns to the start of a track that has played for three seconds: let none play on.
    page.route(re.compile("/audio"), lambda route: None)
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".bar-title")).not_to_have_text(first)
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator(".bar-title")).to_have_text(first)
    page.keyboard.press("q")
    expect(page.get_by_role("complementary", name="Queue")).to_be_visible()


def test_a_tracks_page_shows_what_is_similar_and_why(page: Page, web_server: Server):
    track = web_server.get("/tracks")["tracks"][3]
    expected = web_server.post("/similar", {"seeds": [track["id"]], "k": 15})["matches"]
    page.goto(f"/track/{track['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text(track["title"])
    similar = page.get_by_role("list", name=f"Similar to {track['title']}")
    expect(similar.locator(".row-title")).to_have_text([match["track"]["title"] for match in expected])
    expect(similar.locator(".score").first).to_contain_text("% of your library")
    exact = re.compile(f"Score {expected[0]['score']:.3f}$")
    expect(similar.locator(".score").first).to_have_attribute("title", exact)
    similar.get_by_role("button", name=re.compile("^Why")).first.click()
    why = web_server.get("/why", a=track["id"], b=expected[0]["track"]["id"])
    expect(page.locator(".why-text")).to_have_text(why["text"])
    expect(page.locator(".why-parts li")).to_have_count(len(why["aspects"]) + len(why["parts"]))


@pytest.mark.parametrize("kind", ["wav16", "mp3"])
def test_an_uploaded_clip_is_recommended_for_at_once(
    page: Page, web_server: Server, tmp_path: Path, kind: str
):
    clip = sounds.FORMATS[kind].write(tmp_path, sounds.melody(6.0), stem="my clip")
    slow_music(page)
    page.goto("/similar")
    page.locator("#clip-file").set_input_files(clip)
    expect(page.get_by_role("list", name="Seeds").get_by_text(clip.name)).to_be_visible()
    expect(page.get_by_role("list", name="Recommendations").locator(".row")).to_have_count(20)
    page.get_by_role("button", name=f"Play {clip.name}").click()
    expect(page.locator(".bar-title")).to_have_text(clip.name)
    page.get_by_role("button", name=f"Remove {clip.name}").click()
    expect(page.get_by_role("heading", name="Start with a sound")).to_be_visible()


def test_a_dropped_file_without_audio_is_refused_with_a_message(page: Page):
    page.goto("/playlists")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["Dear diary, there is no sound in here."], "diary.mp3"));
          const drop = new DragEvent("drop", {dataTransfer: data, bubbles: true});
          document.querySelector("main").dispatchEvent(drop);
        }"""
    )
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("diary.mp3")
    expect(refusal).to_contain_text(re.compile("audio|decod|recogni", re.IGNORECASE))


def test_each_file_that_is_refused_is_named_beside_those_that_are_taken(page: Page, tmp_path: Path):
    clip = sounds.FORMATS["wav16"].write(tmp_path, sounds.melody(4.0), stem="good")
    broken = [tmp_path / f"broken {i}.mp3" for i in range(2)]
    for path in broken:
        path.write_bytes(b"no sound" * 100)
    page.goto("/similar")
    page.locator("#clip-file").set_input_files([broken[0], clip, broken[1], *[clip] * 6])
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("broken 0.mp3")
    expect(refusal).to_contain_text("broken 1.mp3")
    expect(refusal).to_contain_text("1 more file: Segue takes 8 files at a time.")
    expect(page.get_by_role("list", name="Seeds").get_by_text(clip.name).first).to_be_visible()


def test_an_upload_can_be_cancelled(page: Page, tmp_path: Path):
    clip = sounds.FORMATS["wav16"].write(tmp_path, sounds.melody(4.0), stem="slow")
    page.route("**/api/v1/clips", lambda route: None)  # a network that hangs
    page.goto("/similar")
    page.locator("#clip-file").set_input_files(clip)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Drop an audio file here")).to_be_visible()
    expect(page.get_by_role("list", name="Seeds")).to_have_count(0)
    page.unroute_all(behavior="ignoreErrors")


def test_a_recording_becomes_a_seed(browser: Browser, page: Page):
    page.context.grant_permissions(["microphone"])
    page.goto("/similar")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("timer")).to_have_text(re.compile("^0:(0[2-9]|[1-5][0-9])"))
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("list", name="Seeds").locator(".seed")).to_have_count(1)
    expect(page.get_by_role("list", name="Recommendations").locator(".row").first).to_be_visible()


def add_seed(page: Page, track: dict) -> None:
    page.get_by_role("combobox", name="Add a track").fill(track["title"])
    page.get_by_role("listbox").get_by_role("option", name=track["title"]).first.click()


def test_a_seed_can_be_switched_to_less_like_this(page: Page, web_server: Server):
    first, second = web_server.get("/tracks")["tracks"][0:30:20]
    page.goto("/similar")
    for track in (first, second):
        add_seed(page, track)
    recommended = page.get_by_role("list", name="Recommendations").locator(".row-title")
    both = web_server.post("/similar", {"seeds": [first["id"], second["id"]], "k": 20})
    expect(recommended).to_have_text([match["track"]["title"] for match in both["matches"]])
    page.get_by_role("button", name=f"{second['title']}: more like this").click()
    away = web_server.post("/similar", {"seeds": [first["id"]], "minus": [second["id"]], "k": 20})
    expect(recommended).to_have_text([match["track"]["title"] for match in away["matches"]])


def test_a_playlist_is_made_saved_and_exported(page: Page, web_server: Server):
    track = web_server.get("/tracks")["tracks"][1]
    page.goto("/similar")
    add_seed(page, track)
    page.get_by_role("button", name="Varied playlist").click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("textbox", name="New playlist name").fill("For the evening")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("For the evening")
    titles = page.locator(".row-title").all_inner_texts()
    assert len(titles) == 20
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
        page.get_by_role("menuitem", name="M3U8").click()
    text = Path(download.value.path()).read_text("utf-8")
    assert download.value.suggested_filename == "For the evening.m3u8"
    assert text.startswith("#EXTM3U")
    named = [line.split(",", 1)[1] for line in text.splitlines() if line.startswith("#EXTINF:")]
    assert [name.endswith(title) for name, title in zip(named, titles, strict=True)] == [True] * 20
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
        page.get_by_role("menuitem", name="XSPF").click()
    assert download.value.suggested_filename == "For the evening.xspf"
    text = Path(download.value.path()).read_text("utf-8")
    assert text.count("<location>http") == 20


def test_a_journey_begins_and_arrives_where_it_should(page: Page, web_server: Server):
    tracks = web_server.get("/tracks")["tracks"]
    start, end = tracks[0], tracks[-1]
    answer = web_server.post("/journey", {"start": start["id"], "end": end["id"], "k": 7})
    page.goto(f"/journey?from={start['id']}&to={end['id']}&k=7")
    stops = page.get_by_role("list", name="Stops of the journey").locator(".row-title")
    expect(stops).to_have_text([match["track"]["title"] for match in answer["matches"]])
    expect(page.get_by_text("lie between the two")).to_have_count(1 if answer["shortfall"] else 0)
    expect(stops.first).to_have_text(start["title"])
    expect(stops.last).to_have_text(end["title"])


def test_the_map_draws_points_and_a_lasso_catches_them(page: Page, web_server: Server):
    n = web_server.get("/library")["tracks"]
    page.goto("/map")
    scatter = page.get_by_role("application")
    expect(scatter).to_have_attribute("data-points", str(n))
    wait_for_map(page, pixels=20 * n)
    page.get_by_role("button", name=re.compile("^Lasso")).click()
    box = scatter.bounding_box()
    assert box
    corners = [(0.99, 0.09), (0.99, 0.99), (0.01, 0.99)]
    page.mouse.move(box["x"] + box["width"] * 0.01, box["y"] + box["height"] * 0.09)
    page.mouse.down()
    for x, y in corners:
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=5)
    page.mouse.up()
    caught = page.get_by_role("region", name="Selected tracks")
    expect(caught.get_by_role("heading")).to_have_text(f"{n} tracks")
    caught.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("old", "new", "heading"),
    [
        ("/blend", "/similar", "Similar"),
        ("/matrix?list=queue", "/compare?list=queue", "Compare"),
        ("/room", "/status", "Library status"),
    ],
)
def test_old_addresses_lead_to_the_renamed_pages(page: Page, old: str, new: str, heading: str):
    page.goto(old)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(page).to_have_url(re.compile(re.escape(new) + "$"))


def test_the_status_page_shows_jobs_problems_and_models(page: Page, web_server: Server):
    page.goto("/status")
    expect(page.get_by_text("broken.flac")).to_be_visible()
    expect(page.get_by_text("MusiCNN (MSD_musicnn)")).to_be_visible()
    page.get_by_role("button", name="Scan for changes").click()
    expect(page.locator(".job").filter(has_text="Scan").first).to_contain_text("done")
