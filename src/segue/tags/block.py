"""Fields and pictures as a file holds them, by the names of the format, not yet understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from segue.tags.fields import FIELD_OF
from segue.tags.limits import LETTERS, PICTURE_BYTES, PICTURES_BYTES, TEXT_BYTES, VALUES

Text = str | bytes
"""Text; bytes where the file does not say how it is encoded, or says it wrongly."""

FRONT = 3  # the type of a picture that shows the front, in ID3, FLAC and ASF
_CUE_SHEET = "cuesheet"
_CUE_TRACK = re.compile(r"^[ \t]{0,40}TRACK[ \t]{1,9}\d{1,3}[ \t]{1,9}AUDIO\b", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Block:
    """What one block of tags says; ``add`` keeps within the limits.

    Attributes
    ----------
    fields : values by the name of the field, of ``segue.tags.fields``, then by the format's own name
    pictures : (whether it shows the front, the bytes of an image file)
    cue_tracks : how many tracks a cue sheet among the fields names
    burdensome : it holds more fields than are looked at, or packed ones; decoders would choke on it
    """

    fields: dict[str, dict[str, list[Text]]] = field(default_factory=dict)
    pictures: list[tuple[bool, bytes]] = field(default_factory=list)
    cue_tracks: int = 0
    burdensome: bool = False

    def wants(self, name: str) -> bool:
        return name.lower() in FIELD_OF or name.lower() == _CUE_SHEET

    def add(self, name: str, value: Text) -> None:
        """Keep a value of a field that is known, cut to what people can read."""
        native = name.lower()
        what = FIELD_OF.get(native)
        if native == _CUE_SHEET:
            sheet = value.decode("latin-1") if isinstance(value, bytes) else value
            self.cue_tracks = max(self.cue_tracks, len(_CUE_TRACK.findall(sheet)))
        if what is None or not value:
            return
        values = self.fields.setdefault(what, {}).setdefault(native, [])
        if len(values) < VALUES:
            values.append(value[: TEXT_BYTES if isinstance(value, bytes) else LETTERS])

    def add_picture(self, data: bytes, *, front: bool) -> None:
        """Keep a picture, if it is not too large, and there is room for it beside the others."""
        n_bytes = sum(len(other) for _, other in self.pictures)
        if data and len(data) <= PICTURE_BYTES and n_bytes + len(data) <= PICTURES_BYTES:
            self.pictures.append((front, data))


def merge(blocks: Iterator[Block]) -> Block:
    """One block: each field from the first block that has it, the pictures of all."""
    merged = Block()
    for block in blocks:
        merged.burdensome |= block.burdensome
        merged.cue_tracks = max(merged.cue_tracks, block.cue_tracks)
        for what, values in block.fields.items():
            merged.fields.setdefault(what, values)
        for front, data in block.pictures:
            merged.add_picture(data, front=front)
    return merged


def from_pairs(pairs: Mapping[str, Text]) -> Block:
    """A block of fields that have one value each."""
    block = Block()
    for name, value in pairs.items():
        block.add(name, value)
    return block
