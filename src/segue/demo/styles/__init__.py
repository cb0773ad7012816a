"""The styles by name: each composes and mixes one piece after an artist's habits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from segue.demo.artists import Artist
from segue.demo.mixing import Take
from segue.demo.styles.ambient import compose_ambient
from segue.demo.styles.chiptune import compose_chiptune
from segue.demo.styles.drum_and_bass import compose_drum_and_bass
from segue.demo.styles.folk_guitar import compose_folk_guitar
from segue.demo.styles.metal import compose_metal
from segue.demo.styles.solo_piano import compose_solo_piano
from segue.demo.styles.swing_jazz import compose_swing_jazz
from segue.demo.styles.techno import compose_techno

COMPOSERS: dict[str, Callable[[np.random.Generator, Artist], Take]] = {
    "Ambient": compose_ambient,
    "Chiptune": compose_chiptune,
    "Techno": compose_techno,
    "Drum and Bass": compose_drum_and_bass,
    "Folk Guitar": compose_folk_guitar,
    "Solo Piano": compose_solo_piano,
    "Swing Jazz": compose_swing_jazz,
    "Metal": compose_metal,
}
