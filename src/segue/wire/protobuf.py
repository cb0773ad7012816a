"""The part of Protocol Buffers' wire format that TensorFlow's files use.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

MAX_FIELDS = 100_000  # of one message, so that a forged file cannot use up the memory
_MAX_VARINT = 10  # bytes
_FIXED = {1: 8, 5: 4}  # bytes, by wire type
_64_BITS = (1 << 64) - 1


class WireError(ValueError):
    """The bytes are no valid message. Each reader raises its own error from it, which names the file."""


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """The unsigned 64-bit number that starts at ``at``, and where the next value starts."""
    value = 0
    for i, byte in enumerate(data[at : at + _MAX_VARINT]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value & _64_BITS, at + i + 1
    raise WireError(f"found no end of the number at byte {at} of {len(data)}, expected a varint")


def varints(data: bytes | memoryview) -> Iterator[int]:
    """The numbers of a packed field, signed."""
    value = bits = 0
    for byte in data:
        value |= (byte & 0x7F) << bits
        bits += 7
        if byte < 0x80:
            yield _to_signed(value & _64_BITS)
            value = bits = 0
        elif bits == 7 * _MAX_VARINT:
            break
    if bits:
        raise WireError(f"found no end of a number in {len(data)} bytes, expected varints")


def to_varint(value: int) -> bytes:
    """A number of 64 bits, signed or not, in as few bytes as it needs."""
    value &= _64_BITS
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def to_field(field: int, data: bytes) -> bytes:
    """Bytes, a text or a message as a field."""
    return to_varint(field << 3 | 2) + to_varint(len(data)) + data


class Message:
    """The fields of one message. Reading a field as another kind than it is raises ``WireError``."""

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        for count, (field, value) in enumerate(_fields(data)):
            if count >= MAX_FIELDS:
                raise WireError(f"found more than {MAX_FIELDS} fields in one message, expected fewer")
            self._fields.setdefault(field, []).append(value)

    def __contains__(self, field: int) -> bool:
        return field in self._fields

    def number(self, field: int) -> int:
        """A signed number; 0 where it is absent. Of several the last counts, as the format says."""
        values = self._fields.get(field, [0])
        if not isinstance(values[-1], int):
            raise WireError(f"field {field} of a message is no number, expected one")
        return _to_signed(values[-1])

    def numbers(self, field: int) -> list[int]:
        """All numbers of a repeated field, signed, whether packed or one by one."""
        numbers: list[int] = []
        for value in self._fields.get(field, []):
            numbers += [_to_signed(value)] if isinstance(value, int) else islice(varints(value), MAX_FIELDS)
        if len(numbers) >= MAX_FIELDS:
            raise WireError(f"field {field} of a message has {MAX_FIELDS} numbers or more, expected fewer")
        return numbers

    def floats(self, field: int) -> list[float]:
        """All numbers of a repeated field of 32-bit floats, whether packed or one by one."""
        floats: list[float] = []
        for value in self._fields.get(field, []):
            data = value.to_bytes(8, "little")[:4] if isinstance(value, int) else value
            if len(data) % 4:
                raise WireError(f"field {field} of a message has {len(data)} bytes, expected floats of 4")
            floats += struct.unpack(f"<{len(data) // 4}f", data)
        return floats

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
            raise WireError(f"field {field} of a message is no UTF-8 text: {error}") from error

    def messages(self, field: int) -> list[Message]:
        """Each repetition of a field as a message."""
        return [Message(part) for part in self.parts(field)]

    def message(self, field: int) -> Message:
        """A field as a message; an empty one where it is absent. Of several the last counts."""
        return Message(self.bytes(field))

    def merged(self, field: int) -> Message:
        """A field as a message; an empty one where it is absent. Several are one, as the format says."""
        parts = self.parts(field)
        return Message(parts[0] if len(parts) == 1 else memoryview(b"".join(parts)))


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
    raise WireError(f"found wire type {wire_type} in a message, expected 0, 1, 2 or 5")


def _cut(data: memoryview, at: int, length: int) -> memoryview:
    if length > len(data) - at:
        raise WireError(f"a field claims {length} bytes, the message has {len(data) - at} left")
    return data[at : at + length]


def _to_signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _as_bytes(field: int, value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise WireError(f"field {field} of a message is a number, expected bytes")
    return value
