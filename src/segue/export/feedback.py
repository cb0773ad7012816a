"""Likes and dislikes as a file, and back: they find their tracks again in another library."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, get_args

from segue.catalog import Feedback, FeedbackTables, TrackTables, Verdict
from segue.errors import UsageError
from segue.track import Track, folded, readable

COLUMNS = ("verdict", "at", "id", "artist", "title", "album", "path", "content_hash", "seed")


@dataclass(frozen=True, slots=True)
class ImportedFeedback:
    """What became of records of likes and dislikes.

    Attributes
    ----------
    unchanged : records of tracks of which something later is known
    not_found : what the tracks are called that the library lacks
    """

    imported: int
    unchanged: int
    not_found: tuple[str, ...]


def feedback_records(tables: FeedbackTables, tracks: TrackTables) -> list[dict[str, Any]]:
    """All feedback, the last given first, with what finds its tracks again; by the names in ``COLUMNS``."""
    verdicts = tables.latest(-1)
    tracks_by_id = {track.id: track for track in tracks.by_ids([one.track for one in verdicts])}
    return [_record(one, tracks_by_id.get(one.track)) for one in verdicts]  # type: ignore[call-overload]


def _record(feedback: Feedback, track: Track | None) -> dict[str, Any]:
    of_the_track: tuple[Any, ...] = (None,) * 5
    if track is not None:
        of_the_track = (
            track.artist, track.title, track.tags.album,
            readable(track.path) if track.has_file else None, track.content_hash,
        )  # fmt: skip
    values = (feedback.verdict, feedback.at, feedback.track, *of_the_track, feedback.seed or None)
    return dict(zip(COLUMNS, values, strict=True))


def write_json(records: Sequence[Mapping[str, Any]], out: IO[str]) -> None:
    out.write(json.dumps(records, indent=2, ensure_ascii=False) + "\n")


def write_csv(records: Iterable[Mapping[str, Any]], out: IO[str]) -> None:
    """A header, then a like or dislike a line."""
    rows = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    rows.writeheader()
    rows.writerows(records)


def read_records(text: str, name: str) -> list[dict[str, Any]]:
    """Records of what ``write_json`` or ``write_csv`` wrote.

    Parameters
    ----------
    name : of the file, for messages

    Raises
    ------
    UsageError
        Where it is neither, or a record has no verdict, date or track.
    """
    try:
        records = (
            json.loads(text) if text.lstrip().startswith("[") else list(csv.DictReader(io.StringIO(text)))
        )
    except (json.JSONDecodeError, csv.Error) as error:
        raise UsageError(f"{name} is neither JSON nor CSV of likes and dislikes: {error}") from error
    return [_checked(record, i, name) for i, record in enumerate(records, 1)]


def _checked(record: Any, place: int, name: str) -> dict[str, Any]:
    where = f"{name}, record {place}"
    if not isinstance(record, dict) or not record.get("id"):
        raise UsageError(f"{where}: it has no id; expected the columns {', '.join(COLUMNS)}")
    if record.get("verdict") not in get_args(Verdict):
        raise UsageError(f"{where}: the verdict is {record.get('verdict')!r}; expected like, dislike or skip")
    try:
        at = float(record.get("at", ""))
    except (TypeError, ValueError, OverflowError):
        at = math.nan
    if not math.isfinite(at):
        raise UsageError(f"{where}: 'at' is {record.get('at')!r}; expected seconds since 1970")
    return record | {"at": at}


def import_feedback(
    records: Sequence[Mapping[str, Any]], tables: FeedbackTables, tracks: TrackTables
) -> ImportedFeedback:
    """Keep records with their dates; of two on one track the later one.

    A track is found by its id, its path, its content, or its artist, title and album.

    Raises
    ------
    LibraryWriteError
    """
    dates = {one.track: one.at for one in tables.latest(-1) if one.verdict != "skip"}
    feedback: dict[tuple[str, bool], Feedback] = {}
    not_found, unchanged = [], 0
    for record in sorted(records, key=lambda record: record["at"]):
        track = _find(record, tracks)
        if track is None:
            not_found.append(str(record.get("title") or record["id"]))
        elif record["verdict"] != "skip" and dates.get(track.id, -1.0) >= record["at"]:
            unchanged += 1
        else:
            one = Feedback(record.get("seed") or "", track.id, record["verdict"], record["at"])
            feedback[track.id, one.verdict == "skip"] = one
    tables.restore(feedback.values())
    return ImportedFeedback(len(feedback), unchanged, tuple(not_found))


def _find(record: Mapping[str, Any], tracks: TrackTables) -> Track | None:
    path, content, title = record.get("path"), record.get("content_hash"), record.get("title")
    track = tracks.by_id(record["id"])
    if track is None and path:
        track = next(iter(tracks.by_reference(path)), None)
    if track is None and content:
        keys = tracks.keys_with_contents([content])[:1]
        track = next(iter(tracks.by_keys(keys.tolist()).values()), None)
    if track is None and title:
        names = _names(record.get("artist"), title, record.get("album"))
        named = (t for t in tracks.by_name(title) if _names(t.artist, t.title, t.tags.album) == names)
        track = next(named, None)
    return track


def _names(*names: str | None) -> tuple[str, ...]:
    return tuple(folded(name or "") for name in names)
