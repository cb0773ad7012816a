"""DTS and Dolby Digital that stand in the place of PCM samples, as on DTS CDs and in S/PDIF recordings."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

PROBED = 16_384  # samples of each channel that are looked at
_NEEDED = 2  # frames of DTS or IEC 61937, which begin with 38 bits or more
_IN_A_ROW = 3  # frames of AC-3, which begin with 16 bits
_AC3 = 0x0B77
_AC3_WORDS = (  # of a frame by its code, at 48 kHz, 44.1 kHz and 32 kHz; 44.1 kHz adds one to some
    (64, 69, 96), (80, 87, 120), (96, 104, 144), (112, 121, 168), (128, 139, 192), (160, 174, 240),
    (192, 208, 288), (224, 243, 336), (256, 278, 384), (320, 348, 480), (384, 417, 576), (448, 487, 672),
    (512, 557, 768), (640, 696, 960), (768, 835, 1152), (896, 975, 1344), (1024, 1114, 1536),
    (1152, 1253, 1728), (1280, 1393, 1920),
)  # fmt: skip
_Words = NDArray[np.uint16]


class CodedSoundError(Exception):
    """The samples are no sound but frames of a codec.

    Attributes
    ----------
    container : FFmpeg's name of the format of the frames
    swapped : whether the bytes of each word stand the other way round
    """

    def __init__(self, container: str, swapped: bool) -> None:
        super().__init__(container)
        self.container = container
        self.swapped = swapped


def look_for_frames(samples: NDArray[np.int16]) -> None:
    """Raises CodedSoundError where these samples, (n, channels), hold frames of DTS, AC-3 or S/PDIF."""
    for swapped in (False, True):
        words = np.ascontiguousarray(samples, np.int16).ravel().view(np.uint16)
        container = _container(words.byteswap() if swapped else words)
        if container:
            raise CodedSoundError(container, swapped)


def _container(words: _Words) -> str | None:
    first, second, third = words[:-2], words[1:-1], words[2:]
    # IEC 61937, which may hold any codec; the third word names it.
    burst = (first == 0xF872) & (second == 0x4E1F) & ((third & 0x1F) > 0)
    # DTS of 16 and of 14 bits a word; its marks alone occur in music, at peaks of opposite channels.
    dts = (first == 0x7FFE) & (second == 0x8001) & (third >> 10 == 0x3F)
    dts |= (first == 0x1FFF) & (second == 0xE800) & (third & 0xFFF0 == 0x07F0)
    if np.count_nonzero(burst) >= _NEEDED:
        return "spdif"
    if np.count_nonzero(dts) >= _NEEDED:
        return "dts"
    return "ac3" if any(_ac3_in_a_row(words, int(at)) for at in np.flatnonzero(words == _AC3)) else None


def _ac3_in_a_row(words: _Words, at: int) -> bool:
    for _ in range(_IN_A_ROW):
        if at + 2 >= len(words) or words[at] != _AC3:
            return False
        code = int(words[at + 2]) >> 8
        rate, size = code >> 6, code & 0x3F
        if rate == 3 or size >= 2 * len(_AC3_WORDS):
            return False
        at += _AC3_WORDS[size // 2][rate] + (size % 2 if rate == 1 else 0)
    return True


class SampleBytes(io.RawIOBase):
    """The 16-bit samples of an open file as a stream of bytes, in the order that FFmpeg takes."""

    def __init__(self, file: soundfile.SoundFile, error: CodedSoundError) -> None:
        super().__init__()
        self._file = file
        big_endian = error.container != "spdif"
        self._type = ">i2" if error.swapped != big_endian else "<i2"
        self._frame = 2 * file.channels  # bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._position, self._file.frames * self._frame)[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        first, skipped = divmod(self._position, self._frame)
        if first >= self._file.frames:
            return 0
        self._file.seek(first)
        n = (skipped + len(buffer)) // self._frame + 1
        data = self._file.read(n, "int16", always_2d=True).astype(self._type).tobytes()
        data = data[skipped : skipped + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
