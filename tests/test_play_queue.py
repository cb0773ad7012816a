"""The queue that players hand over, and a library in a random order."""

from __future__ import annotations

import pytest

from segue.library import Library, Where
from tests.served_home import service_fixtures

home, server, ids = service_fixtures()


def test_a_library_keeps_one_queue(own: Library):
    assert own.play_queue.get().tracks == ()
    names = [track.id for track in own]
    kept = own.play_queue.save(names[:3], current=2, position_s=61.5, player="phone")
    assert own.play_queue.get() == kept
    own.play_queue.save([], current=4)
    assert own.play_queue.get().current == 0


def test_a_random_order_is_the_same_again_and_holds_each_track_once(library: Library):
    pages = [library.tracks.sample(None, 7, 5, offset)[0] for offset in (0, 5, 10)]
    names = [track.id for page in pages for track in page]
    assert sorted(names) == sorted(track.id for track in library)
    assert names == [track.id for track in library.tracks.sample(None, 7, 100)[0]]
    assert names != [track.id for track in library.tracks.sample(None, 8, 100)[0]]
    some = library.keys_matching(Where(genre="low"))
    assert {track.tags.genre for track in library.tracks.sample(some, 7, 100)[0]} == {"low"}


def test_the_first_tracks_of_random_orders_are_all_tracks_alike(library: Library):
    firsts = [library.tracks.sample(None, seed, 1)[0][0].id for seed in range(600)]
    counts = [firsts.count(track.id) for track in library]
    assert min(counts) > 25  # 50 each are expected


@pytest.mark.slow
def test_the_service_keeps_a_queue_and_gives_random_orders(server, ids):
    assert server.get("/queue")["changed_at"] is None
    names = [ids["Low number 0"], ids["High number 1"]]
    body = {"tracks": [*names, "gone"], "current": 1, "position_s": 2.5, "player": "desk"}
    answer = server.api("PUT", "/queue", json=body)
    assert answer.status_code == 200, answer.text
    queue = server.get("/queue")
    assert [track["id"] for track in queue["tracks"]] == names
    assert (queue["current"], queue["position_s"], queue["player"]) == (1, 2.5, "desk")
    assert server.api("PUT", "/queue", json={"tracks": names, "current": -1}).status_code == 422
    drawn = server.get("/tracks", sort="random", seed=3, limit=100)
    assert drawn["total"] == len(drawn["tracks"]) == len(ids)
    assert drawn == server.get("/tracks", sort="random", seed=3, limit=100)
    low = server.get("/tracks", sort="random", seed=3, genre="low", q="number")["tracks"]
    assert {track["genre"] for track in low} == {"low"}
