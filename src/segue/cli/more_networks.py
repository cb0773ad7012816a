"""Before networks analyze tracks that a library has had without them: how long that takes, and whether."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import click

from segue.advice import command, shell_word
from segue.cli.options import Context
from segue.cli.tables import clock
from segue.texts import count

if TYPE_CHECKING:
    from segue.library import Library

_COSTS = {"descriptors": 1.0, "musicnn": 1.7, "mn04": 0.7}  # processor time, beside that of the descriptors
_SHARE = 0.8  # of its speed alone that a thread has beside others
_TIMED = 3  # tracks


def with_more_networks(
    context: Context, folders: Sequence[str], jobs: int | None, *, pull: bool, agreed: bool
) -> list[str]:
    """The library's embedders and the rest of the default set, if that is to analyze its tracks; else none.

    Parameters
    ----------
    pull : whether models that are not installed can be had
    agreed : do not ask
    """
    from segue.embed.registry import missing_default_models
    from segue.errors import LibraryNotFoundError
    from segue.library.embedders import unused_default_set
    from segue.spec import family_of

    absent = missing_default_models()
    try:
        with context.open() as library:
            spaces, n_tracks = library.spaces(), len(library)
            names = [name for name in unused_default_set(spaces) if pull or name not in absent]
            took_s = _estimate(library, names, jobs or os.cpu_count() or 1) if names and not agreed else 0.0
    except LibraryNotFoundError:
        return []
    own = list(dict.fromkeys(map(family_of, spaces)))
    if not names or not n_tracks:
        return []
    if agreed:
        return [*own, *names]
    text = f"{' and '.join(names)} would also analyze the library's {count(n_tracks, 'track')}"
    if took_s:
        text += f", which takes about {clock(max(1, took_s))}"
    if set(names) & set(absent):
        text += ", after a download"
    if sys.stdin.isatty() and sys.stderr.isatty():
        return [*own, *names] if click.confirm(f"{text}. Do so now?", default=True, err=True) else []
    again = command(f"scan --yes {' '.join(map(shell_word, folders))}", library=context.path)
    click.echo(f"scanning with {' and '.join(own)} alone; {text}: {again}", err=True)
    return []


def _estimate(library: Library, names: Sequence[str], jobs: int) -> float:
    """Seconds, by what the descriptors take for some of the library's files; 0 where none can be read."""
    from segue import audio
    from segue.embed.descriptors import Descriptors
    from segue.errors import AudioError
    from segue.library.verbs import OneBlasThread

    step = max(1, len(library) // _TIMED)
    loads, descriptors, embedder = [], [], Descriptors()
    with OneBlasThread():
        for track in islice(library, 0, None, step):
            try:
                before = time.process_time()
                sound = audio.load(track.path)
                loaded = time.process_time()
                embedder.embed(sound)
            except (AudioError, OSError):
                continue
            loads.append(loaded - before)
            descriptors.append(time.process_time() - loaded)
    if not loads:
        return 0.0
    one_s = statistics.median(loads) + statistics.median(descriptors) * sum(_COSTS[name] for name in names)
    return len(library) * one_s / (1 if jobs == 1 else jobs * _SHARE)
