"""What FFmpeg knows of a file besides its sound: tags and pictures of containers that are rare."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
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
# Tags with their units to a dB, and what they lack to -18 LKFS; R128's are in 1/256 dB to -23.
_GAINS = (("replaygain_track_gain", 1, 0.0), ("r128_track_gain", 256, 5.0))
_MOST_GAIN_DB = 40.0  # more is no gain but a mistake


def read_metadata(path: str | Path, *, pictures: bool = False) -> Block:
    """The tags of the file and of its first stream of sound; its pictures, if they are asked for.

    Nothing where FFmpeg does not know the content.
    """
    block = Block()
    with _open_container(path) as container:
        if container:
            _add_fields(block, container.metadata)
            for stream in container.streams.audio[:1]:
                _add_fields(block, stream.metadata)
            if pictures:
                _add_pictures(block, container)
    return block


def read_gain(path: str | Path) -> float | None:
    """The gain in dB that the file's tags ask for, to -18 LKFS: ReplayGain, or Opus's R128 (RFC 7845)."""
    with _open_container(path) as container:
        if not container:
            return None
        fields = dict(container.metadata)
        for stream in container.streams.audio[:1]:
            fields |= stream.metadata
    named = {name.lower(): text for name, text in list(fields.items())[:FIELDS]}
    for name, unit, offset_db in _GAINS:
        number = re.match(r"\s*([+-]?\d+(?:\.\d+)?)", named.get(name, ""))
        if number and abs(gain := float(number[1]) / unit + offset_db) <= _MOST_GAIN_DB:
            return gain
    return None


@contextlib.contextmanager
def _open_container(path: str | Path) -> Iterator[InputContainer | None]:
    """The file as FFmpeg sees it; none where it does not know the content."""
    import av

    from segue.audio.ffmpeg import FORMATS

    with Path(path).open("rb") as file:
        burden = find_burden(file)
    if burden.inside or burden.start:
        yield None
        return
    options = {"format_whitelist": FORMATS, "probesize": str(_PROBE_BYTES)}
    # By its path, which a colon in it must not turn into a protocol.
    name = f"file:{os.path.abspath(path)}"  # noqa: PTH100 - a link stays as it is named
    with contextlib.suppress(av.FFmpegError, ValueError, OSError), contextlib.ExitStack() as stack:
        try:
            container = stack.enter_context(
                av.open(name, "r", options=options, metadata_errors="surrogateescape", timeout=_TIMEOUTS_S)
            )
        except (av.FFmpegError, ValueError, OSError):
            container = None
        yield container


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
