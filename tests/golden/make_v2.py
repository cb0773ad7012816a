"""Make the golden library of format 2: six made sounds, with vectors and labels like mn04's.

Run once a format, from the project's folder: python -m tests.golden.make_v2
Later versions of Segue must open what it wrote; never write it again for format 2.
Two of the files are kept in v2_music, as FLAC's encoder writes other bytes on other processors.
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np

from segue.embed.descriptors import Descriptors
from segue.embed.published_network import RECIPES
from segue.library import Library
from segue.sound import Excerpts
from segue.spec import Embedding, Label
from tests.conftest import write_music

HERE = Path(__file__).parent / "v2"


class LabelsByBrightness:
    """In place of the network, whose weights a clone has not: 384 numbers, and one label."""

    prior = None
    spec = RECIPES["mn04-1"].spec
    dimensions = tuple(f"mn04_{i:03d}" for i in range(spec.dim))

    def embed(self, sound: Excerpts) -> Embedding:
        y = np.concatenate(sound.parts)
        bright = float(np.abs(np.diff(y)).mean() / np.abs(y).mean())
        pooled = np.full(self.spec.dim, bright, np.float32)
        label = Label("Tuning fork", 0.25) if bright < 0.5 else Label("White noise", 0.5)
        return Embedding(pooled, pooled[None].astype(np.float16), [label])


def main() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music"
        for path in list(write_music(music).values())[6:]:
            path.unlink()
        with Library.open(HERE, create=True, embedders=[Descriptors(), LabelsByBrightness()]) as library:
            library.scan(music, jobs=1)
        db = sqlite3.connect(HERE / "catalog.sqlite")
        with db:
            db.execute("UPDATE tracks SET path = replace(path, ?, '/music/')", (f"{music}/",))
            db.execute("UPDATE folders SET folder = '/music'")
        db.execute("VACUUM")
        db.close()
    (HERE / "writer.lock").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
