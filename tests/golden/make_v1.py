"""Make the golden library of format 1: twelve made sounds, with neutral paths.

Run once a format, from the project's folder: python -m tests.golden.make_v1
Later versions of Segue must open what it wrote; never write it again for format 1.
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path

from segue.library import Library
from tests.conftest import write_music

HERE = Path(__file__).parent / "v1"


def main() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music"
        write_music(music)
        (music / "broken.mp3").write_text("no music")
        with Library.open(HERE, create=True) as library:
            library.scan(music, jobs=1)
        db = sqlite3.connect(HERE / "catalog.sqlite")
        with db:
            for table in ("tracks", "failures"):
                db.execute(f"UPDATE {table} SET path = replace(path, ?, '/music/')", (f"{music}/",))
        db.execute("VACUUM")
        db.close()
    (HERE / "writer.lock").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
