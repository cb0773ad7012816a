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

from segue.advice import command
from segue.cli.options import Context
from segue.cli.tables import clock

if TYPE_CHECKING:
    from segue.library import Library

_COSTS = {"descriptors": 1.0, "musicnn": 1.7, "mn04": 0.7}  # processor time, beside that of the descriptors
_SHARE = 0.8  # of its speed alone that a thread has beside others
_TIMED = 3  # tracks


def own_embedders(context: Context, folders: Sequence[str], jobs: int | None, *, pull: bool) -> list[str]:
    """The embedders that a library is to go on with; none where it is to have the default set.

    Where a part of that set has analyzed the tracks, the rest does so only if somebody agrees.
    """
    from segue.errors import LibraryNotFoundError

    try:
        with context.open() as library:
            missing = _missing(library, pull=pull)
            if not missing:
                return []
            own = sorted({_family(space) for space in library.spaces()})
            text = f"{' and '.join(missing)} would also analyze the library's {len(library)} tracks"
            took_s = _estimate(library, missing, jobs or os.cpu_count() or 1)
    except LibraryNotFoundError:
        return []
    if took_s:
        text += f", which takes about {clock(max(1, took_s))}"
    if sys.stdin.isatty() and sys.stderr.isatty():
        return [] if click.confirm(f"{text}. Do so now?", default=True, err=True) else own
    again = command(f"scan --yes {' '.join(folders)}", library=context.path)
    click.echo(f"scanning with {' and '.join(own)} alone; {text}: {again}", err=True)
    return own


def _missing(library: Library, *, pull: bool) -> list[str]:
    """What can be had of the rest of the default set, where a part of it has analyzed the tracks."""
    from segue.embed.registry import DEFAULT, missing_default_models
    from segue.library.embedders import uses_default_set

    spaces = library.spaces()
    if not spaces or not len(library) or not uses_default_set(spaces):
        return []
    made = {_family(space) for space in spaces}
    absent = [] if pull else missing_default_models()
    return [name for name in DEFAULT if name not in made and name not in absent]


def _family(space: str) -> str:
    from segue.spec import family_of

    return family_of(space)


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
