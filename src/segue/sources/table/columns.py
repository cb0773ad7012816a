"""What the columns of a table mean, found by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from segue.errors import SourceError, UsageError
from segue.sources.table.notation import SHARES

# Of each field the names that files of this family use, the likeliest first.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "track_id", "song_id", "spotify_id", "uri", "track_uri", "_id"),
    "title": ("name", "track_name", "title", "song", "song_name", "track_title"),
    "artist": (
        "artists",
        "artist",
        "track_artist",
        "artist_name",
        "artist_names",
        "artists_name",
        "artist(s)_name",
    ),
    "album": ("album", "album_name", "track_album_name", "album_title"),
    "album_artist": ("album_artist", "albumartist"),
    "genre": ("track_genre", "genre", "genres", "playlist_genre", "artist_genres"),
    "year": ("year", "release_year", "released_year"),
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
_LISTED = 50  # columns in a message
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "tempo": ("bpm", "tempo_bpm", "tempo_(bpm)", "beats_per_minute"),
    "loudness": ("loudness_db", "loudness_(db)", "loudness_(in_db)"),
    "time_signature": ("timesignature", "time_sig"),
}
_PER_CENT = ("_%", "%", "_(%)", "(%)", "_pct", "_percent", "_per_cent")


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
    columns: Sequence[str],
    chosen: Mapping[str, str],
    *,
    features: bool = True,
    needed: bool = True,
    without: Sequence[str] = (),
) -> Mapped:
    """Which column is what, case, blanks and hyphens aside.

    Parameters
    ----------
    columns : as the table names them
    chosen : the column of a field or feature, where names would mislead
    features : whether there must be some
    needed : whether there must be an id or a title
    without : columns that are ignored

    Raises
    ------
    UsageError
        Where a chosen field or column does not exist.
    SourceError
        Where the table has too little: neither an id nor a title, or fewer than three features.
    """
    _check_chosen(columns, chosen)
    _check_names(columns, without)
    columns = [column for column in columns if column not in without]
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(_plain(column), column)
    taken = set(chosen.values())

    def first(names: Sequence[str]) -> str | None:
        matches = (by_name[name] for name in names if name in by_name)
        return next((column for column in matches if column not in taken), None)

    fields = {name: chosen.get(name) or first(names) for name, names in FIELDS.items()}
    feature_columns = {name: chosen.get(name) or first(_names_of(name)) for name in FEATURES}
    mapped = {name: column for name, column in fields.items() if column is not None}
    if "duration_ms" in mapped:
        mapped.pop("duration_s", None)
    numbers = {name: column for name, column in feature_columns.items() if column is not None}
    listed = ", ".join(columns[:_LISTED])
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


def is_per_cent(column: str) -> bool:
    """Whether a column's name says that it holds per cent."""
    return _plain(column).endswith(_PER_CENT)


def _names_of(feature: str) -> list[str]:
    per_cent = [feature + ending for ending in _PER_CENT] if feature in SHARES else []
    return [feature, *per_cent, *_OTHER_NAMES.get(feature, ())]


def _check_chosen(columns: Sequence[str], chosen: Mapping[str, str]) -> None:
    for name in chosen:
        if name not in FIELDS and name not in FEATURES:
            names = ", ".join([*FIELDS, *FEATURES])
            raise UsageError(f"{name!r} is not a known field; the fields are: {names}")
    _check_names(columns, chosen.values())


def _check_names(columns: Sequence[str], names: Iterable[str]) -> None:
    for name in names:
        if name not in columns:
            raise UsageError(f"no column {name!r}; there are: {', '.join(columns[:_LISTED])}")


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
