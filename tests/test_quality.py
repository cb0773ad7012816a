"""Recommendations on real music, against the student's baseline, on the same clips."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from segue.recommend.retrieval_metrics import precision_at
from segue.views.view_index import ViewIndex

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def clips(shared: Path, tmp_path_factory: pytest.TempPathFactory):
    """A library of the labelled clips and each track's label, row by row."""
    root = tmp_path_factory.mktemp("clips") / "library"
    with (shared / "data" / "music" / "labels.csv").open(encoding="utf-8") as f:
        labels = {Path(row["path"]).name: f"{row['album']}/{row['artist']}" for row in csv.DictReader(f)}
    with Library.open(root, create=True) as library:
        report = library.scan(shared / "data" / "music" / "audio")
        assert (report.added, report.exit_code) == (205, 0)
        yield library, [labels[Path(track.path).name] for track in library]


def nearest(unit_vectors: np.ndarray) -> np.ndarray:
    distances = 1 - unit_vectors @ unit_vectors.T
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1)[:, :10]


def test_labels_agree_far_more_often_than_with_the_students_features(clips):
    library, labels = clips
    snapshot = library.snapshot()
    space = snapshot.spaces["descriptors-1"]
    student = np.asarray(space.vectors)[
        :,
        [
            space.dimensions.index(name)
            for name in (
                *(f"mfcc_{i:02d}_mean" for i in range(13)),
                "centroid_hz_mean",
                "zero_crossing_rate_mean",
            )
        ],
    ]
    student_unit = student / np.linalg.norm(student, axis=1, keepdims=True)
    labels = [{label} for label in labels]
    ours = precision_at(labels, nearest(ViewIndex.build(snapshot, library.prior()).vectors))
    theirs = precision_at(labels, nearest(student_unit))
    for k in (1, 5, 10):
        assert ours[k] > 1.3 * theirs[k], (k, ours, theirs)


def test_similar_never_gives_fewer_than_asked_for(clips):
    library, _ = clips
    for track in list(library)[::40]:
        found = library.similar(track, k=20)
        assert len(found.matches) == 20
        assert track not in [match.track for match in found.matches]
        scores = [match.score for match in found.matches]
        assert scores == sorted(scores, reverse=True)
