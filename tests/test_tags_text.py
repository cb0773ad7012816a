"""Texts in another encoding than the file says, and years however they are written."""

from __future__ import annotations

import pytest
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TALB, TIT2, TPE1

from segue.sources.audio_files import read_tags
from segue.sources.table import cleaning
from segue.tags import year_of
from segue.tags.encodings import guess_encoding
from segue.tags.text import Decoder
from tests.sounds import FORMATS, melody

RUSSIAN = ("Группа крови", "Кино", "Звезда по имени Солнце", "Подмосковные вечера", "Ой, то не вечер")
GREEK = ("Αγάπη μου", "Μίκης Θεοδωράκης", "Ελλάδα")
CHINESE = ("月亮代表我的心", "北京欢迎你", "海阔天空", "容易受伤的女人", "光辉岁月")
TAIWANESE = ("月亮代表我的心", "海闊天空", "容易受傷的女人", "光輝歲月", "東風破 周杰倫")
JAPANESE = ("戦場のメリークリスマス", "上を向いて歩こう", "さくら", "いつも何度でも", "川の流れのように")
KOREAN = ("사랑했지만", "서른 즈음에", "고향의 봄", "보고싶다", "나는 나비")
HEBREW = ("ירושלים של זהב", "עוד לא אהבתי די", "שלמה ארצי", "יהודית רביץ", "שארית של החיים", "מה אתה רוצה")
ARABIC = ("محمد عبده", "فيروز", "أم كلثوم", "الحب كله", "حبيبي يا نور العين", "يا مال الشام", "كاظم الساهر")
THAI = ("เพลงรัก", "คาราบาว", "เบิร์ด ธงไชย", "ลมหายใจ", "แสงสุดท้าย", "อยากจะร้องดังดัง", "หนุ่มบาวสาวปาน")
CENTRAL = (
    "Zażółć gęślą jaźń", "Miłość", "Życie", "Wypijmy za błędy", "Czesław Niemen",
    "Příliš žluťoučký kůň", "Jiří Schelinger – Švihák lázeňský", "Těšit se na přítelkyni", "Ľúbim ťa",
    "Őszi űrhajó – kék", "Długość dźwięku samotności",
)  # fmt: skip
TURKISH = ("Barış Manço", "Kış Güneşi", "Müslüm Gürses – Güneş")
NEARLY = (  # what has letters of those languages, and is none of them
    "Hafþór", "Alþingi", "Ísþór", "Wiþ", "Smørrebrød – Žižek", "Più è così però – Miloš", "E=m³",
    "¿Qué corazón?", "x³+y³", "Año ¿qué?", "Sœur Œdipe", "crème brûlée Sõna", "Þýðing – Über", "Óðinn, ñandú",
    "³ ¹ ¿", "Škoda è più",
)  # fmt: skip
WESTERN = (
    "Café Müller", "Für Elise", "Ænima", "Sigur Rós", "Mötley Crüe", "Où es-tu", "Åäö", "ÅÄÖ",
    "Jäääär", "El Niño", "À bout", "ÉTÉ", "Þursaflokkurinn", "20°", "½ Life", "ÀÈÌÒÙ", "¡Olé!", "Noël, été",
    "Être à l’été", "Où ça?", "Ça ira", "Œuvres", "Château d’Ô", "À l’ère", "Große Größe", "Öl über Äther",
    "Íslensk þjóðlög", "Ágætis byrjun", "Öxará", "Það á að gefa börnum brauð", "Ó, þú", "Ásgeir", "Æ Ó Í",
    "Canção do mar", "Coração", "Não é céu", "Àquela mãe", "Ilusão à toa", "Águas de março", "É ô ô", "Úlfúð",
    "Año", "¿Qué será?", "¡Ay, mamá!", "Ñoño", "Ünlü", "Ölürüm Türküm", "Çöl", "Öç", "Ömür Gedik",
    "Sœur Âme", "Ÿ", "Žižek – Smørrebrød", "Miloš – Après l’été", "Øl på Ærø", "ÆØÅ ÆØÅ", "ÖÄÜ", "ÁÉÍÓÚ",
    "×", "÷", "†††", "£€¥", "m³", "fiancé(e)s", "¥€$", "•••••", "½¼¾", "§ 218", "µ-Ziq",
    "Blue Öyster Cult", "“Déjà” – vu’s", "ØÆÅ", "Æøå æøå", "São Paulo", "Hääyö", "Queensrÿche", "É", "Ñ",
)  # fmt: skip
IN_ENCODINGS = [
    (encoding, text)
    for encoding, texts in (
        ("utf-8", (*RUSSIAN, *GREEK, *CHINESE, *KOREAN, *WESTERN)), ("cp1251", RUSSIAN), ("koi8-r", RUSSIAN),
        ("cp1253", GREEK), ("gbk", CHINESE), ("big5", TAIWANESE), ("cp932", JAPANESE), ("euc_jp", JAPANESE),
        ("iso2022_jp", JAPANESE), ("cp949", KOREAN), ("cp1252", WESTERN), ("cp1255", HEBREW),
        ("cp1256", ARABIC), ("cp874", THAI), ("cp866", RUSSIAN),
        ("cp1250", CENTRAL), ("cp1254", TURKISH), ("cp1252", NEARLY),
    )
    for text in texts
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "text"), IN_ENCODINGS)
def test_text_of_every_encoding_is_read_where_latin_1_is_claimed(encoding, text):
    data = text.encode(encoding)
    assert Decoder([data]).text(data) == text


@pytest.mark.parametrize("text", [*WESTERN, *RUSSIAN, *CHINESE, *JAPANESE, *KOREAN])
def test_text_that_is_right_stays_as_it_is(text):
    assert Decoder([text]).text(text) == text


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize("text", ["Je čas metat kamení", "Motörhead", "月亮代表我的心", "don’t"])
def test_utf_8_that_a_tagger_has_taken_for_western_letters_is_repaired(encoding, text):
    try:
        spoiled = text.encode().decode(encoding)
    except UnicodeDecodeError:
        pytest.skip("Windows has no letters for these bytes")
    assert Decoder([spoiled]).text(spoiled) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (encoding, text)
        for encoding, texts in (
            ("cp1251", RUSSIAN),
            ("cp1253", GREEK[2:]),
            ("cp1255", HEBREW),
            ("cp1256", ARABIC),
        )
        for text in texts
    ],
)
def test_an_alphabet_that_a_tagger_has_taken_for_western_letters_is_read(encoding, text):
    spoiled = text.encode(encoding).decode("cp1252")
    assert Decoder([spoiled]).text(spoiled) == text
    assert Decoder([spoiled.encode()]).text(spoiled.encode()) == text


def test_a_word_in_one_of_their_letters_changes_only_with_its_whole_file():
    said = [text.encode("cp1250") for text in ("Czesław Niemen", "Dziwny jest ten świat")]
    assert Decoder(said).text(said[1]) == "Dziwny jest ten świat"
    said.append("Motörhead – à la carte".encode("cp1252"))
    assert [Decoder(said).text(text) for text in said] == [text.decode("cp1252") for text in said]


@pytest.mark.parametrize("text", ["Öööö", "Ääääää", "Þórr Æðr", "ÆØÅ æøå", "ÀÉÎÕÜ été", *NEARLY])
def test_odd_western_words_that_say_their_encoding_stay(text):
    assert Decoder([text]).text(text) == text


@pytest.mark.parametrize(
    "data", [b"\xd6\xd0", b"\x83e", b"\x81\x8d\x8f\x90\x9d", b"\x95 \x96 abc", b"\xc4\xe3"]
)
def test_weak_evidence_changes_nothing_and_shows_no_control_characters(data):
    text = Decoder([data]).text(data)
    assert text == data.decode("cp1252", "ignore").strip()
    assert not any(0x7F <= ord(c) <= 0x9F for c in text)


@pytest.mark.parametrize(
    "text", ["שלום עולם", "אור גדול", "אמא אבא", "הכל עובר", "לילה טוב", "עומר אדם", "כל הכבוד"]
)
def test_hebrew_is_never_taken_for_russian(text):
    data = text.encode("cp1255")
    assert Decoder([data]).text(data) in (text, data.decode("cp1252"))
    more = "שלמה ארצי - ירושלים של זהב".encode("cp1255")
    assert Decoder([data, more]).text(data) == text


@pytest.mark.parametrize(
    "text", ["группа крови", "звезда по имени солнце", "сансара", "город золотой", "небо"]
)
def test_small_russian_letters_are_not_taken_for_hebrew(text):
    data = text.encode("cp1251")
    assert Decoder([data]).text(data) == text


def test_all_that_a_file_says_is_evidence_together(tmp_path):
    path = FORMATS["mp3"].write(tmp_path, melody(1))
    tags = ID3()
    for frame, text in ((TIT2, "童年"), (TPE1, "罗大佑"), (TALB, "光辉岁月")):
        tags.add(frame(encoding=0, text=text.encode("gbk").decode("latin-1")))
    tags.save(path, v1=0)
    told = read_tags(str(path))
    assert (told.title, told.artist, told.album) == ("童年", "罗大佑", "光辉岁月")


def test_old_tags_of_thirty_bytes_may_end_within_a_letter(tmp_path):
    path = FORMATS["mp3"].write(tmp_path, melody(1))
    title = "šřžýáíéěč ěščřžý".encode()[:30]
    assert title.decode(errors="ignore").encode() != title
    with path.open("ab") as f:
        f.write(b"TAG" + title + "Группа крови".encode("cp1251").ljust(30, b"\0") + bytes(64) + b"\xff")
    told = read_tags(str(path))
    assert told.title == title.decode(errors="ignore")
    assert told.artist == "Группа крови"


@pytest.mark.parametrize(
    ("encoding", "title"),
    [("gbk", "a" + "容易受伤的女人月亮代表我的心天"), ("cp932", "a" + "いつも何度でも川の流れのように")],
)
def test_old_tags_may_end_within_a_character_of_two_bytes(encoding, title, tmp_path):
    path = FORMATS["mp3"].write(tmp_path, melody(1))
    data = title.encode(encoding)
    assert len(data) > 30
    with path.open("ab") as f:
        f.write(b"TAG" + data[:30] + bytes(94) + b"\xff")
    assert read_tags(str(path)).title == title[:-1]


def test_a_title_of_a_hundred_thousand_letters_is_cut(tmp_path):
    for name in ("mp3", "flac"):
        path = FORMATS[name].write(tmp_path, melody(1))
        if name == "mp3":
            tags = ID3()
            tags.add(TIT2(encoding=1, text="a" * 100_000))
            tags.save(path)
        else:
            file = FLAC(path)
            file["title"] = "a" * 100_000
            file.save()
        assert read_tags(str(path)).title == "a" * 1_000


def test_texts_without_high_bytes_need_no_guess():
    assert guess_encoding([b"plain"]) is None
    assert Decoder([]).text("plain") == "plain"


# Years

YEARS = [
    ("1997", 1997), ("1997-05-03", 1997), ("19970503", 1997), ("03051997", 1997), ("05311997", 1997),
    ("03.05.1997", 1997), ("5/3/1997", 1997), ("199705", 1997), ("19970503T120000", 1997), ("1997-05", 1997),
    ("(c) 1997 Kora", 1997), ("0000, 1997", 1997), ("19970503120000", 1997), ("1997-00-00", 1997),
    ("0000", None), ("0", None), ("2147483648", None), ("9999", None), ("97", None), ("305", None),
    ("", None), ("?", None), ("1799", None), ("2200", None), ("99999999", None), ("-1997", 1997),
    ("9" * 900, None), ("\uff11\uff19\uff19\uff17", 1997), ("\u0661\u0669\u0669\u0667", 1997),
]  # fmt: skip


@pytest.mark.parametrize(("text", "year"), YEARS)
def test_years_are_found_however_they_are_written(text, year):
    assert year_of(text) == year


@pytest.mark.parametrize(("text", "year"), YEARS)
def test_tables_have_the_same_years_as_files(text, year):
    assert cleaning.years(None, [text], 1, cleaning.Counts()) == [year]
    if text.isdigit() and len(text) < 11 and not text.startswith("0"):
        assert cleaning.years([text], None, 1, cleaning.Counts()) == [year]


@pytest.mark.parametrize(
    "fields", [{"date": "0000", "year": "1997"}, {"date": "?", "originaldate": "19970503"}]
)
def test_the_first_field_with_a_year_counts(fields, tmp_path):
    path = FORMATS["flac"].write(tmp_path, melody(1))
    file = FLAC(path)
    file.update(fields)
    file.save()
    assert read_tags(str(path)).year == 1997
