"""Programs that measure; ``python benchmarks/NAME.py`` and ``python -m benchmarks.NAME`` both run one.

They find each other by their names alone, in the second way by the folder that is added here.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
