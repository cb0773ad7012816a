"""How answers and long work show themselves: in notebooks, as data frames and charts, on terminals."""

from segue.display.options import Options, options
from segue.display.sounds import Sounds, listen

__all__ = ["Options", "Sounds", "listen", "options"]
