"""Invented titles: words of a style's world put together, none twice."""

from __future__ import annotations

import re

import numpy as np

WORDS: dict[str, tuple[str, str]] = {
    "Ambient": (
        "Pale Drifting Submerged Hollow Faint Amber Weightless Distant Thawing Veiled Slow Unlit",
        "Estuary Lantern Meridian Fog Snowfield Harbour Aurora Reservoir Moss Horizon Tide Observatory",
    ),
    "Chiptune": (
        "Turbo Hidden Pocket Bonus Crystal Flying Golden Secret Wobbly Electric Tiny Final",
        "Castle Comet Level Dungeon Spring Balloon Shopkeeper Rocket Coin Dragon Submarine Scoreboard",
    ),
    "Techno": (
        "Magnetic Static Parallel Chrome Recursive Sodium Vacant Polar Hydraulic Binary Late Infrared",
        "Circuit Terminal Signal Tunnel Turbine Voltage Platform Grid Conveyor Motor Relay Axis",
    ),
    "Drum and Bass": (
        "Liquid Broken Rapid Concrete Phantom Restless Neon Fractured Deep Silver Midnight Kinetic",
        "Pressure Skyline Underpass Mirage Current Vapour Rollers Gravity Detour Pulse Shadow Ravine",
    ),
    "Folk Guitar": (
        "Old Wandering Quiet Autumn Barefoot Borrowed Winding Copper Gentle Faraway Second Green",
        "Orchard Mill River Sparrow Lane Kettle Harvest Willow Meadow Blanket Bridge Hillside",
    ),
    "Solo Piano": (
        "Unfinished White Patient Forgotten Narrow Winter Tender Grey Open Folded Solitary Northern",
        "Staircase Letter Window Garden Prelude Photograph Room Clock Corridor Snow Reverie Curtain",
    ),
    "Swing Jazz": (
        "Blue Uptown Easy Crooked Velvet Sunday Lazy Smoky Double Rainy Lucky Downhill",
        "Taxi Avenue Cocktail Sidewalk Trombone Shuffle Hat Alley Matinee Elevator Saxon Streetcar",
    ),
    "Metal": (
        "Burning Black Iron Fallen Eternal Savage Crimson Endless Ruined Storm Molten Cursed",
        "Throne Hammer Legion Serpent Gallows Fortress Oath Abyss Wolf Crown Forge Tempest",
    ),
}

SHAPES = (
    "{0} {1}",
    "{0} {1}",
    "The {0} {1}",
    "{0} {1} at Dawn",
    "Beyond the {1}",
    "{1} and {2}",
    "Under a {0} {1}",
)


def invent_titles(rng: np.random.Generator, style: str, count: int, taken: set[str]) -> list[str]:
    """`count` titles for a style, none of them in `taken`, which they are added to."""
    adjectives, nouns = (words.split() for words in WORDS[style])
    titles: list[str] = []
    while len(titles) < count:
        first, second = rng.choice(nouns, 2, replace=False)
        title = str(rng.choice(SHAPES)).format(rng.choice(adjectives), first, second)
        title = re.sub(r"\ba (?=[AEIOU])", "an ", title)
        if title not in taken:
            taken.add(title)
            titles.append(title)
    return titles
