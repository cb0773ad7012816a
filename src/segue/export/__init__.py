"""A library for other programs: tables, playlists, a MongoDB."""
