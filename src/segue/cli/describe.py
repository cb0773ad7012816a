"""What ``segue info`` says of a library or a track, in words for a listener."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from segue.cli.tables import clock, megabytes

_LABELS = 5  # of each network


def library_rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of what a library holds; what is empty is left out."""
    return [(name, _words(value)) for name, value in facts.items() if value not in ([], None)]


def track_rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of what a listener wants to know of a track; what is not known is left out."""
    return [(name, value) for name, value in _track(facts) if value]


def moment(seconds: float) -> str:
    """Seconds since the epoch as local date and time: ``2026-05-04 21:30``."""
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"


def _track(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("title", "artist", "album", "album_artist", "genre", "year", "track_number", "disc_number"):
        yield name.replace("_", " "), _words(facts[name])
    yield "time", clock(facts["duration_s"]) if facts["duration_s"] else ""
    for space, labels in facts["labels"].items():
        best = list(labels.items())[:_LABELS]
        yield f"labels by {space}", ", ".join(f"{word} {score:.2f}" for word, score in best)
    descriptors = facts["descriptors"]
    if descriptors:
        yield "tempo", f"{descriptors['tempo_bpm']:.0f} beats per minute"
        yield "loudness", f"{descriptors['loudness_lkfs_mean']:.1f} LKFS"
    yield "cluster", _words(facts["cluster"])
    yield "file" if facts["codec"] else "place", _words(facts["path"])
    yield "format", _format(facts)
    yield "source", _words(facts["source"])
    yield "url", _words(facts["url"])
    yield from ((name.replace("_", " "), _words(value)) for name, value in facts["details"].items())
    yield "added", moment(facts["added_at"])
    yield "missing since", moment(facts["missing_since"]) if facts["missing_since"] else ""
    yield "warning", _words(facts["warning"])
    yield "id", facts["id"]


def _format(facts: dict[str, Any]) -> str:
    """``FLAC, 44.1 kHz, 2 channels, 30.5 MB``."""
    if not facts["codec"]:
        return ""
    channels = {1: "mono", 2: "stereo"}.get(facts["channels"], f"{facts['channels']} channels")
    return f"{facts['codec']}, {facts['sr'] / 1000:g} kHz, {channels}, {megabytes(facts['size'])}"


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_words(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return "" if value is None else str(value)
