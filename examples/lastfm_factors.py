"""Artists by who listens to them: factors of Last.fm's listening counts as a library, and as an index.

Learns factors with alternating least squares (Hu, Koren & Volinsky 2008) by the implicit library, brings the
artists' into a Segue library under the dot product, and compares the index's recommendations for listeners
with those of implicit itself.

Data: HetRec 2011, Last.fm (grouplens.org/datasets/hetrec-2011), artists.dat and user_artists.dat.
Usage: python examples/lastfm_factors.py FOLDER [--library DIR]   (pip install implicit scipy)
"""

import argparse
import csv
from pathlib import Path

import implicit
import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

import segue
from segue.sources.vectors import Vectors

FACTORS = 64
K = 10
SEEDS = ("Radiohead", "Miles Davis", "Metallica")


def read(folder: Path) -> tuple[csr_matrix, list[str], list[str]]:
    """Plays, float32 (n_users, n_artists), and the artists' ids and names."""
    with (folder / "artists.dat").open(encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = {row[0]: row[1] for row in rows if row[0].isdecimal()}
    plays = np.loadtxt(folder / "user_artists.dat", np.int64, skiprows=1)
    users, user = np.unique(plays[:, 0], return_inverse=True)
    artists, artist = np.unique(plays[:, 1], return_inverse=True)
    counts = np.log1p(plays[:, 2]).astype(np.float32)
    matrix = csr_matrix((counts, (user, artist)), (len(users), len(artists)))
    ids = [str(number) for number in artists]
    return matrix, ids, [names.get(name, name) for name in ids]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", type=Path, default=Path("lastfm-library"))
    options = parser.parse_args()
    plays, ids, names = read(options.folder)
    with threadpool_limits(1, "blas"):  # implicit asks for it
        model = implicit.als.AlternatingLeastSquares(factors=FACTORS, random_state=0, num_threads=1)
        model.fit(plays, show_progress=False)
    factors, listeners = np.asarray(model.item_factors), np.asarray(model.user_factors)

    with segue.Library.open(options.library, create=True) as library:
        known = {"id": ids, "title": names}
        report = library.import_from(Vectors(factors, ids=ids, metadata=known, name="lastfm", metric="dot"))
        print(f"{report.added} artists added, {report.unchanged} unchanged, {report.failed} failed")
        for seed in SEEDS:
            print(f"\n{seed}")
            for match in library.similar(seed, k=K).matches:
                print(f"  {match.score:5.2f}  {match.track.title}")

    index = segue.Index.build(factors, metric="dot")
    some = np.arange(0, len(listeners), 10)
    found, _ = index.query(listeners[some], k=K)
    theirs, _ = model.recommend(some, plays[some], N=K, filter_already_liked_items=False)
    same = np.mean([len(set(a) & set(b)) / K for a, b in zip(found, theirs, strict=True)])
    print(f"\n{len(some)} listeners: {same:.1%} of the recommendations are those of implicit")


if __name__ == "__main__":
    main()
