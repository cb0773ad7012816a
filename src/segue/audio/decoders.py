"""Which decoder reads a file, and what is done where it fails: the other one is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from segue.audio import joined
from segue.audio.coded import CodedSoundError
from segue.audio.downmix import Downmix
from segue.audio.joined_reader import JoinedReader
from segue.audio.limits import DecodingBudget
from segue.audio.mpeg import read_vbr_header
from segue.audio.protection import refuse_protected
from segue.audio.reader import Reader
from segue.audio.resampled_reader import ResampledReader
from segue.errors import DamagedAudioError, NotAudioError
from segue.sound import MAX_SR, MIN_SR, SoundInfo
from segue.tags import find_burden
from segue.tags.container import Kind, kind_of
from segue.tags.limits import FIELDS
from segue.track import Waveform

if TYPE_CHECKING:
    from segue.audio.sndfile import SndfileReader

SLACK_S = 0.05  # by which the first decoder may end too soon
MIN_S = 0.5  # of which less is nothing
MAX_CHANNELS = 64
KEPT_SR = 192_000  # Hz; sound of more is resampled to HIGH_SR while it is read
HIGH_SR = 96_000  # Hz

# How files of sound begin. Where no decoder opens one, it is damaged rather than something else.
_SOUND_STARTS = (b"fLaC", b"OggS", b"FORM", b"caff", b"wvpk", b"MAC ", b"NIST_1", b"TTA1", b"MPCK")
# These may also hold no sound, or an unknown codec: they are damaged where FFmpeg cannot open them.
_CONTAINERS: frozenset[Kind] = frozenset(("mp4", "asf", "matroska", "webm", "dsf", "dsdiff"))


def open_reader(file: BinaryIO, path: str | None, downmix: Downmix) -> Reader:
    """The reader of an open file, whose position is at its start.

    Raises
    ------
    NotAudioError, DamagedAudioError, ProtectedError
    """
    head = file.read(12)
    if not head:
        raise NotAudioError("the file is empty (0 bytes)")
    size = file.seek(0, 2)
    budget = DecodingBudget(size)
    file.seek(0)
    refuse_protected(file)
    parts = joined.split(file)
    if head.startswith(b"ID3"):
        parts[0] = (max(parts[0][0], find_burden(file).start), parts[0][1])
        file.seek(0)
    try:
        if parts == [(0, size)]:
            reader: Reader = FallbackReader(file, path or file, downmix, budget)
        else:
            slices = [cast("BinaryIO", joined.FileSlice(file, start, end)) for start, end in parts]
            openers = [partial(FallbackReader, part, part, downmix, budget) for part in slices]
            reader = openers[0]() if len(openers) == 1 else JoinedReader(openers)
    except NotAudioError as error:
        if head.startswith(_SOUND_STARTS) or (error.__cause__ and kind_of(head) in _CONTAINERS):
            raise DamagedAudioError(f"begins like sound, but no decoder can read it ({error})") from error
        raise NotAudioError(f"no decoder recognizes it ({error})") from error
    _check_header(reader.info)
    return reader


def limit_rate(reader: Reader) -> Reader:
    """The same, or resampled to 96 kHz where its rate is over 192 kHz."""
    return ResampledReader(reader, HIGH_SR) if reader.info.sr > KEPT_SR else reader


def _check_header(info: SoundInfo) -> None:
    if not MIN_SR <= info.sr <= MAX_SR:
        raise DamagedAudioError(
            f"the header claims a rate of {info.sr} Hz; {MIN_SR} to {MAX_SR} Hz are supported"
        )
    if not info.channels:
        raise DamagedAudioError("the header claims no channels, or more than there can be")
    if info.channels > MAX_CHANNELS:
        raise DamagedAudioError(
            f"the header claims {info.channels} channels; 1 to {MAX_CHANNELS} are supported"
        )


def _by_ffmpeg(file: BinaryIO, downmix: Downmix, budget: DecodingBudget) -> Reader:
    from segue.audio.ffmpeg import FFmpegReader

    if find_burden(file).inside:
        raise NotAudioError(f"its tags hold more than {FIELDS} fields")
    file.seek(0)
    return FFmpegReader(file, downmix, budget)


class FallbackReader:
    """One file by the decoder that reads most of it.

    libsndfile comes first where it knows the format. FFmpeg is asked where that cannot open the file, gives
    nothing, or ends before the file's end.
    """

    def __init__(
        self, file: BinaryIO, source: str | BinaryIO, downmix: Downmix, budget: DecodingBudget
    ) -> None:
        from segue.audio.sndfile import SndfileReader

        budget.spend(0)  # a file may claim to be very many
        self._file, self._downmix, self._budget = file, downmix, budget
        whole = cast("BinaryIO", joined.FileSlice(file, 0, file.seek(0, 2)))
        self._left: list[Callable[[], Reader]] = [
            lambda: SndfileReader(source, downmix, budget),
            lambda: _by_ffmpeg(whole, downmix, budget),
            lambda: SndfileReader(source, downmix, budget, choosy=False),
        ]
        self._reason: NotAudioError | None = None
        reader = self._open_next()
        if reader is None:
            raise self._reason or NotAudioError("no decoder")
        self._reader = reader
        self._samples: Reader | None = None  # of a file whose samples are frames of a codec
        if isinstance(reader, SndfileReader):
            self._look_for_frames(reader)
            self._left = self._left[:1]
        self.info = self._reader.info

    def _open_next(self) -> Reader | None:
        while self._left:
            self._file.seek(0)
            try:
                return self._left.pop(0)()
            except NotAudioError as error:
                if len(self._left) == 1:  # FFmpeg's reason says most
                    self._reason = error
        return None

    def _look_for_frames(self, reader: SndfileReader) -> None:
        from segue.audio.ffmpeg import FFmpegReader

        coded = reader.coded()
        if coded is None:
            return
        data, container = coded
        try:
            by_ffmpeg = FFmpegReader(cast("BinaryIO", data), self._downmix, self._budget, container)
        except NotAudioError as error:
            if container == "ac3":  # short marks, which other sound may hold
                return
            raise _undecoded_error(container, reader.info.codec) from error
        if container == "ac3" and by_ffmpeg.info.sr != reader.info.sr:
            by_ffmpeg.__exit__(None, None, None)
            return
        self._samples, self._reader, self._left = reader, by_ffmpeg, []

    @property
    def faults(self) -> int:
        return self._reader.faults

    def missing(self, n_read: int) -> int:
        """How many samples are missing at faults, where the whole file was read and gave ``n_read``."""
        if self.info.codec != "mp3" or not self.faults:
            return self._reader.missing(n_read)
        # Nothing in a frame of MP3 tells its time, but the first may tell how many there are.
        self._file.seek(0)
        header = read_vbr_header(self._file)
        if header is None or not header.n_bytes or self._file.seek(0, 2) < header.at + header.n_bytes:
            return self._reader.missing(n_read)
        length = header.n_samples if self.info.estimated else self.info.n_samples
        return max(0, (length or 0) - n_read)

    def read(self, start: int, n: int) -> Waveform:
        """Up to ``n`` mono samples from ``start``; fewer where the file ends or no decoder goes on."""
        y = self._read(start, n)
        if len(y) == n or not self._ends_too_soon(start + len(y)):
            return y
        other = self._open_next()
        if other is None:
            return y
        by_other = other.read(start, n) if other.info.sr == self.info.sr else y[:0]
        better = len(by_other) > len(y) or (other.faults and len(by_other) + other.missing(0) >= len(y))
        if not better:
            other.__exit__(None, None, None)
            return y
        self._reader.__exit__(None, None, None)
        self._reader = other
        return by_other

    def _read(self, start: int, n: int) -> Waveform:
        try:
            return self._reader.read(start, n)
        except CodedSoundError as error:
            raise _undecoded_error(error.container, self.info.codec) from error

    def _ends_too_soon(self, end: int) -> bool:
        claimed = self.info.n_samples
        if claimed is None or self.info.estimated:
            return end < MIN_S * self.info.sr
        return end < claimed - SLACK_S * self.info.sr

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.__exit__(kind, error, trace)
        if self._samples:
            self._samples.__exit__(kind, error, trace)


def _undecoded_error(container: str, codec: str) -> DamagedAudioError:
    name = {"dts": "DTS", "ac3": "Dolby Digital"}.get(container, "a codec")
    return DamagedAudioError(
        f"its {codec} holds frames of {name} in the place of samples, which are not decoded"
    )
