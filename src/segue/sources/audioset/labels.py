"""The names of AudioSet's classes."""

from __future__ import annotations

import csv
from pathlib import Path

from segue.errors import UsageError

_HEADER = ["index", "mid", "display_name"]


def read_label_names(path: str | Path) -> dict[int, str]:
    """Names by number, of a `class_labels_indices.csv`; AudioSet has 527, from 0 "Speech".

    Raises
    ------
    UsageError
        Where the file cannot be read or is another.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if header != _HEADER:
                raise UsageError(f"{path} begins with {header}, expected {_HEADER}")
            return {int(number): name for number, _, name in rows}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, csv.Error) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path} is not a list of classes: {error}") from error
