"""Every kind of file gives the sound that was written into it, and what its tags say."""

from __future__ import annotations

import mutagen
import numpy as np
import pytest
from mutagen.aiff import AIFF
from mutagen.asf import ASF
from mutagen.id3 import APIC, ID3, TALB, TCON, TDRC, TIT2, TPE1, TPE2, TPOS, TRCK
from mutagen.wave import WAVE

from segue import audio
from segue.sound import ExcerptPlan
from segue.sources.audio_files import EXTENSIONS, read_tags
from segue.track import Tags
from tests.sounds import FORMATS, SR, correlation, encode, frequency, melody, sweep, write

PADDING_S = 0.05  # what a codec's delay and whole frames may add or take
LONG_S = 150.0
LONG_SR = 8_000  # Hz
START_HZ, SLOPE = 300.0, 20.0  # Hz, Hz/s

every_format = pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)


def formats(*names):
    return pytest.mark.parametrize("format_", [FORMATS[name] for name in names], ids=names)


@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    """A format to a file of 150 s whose frequency rises evenly; each is made once."""
    y = sweep(LONG_S, LONG_SR, START_HZ, START_HZ + SLOPE * LONG_S)
    made = {}

    def make(format_):
        if format_.name not in made:
            folder = tmp_path_factory.mktemp("long")
            made[format_.name] = format_.make(folder / f"long.{format_.ending}", y, LONG_SR)
        return made[format_.name]

    return make


@every_format
def test_every_format_gives_back_its_sound(format_, tmp_path):
    y = melody(3, format_.sr)
    sound = audio.load(format_.write(tmp_path, y))
    assert (sound.info.sr, sound.info.channels, sound.info.codec) == (format_.sr, 2, format_.codec)
    assert sound.duration_s == pytest.approx(3, abs=1e-9 if format_.exact else PADDING_S)
    assert sound.starts_s == (0.0,)
    (part,) = sound.parts
    assert part.dtype == np.float32
    assert len(part) == pytest.approx(sound.duration_s * format_.sr, abs=1)
    likeness, lag = correlation(part, y.mean(axis=1))
    assert likeness > format_.likeness
    assert abs(lag) <= (0 if format_.exact else PADDING_S * format_.sr)


@every_format
def test_every_format_gives_the_same_from_bytes_as_from_its_path(format_, tmp_path):
    path = format_.write(tmp_path, melody(1, format_.sr))
    by_path, by_bytes = audio.load(path), audio.load(path.read_bytes())
    assert by_path.info == by_bytes.info
    assert by_path.duration_s == by_bytes.duration_s
    assert np.array_equal(by_path.parts[0], by_bytes.parts[0])


@every_format
def test_a_short_file_of_every_format_comes_without_a_warning(format_, tmp_path):
    sound = audio.load(format_.write(tmp_path, melody(0.7, format_.sr)))
    assert sound.warning is None
    assert sound.duration_s == pytest.approx(0.7, abs=PADDING_S)


@every_format
def test_every_formats_ending_is_found_by_a_walk(format_):
    assert format_.ending in EXTENSIONS


@pytest.mark.slow
@formats("wav16", "flac", "mp3", "ogg", "m4a", "opus", "wma", "webm", "wavpack")
def test_excerpts_of_a_long_file_come_from_the_times_they_name(format_, long_file):
    sound = audio.load(long_file(format_))
    assert sound.warning is None
    assert sound.duration_s == pytest.approx(LONG_S, abs=0.1)
    assert [len(y) for y in sound.parts] == [10 * sound.info.sr] * 12
    expected = [(i + 0.5) * LONG_S / 12 - 5 for i in range(12)]
    assert sound.starts_s == pytest.approx(expected, abs=0.1)
    window = round(0.128 * sound.info.sr)
    for part, start_s in zip(sound.parts, sound.starts_s, strict=True):
        for at in (0, len(part) // 2, len(part) - window):
            found_s = (frequency(part[at : at + window], sound.info.sr) - START_HZ) / SLOPE
            assert found_s == pytest.approx(start_s + (at + window / 2) / sound.info.sr, abs=0.2)


@pytest.mark.slow
@formats("wav16", "flac", "mp3", "ogg", "m4a", "opus", "wavpack")
def test_an_excerpt_is_the_same_as_that_part_of_the_whole(format_, long_file):
    path = long_file(format_)
    whole = audio.load(path, ExcerptPlan(1, 1_000)).parts[0]
    excerpts = audio.load(path, ExcerptPlan(5, 4))
    assert len(excerpts.parts) == 5
    for part, start_s in zip(excerpts.parts, excerpts.starts_s, strict=True):
        at = round(start_s * excerpts.info.sr)
        worst = np.abs(part - whole[at : at + len(part)]).max()
        assert worst < 0.01


def test_an_mp3_that_is_decoded_in_blocks_has_no_seams(tmp_path):
    y = sweep(10, SR, 300, 900)
    path = write(tmp_path / "seams.mp3", y, format="MP3", bitrate_mode="CONSTANT", compression_level=0)
    found = audio.load(path, ExcerptPlan(1, 60)).parts[0]
    assert len(found) == len(y)
    assert np.abs(found - y)[2_000:-2_000].max() < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("loud_first", [True, False])
def test_the_length_of_a_stream_without_a_header_is_not_guessed_from_its_beginning(loud_first, tmp_path):
    # Silence takes few bits, so that a guess from the bit rate of the beginning is far too short or too long.
    silence, noise = np.zeros(65 * LONG_SR), np.random.default_rng(3).normal(0, 0.2, 85 * LONG_SR)
    y = np.concatenate([noise, silence] if loud_first else [silence, noise]).astype(np.float32)
    path = encode(tmp_path / "stream.aac", y, LONG_SR, codec="aac", container="adts", bit_rate=64_000)
    sound = audio.load(path)
    assert sound.duration_s == pytest.approx(150, abs=0.2)
    # The excerpts, one every 12.5 s, tell which part of the file they were taken from.
    loud = [float(np.abs(part).mean()) > 0.1 for part in sound.parts]
    assert loud == ([True] * 7 + [False] * 5 if loud_first else [False] * 5 + [True] * 7)


def _first_frame_bytes(mp3):
    """Length of the first frame of an MP3 of MPEG 1, layer III."""
    kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[mp3[2] >> 4]
    sr = (44_100, 48_000, 32_000)[mp3[2] >> 2 & 3]
    return 144_000 * kbps // sr + (mp3[2] >> 1 & 1)


@pytest.mark.slow
@pytest.mark.parametrize("loud_first", [True, False])
def test_an_mp3_of_changing_bit_rate_without_its_header_has_its_true_length(loud_first, tmp_path):
    loud, quiet = np.random.default_rng(5).normal(0, 0.2, 30 * 32_000), np.zeros(30 * 32_000)
    y = np.concatenate([loud, quiet] if loud_first else [quiet, loud])
    path = tmp_path / "stream.mp3"
    write(path, y, 32_000, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    whole = path.read_bytes()
    first = _first_frame_bytes(whole)
    assert b"Xing" in whole[:first]
    path.write_bytes(whole[first:])
    sound = audio.load(path, ExcerptPlan(6, 2))
    assert sound.duration_s == pytest.approx(60, abs=0.2)
    assert sound.warning is None
    assert sound.info.codec == "mp3"
    loud_parts = [float(np.abs(part).mean()) > 0.1 for part in sound.parts]
    assert loud_parts == [loud_first] * 3 + [not loud_first] * 3


def test_an_mp3_of_one_bit_rate_without_its_header_is_read_from_behind_its_cover(tmp_path):
    path = write(
        tmp_path / "old.mp3", sweep(10), format="MP3", bitrate_mode="CONSTANT", compression_level=0.6
    )
    whole = path.read_bytes()
    path.write_bytes(whole[_first_frame_bytes(whole) :])
    tags = ID3()
    tags.add(APIC(encoding=3, mime="image/png", type=3, data=np.random.default_rng(8).bytes(300_000)))
    tags.save(path)
    sound = audio.load(path)
    assert sound.duration_s == pytest.approx(10, abs=0.1)
    assert correlation(sound.parts[0], sweep(10))[0] > 0.98


def test_channels_are_mixed_by_their_mean(tmp_path):
    left, right = sweep(1, SR, 200, 300), sweep(1, SR, 3000, 5000)
    path = write(tmp_path / "sides.wav", np.stack([left, right], axis=1), subtype="FLOAT")
    assert np.allclose(audio.load(path).parts[0], (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 6, 32])
def test_any_number_of_channels_is_mixed(channels, tmp_path):
    y = np.stack([sweep(1, SR, 100 * (i + 1), 200 * (i + 1)) for i in range(channels)], axis=1)
    sound = audio.load(write(tmp_path / "many.wav", y, subtype="FLOAT"))
    assert sound.info.channels == channels
    assert np.allclose(sound.parts[0], y.mean(axis=1), atol=1e-6)


def test_surround_sound_decoded_by_ffmpeg_is_mixed_by_the_mean_too(tmp_path):
    tone = sweep(2, 48_000, 300, 400)
    y = np.zeros((len(tone), 6), np.float32)
    y[:, 2] = tone  # the center alone
    path = tmp_path / "surround.ac3"
    encode(path, y, 48_000, codec="ac3", container="ac3", bit_rate=448_000)
    sound = audio.load(path)
    assert sound.info.channels == 6
    likeness, lag = correlation(sound.parts[0], tone)
    assert likeness > 0.99
    middle = sound.parts[0][20_000 + lag : 60_000 + lag]
    assert middle @ middle / (tone[20_000:60_000] @ tone[20_000:60_000]) == pytest.approx(1 / 36, rel=0.1)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "DOUBLE", "ULAW"])
def test_every_width_of_sample_keeps_its_level(subtype, tmp_path):
    y = sweep(1)
    found = audio.load(write(tmp_path / "wide.wav", y, subtype=subtype)).parts[0]
    assert np.abs(found).max() == pytest.approx(0.5, abs=0.02)
    assert correlation(found, y)[0] > 0.999


def test_sound_of_all_rates_is_resampled_to_the_same(tmp_path):
    for sr in (8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000):
        sound = audio.load(write(tmp_path / f"{sr}.wav", sweep(1, sr, 300, 900), sr, subtype="FLOAT"))
        (part,) = sound.at(16_000)
        assert len(part) == pytest.approx(16_000, abs=2)
        assert np.abs(part[200:-200] - sweep(1, 16_000, 300, 900)[200 : len(part) - 200]).max() < 0.01


TOLD = Tags(
    title="Größe ☂ 雨",
    artist="Björk & Σωκράτης",
    album="Альбом",
    album_artist="Various Ärtists",
    genre="Trip-Hop",
    year=2004,
    track_number=3,
    disc_number=2,
)
TEXTS = {
    "title": TOLD.title,
    "artist": TOLD.artist,
    "album": TOLD.album,
    "albumartist": TOLD.album_artist,
    "genre": TOLD.genre,
    "date": "2004-05-17",
    "tracknumber": "3/12",
    "discnumber": "2/2",
}


def _frames():
    return [
        TIT2(encoding=3, text=TOLD.title),
        TPE1(encoding=3, text=TOLD.artist),
        TALB(encoding=3, text=TOLD.album),
        TPE2(encoding=3, text=TOLD.album_artist),
        TCON(encoding=3, text=TOLD.genre),
        TDRC(encoding=3, text="2004-05-17"),
        TRCK(encoding=3, text="3/12"),
        TPOS(encoding=3, text="2/2"),
    ]


def _tag_easily(path):
    file = mutagen.File(path, easy=True)
    if file.tags is None:
        file.add_tags()
    for name, text in TEXTS.items():
        file[name] = text
    file.save()


def _tag_by_frames(kind):
    def tag(path):
        file = kind(path)
        file.add_tags()
        for frame in _frames():
            file.tags.add(frame)
        file.save()

    return tag


def _tag_wma(path):
    file = ASF(path)
    names = ("Title", "Author", "WM/AlbumTitle", "WM/AlbumArtist", "WM/Genre", "WM/Year", "WM/TrackNumber")
    for name, text in zip(names, TEXTS.values(), strict=False):
        file[name] = text
    file["WM/PartOfSet"] = TEXTS["discnumber"]
    file.save()


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("mp3", _tag_easily),
        ("flac", _tag_easily),
        ("ogg", _tag_easily),
        ("opus", _tag_easily),
        ("m4a", _tag_easily),
        ("alac", _tag_easily),
        ("wavpack", _tag_easily),
        ("wma", _tag_wma),
        ("wav16", _tag_by_frames(WAVE)),
        ("aiff", _tag_by_frames(AIFF)),
    ],
)
def test_tags_of_every_format_are_read(name, tag, tmp_path):
    format_ = FORMATS[name]
    path = format_.write(tmp_path, melody(1, format_.sr))
    assert read_tags(str(path)) == Tags()
    tag(path)
    assert read_tags(str(path)) == TOLD
    assert audio.load(path).duration_s == pytest.approx(1, abs=PADDING_S)


def test_tags_before_a_stream_without_a_header_do_not_hide_it(tmp_path):
    path = FORMATS["aac"].write(tmp_path, melody(1))
    tags = ID3()
    for frame in _frames():
        tags.add(frame)
    tags.save(path)
    assert audio.load(path).info.codec == "aac"


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("07/20", 7), (" 7 of 20", 7), ("A7", 7), ("seven", None), ("", None)]
)
def test_track_numbers_are_found_however_they_are_written(text, number, tmp_path):
    path = FORMATS["flac"].write(tmp_path, melody(1))
    file = mutagen.File(path)
    file["tracknumber"] = text
    file.save()
    assert read_tags(str(path)).track_number == number


@pytest.mark.parametrize(
    ("text", "year"), [("1999", 1999), ("1999-12-31", 1999), ("31.12.1999", 1999), ("'99", None), ("?", None)]
)
def test_years_are_found_however_they_are_written(text, year, tmp_path):
    path = FORMATS["flac"].write(tmp_path, melody(1))
    file = mutagen.File(path)
    file["date"] = text
    file.save()
    assert read_tags(str(path)).year == year


@pytest.mark.parametrize(("name", "kind"), [("mp3", mutagen.File), ("wav16", WAVE)])
def test_genres_kept_as_numbers_are_spelled_out(name, kind, tmp_path):
    path = FORMATS[name].write(tmp_path, melody(1))
    file = kind(path)
    file.add_tags()
    file.tags.add(TCON(encoding=3, text="(17)"))
    file.save()
    assert read_tags(str(path)).genre == "Rock"


def test_the_old_tags_at_the_end_of_an_mp3_are_read(tmp_path):
    path = FORMATS["mp3"].write(tmp_path, melody(1))
    fields = (b"Old title".ljust(30, b"\0"), b"Old artist".ljust(30, b"\0"), b"Old album".ljust(30, b"\0"))
    with path.open("ab") as f:
        f.write(b"TAG" + b"".join(fields) + b"1987" + b"\0" * 28 + b"\0\5" + b"\x11")
    told = read_tags(str(path))
    assert (told.title, told.artist, told.album, told.year) == ("Old title", "Old artist", "Old album", 1987)
    assert (told.track_number, told.genre) == (5, "Rock")
