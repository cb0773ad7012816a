"""Names for groups of tracks, as people name music: "Dark piano", "Loud metal", "Calm and acoustic"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from segue.embed.vocabulary import other_sounds
from segue.track import folded

MIXED = "Mixed"  # where nothing tells a group from the others

# Of what is measured: the adjective, and how readily people use it of music.
_ADJECTIVES = {
    "loud": ("loud", 1.5), "quiet": ("quiet", 1.5), "fast": ("fast", 1.5), "slow": ("slow", 1.5),
    "dark": ("dark", 1.5), "calm": ("calm", 1.5), "energetic": ("energetic", 1.5), "happy": ("happy", 1.5),
    "acoustic": ("acoustic", 1.5), "danceable": ("danceable", 1.0), "instrumental": ("instrumental", 1.0),
    "bright": ("bright", 1.0), "noisy": ("noisy", 1.0), "soft attacks": ("soft", 1.0), "live": ("live", 1.0),
    "much speech": ("wordy", 1.0), "long": ("long", 0.5), "short": ("short", 0.5),
}  # fmt: skip
_MOODS = {
    "mellow": "mellow", "sad": "sad", "sad music": "sad", "happy": "happy", "happy music": "happy",
    "tender music": "tender", "exciting music": "exciting", "angry music": "angry", "scary music": "scary",
    "funny music": "funny", "acoustic": "acoustic", "instrumental": "instrumental",
}  # fmt: skip
_NO_NAMES = {
    "music", "musical instrument", "song", "beautiful", "sexy", "catchy", "oldies", "female vocalists",
    "female vocalist", "male vocalists", "60s", "70s", "80s", "90s", "00s", "strum",
    "tapping (guitar technique)", "scratching (performance technique)", "sampler",
}  # fmt: skip
_USUAL_NAMES = {
    "chillout": "chill-out", "chill": "chill-out", "rnb": "R&B", "rhythm and blues": "R&B",
    "hip hop music": "hip-hop", "hip-hop": "hip-hop", "music for children": "children's music",
    "independent music": "indie",
    "bowed string instrument": "strings", "string section": "strings", "brass instrument": "brass",
    "wind instrument, woodwind instrument": "woodwinds", "plucked string instrument": "plucked strings",
    "keyboard (musical)": "keyboards", "violin, fiddle": "violin", "marimba, xylophone": "marimba",
    "steel guitar, slide guitar": "slide guitar", "orchestra": "orchestral",
    "narration, monologue": "narration", "music of latin america": "Latin",
    "middle eastern music": "Middle Eastern", "music of africa": "African",
    "music of asia": "Asian", "music of bollywood": "Bollywood",
}  # fmt: skip
_WITH_MUSIC = {"theme music", "background music", "video game music", "christmas music", "traditional music"}


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """What a group's name is made of, the most telling first.

    Attributes
    ----------
    genres : tags that many of its tracks have, and more than others do
    labels : of networks, likewise
    words : what is measured, each with the mean's deviation in standard deviations
    example : an artist or a track in its middle
    """

    genres: Sequence[str] = ()
    labels: Sequence[str] = ()
    words: Sequence[tuple[str, float]] = ()
    example: str | None = None


def name_groups(groups: Sequence[GroupFacts]) -> list[str]:
    """A name for each group, no two alike; the first groups have the first choice."""
    taken: set[str] = set()
    names = []
    for facts in groups:
        name = next(name for name in _choices(facts) if folded(name) not in taken)
        taken.add(folded(name))
        names.append(name)
    return names


def _choices(facts: GroupFacts) -> Iterator[str]:
    """Names for one group, the best first, without end."""
    kinds, adjectives = _kinds(facts), _adjectives(facts)
    if not kinds:
        yield from (_capital(" and ".join(adjectives[:n])) for n in (2, 3) if adjectives)
    for kind in kinds[:1]:
        fitting = [word for word in adjectives if word not in kind.split()]
        others = [other for other in kinds[1:] if not set(other.split()) & set(kind.split())]
        yield from (_capital(f"{word} {kind}") for word in fitting[:1])
        yield from (_capital(f"{kind} and {other}") for other in others[:1])
        yield _capital(kind)
        yield from (_capital(f"{word} {kind}") for word in fitting[1:])
        yield from (_capital(f"{kind} and {other}") for other in others[1:])
        yield from (_capital(f"{word} {kind} and {other}") for word in fitting for other in others)
    plain = _capital(" ".join([*adjectives[:1], *kinds[:1]])) or MIXED
    yield plain
    if facts.example:
        yield f"{plain}, like {facts.example}"
    yield from (f"{plain} {n}" for n in count(2))


def _kinds(facts: GroupFacts) -> list[str]:
    """What the music is: genres and instruments, each once."""
    labels = [label for label in facts.labels if _names_music(label)]
    kinds: dict[str, str] = {}
    for name in [*facts.genres, *map(_usual_name, labels)]:
        kinds.setdefault(folded(name), name)
    return list(kinds.values())


def _names_music(label: str) -> bool:
    return label not in other_sounds() and folded(label) not in _NO_NAMES | _MOODS.keys()


def _usual_name(label: str) -> str:
    usual = _USUAL_NAMES.get(folded(label))
    if usual:
        return usual
    short = label.partition(" (")[0]
    if folded(short) not in _WITH_MUSIC:
        short = short.removesuffix(" music")
    return short if short.isupper() else short[:1].lower() + short[1:]


def _adjectives(facts: GroupFacts) -> list[str]:
    """How it sounds: what is measured, those first that tell most, then moods that networks hear."""
    scored = [(*_ADJECTIVES[word], abs(z)) for word, z in facts.words if word in _ADJECTIVES]
    measured = [word for word, readily, z in sorted(scored, key=lambda x: -x[1] * x[2])]
    moods = [_MOODS[folded(label)] for label in facts.labels if folded(label) in _MOODS]
    return list(dict.fromkeys([*measured, *moods]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
