"""Ogg: the packets of all streams, without those that hold comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from segue.sources.content.parts import MOST_PARTS, Part, read_at

_HEADER = 27  # bytes of a page's header before its table of lengths
_BEGINS = 0x02  # flag of a stream's first page
_COMMENT = 1  # the number of the packet of comments, in Vorbis, Opus and Speex
_WHOLE = 255  # a length in the table that does not end its packet


@dataclass(slots=True)
class _Stream:
    """How far a logical stream is: ``packet`` is the number of the one that goes on, or comes next."""

    flac: bool
    packet: int = 0
    goes_on: bool = False
    kept: bool = True  # the packet that goes on
    only_audio: bool = False  # comes from here on

    def take(self, first: int) -> bool:
        """Whether what comes next, a packet's part that begins with this byte, is kept."""
        if not self.goes_on:
            if self.flac:  # header packets are the blocks of a FLAC file; frames begin with 0xFF
                self.kept = self.packet == 0 or first == 0xFF
                self.only_audio = self.packet > 0 and first == 0xFF
            else:
                self.kept = self.packet != _COMMENT
                self.only_audio = self.packet > _COMMENT
        return self.kept

    def advance(self, *, ended: bool) -> None:
        self.goes_on = not ended
        self.packet += ended


def parts(f: BinaryIO, head: bytes, place: int, stop: int) -> Iterator[Part]:
    """The packets of a file that is an Ogg, in the order of its pages."""
    if head[:4] != b"OggS":
        return
    streams: dict[bytes, _Stream] = {}
    for _ in range(MOST_PARTS):
        header = read_at(f, place, _HEADER)
        if len(header) < _HEADER or header[:4] != b"OggS" or place >= stop:
            break
        lengths = f.read(header[26])
        body, size = place + _HEADER + len(lengths), sum(lengths)
        serial = header[14:18]
        if header[5] & _BEGINS or serial not in streams:
            streams[serial] = _Stream(flac=f.read(5) == b"\x7fFLAC")
        if streams[serial].only_audio:
            yield body, body + size
        else:
            yield from _packets(f, streams[serial], lengths, body)
        place = body + size
    if place < stop:  # what is no page may be sound all the same
        yield place, stop


def _packets(f: BinaryIO, stream: _Stream, lengths: bytes, place: int) -> Iterator[Part]:
    """What is kept of a page of a stream's beginning."""
    size = 0
    for i, length in enumerate(lengths):
        size += length
        ended = length < _WHOLE
        if ended or i == len(lengths) - 1:
            if stream.take(next(iter(read_at(f, place, 1)), 0)):
                yield place, place + size
            stream.advance(ended=ended)
            place, size = place + size, 0
