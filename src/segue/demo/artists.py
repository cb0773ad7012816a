"""The fictional artists of the demonstration: three to a style, each with habits of their own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Artist:
    """A name, an album, and what the pieces on it have in common.

    Parameters
    ----------
    modes : scales to choose from, see `theory.MODES`.
    tempo : slowest and fastest, beats per minute.
    bright : [0, 1], timbre of the instruments and of the mix.
    manner : way of playing, a word that the style understands.
    """

    name: str
    album: str
    year: int
    modes: tuple[str, ...]
    tempo: tuple[int, int]
    bright: float
    manner: str


ARTISTS: dict[str, tuple[Artist, ...]] = {
    "Ambient": (
        Artist("Halden Mire", "Peatland Hours", 2011, ("aeolian", "dorian"), (70, 73), 0.2, "drone"),
        Artist("Oriel Vantt", "Glass Orchard", 2017, ("lydian", "ionian"), (74, 80), 0.7, "glass"),
        Artist(
            "Choir of the Low Tide", "Salt Vespers", 2021, ("dorian", "mixolydian"), (71, 76), 0.45, "choir"
        ),
    ),
    "Chiptune": (
        Artist(
            "Pixel Ostrich", "Continue in Nine", 2009, ("ionian", "mixolydian"), (144, 160), 0.6, "arpeggio"
        ),
        Artist("Cartridge Kid Nova", "Save Slot B", 2014, ("aeolian", "harmonic"), (132, 146), 0.75, "duet"),
        Artist("Tin Wizard", "Overworld Postcards", 2019, ("lydian", "ionian"), (118, 132), 0.4, "march"),
    ),
    "Techno": (
        Artist(
            "Voltaire Depot", "Night Shift Ledger", 2013, ("phrygian", "aeolian"), (128, 134), 0.65, "acid"
        ),
        Artist("Kessel Nord", "Concrete Weather", 2016, ("dorian", "aeolian"), (122, 127), 0.3, "dub"),
        Artist("Ferrous Line", "Relay Station", 2022, ("aeolian", "phrygian"), (136, 142), 0.55, "driving"),
    ),
    "Drum and Bass": (
        Artist("Marlow Quick", "Riverine", 2008, ("dorian", "ionian"), (170, 174), 0.55, "liquid"),
        Artist("Subduction", "Fault Tables", 2015, ("phrygian", "aeolian"), (173, 178), 0.6, "growl"),
        Artist(
            "Tessel and Rook", "Tower Block Jungle", 2005, ("aeolian", "dorian"), (162, 168), 0.45, "jungle"
        ),
    ),
    "Folk Guitar": (
        Artist(
            "Wren Ashgrove",
            "Letters from the Weir",
            2010,
            ("ionian", "mixolydian"),
            (92, 108),
            0.55,
            "travis",
        ),
        Artist("Tobiah Fenn", "Slow Ferry Home", 2018, ("dorian", "aeolian"), (100, 120), 0.3, "waltz"),
        Artist("Isolde Marchbank", "Hedgerow Almanac", 2023, ("ionian", "lydian"), (76, 88), 0.75, "harp"),
    ),
    "Solo Piano": (
        Artist(
            "Emeline Corvau",
            "Nocturnes for an Empty House",
            2012,
            ("aeolian", "harmonic"),
            (75, 86),
            0.3,
            "nocturne",
        ),
        Artist("Anders Lyhne", "Small Machines", 2016, ("ionian", "dorian"), (96, 112), 0.65, "pattern"),
        Artist("Josefa Brandwyn", "Winter Hymnal", 2020, ("ionian", "mixolydian"), (76, 88), 0.45, "chorale"),
    ),
    "Swing Jazz": (
        Artist(
            "The Dex Halloway Trio",
            "Last Table on the Left",
            1958,
            ("mixolydian",),
            (132, 152),
            0.45,
            "blues",
        ),
        Artist("Otis Wren Trio", "Elevator Changes", 1961, ("ionian",), (184, 208), 0.6, "bop"),
        Artist("Lenore Pike Trio", "Quarter Past Rain", 1964, ("ionian",), (100, 116), 0.3, "brushes"),
    ),
    "Metal": (
        Artist("Iron Vesper", "Crown of Cinders", 1997, ("aeolian", "harmonic"), (156, 172), 0.6, "gallop"),
        Artist("Gravemoor", "The Weight of Hills", 2004, ("phrygian", "aeolian"), (71, 84), 0.25, "doom"),
        Artist(
            "Ashen Tribunal", "Verdict in Steel", 2011, ("phrygian", "harmonic"), (184, 204), 0.7, "thrash"
        ),
    ),
}
