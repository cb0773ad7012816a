"""The wire format of Protocol Buffers, as far as weight files need it.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

from segue.errors import WeightsError

MAX_FIELDS = 100_000  # of one message; bounds the memory that a made-up file can ask for
_MAX_VARINT = 10  # bytes
_FIXED = {1: 8, 5: 4}  # bytes, by wire type


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """The unsigned 64-bit number that starts at ``at``, and where the next thing starts."""
    value = 0
    for i, byte in enumerate(data[at : at + _MAX_VARINT]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + i + 1
    raise WeightsError(f"found no end of the number at byte {at} of {len(data)}, expected a varint")


def varints(data: memoryview) -> Iterator[int]:
    """The numbers of a packed field, signed."""
    at = 0
    while at < len(data):
        value, at = varint(data, at)
        yield _signed(value)


class Message:
    """The fields of one message. Asking for a field by another kind than the file's is refused."""

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        for count, (field, value) in enumerate(_fields(data)):
            if count >= MAX_FIELDS:
                raise WeightsError(f"found more than {MAX_FIELDS} fields in one message, expected fewer")
            self._fields.setdefault(field, []).append(value)

    def __contains__(self, field: int) -> bool:
        return field in self._fields

    def number(self, field: int) -> int:
        """A signed number; 0 where it is absent. Of several the last counts, as the format says."""
        values = self._fields.get(field, [0])
        if not isinstance(values[-1], int):
            raise WeightsError(f"field {field} of a message is no number, expected one")
        return _signed(values[-1])

    def parts(self, field: int) -> list[memoryview]:
        """The bytes of each repetition of a field."""
        return [_as_bytes(field, value) for value in self._fields.get(field, [])]

    def bytes(self, field: int) -> memoryview:
        """The bytes of a field; none where it is absent."""
        return (self.parts(field) or [memoryview(b"")])[-1]

    def text(self, field: int) -> str:
        """A field as UTF-8 text."""
        try:
            return str(self.bytes(field), "utf-8")
        except UnicodeDecodeError as error:
            raise WeightsError(f"field {field} of a message is no UTF-8 text: {error}") from error

    def messages(self, field: int) -> list[Message]:
        """Each repetition of a field as a message."""
        return [Message(part) for part in self.parts(field)]

    def message(self, field: int) -> Message:
        """A field as a message; an empty one where it is absent."""
        return Message(self.bytes(field))


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = _value(data, at, tag & 7)
        yield tag >> 3, value


def _value(data: memoryview, at: int, wire_type: int) -> tuple[int | memoryview, int]:
    if wire_type == 0:
        return varint(data, at)
    if wire_type == 2:
        length, at = varint(data, at)
        return _cut(data, at, length), at + length
    if wire_type in _FIXED:
        size = _FIXED[wire_type]
        return int.from_bytes(_cut(data, at, size), "little"), at + size
    raise WeightsError(f"found wire type {wire_type} in a message, expected 0, 1, 2 or 5")


def _cut(data: memoryview, at: int, length: int) -> memoryview:
    if length > len(data) - at:
        raise WeightsError(f"a field claims {length} bytes, the message has {len(data) - at} left")
    return data[at : at + length]


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _as_bytes(field: int, value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise WeightsError(f"field {field} of a message is a number, expected bytes")
    return value
