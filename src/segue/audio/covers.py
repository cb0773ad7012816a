"""Cover images of tracks: from the file's tags, or from its folder."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from segue import tags
from segue.audio.images import MAX_PIXELS, Image, for_decoder, read_image
from segue.audio.metadata import read_metadata
from segue.tags.limits import PICTURE_BYTES
from segue.track import album_folder

_NAMES = ("cover", "folder", "front", "album", "albumart")
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")
# Windows Media Player's: AlbumArt_{...}_Large.jpg is larger than AlbumArtSmall.jpg.
_LESSER = (
    re.compile(r"albumart.*large"),
    re.compile(r"(?:cover|front|folder)\b.*"),
    re.compile(r"albumart.*"),
)
_LISTED = 20_000  # files of a folder that are looked at
_DECODER = {"max_pixels": str(MAX_PIXELS), "codec_whitelist": "mjpeg,png,gif,webp", "threads": "1"}


def cover_image(path: Path, size: int | None = None) -> tuple[bytes, str] | None:
    """The image that comes with a file, and its media type.

    Parameters
    ----------
    size : pixels along the longer side; larger images are scaled down to it
    """
    images = (read_image(data) for data in _candidates(path))
    image = next((image for image in images if image), None)
    if image is None:
        return None
    return (_scale_down(image, size) if size else None) or (image.data, image.media_type)


def _candidates(path: Path) -> Iterator[bytes]:
    """The bytes of pictures: in the file, then in its folder, then in that of the whole album."""
    yield from _embedded_images(path)
    yield from _images_in(path.parent)
    album = Path(album_folder(str(path)))
    if album != path.parent:
        yield from _images_in(album)


def _embedded_images(path: Path) -> Iterator[bytes]:
    """All pictures in a file, those of the front first."""
    try:
        block, whole = tags.read_block(path)
        if not block.pictures and not whole:
            block = read_metadata(path, pictures=True)
    # The folder may have a picture where tags are damaged: what such a file holds is anything.
    except Exception:
        return
    yield from (data for _, data in sorted(block.pictures, key=lambda picture: not picture[0]))


def _images_in(folder: Path) -> Iterator[bytes]:
    """Plain files with a customary name, whatever its case, the best name first."""
    try:
        with os.scandir(folder) as listing:
            entries = [(_rank(entry.name), entry) for entry in islice(listing, _LISTED)]
    except OSError:
        return
    ranked = sorted(
        ((rank, entry.name, entry) for rank, entry in entries if rank is not None), key=lambda x: x[:2]
    )
    for _, _, entry in ranked:
        with contextlib.suppress(OSError):
            if entry.is_file(follow_symlinks=False) and entry.stat().st_size <= PICTURE_BYTES:
                yield Path(entry.path).read_bytes()


def _rank(name: str) -> tuple[int, int] | None:
    """How well a file's name says that it is a cover; none where it does not."""
    stem, dot, ending = name.lower().rpartition(".")
    if dot + ending not in _ENDINGS:
        return None
    if stem in _NAMES:
        return _NAMES.index(stem), _ENDINGS.index(dot + ending)
    lesser = next((i for i, pattern in enumerate(_LESSER) if pattern.fullmatch(stem)), None)
    return None if lesser is None else (len(_NAMES) + lesser, _ENDINGS.index(dot + ending))


def _scale_down(image: Image, size: int) -> tuple[bytes, str] | None:
    """As JPEG, ``size`` along its longer side; none where it is no larger, or cannot be decoded."""
    import av

    if max(image.width, image.height) <= size:
        return None
    with contextlib.suppress(av.FFmpegError, ValueError, IndexError, MemoryError, OSError, StopIteration):
        return _to_jpeg(image, size)
    return None


def _to_jpeg(image: Image, size: int) -> tuple[bytes, str]:
    import av

    with av.open(io.BytesIO(for_decoder(image)), "r", format=image.demuxer, options=_DECODER) as source:
        frame = next(source.decode(source.streams.video[0]))
    scale = size / max(frame.width, frame.height)
    out = io.BytesIO()
    with av.open(out, "w", format="mjpeg") as target:
        to = target.add_stream("mjpeg", rate=1)
        to.width, to.height = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
        to.pix_fmt = "yuvj420p"
        small = frame.reformat(to.width, to.height, "yuvj420p", dst_color_range="JPEG", interpolation="AREA")
        small.pts = None
        target.mux(to.encode(small))
        target.mux(to.encode(None))
    return out.getvalue(), "image/jpeg"
