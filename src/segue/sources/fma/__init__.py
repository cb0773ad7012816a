"""FMA, the Free Music Archive's dataset (github.com/mdeff/fma): metadata, genres, splits, features."""

from __future__ import annotations

from segue.sources.fma.audio import id_of_file
from segue.sources.fma.genres import Genre, GenreTree, read_genres
from segue.sources.fma.source import FMA, LABELS
from segue.sources.fma.tracks import SPLITS, SUBSETS, splits

__all__ = ["FMA", "LABELS", "SPLITS", "SUBSETS", "Genre", "GenreTree", "id_of_file", "read_genres", "splits"]
