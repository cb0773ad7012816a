"""From libraries of older formats to the current one.

Format 1 knows of audio files only; format 2 keeps no matrices of labels' scores.
"""

from __future__ import annotations

import sqlite3

from segue.catalog.transaction import transaction

# What tracks are listed by; the indexes below hold these very texts.
TITLE = (
    "coalesce(title, replace(path, rtrim(path, replace(path, '/', '')), ''), source_id)"  # or the file's name
)
TITLE_BYTES = f"CAST({TITLE} AS BLOB)"  # to read it, as a file's name need not be text
ARTIST = "coalesce(artist, album_artist)"
BY_ARTIST = f"{ARTIST} IS NULL, {ARTIST} COLLATE NOCASE, album COLLATE NOCASE, disc_number, track_number"
BY_ALBUM = "album COLLATE NOCASE, coalesce(album_artist, artist) COLLATE NOCASE"
# Names that are not found by their letters alone: in other letters than ASCII's, or several in one text.
_IN_OTHER_LETTERS = "length({0}) < length(CAST({0} AS BLOB))"
ODD = (
    f"({' OR '.join(map(_IN_OTHER_LETTERS.format, ('artist', 'album_artist', 'album')))} "
    "OR instr(artist, ';') OR instr(album_artist, ';'))"
)
OTHER_ALBUM_ARTIST = "album_artist IS NOT NULL AND album_artist IS NOT artist"
# An import of many tracks makes these at its end: all at once is several times quicker than row by row.
LATE_INDEXES = (
    "CREATE INDEX tracks_by_hash ON tracks (content_hash)",
    "CREATE UNIQUE INDEX tracks_by_source ON tracks (source_id, source) WHERE source IS NOT NULL",
    "CREATE INDEX tracks_by_year ON tracks (year)",
    "CREATE INDEX tracks_by_genre ON tracks (genre)",
    f"CREATE INDEX tracks_by_title ON tracks ({TITLE} COLLATE NOCASE)",
    f"CREATE INDEX tracks_by_artist ON tracks ({BY_ARTIST})",
    f"CREATE INDEX tracks_by_album_artist ON tracks (album_artist COLLATE NOCASE) WHERE {OTHER_ALBUM_ARTIST}",
    f"CREATE INDEX tracks_by_album ON tracks ({BY_ALBUM}) WHERE album IS NOT NULL",
    f"CREATE INDEX tracks_with_odd_names ON tracks (artist, album_artist, album) WHERE {ODD}",
    "CREATE INDEX tracks_by_age ON tracks (year IS NULL OR year < 1, year DESC)",
)
TRACKS = """
CREATE TABLE tracks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, unlike a row
    id TEXT NOT NULL UNIQUE,
    row INTEGER NOT NULL UNIQUE,            -- in every matrix of vectors
    path UNIQUE,                            -- text; bytes where the name is not valid Unicode; NULL: no file
    title TEXT, artist TEXT, album TEXT, album_artist TEXT, genre TEXT,
    year INTEGER, track_number INTEGER, disc_number INTEGER,
    duration_s REAL NOT NULL, sr INTEGER NOT NULL, channels INTEGER NOT NULL, codec TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, content_hash TEXT NOT NULL,
    added_at REAL NOT NULL, missing_since REAL, warning TEXT,
    source TEXT, source_id TEXT,            -- of what was imported: from where, and its name there
    record_hash INTEGER,                    -- of all that the source says of it
    url TEXT, details TEXT,                 -- JSON
    CHECK (path IS NOT NULL OR source_id IS NOT NULL)
);
CREATE INDEX tracks_missing ON tracks (row) WHERE missing_since IS NOT NULL;
""" + "".join(f"{index};\n" for index in LATE_INDEXES)
WORDS = """
CREATE VIRTUAL TABLE track_text USING fts5 (
    title, artist, album, genre, file, labels, tokenize = "unicode61 remove_diacritics 2", prefix = "1 2"
)"""
IMPORTS = """
CREATE TABLE imports (
    source TEXT PRIMARY KEY, kind TEXT NOT NULL, location TEXT NOT NULL,
    finished_at REAL, report TEXT NOT NULL  -- JSON
);
CREATE TABLE clusters (cluster INTEGER PRIMARY KEY, name TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE cluster_tracks (key INTEGER PRIMARY KEY, cluster INTEGER NOT NULL);
CREATE INDEX cluster_tracks_by_cluster ON cluster_tracks (cluster);
"""
OLD_FORMATS = (1, 2)
_NEW_COLUMNS = ("source", "source_id", "record_hash", "url", "details")


def to_current_format(db: sqlite3.Connection) -> None:
    """Rewrite a library's tables, in one transaction."""
    with transaction(db):
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 1:
            _to_format_2(db)
        if version in OLD_FORMATS:  # no other process was quicker
            db.execute("ALTER TABLE spaces ADD COLUMN label_names TEXT NOT NULL DEFAULT '[]'")
            db.execute("PRAGMA user_version = 3")


def _to_format_2(db: sqlite3.Connection) -> None:
    columns = ", ".join(row["name"] for row in db.execute("PRAGMA table_info(tracks)"))
    used = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tracks'").fetchone()
    db.execute("DROP INDEX tracks_by_hash")
    db.execute("ALTER TABLE tracks RENAME TO tracks_1")
    for statement in (TRACKS + IMPORTS).split(";\n"):
        db.execute(statement)
    db.execute(f"INSERT INTO tracks ({columns}) SELECT {columns} FROM tracks_1")
    db.execute("DROP TABLE tracks_1")
    if used:  # keys of tracks that are gone are not given again
        db.execute("DELETE FROM sqlite_sequence WHERE name = 'tracks'")
        db.execute("INSERT INTO sqlite_sequence VALUES ('tracks', ?)", (used["seq"],))
    db.execute("ALTER TABLE spaces ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'")


def as_current_format(db: sqlite3.Connection) -> None:
    """Show a read-only library in the current format to this connection alone."""
    if db.execute("PRAGMA user_version").fetchone()[0] == 2:
        db.execute("CREATE TEMP VIEW spaces AS SELECT *, '[]' AS label_names FROM main.spaces")
        return
    nothing = ", ".join(f"NULL AS {name}" for name in _NEW_COLUMNS)
    db.execute(f"CREATE TEMP VIEW tracks AS SELECT *, {nothing} FROM main.tracks")
    db.execute("CREATE TEMP VIEW spaces AS SELECT *, '{}' AS settings, '[]' AS label_names FROM main.spaces")
    for statement in IMPORTS.replace("CREATE TABLE", "CREATE TEMP TABLE").split(";\n"):
        db.execute(statement.replace("CREATE INDEX", "CREATE INDEX temp."))
