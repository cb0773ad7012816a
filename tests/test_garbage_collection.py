from __future__ import annotations

import gc

from segue.garbage_collection import infrequent_gc


def test_what_held_before_is_back_after_the_last_who_wants_it_seldom():
    usual = gc.get_threshold()
    first, second = infrequent_gc(), infrequent_gc()
    with first:
        second.__enter__()
        seldom = gc.get_threshold()
        assert seldom[0] > usual[0]
    assert gc.get_threshold() == seldom  # as in another thread, which ends later
    second.__exit__(None, None, None)
    assert gc.get_threshold() == usual
