"""Music to try Segue with: 96 short pieces in eight styles, synthesized here and free to share.

``write_demo`` writes them as tagged FLAC files; ``render`` returns one as samples. All sounds are
computed from oscillators and noise; the same seed gives the same pieces.
"""

from __future__ import annotations

from segue.demo.collection import STYLES, render, write_demo
from segue.demo.sound import DEMO_SR

__all__ = ["DEMO_SR", "STYLES", "render", "write_demo"]
