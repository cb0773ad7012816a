"""README's promises: each is held by tests that are named here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segue.index import IndexOptions
from tests.named_tests import defined_tests

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")

# A promise, in README's own words, and the tests that would fail if it were broken.
HELD_BY = {
    "Segue analyzes them and shows which ones sound alike": ["test_the_demo_plays_scans_and_recommends"],
    "mix several seeds, make a journey from one track to another": [
        "test_similar_takes_several_seeds_and_a_file_outside",
        "test_a_journey_goes_along_the_arc_in_even_steps",
    ],
    "Segue with MusiCNN and mn04": ["test_labels_agree_far_more_often_than_with_the_students_features"],
    "if that fails, it continues with the descriptors alone": [
        "test_scan_fetches_what_it_lacks_and_goes_on_without_what_it_cannot_get"
    ],
    "the next scan adds their vectors to all tracks": [
        "test_an_embedder_added_later_is_given_the_tracks_before"
    ],
    "`segue import` also imports data sets": ["SourceContract"],
    "`segue clusters` finds": ["test_groups_are_found_and_their_number_too"],
    "Reads WAV, FLAC, MP3, Ogg, Opus, M4A/AAC, ALAC, AIFF, WMA, WebM": [
        "test_every_format_gives_back_its_sound"
    ],
    "A broken file fails alone": ["test_a_bad_file_fails_alone_and_says_why"],
    "`segue failures` says why": ["test_commands_print_what_the_library_answers"],
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
    "Search is exact below 20 000 tracks": ["test_rows_are_compressed_from_twenty_thousand_on_by_default"],
    "finds 95 % of the nearest tracks": ["test_the_requested_recall_is_reached_for_every_k"],
}


@pytest.mark.parametrize("promise", HELD_BY)
def test_a_promise_is_made_and_held(promise: str):
    assert promise in re.sub(r"\s+", " ", README)
    assert set(HELD_BY[promise]) <= defined_tests()


def test_every_statement_of_what_segue_does_is_held():
    """Statements of what Segue does not are no promises."""
    section = README.split("## What it does and does not")[1].split("\n[")[0]
    statements = [re.sub(r"\s+", " ", part) for part in re.split(r"\n- ", section)[1:]]
    not_promised = ("The descriptors (timbre", "VGGish follows", "Segue has only been run")
    for statement in statements:
        held = any(promise in statement for promise in HELD_BY)
        assert held or statement.startswith(not_promised), statement


def test_search_is_exact_below_the_stated_number_of_tracks():
    assert IndexOptions().exact_below == 20_000
