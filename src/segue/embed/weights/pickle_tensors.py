"""Reads the pickle inside a torch file as a description of tensors. Nothing is imported or called.

Source: the opcodes' documentation in Python's `pickletools`; torch, `torch/_utils.py`. Protocol 2 is
the only one that torch writes. A pickle that names anything but tensors is refused by that name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pickletools import opcodes

from segue.errors import WeightsError

STORAGES = {
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "DoubleStorage": "float64",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
"""NumPy's name of a type by torch's."""

_INSTRUCTIONS = {op.code.encode("latin-1"): op.name for op in opcodes}
_ORDERED_DICT = "collections OrderedDict"
_REBUILD = "torch._utils _rebuild_tensor_v2"
_NAMES = {_ORDERED_DICT, _REBUILD, *(f"torch {name}" for name in STORAGES)}


@dataclass(frozen=True, slots=True)
class Storage:
    """One file of numbers in the archive."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class TensorView:
    """A tensor as a window into a storage; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Name:
    text: str


class _Mark:
    pass


def describe_tensors(pickled: bytes, *, first: bool = False) -> dict[str, TensorView]:
    """Where each named tensor of a state dict lies.

    Parameters
    ----------
    first : whether the state dict is only the first of several values; the others are left unread

    Raises
    ------
    WeightsError
        Where the pickle is damaged, or would build anything but a dict of tensors.
    """
    result = _Machine(pickled).run(first=first)
    if not isinstance(result, dict) or not result:
        raise WeightsError(f"found {_kind(result)} in the pickle, expected a dict of tensors")
    for name, tensor in result.items():
        if not isinstance(name, str) or not isinstance(tensor, TensorView):
            raise WeightsError(f"entry {name!r} of the pickle is {_kind(tensor)}, expected a tensor")
    return result


class _Machine:
    """The stack machine that a pickle is written for, with the few instructions that tensors need."""

    def __init__(self, pickled: bytes) -> None:
        self._data = pickled
        self._at = 0
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}

    def run(self, *, first: bool) -> object:
        """The value that the pickle makes, or that on the stack once the first state is set."""
        while True:
            code = self._take(1)
            if code == b".":
                return self._pop()
            step = _STEPS.get(code)
            if step is None:
                name = _INSTRUCTIONS.get(code, code.hex())
                raise WeightsError(f"the pickle has {name} at byte {self._at - 1}, which no tensor needs")
            step(self)
            if first and code == b"b":
                return self._pop()

    def _take(self, size: int) -> bytes:
        if size > len(self._data) - self._at:
            raise WeightsError(f"the pickle has {len(self._data)} bytes, expected {size} more at {self._at}")
        self._at += size
        return self._data[self._at - size : self._at]

    def _number(self, layout: str) -> int:
        value: int = struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        return value

    def _line(self) -> str:
        end = self._data.find(b"\n", self._at)
        line = self._take(max(end - self._at, 0))
        self._take(1)
        return _decode(line)

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _pop(self) -> object:
        if not self._stack or isinstance(self._stack[-1], _Mark):
            raise WeightsError(f"the pickle takes a value that it never made, at byte {self._at}")
        return self._stack.pop()

    def _pop_to_mark(self) -> tuple[object, ...]:
        for i in reversed(range(len(self._stack))):
            if isinstance(self._stack[i], _Mark):
                values = tuple(self._stack[i + 1 :])
                del self._stack[i:]
                return values
        raise WeightsError(f"the pickle ends a group that it never began, at byte {self._at}")

    def protocol(self) -> None:
        if (version := self._number("<B")) != 2:
            raise WeightsError(f"the pickle has protocol {version}, expected 2")

    def number(self, layout: str) -> None:
        self._push(self._number(layout))

    def long(self) -> None:
        size = self._number("<B")
        if size > 8:
            raise WeightsError(f"the pickle has a number of {size} bytes, expected at most 8")
        self._push(int.from_bytes(self._take(size), "little", signed=True))

    def text(self) -> None:
        self._push(_decode(self._take(self._number("<I"))))

    def put(self, layout: str) -> None:
        value = self._pop()
        self._memo[self._number(layout)] = value
        self._push(value)

    def get(self, layout: str) -> None:
        slot = self._number(layout)
        if slot not in self._memo:
            raise WeightsError(f"the pickle reads memo {slot}, which it never wrote")
        self._push(self._memo[slot])

    def name(self) -> None:
        text = f"{self._line()} {self._line()}"
        if text not in _NAMES:
            raise WeightsError(f"the pickle asks for {text!r}, which no tensor needs: it is not loaded")
        self._push(_Name(text))

    def group(self, size: int) -> None:
        values = [self._pop() for _ in range(size)]
        self._push(tuple(reversed(values)))

    def storage(self) -> None:
        self._push(_storage(self._pop()))

    def build_object(self) -> None:
        arguments, name = self._pop(), self._pop()
        if name == _Name(_ORDERED_DICT) and arguments == ():
            self._push({})
        elif name == _Name(_REBUILD) and isinstance(arguments, tuple):
            self._push(_tensor_view(arguments))
        else:
            raise WeightsError(f"the pickle calls {_kind(name)}, expected a tensor")

    def set_items(self, items: tuple[object, ...]) -> None:
        target = self._pop()
        if not isinstance(target, dict) or len(items) % 2:
            raise WeightsError(
                f"the pickle puts {len(items)} values into {_kind(target)}, not pairs into a dict"
            )
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):  # hashing a nested tuple could take for ever
                raise WeightsError(f"the pickle has {_kind(key)} as a key, expected a name")
            target[key] = value
        self._push(target)

    def set_state(self) -> None:
        """Drops what torch notes beside an OrderedDict: the versions of its modules."""
        self._pop()
        target = self._pop()
        if not isinstance(target, dict):
            raise WeightsError(f"the pickle sets the state of {_kind(target)}, expected a dict")
        self._push(target)


_STEPS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _Machine.protocol,
    b"(": lambda m: m._push(_Mark()),
    b"}": lambda m: m._push({}),
    b")": lambda m: m._push(()),
    b"N": lambda m: m._push(None),
    b"\x88": lambda m: m._push(True),
    b"\x89": lambda m: m._push(False),
    b"K": lambda m: m.number("<B"),
    b"M": lambda m: m.number("<H"),
    b"J": lambda m: m.number("<i"),
    b"\x8a": _Machine.long,
    b"X": _Machine.text,
    b"q": lambda m: m.put("<B"),
    b"r": lambda m: m.put("<I"),
    b"h": lambda m: m.get("<B"),
    b"j": lambda m: m.get("<I"),
    b"c": _Machine.name,
    b"t": lambda m: m._push(m._pop_to_mark()),
    b"\x85": lambda m: m.group(1),
    b"\x86": lambda m: m.group(2),
    b"\x87": lambda m: m.group(3),
    b"Q": _Machine.storage,
    b"R": _Machine.build_object,
    b"s": lambda m: m.set_items(tuple(reversed((m._pop(), m._pop())))),
    b"u": lambda m: m.set_items(m._pop_to_mark()),
    b"b": _Machine.set_state,
}


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WeightsError(f"the pickle has a text that is no UTF-8: {error}") from error


def _storage(identity: object) -> Storage:
    match identity:
        case ("storage", _Name(text=name), str(key), str(), int(count)) if name.startswith("torch "):
            return Storage(key, STORAGES[name.removeprefix("torch ")], count)
    raise WeightsError(f"the pickle points at {_kind(identity)} outside of it, expected a storage")


def _tensor_view(arguments: tuple[object, ...]) -> TensorView:
    match arguments:
        case (Storage() as storage, int(offset), tuple() as shape, tuple() as strides, bool(), dict(), *_):
            return TensorView(storage, offset, _integers(shape), _integers(strides))
    raise WeightsError("the pickle describes a tensor by values of other kinds than torch writes")


def _integers(values: tuple[object, ...]) -> tuple[int, ...]:
    if not all(isinstance(value, int) for value in values):
        raise WeightsError("the pickle has a shape or strides that are no integers")
    return tuple(value for value in values if isinstance(value, int))


def _kind(value: object) -> str:
    return repr(value.text) if isinstance(value, _Name) else f"a {type(value).__name__}"
