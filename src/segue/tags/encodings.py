"""Guesses the encoding of text that does not tell it: of an alphabet, of Chinese, Japanese, Korean, or none.

A guess needs strong evidence, as a wrong one would spoil names that were right: words that are made of
letters beyond ASCII alone, as no Western language has them, or characters that are frequent in one language
and not in the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from segue.tags.mixed_letters import guess_mixed

ID3V1_BYTES = 30  # of a field
_LEAST_LETTERS = 4  # of an alphabet, in the longest word
LEAST_DISTINCT = 4  # letters, for a text to be taken for what is less likely
_LEAST_CAPITALS = 6  # likewise, where all are capitals, as some names in Latin letters are
_LEAST_CHARACTERS = 3  # of Chinese, Japanese or Korean, in all
_LEAST_SCORE = 0.5
_LEAST_MARGIN = 0.12
_ALPHABETS = {
    "cp1251": re.compile("[А-яЁёІіЇїЄєҐґЎў]+"),
    "koi8-r": re.compile("[А-яЁё]+"),
    "cp1253": re.compile("[Ά-ώ]+"),
}
# These are looked for last, and only in what is odd as Western letters.
_RARER = {
    "cp866": re.compile("[А-яЁё]+"),
    "cp1256": re.compile("[ء-غـ-يپچژگک]+"),
    "cp874": re.compile("(?:[เ-ไ]?[ก-ฮ][ัิ-ฺ]?[็-๎]?[ะาำๅๆฯ]*)+"),
}
# Hebrew has the bytes of small Cyrillic letters. Five of its letters have another form at the ends of words.
_HEBREW = re.compile("[א-יכלמנס-עפצ-ת]*[א-ילס-עפק-תךםןףץ]")
# The logarithm of how much more frequent each letter is in Hebrew than that of its byte in Russian.
_MORE_IN_HEBREW = dict(
    zip(
        "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
        (
            -0.2, 1.1, -1.3, 0.4, 1.3, 0.2, 0.3, 0.4, -1.8, 2.2, -1.5, -0.5, 0.8, -0.8, -0.9, -0.7, -0.5,
            -1.3, -0.7, -2.4, 1.9, -2.0, 0.9, 0.4, 2.0, 2.5, 4.8,
        ),
        strict=True,
    )
)  # fmt: skip
_SURE = 5.0  # of their sum; below 0 it is Russian
_QUOTES = "«»—–„“”…№’،؟"
_HIGH = re.compile(rb"[\x80-\xff]+")
_MIXED = re.compile(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]")
_BLANKS = re.compile(rf"[\x00-@\[-`{{-\x7f\s{_QUOTES}]+")  # what is no letter in ASCII, and quotation marks
_AROUND = "".join(map(chr, range(33, 65))) + "[]_`{|}~" + "«»„“”‘’…–—¡¿·•°®©™ªº€†‡"

# The characters that names and titles are made of most often, in no order that matters.
_SIMPLIFIED = """
的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能
好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进
把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教
西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表
原车白应路期叫死常提感金何更反合放做系计司利受光王果爱梦歌夜风花雨雪星云泪吻伤痛忘恋思念缘红蓝绿青春夏秋冬故乡曲舞音
乐唱飞远近离别孤独寂寞快幸福简单永恒城街空落叶草树林江河湖船桥灯火烟酒茶我们妈爸哥姐弟妹朋友请让怎每谁哪啦吧呢啊周杰
伦邓丽君王菲陈奕迅刘德华李林张学孙燕姿蔡依五月天
"""
_TRADITIONAL = """
的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她裡後小麼心多天而能
好都然沒日於起還發成事只作當想看文無開手十用主行方又如前所本見經頭面公同三已老從動兩長知民樣現分將外但身些與高意進
把法此實回二理美點月明其種聲全工己話兒者向情部正名定女問力機給等幾很業最間新什打便位因重被走電四第門相次東政海口使教
西再平真聽世氣信北少關並內加化由卻代軍產入先山五太水萬市眼體別處總才場師書比住員九笑性通目華報立馬命張活難神數件安表
原車白應路期叫死常提感金何更反合放做系計司利受光王果愛夢歌夜風花雨雪星雲淚吻傷痛忘戀思念緣紅藍綠青春夏秋冬故鄉曲舞音
樂唱飛遠近離孤獨寂寞快幸福簡單永恆城街空落葉草樹林江河湖船橋燈火煙酒茶媽爸哥姐弟妹朋友請讓怎每誰哪啦吧呢啊周杰倫鄧麗
君菲陳奕迅劉德李孫燕姿蔡依
"""
_JAPANESE = """
日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語
土木聞食車何南万毎白天母火右読友左休父雨愛恋心夢歌夜風花星空海光涙君僕私想思春夏秋冬桜雪朝昼夕明世界音楽曲詩新古美少女
戦場坂龍村田井野原崎島中松本木林森橋藤佐伊加宇岡石谷吉永久幸平安和静奈美恵香里菜真希望道街町駅旅遠近帰待会別離涙笑泣
"""
_KOREAN = """
이다는의에가을를은도고지하나사아어리기로서그니해라한들자요스대시인전게만지마내일여부보수거주정오면우었으상제조것구년원
장소성국선생동신중위무비안과미방연물문선연야경화원유모관공세적당말잘못사랑너눈노래날밤별꽃바람비꿈길마음친구하늘달빛봄여
름가을겨울눈물행복슬픔기억추억이별안녕그대우리처음마지막다시보고싶다좋은오늘내일당신나의너의넌난내게없는있는때까지함께
김박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진엄채원천방공현함변염여추도소석선설
"""


def _kana(c: str) -> bool:
    return "\u3041" <= c <= "\u30ff"


_ASIAN: dict[str, tuple[frozenset[str], str, str]] = {
    # What is frequent; between which leading bytes the usual characters of the encoding stand.
    "gb18030": (frozenset(_SIMPLIFIED) - {"\n"}, "\xb0", "\xd7"),
    "big5": (frozenset(_TRADITIONAL) - {"\n"}, "\xa4", "\xc6"),
    "cp932": (frozenset(_JAPANESE) - {"\n"}, "\x88", "\x97"),
    "euc_jp": (frozenset(_JAPANESE) - {"\n"}, "\xb0", "\xcf"),
    "cp949": (frozenset(_KOREAN) - {"\n"}, "\xb0", "\xc8"),
}


def guess_encoding(texts: Sequence[bytes]) -> str | None:
    """The encoding of texts that are no UTF-8; none where the evidence is weak.

    Parameters
    ----------
    texts : of one file, taken to be in one encoding
    """
    data = b" ".join(texts)
    if not _HIGH.search(data):
        return None
    return guess_alphabet(data) or _asian(texts) or guess_rarer(data) or guess_mixed(data)


def decode_whole(data: bytes, encoding: str) -> str:
    """A text without the half of a character for which ID3v1's 30 bytes had no room.

    Raises
    ------
    UnicodeDecodeError
    """
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if len(data) != ID3V1_BYTES:
            raise
        return data[:-1].decode(encoding)


def guess_alphabet(data: bytes, least: int = 1) -> str | None:
    """An encoding of an alphabet in which every word is one as people write them.

    Parameters
    ----------
    least : different letters that there must be
    """
    capitals = data.decode("cp1251", "replace").isupper()
    if not _has_long_words(data, least, _LEAST_CAPITALS if capitals else _LEAST_LETTERS):
        return None
    hebrew = _decoded(data, "cp1255", _HEBREW)
    score = sum(_MORE_IN_HEBREW.get(c, 0.0) for c in hebrew or "")
    if hebrew and score >= 0:
        return "cp1255" if score >= _SURE else None
    return next((encoding for encoding, word in _ALPHABETS.items() if _decoded(data, encoding, word)), None)


def guess_rarer(data: bytes) -> str | None:
    """The same for Cyrillic of DOS, Arabic and Thai, where the bytes make no words of Western languages."""
    if not _has_long_words(data, LEAST_DISTINCT, _LEAST_LETTERS) or all(map(_is_western, data.split())):
        return None
    return next((encoding for encoding, word in _RARER.items() if _decoded(data, encoding, word)), None)


def _has_long_words(data: bytes, least: int, letters: int) -> bool:
    words = _HIGH.findall(data)
    longest = max(map(len, words), default=0)
    return longest >= letters and not _MIXED.search(data) and len(set(b"".join(words))) >= least


def _decoded(data: bytes, encoding: str, letters: re.Pattern[str]) -> str | None:
    """The text, where all its words are made of these letters, as people write them."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    words = [word for word in _BLANKS.split(text) if not word.isascii()]
    if not words or not all(letters.fullmatch(word) and _is_cased(word) for word in words):
        return None
    return None if text.isupper() and max(map(len, words)) < _LEAST_CAPITALS else text


def _is_western(word: bytes) -> bool:
    text = word.decode("cp1252", "replace").strip(_AROUND)
    return not text or text.isascii() or (text.isalpha() and _is_cased(text))


def _is_cased(word: str) -> bool:
    caseless = word.lower() == word.upper()
    return caseless or word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())


def _asian(texts: Sequence[bytes]) -> str | None:
    scores = sorted(((_score(texts, encoding), encoding) for encoding in _ASIAN), reverse=True)
    (best, encoding), (second, _) = scores[:2]
    return encoding if best >= _LEAST_SCORE and best - second >= _LEAST_MARGIN else None


def _score(texts: Sequence[bytes], encoding: str) -> float:
    """How much the characters are those that are usual in an encoding's language, at most 1."""
    try:
        text = " ".join(decode_whole(data, encoding) for data in texts)
    except UnicodeDecodeError:
        return -1.0
    characters = [c for c in text if not c.isascii() and not _is_punctuation(c)]
    if len(characters) < _LEAST_CHARACTERS:
        return -1.0
    return sum(_weight(c, encoding) for c in characters) / len(characters)


def _is_punctuation(c: str) -> bool:
    return "\u3000" <= c <= "\u3020" or "\uff01" <= c <= "\uff5e" or c in "·…—「」『』《》"


def _weight(c: str, encoding: str) -> float:
    frequent, first, last = _ASIAN[encoding]
    if c in frequent or (_kana(c) and encoding in ("cp932", "euc_jp")):
        return 1.0
    lead = c.encode(encoding)
    usual = len(lead) == 2 and first <= chr(lead[0]) <= last
    return 0.4 if usual and not (encoding == "gb18030" and lead[1] < 0xA1) else -1.0
