"""Play pairs of tracks into each other and look at the sound: ``python benchmarks/transitions.py LIBRARY``.

The pairs are neighbors in playlists from random seeds. Each is mixed as the player does, and once more
without transitions, file after file. A pair fails where there is silence for more than half a second within
1.5 s of the transition, or where a track is cut off while it sounds: its last tenth of a second is less than
15 dB under its own level, after all fading.
"""

from __future__ import annotations

import argparse
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

import segue
from segue import audio
from segue.audio.edges import FRAME_S, frame_levels
from segue.recommend.transitions import Playback, Transition

SR = 22_050
MOST_SILENCE_S = 0.5
NEAR_S = 1.5
_SILENT_DB, _OVER_DB = -35.0, -15.0
Sound = NDArray[np.float32]


def decoded(path: str) -> Sound:
    return np.concatenate(list(audio.stream(path, SR)))


def mixed(first: Sound, second: Sound, step: Transition) -> Sound:
    """The two as they are played: what stands before ``out_s``, and what comes after ``in_s``."""
    a, b = first[: int(step.out_s * SR)], second[int(step.in_s * SR) :]
    n = min(int(step.overlap_s * SR), len(a), len(b))
    out = np.zeros(len(a) + len(b) - n, np.float32)
    out[: len(a)] += a * outgoing(len(a), n, step.kind)
    gain = np.ones(len(b), np.float32)
    if step.kind == "crossfade" and n:
        gain[:n] = np.sin(np.linspace(0, np.pi / 2, n))
    out[len(a) - n :] += b * gain
    return out


def outgoing(length: int, n: int, kind: str) -> Sound:
    """The gain of the track that ends, over all of it."""
    gain = np.ones(length, np.float32)
    share = np.linspace(0, 1, n) if n else np.zeros(0)
    if kind == "crossfade" and n:
        gain[length - n :] = np.cos(share * np.pi / 2)
    elif kind == "fade" and n:
        gain[length - n :] = np.minimum(1, 4 * (1 - share))
    return gain


def faults(first: Sound, second: Sound, pair: tuple[Playback, Playback], step: Transition) -> list[str]:
    """What an ear would mind; nothing where the album goes on by itself."""
    if step.kind == "gapless":
        return []
    edges = [playback.edges for playback in pair]
    assert edges[0]
    assert edges[1]
    around = mixed(first, second, step)
    begins, ends = step.out_s - step.overlap_s - NEAR_S, step.out_s + NEAR_S
    levels = frame_levels(around[max(0, int(begins * SR)) : int(ends * SR)], SR)
    found = []
    if longest_run(levels < min(one.level_db for one in edges if one) + _SILENT_DB) > MOST_SILENCE_S:
        found.append("silence")
    a = first[: int(step.out_s * SR)]
    left = a * outgoing(len(a), min(int(step.overlap_s * SR), len(a)), step.kind)
    if frame_levels(left[-SR // 10 :], SR).max() > edges[0].level_db + _OVER_DB:
        found.append("cut at the end")
    if step.in_s > edges[1].start_s:
        found.append("cut at the start")
    return found


def longest_run(silent: NDArray[np.bool_]) -> float:
    """Seconds of the longest stretch of silent frames."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]]).astype(np.int8)))
    return float(np.diff(changes)[::2].max(initial=0)) * FRAME_S


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--crossfade", type=float, default=5.0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    results: dict[str, list[list[str]]] = {"with transitions": [], "file after file": []}
    kinds: dict[str, int] = {}
    with segue.Library.open(arguments.library) as library:
        tracks = list(library)
        while len(results["with transitions"]) < arguments.pairs:
            seed = tracks[rng.integers(len(tracks))]
            listed = [match.track for match in library.playlist([seed], k=6)]
            answer = library.transitions(listed, crossfade_s=arguments.crossfade)
            for pair, step in zip(pairwise(answer.playbacks), answer.steps, strict=True):
                if step is None:
                    continue
                first, second = (decoded(playback.track.path) for playback in pair)
                plain = Transition("cut", len(first) / SR, 0.0, 0.0)
                results["with transitions"].append(faults(first, second, pair, step))
                results["file after file"].append(faults(first, second, pair, plain))
                kinds[step.kind] = kinds.get(step.kind, 0) + 1
    print("kinds", kinds)
    for name, each in results.items():
        found = each[: arguments.pairs]
        counts = {
            fault: sum(fault in one for one in found)
            for fault in ("silence", "cut at the end", "cut at the start")
        }
        print(f"{name}: {sum(not one for one in found)} of {len(found)} without fault; {counts}")


if __name__ == "__main__":
    main()
