"""Which of some copies of a recording is the best."""

from __future__ import annotations

from dataclasses import astuple

from segue.track import Track

LOSSLESS = {"flac", "alac", "wav", "aiff", "pcm", "wavpack", "ape", "tta"}
_STEP_KBPS = 16  # a smaller difference of bit rates is none

Quality = tuple[bool, bool, bool, bool, int, int, int, float]


def is_lossless(track: Track) -> bool:
    return any(word in track.codec.lower() for word in LOSSLESS)


def bit_rate_kbps(track: Track) -> float:
    """Of the whole file; 0 where its length is unknown."""
    return 8e-3 * track.size / track.duration_s if track.duration_s else 0.0


def quality(track: Track) -> Quality:
    """Larger for the better copy: there, undamaged, lossless, of more bits, with more tags, longer."""
    lossless = is_lossless(track)
    steps = 0 if lossless else round(bit_rate_kbps(track) / _STEP_KBPS)
    tags = sum(value is not None for value in astuple(track.tags))
    return (
        track.has_file, track.missing_since is None, track.warning is None, lossless,
        track.sr if lossless else 0, steps, tags, track.duration_s,
    )  # fmt: skip
