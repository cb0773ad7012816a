"""What the columns of a table mean, found by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segue.errors import SourceError, UsageError

# Of each field the names that files of this family use, the likeliest first.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "track_id", "song_id", "spotify_id", "uri", "track_uri", "_id"),
    "title": ("name", "track_name", "title", "song", "song_name", "track_title"),
    "artist": ("artists", "artist", "track_artist", "artist_name", "artist_names", "artists_name"),
    "album": ("album", "album_name", "track_album_name", "album_title"),
    "album_artist": ("album_artist", "albumartist"),
    "genre": ("track_genre", "genre", "genres", "playlist_genre", "artist_genres"),
    "year": ("year", "release_year"),
    "release_date": ("release_date", "track_album_release_date", "album_release_date", "date"),
    "track_number": ("track_number", "track_no"),
    "disc_number": ("disc_number", "disc_no"),
    "duration_ms": ("duration_ms", "track_duration_ms"),
    "duration_s": ("duration_s", "duration", "duration_sec", "length"),
    "url": ("url", "track_url", "preview_url", "external_url"),
}
FEATURES = (
    "danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness", "instrumentalness",
    "liveness", "valence", "tempo", "time_signature",
)  # fmt: skip
MIN_FEATURES = 3


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns of one table.

    Attributes
    ----------
    fields, features : the column of each that there is
    others : columns without a meaning of their own; they are kept as details
    missing : features that the table has not
    """

    fields: Mapping[str, str]
    features: Mapping[str, str]
    others: tuple[str, ...]
    missing: tuple[str, ...]


def map_columns(
    columns: Sequence[str], chosen: Mapping[str, str], *, features: bool = True, needed: bool = True
) -> Mapped:
    """Which column is what, case, blanks and hyphens aside.

    Parameters
    ----------
    columns : as the table names them
    chosen : the column of a field or feature, where names would mislead
    features : whether there must be some
    needed : whether there must be an id or a title

    Raises
    ------
    UsageError
        Where a chosen field or column does not exist.
    SourceError
        Where the table has too little: neither an id nor a title, or fewer than three features.
    """
    _check_chosen(columns, chosen)
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(_plain(column), column)
    taken = set(chosen.values())

    def first(names: Sequence[str]) -> str | None:
        matches = (by_name[name] for name in names if name in by_name)
        return next((column for column in matches if column not in taken), None)

    fields = {name: chosen.get(name) or first(names) for name, names in FIELDS.items()}
    feature_columns = {name: chosen.get(name) or first([name]) for name in FEATURES}
    mapped = {name: column for name, column in fields.items() if column is not None}
    if "duration_ms" in mapped:
        mapped.pop("duration_s", None)
    numbers = {name: column for name, column in feature_columns.items() if column is not None}
    listed = ", ".join(columns)
    if needed and not {"id", "title"} & set(mapped):
        raise SourceError(
            f"no column looks like an id or a title; name one with --column id=NAME, of: {listed}"
        )
    if features and len(numbers) < MIN_FEATURES:
        raise SourceError(
            f"{len(numbers)} columns are audio features, expected at least {MIN_FEATURES} "
            f"of {', '.join(FEATURES)}; the columns are: {listed}"
        )
    used = {*mapped.values(), *(numbers.values() if features else ())}
    # An unnamed first column is how data frames save their row numbers.
    others = tuple(c for c in columns if c not in used and _plain(c) not in ("", "unnamed:_0"))
    return Mapped(mapped, numbers, others, tuple(name for name in FEATURES if name not in numbers))


def _check_chosen(columns: Sequence[str], chosen: Mapping[str, str]) -> None:
    for name, column in chosen.items():
        if name not in FIELDS and name not in FEATURES:
            names = ", ".join([*FIELDS, *FEATURES])
            raise UsageError(f"{name!r} is not a known field; the fields are: {names}")
        if column not in columns:
            raise UsageError(f"no column {column!r}; there are: {', '.join(columns)}")


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
