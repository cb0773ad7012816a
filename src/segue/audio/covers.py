"""Cover images of tracks: from the file's tags, or from its folder."""

from __future__ import annotations

import base64
import contextlib
import io
from pathlib import Path
from typing import Any

MAX_BYTES = 12_000_000  # of an image; larger ones are passed over
_MAX_PIXELS = 40_000_000
_NAMES = ("cover", "folder", "front", "album")
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
)


def cover_image(path: Path, size: int | None = None) -> tuple[bytes, str] | None:
    """The image that comes with a file, and its media type.

    Parameters
    ----------
    size : pixels along the longer side; larger images are scaled down to it
    """
    data = _embedded_image(path) or _image_beside(path)
    kind = _media_type(data) if data else None
    if not data or kind is None:
        return None
    return (_scale_down(data, size) if size else None) or (data, kind)


def _media_type(data: bytes) -> str | None:
    """One of four types of images; none for whatever a browser could run."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


def _embedded_image(path: Path) -> bytes | None:
    import mutagen

    try:
        with path.open("rb") as f:
            images = _tagged_images(mutagen.File(f))
    # A damaged file raises all kinds of things inside mutagen.
    except Exception:
        return None
    data = next((data for data in images if data and len(data) <= MAX_BYTES), None)
    return bytes(data) if data else None


def _tagged_images(file: Any) -> list[bytes]:
    """All images that mutagen finds, those of the front first."""
    from mutagen.flac import Picture

    tags = getattr(file, "tags", None)
    pictures = [(p.type != 3, p.data) for p in getattr(file, "pictures", [])]
    if tags is None:
        return [data for _, data in sorted(pictures)]
    if hasattr(tags, "getall"):  # ID3
        pictures += [(p.type != 3, p.data) for p in tags.getall("APIC")]
    else:
        get = getattr(tags, "get", lambda name, other: other)
        pictures += [(False, bytes(cover)) for cover in get("covr", None) or []]
        for text in get("metadata_block_picture", None) or []:
            picture = Picture(base64.b64decode(str(text)))  # type: ignore[no-untyped-call]
            pictures.append((picture.type != 3, picture.data))
    return [data for _, data in sorted(pictures, key=lambda pair: pair[0])]


def _image_beside(path: Path) -> bytes | None:
    """A plain file with a customary name in the same folder."""
    for name in _NAMES:
        for ending in (".jpg", ".jpeg", ".png", ".webp"):
            for place in (path.with_name(name + ending), path.with_name(name.title() + ending)):
                with contextlib.suppress(OSError):
                    if place.is_file() and not place.is_symlink() and place.stat().st_size <= MAX_BYTES:
                        return place.read_bytes()
    return None


def _scale_down(data: bytes, size: int) -> tuple[bytes, str] | None:
    """As JPEG, ``size`` along its longer side; none where it is no larger, or cannot be decoded."""
    import av

    with contextlib.suppress(av.FFmpegError, ValueError, IndexError, MemoryError, OSError):
        return _to_jpeg(data, size)
    return None


def _to_jpeg(data: bytes, size: int) -> tuple[bytes, str] | None:
    import av

    with av.open(io.BytesIO(data), "r") as source:
        stream = source.streams.video[0]
        width, height = stream.codec_context.width, stream.codec_context.height
        if max(width, height) <= size or width * height > _MAX_PIXELS or not min(width, height):
            return None
        frame = next(source.decode(stream))
    scale = size / max(width, height)
    out = io.BytesIO()
    with av.open(out, "w", format="mjpeg") as target:
        to = target.add_stream("mjpeg", rate=1)
        to.width, to.height = max(2, round(width * scale)), max(2, round(height * scale))
        to.pix_fmt = "yuvj420p"
        small = frame.reformat(to.width, to.height, "yuvj420p", dst_color_range="JPEG", interpolation="AREA")
        small.pts = None
        target.mux(to.encode(small))
        target.mux(to.encode(None))
    return out.getvalue(), "image/jpeg"
