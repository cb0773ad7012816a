"""README's promises: each is held by tests that are named here."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from segue.views.view_index import EXACT_BELOW
from tests.named_tests import defined_tests

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")

# A promise, in README's own words, and the tests that would fail if it were broken.
HELD_BY = {
    "(docs/users.md) may share a library, each with likes and playlists of their own": [
        "test_what_one_does_changes_nothing_for_another",
        "test_two_people_keep_hearts_apart_and_see_and_end_their_sessions",
    ],
    "ask what sounds like a track, a clip, or several tracks together": [
        "test_similar_takes_several_seeds_and_a_file_outside"
    ],
    "our own synthesizer plays 96 short pieces in 8 styles": [
        "test_the_whole_collection_is_written_with_tags"
    ],
    "Segue analyzes them and shows which ones sound alike": ["test_the_demo_plays_scans_and_recommends"],
    "The last one opens [the player](docs/web.md) in your browser": [
        "test_serve_opens_the_player_in_the_browser"
    ],
    "play and search, drop in a clip to find similar music": [
        "test_music_plays_on_from_page_to_page",
        "test_searching_narrows_the_library_as_one_types",
        "test_an_uploaded_clip_is_recommended_for_at_once",
    ],
    "mix several seeds, make a journey from one track to another": [
        "test_a_seed_can_be_switched_to_less_like_this",
        "test_a_journey_begins_and_arrives_where_it_should",
    ],
    "see your library as a map": ["test_the_map_draws_points_and_a_lasso_catches_them"],
    "Nothing leaves your machine": [
        "test_importing_and_listing_reach_for_no_network",
        "test_every_answer_says_what_a_page_may_do",
    ],
    "On the demo's music, by the descriptors alone": [
        "test_every_session_prints_what_is_shown_and_every_program_runs"
    ],
    "The descriptors need no download": ["test_without_any_model_the_default_is_the_descriptors"],
    "The first scan says that it will download them (33 MB, once)": [
        "test_scan_fetches_what_it_lacks_and_goes_on_without_what_it_cannot_get"
    ],
    "`scan --no-pull` does not download": ["test_no_pull_scans_without_a_download"],
    "`segue models pull musicnn mn04` downloads them at any time": ["test_pull_check_and_remove"],
    "The networks also label each track (50 tags, 527 AudioSet classes)": [
        "test_labels_say_what_a_sound_is_and_can_be_searched_and_filtered_by"
    ],
    "Segue with MusiCNN and mn04": ["test_labels_agree_far_more_often_than_with_the_students_features"],
    "if that fails, it continues with the descriptors alone": [
        "test_scan_fetches_what_it_lacks_and_goes_on_without_what_it_cannot_get"
    ],
    "the next scan adds their vectors to all tracks": [
        "test_an_embedder_added_later_is_given_the_tracks_before"
    ],
    "near one seed or [between several](docs/recommend.md), and away from what you do not want": [
        "test_albums_and_artists_are_listed_and_compared",
        "test_minus_moves_away",
    ],
    "**[Playlists](docs/recommend.md#playlists)** that flow": [
        "test_the_order_is_nearly_as_short_as_can_be",
        "test_a_radio_is_steered",
        "test_no_step_of_a_journey_goes_farther_from_the_end",
    ],
    "OpenSubsonic, with similar songs and their scores": ["test_sonic_similarity_tells_how_much"],
    "names, moods, instruments": [
        "test_titles_come_before_what_sounds_so",
        "test_a_mood_is_measured_against_the_rest_of_the_library",
    ],
    "two tracks sound alike, in a sentence, with the passages that are most similar": [
        "test_a_sentence_says_what_is_known",
        "test_why_finds_the_moment_that_two_tracks_share",
    ],
    "copies in other formats and remasters are shown once": [
        "test_similar_gives_each_recording_once_by_its_best_version"
    ],
    "change the answers at once": ["test_likes_and_dislikes_by_another_process_act_at_once"],
    "follows your folders, and `segue doctor` says what is amiss": [
        "test_what_happens_to_files_is_seen",
        "test_a_service_follows_when_it_was_started_so",
    ],
    "an image, a compose file of 8 lines, a unit of systemd": [
        "test_the_dockerfile_passes_its_linter",
        "test_compose_is_short_and_says_what_self_hosters_expect",
        "test_systemd_takes_the_unit",
    ],
    "needs no server at all": ["test_a_track_leads_to_what_sounds_like_it"],
    "answers show themselves, with covers and sound, and five notebooks": [
        "test_an_answer_has_covers_and_short_clips_of_the_first",
        "test_each_notebook_runs_and_prints_what_is_kept",
    ],
    "with [Annoy's class and files](docs/annoy.md)": [
        "test_every_method_of_annoys_gives_what_annoys_gives",
        "test_the_commands_embed_index_search_and_make_a_library",
    ],
    "builds all of them as a site, with every option and every public name of Python": [
        "test_the_site_is_built_strictly_and_loads_nothing_from_elsewhere",
        "test_every_public_name_is_documented",
        "test_the_page_of_options_has_every_command_and_option",
    ],
    "`segue import` also imports data sets": ["SourceContract"],
    "`segue clusters` finds": ["test_groups_are_found_and_their_number_too"],
    "Reads WAV, FLAC, MP3, Ogg, Opus, M4A/AAC, ALAC, AIFF, WMA, WebM": [
        "test_every_format_gives_back_its_sound"
    ],
    "A damaged place is skipped": ["test_64_kb_of_junk_in_the_middle_are_passed_over"],
    "A broken file fails alone": ["test_a_bad_file_fails_alone_and_says_why"],
    "`segue failures` says why": ["test_scan_reports_failures_by_its_exit_code"],
    "a crash or a power cut at any moment, the library still opens, and the next scan continues": [
        "test_ctrl_c_stops_cleanly_and_the_next_scan_goes_on",
        "test_a_scan_killed_at_any_moment_leaves_each_vector_with_its_track",
    ],
    "Unchanged files are skipped": ["test_a_second_scan_changes_nothing"],
    "moved files keep their id": ["test_a_moved_file_keeps_its_id"],
    "other processes can read while one writes": [
        "test_a_process_that_reads_while_another_writes_and_prunes_is_never_led_astray"
    ],
    "Memory stays flat": ["test_three_hours_take_hardly_more_memory_than_three_minutes"],
    "Search is exact below 20 000 tracks": [
        "test_a_library_has_its_own_number_of_tracks_below_which_all_are_compared"
    ],
    "finds 95 % of the nearest tracks": ["test_the_requested_recall_is_reached_for_every_k"],
}


# What a test would take too long to measure, and the program that has measured it.
MEASURED_BY = {
    "On 205 real clips of 13 soundtracks": "quality.py",
    "An installation takes 374 MB on disk": "install.py",
    "to the first recommendation it took 52 s on two cores": "install.py",
    "1.2 million and their index in under a minute": "spotify_table.py",
    "a scan of a 3-hour file peaks at 121 MB": "memory.py",
    "8 times faster than Annoy, with a file of one fortieth": "index_peers.py",
}
# Where sentences begin that promise nothing, or that the way to the tests itself tries: start.py.
NO_PROMISE = (
    "Segue recommends music by how it sounds",
    "One command sets everything up",
    "It needs only Python 3.11",
    "With your own music",
    "Or install the command",
    "In Python (",
    "A hit is a neighbor of the same album",
    "The speed is of the same files",
    "Two small published networks know more",
    "The descriptors (timbre",
    "VGGish follows the published recipe",
    "[Your first hour]",
    "It recommends what you have",
    "It knows nothing of what others",
    "It is not on PyPI",
    "Tutorial: ",
    "Guides: ",
    "Reference: ",
    "Explanation: ",
    "**[Care for your data](docs/files.md)**: it never writes to your music",
    "Segue has only been run on Linux",
    "macOS and Windows should work",
)


def sentences() -> list[str]:
    """README's prose above the part for developers, without sessions, tables and pictures."""
    prose = re.sub(
        r"```.*?```|^[|!#\[].*?$", "\n", README.split("## Working on it")[0], flags=re.DOTALL | re.MULTILINE
    )
    parts = [re.sub(r"\s+", " ", part).strip("- \n") for part in re.split(r"\n\s*\n|\n- ", prose)]
    return [sentence for part in parts for sentence in re.split(r"(?<=\.) (?=[A-Z`m])", part) if sentence]


@pytest.mark.parametrize("promise", HELD_BY)
def test_a_promise_is_made_and_held(promise: str):
    assert promise in re.sub(r"\s+", " ", README)
    assert set(HELD_BY[promise]) <= defined_tests()


@pytest.mark.parametrize("promise", MEASURED_BY)
def test_a_figure_is_told_and_measured(promise: str):
    assert promise in re.sub(r"\s+", " ", README)
    assert (ROOT / "benchmarks" / MEASURED_BY[promise]).exists()


@pytest.mark.parametrize("sentence", sentences())
def test_every_sentence_promises_what_is_held_or_nothing(sentence: str):
    assert any(promise in sentence for promise in {**HELD_BY, **MEASURED_BY}) or sentence.startswith(
        NO_PROMISE
    )


def test_search_is_exact_below_the_stated_number_of_tracks():
    assert EXACT_BELOW == 20_000


def test_what_segue_needs_fits_in_the_stated_size():
    path = ROOT / "benchmarks" / "install.py"
    spec = importlib.util.spec_from_file_location("install", path)
    assert spec is not None
    assert spec.loader is not None
    install = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(install)
    stated = int(re.findall(r"(\d+) MB on disk", README)[0])  # with pip, and what Python has compiled
    assert 0.75 * stated < sum(install.packages().values()) / 2**20 < stated


def test_the_recording_is_small_and_the_first_thing_shown():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures == ["docs/pictures/player.webp"]
    assert (ROOT / pictures[0]).stat().st_size < 1_000_000
    assert README.index(pictures[0]) < README.index("python3 start.py")


def test_the_first_screen_installs_and_asks():
    first = "\n".join(README.splitlines()[:45])
    assert all(
        line in first for line in ("python3 start.py\n", "python3 start.py scan", "python3 start.py similar")
    )
