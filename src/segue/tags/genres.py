"""ID3's numbered genres, and genres as ID3 writes them: names, numbers, numbers in brackets."""

from __future__ import annotations

import re

GENRES = (
    """
Blues; Classic Rock; Country; Dance; Disco; Funk; Grunge; Hip-Hop; Jazz; Metal; New Age; Oldies; Other;
Pop; R&B; Rap; Reggae; Rock; Techno; Industrial; Alternative; Ska; Death Metal; Pranks; Soundtrack;
Euro-Techno; Ambient; Trip-Hop; Vocal; Jazz+Funk; Fusion; Trance; Classical; Instrumental; Acid; House;
Game; Sound Clip; Gospel; Noise; Alt. Rock; Bass; Soul; Punk; Space; Meditative; Instrumental Pop;
Instrumental Rock; Ethnic; Gothic; Darkwave; Techno-Industrial; Electronic; Pop-Folk; Eurodance; Dream;
Southern Rock; Comedy; Cult; Gangsta Rap; Top 40; Christian Rap; Pop/Funk; Jungle; Native American;
Cabaret; New Wave; Psychedelic; Rave; Showtunes; Trailer; Lo-Fi; Tribal; Acid Punk; Acid Jazz; Polka;
Retro; Musical; Rock & Roll; Hard Rock; Folk; Folk-Rock; National Folk; Swing; Fast-Fusion; Bebop;
Latin; Revival; Celtic; Bluegrass; Avantgarde; Gothic Rock; Progressive Rock; Psychedelic Rock;
Symphonic Rock; Slow Rock; Big Band; Chorus; Easy Listening; Acoustic; Humour; Speech; Chanson; Opera;
Chamber Music; Sonata; Symphony; Booty Bass; Primus; Porn Groove; Satire; Slow Jam; Club; Tango; Samba;
Folklore; Ballad; Power Ballad; Rhythmic Soul; Freestyle; Duet; Punk Rock; Drum Solo; A Cappella; Euro-
House; Dance Hall; Goa; Drum & Bass; Club-House; Hardcore; Terror; Indie; BritPop; Afro-Punk; Polsk
Punk; Beat; Christian Gangsta Rap; Heavy Metal; Black Metal; Crossover; Contemporary Christian;
Christian Rock; Merengue; Salsa; Thrash Metal; Anime; JPop; Synthpop; Abstract; Art Rock; Baroque;
Bhangra; Big Beat; Breakbeat; Chillout; Downtempo; Dub; EBM; Eclectic; Electro; Electroclash; Emo;
Experimental; Garage; Global; IDM; Illbient; Industro-Goth; Jam Band; Krautrock; Leftfield; Lounge; Math
Rock; New Romantic; Nu-Breakz; Post-Punk; Post-Rock; Psytrance; Shoegaze; Space Rock; Trop Rock; World
Music; Neoclassical; Audiobook; Audio Theatre; Neue Deutsche Welle; Podcast; Indie Rock; G-Funk;
Dubstep; Garage Rock; Psybient
""".replace("\n", " ")
    .strip()
    .split("; ")
)
_OLD = {"RX": "Remix", "CR": "Cover"}
_REFERENCE = re.compile(r"\((\d{1,3}|RX|CR)\)")


def numbered_genre(number: int) -> str | None:
    """The name of one of ID3v1's numbers, with Winamp's."""
    return GENRES[number] if 0 <= number < len(GENRES) else None


def genre_names(text: str) -> list[str]:
    """The genres of one text of a ``TCON``: ``17``, ``(17)``, ``(17)(RX)``, ``(4)Eurodisco``, ``Rock``."""
    if re.fullmatch(r"\d{1,3}|RX|CR", text):
        return [_named(text)]
    names = []
    while reference := _REFERENCE.match(text):
        names.append(_named(reference[1]))
        text = text[reference.end() :]
    rest = text.removeprefix("(") if text.startswith("((") else text
    return names + ([rest] if rest and rest not in names else [])


def _named(text: str) -> str:
    return _OLD.get(text) or numbered_genre(int(text)) or text
