"""What a service is started on: a small library, and an empty folder that it may scan."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from segue.library import Library
from tests.conftest import tone, write_music
from tests.serve_process import Server, serving
from tests.sounds import FORMATS


def write_home(home: Path) -> Path:
    """Music with a picture, with files that browsers cannot play, and a library of it."""
    paths = write_music(home / "music")
    FORMATS["alac"].write(home / "music", np.stack([tone(300)] * 2, 1), "apple")
    FORMATS["wma"].write(home / "music", np.stack([tone(500)] * 2, 1), "windows")
    put_picture(paths["low0"])
    (home / "more").mkdir()
    with Library.open(home / "library", create=True) as library:
        library.scan(home / "music")
    return home


def put_picture(path: Path) -> None:
    from mutagen.flac import FLAC, Picture

    file, picture = FLAC(path), Picture()
    picture.type, picture.mime, picture.data = 3, "image/jpeg", jpeg(300)
    file.add_picture(picture)
    file.save()


def jpeg(width: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mjpeg") as target:
        stream = target.add_stream("mjpeg", rate=1)
        stream.width = stream.height = width
        stream.pix_fmt = "yuvj420p"
        target.mux(
            stream.encode(av.VideoFrame.from_ndarray(np.full((width, width, 3), 90, np.uint8), "rgb24"))
        )
        target.mux(stream.encode(None))
    return out.getvalue()


def ids_of(server: Server) -> dict[str, str]:
    return {track["title"]: track["id"] for track in server.get("/tracks", limit=100)["tracks"]}


def service_fixtures():
    """For a test module: a home, a service of its library (``server``), and the tracks' ids by title."""

    @pytest.fixture(scope="module")
    def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
        return write_home(tmp_path_factory.mktemp("served"))

    @pytest.fixture(scope="module")
    def server(home: Path) -> Iterator[Server]:
        command = ("-l", home / "library", "serve", "--no-open", "--port", 0, "--folder", home / "more")
        with serving(*command) as running:
            yield running

    @pytest.fixture(scope="module")
    def ids(server: Server) -> dict[str, str]:
        return ids_of(server)

    return home, server, ids
