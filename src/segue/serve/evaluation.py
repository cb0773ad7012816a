"""The library's last evaluation, kept beside its index."""

from __future__ import annotations

import json
from pathlib import Path

from segue.errors import UsageError
from segue.files import replacing
from segue.library import Library
from segue.recommend.evaluate import LabelName
from segue.serve.jobs import Cancellable, JobProgress, Result

_NAME = "evaluation.json"


def evaluate(
    library: Library,
    scratch: str,
    by: LabelName,
    view: str | None,
    against: str | None,
    progress: JobProgress,
) -> Result:
    """Evaluate the library by a tag, and keep the result.

    Raises
    ------
    LibraryError
        Where too few tracks have the tag.
    """
    evaluation = library.evaluate(by=by, view=view, against=against, progress=Cancellable(progress))
    report: Result = evaluation.as_record()
    _keep(library, scratch, report)
    return report


def _paths(library: Library, scratch: str) -> list[Path]:
    return [library.path / "index" / _NAME, Path(scratch) / _NAME]


def _keep(library: Library, scratch: str, report: Result) -> None:
    for path in _paths(library, scratch):
        try:
            with replacing(path) as part:
                part.write_text(json.dumps(report), "utf-8")
        except UsageError:  # a read-only library: for as long as the service runs
            continue
        return


def load_result(library: Library, scratch: str) -> Result | None:
    """What the last evaluation found."""
    for path in _paths(library, scratch):
        try:
            report: Result = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if "average_precision" in report:  # earlier evaluations knew less
            return report
    return None
