"""What FFmpeg knows of a file besides its sound: tags and pictures of containers that are rare."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from segue.audio.timed_file import OPENING_S
from segue.tags import find_burden
from segue.tags.block import Block
from segue.tags.limits import FIELDS

if TYPE_CHECKING:
    from av.container import InputContainer

_PROBE_BYTES = 1 << 20
_TIMEOUTS_S = (OPENING_S, None)  # of opening, of reading


def read_metadata(path: str | Path, *, pictures: bool = False) -> Block:
    """The tags of the file and of its first stream of sound; its pictures, if they are asked for.

    Nothing where FFmpeg does not know the content.
    """
    import av

    from segue.audio.ffmpeg import FORMATS

    block = Block()
    with Path(path).open("rb") as file:
        burden = find_burden(file)
    if burden.inside or burden.start:
        return block
    options = {"format_whitelist": FORMATS, "probesize": str(_PROBE_BYTES)}
    try:
        # By its path, which a colon in it must not turn into a protocol.
        name = f"file:{os.path.abspath(path)}"  # noqa: PTH100 - a link stays as it is named
        with av.open(
            name, "r", options=options, metadata_errors="surrogateescape", timeout=_TIMEOUTS_S
        ) as container:
            _add_fields(block, container.metadata)
            for stream in container.streams.audio[:1]:
                _add_fields(block, stream.metadata)
            if pictures:
                _add_pictures(block, container)
    except (av.FFmpegError, ValueError, OSError):
        pass
    return block


def _add_fields(block: Block, metadata: Mapping[str, str]) -> None:
    for name, text in list(metadata.items())[:FIELDS]:
        data = text.encode("utf-8", "surrogateescape")
        block.add(name, text if data.decode("utf-8", "ignore") == text else data)


def _add_pictures(block: Block, container: InputContainer) -> None:
    from av.stream import Disposition

    streams = [stream for stream in container.streams.video if stream.disposition & Disposition.attached_pic]
    # They come before all other packets, one of each.
    for packet in islice(container.demux(streams), len(streams)) if streams else ():
        block.add_picture(bytes(packet), front=not block.pictures)
