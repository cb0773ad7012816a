"""All checks, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from segue.doctor import libraries, machine, parts
from segue.doctor.finding import Check, Finding


def examine(library: Path) -> Iterator[Finding]:
    """What each check finds, as it is found.

    Parameters
    ----------
    library : its folder, which may not be there
    """
    for checks in (machine.CHECKS, parts.CHECKS, libraries.CHECKS):
        for name, check in checks.items():
            yield _run(name, check, library)


def _run(name: str, check: Check, library: Path) -> Finding:
    try:
        return check(library)
    except Exception as error:  # what is looked at may be broken in any way
        return Finding(name, "fault", f"{type(error).__name__}: {error}")
