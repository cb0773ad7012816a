"""How long FMA's metadata takes to import, and in how much memory: a made set of its full size.

The published files are not needed: 106 574 rows of 52 columns with long texts of several lines, genres
as lists, and 518 features each, seeded. Each import runs in a process of its own; what is measured is its
wall time and the most memory without a file behind it.

Usage: python benchmarks/fma.py [--tracks N] [--folder DIR] [--zip]
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "src")]

from memory import Peak  # noqa: E402
from page_tables import Table  # noqa: E402

from segue.sources.fma.features import COLUMNS  # noqa: E402

TRACKS = 106_574
LAST = 155_320
_BLOCK = 2048
_BIO = '<p>A "quoted" life, told at length.</p>\nIt goes on, and on.\n' * 20


def write_set(folder: Path, n: int, seed: int = 0) -> None:
    """``tracks.csv``, ``genres.csv`` and ``features.csv`` of n tracks."""
    from tests.fma_files import GENRES, TRACK_COLUMNS, cells_of

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    last = max(LAST, n + 1)
    ids = np.sort(rng.choice(np.arange(2, last + 1), n, replace=False))
    (folder / "genres.csv").write_text(GENRES, "utf-8")
    with (folder / "tracks.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["", *(top for top, _ in TRACK_COLUMNS)])
        out.writerow(["", *(name for _, name in TRACK_COLUMNS)])
        out.writerow(["track_id", *[""] * len(TRACK_COLUMNS)])
        for track_id in ids.tolist():
            cells = cells_of(track_id) | {("artist", "bio"): _BIO, ("album", "information"): _BIO[:300]}
            out.writerow([track_id, *(cells.get(column, "") for column in TRACK_COLUMNS)])
    with (folder / "features.csv").open("w", encoding="utf-8") as file:
        for i, name in enumerate(("feature", "statistics", "number")):
            file.write(",".join([name, *(column[i] for column in COLUMNS)]) + "\n")
        file.write("track_id" + "," * len(COLUMNS) + "\n")
        kinds = 10 * rng.standard_normal((163, len(COLUMNS)))
        line = "%d," + ",".join(["%.10e"] * len(COLUMNS)) + "\n"
        for start in range(0, n, _BLOCK):
            some = ids[start : start + _BLOCK]
            rows = kinds[some % 163] + rng.standard_normal((len(some), len(COLUMNS)))
            file.writelines(line % (i, *row) for i, row in zip(some.tolist(), rows.tolist(), strict=True))


def import_once(metadata: str, library: str) -> None:
    """In a process of its own: import, and print what it took as JSON."""
    from segue.library import Library
    from segue.sources.fma import FMA

    with Peak() as peak, Library.open(library, create=True) as opened:
        began = time.monotonic()
        report = opened.import_from(FMA(metadata))
        wall_s = time.monotonic() - began
    print(json.dumps({"wall_s": wall_s, "peak_mb": peak.bytes / 1e6, **report.as_record()}))


def measure(table: Table, what: str, metadata: Path, library: Path) -> None:
    command = [sys.executable, __file__, "--import-once", str(metadata), str(library)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    counts = (found[name] for name in ("added", "changed", "unchanged", "failed"))
    times = f"{found['elapsed_s']:.1f}", f"{found['wall_s']:.1f}"
    table.row(what, *counts, *times, f"{found['peak_mb']:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=TRACKS)
    parser.add_argument("--folder", type=Path, help="where the made set is kept and found again")
    parser.add_argument("--zip", action="store_true", help="import the archive, too")
    parser.add_argument("--import-once", nargs=2, metavar=("METADATA", "LIBRARY"))
    given = parser.parse_args()
    if given.import_once:
        import_once(*given.import_once)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "fma_metadata"
        if not (folder / "features.csv").exists():
            write_set(folder, given.tracks)
        sizes = (f"{path.name} {path.stat().st_size / 1e6:.0f} MB" for path in sorted(folder.glob("*.csv")))
        print(f"{given.tracks} tracks: {', '.join(sizes)}. Less time and memory are better.")
        columns = "added", "changed", "unchanged", "failed", "s", "s with index", "memory, MB"
        table = Table("", *columns)
        library = Path(temporary) / "library"
        measure(table, "first import", folder, library)
        measure(table, "second import", folder, library)
        if given.zip:
            archive = Path(temporary) / "fma_metadata.zip"
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
                for path in folder.iterdir():
                    out.write(path, f"fma_metadata/{path.name}")
            measure(table, "second import, of the archive", archive, library)
            measure(table, "first import of the archive", archive, Path(temporary) / "another")
        size = sum(path.stat().st_size for path in library.rglob("*") if path.is_file())
        print(f"\nThe library takes {size / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
