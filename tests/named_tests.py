"""Names of what the test files define, for tables that say which test holds a promise."""

from __future__ import annotations

import functools
import re
from pathlib import Path


@functools.cache
def defined_tests() -> frozenset[str]:
    """Names of all functions and classes of the test files."""
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("*.py")]
    definition = re.compile(r"^ *(?:def|class) (\w+)", re.MULTILINE)
    return frozenset(name for text in texts for name in definition.findall(text))
