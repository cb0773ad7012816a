"""Scans of a folder with bad files in it, and what became of each file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from tests.sounds import lose_root_rights

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")


def outcomes(folder, library_path, rights=True):
    """(exit code, what became of each file by its name) of a scan: a dict of a track, or (kind, reason)."""
    if not rights:
        lose_root_rights()
    with Library.open(library_path, create=True) as library:
        code = library.scan(folder).exit_code
        found = {Path(failure.path).name: (failure.kind, failure.reason) for failure in library.failures()}
        for space in library.snapshot().spaces.values():
            assert np.isfinite(space.windows).all()
            assert np.isfinite(space.vectors).all()
        for track in library:
            found[Path(track.path).name] = {"duration_s": track.duration_s, "warning": track.warning}
        assert len(found) == len(library) + len(library.failures())
    return code, found
