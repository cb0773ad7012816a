"""Why two sounds are alike, as one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from segue.recommend.explanation import Feature, MatchingWindows, SharedLabel, SpaceShare

_DEGREES = (
    (0.95, "Nearly the same sound"),
    (0.5, "Clearly alike"),
    (0.2, "Somewhat alike"),
    (-0.1, "No more alike than two tracks usually are"),
    (-1.0, "Unlike"),
)
_FEATURES = 3  # of each kind that are named
_LABELS = 3
_MOST = 0.5  # of the score, of a space that is said to make it


def verbalize(
    score: float,
    parts: Sequence[SpaceShare],
    moments: Sequence[MatchingWindows],
    labels: Sequence[SharedLabel],
    features: Sequence[Feature],
    *,
    scaled: bool,
) -> str:
    """What there is to say, in one sentence.

    Parameters
    ----------
    scaled : whether 0 is as unlike as two tracks usually are, so that there is a word for the score
    """
    degree = next(words for least, words in _DEGREES if score >= least or least == -1.0)
    clauses = [_main_space(score, parts)] if scaled else []
    clauses += [_alike([f.text.removeprefix("both ") for f in features if f.alike][:_FEATURES])]
    clauses += [_list_of([label.name for label in labels], "networks call both ", _LABELS)]
    clauses += [f.text for f in features if not f.alike][:_FEATURES]
    if moments:
        best = moments[0]
        clauses.append(f"most alike at {_clock(best.a_s)} of the first and {_clock(best.b_s)} of the second")
    sentence = "; ".join(part for part in clauses if part)
    begin = f"{degree} ({score:.2f})" if scaled else f"Their score is {score:.2f}"
    return f"{begin}: {sentence}." if sentence else f"{begin}; nothing is known that says why."


def _main_space(score: float, parts: Sequence[SpaceShare]) -> str:
    """Which space makes the score, where one of several does."""
    if len(parts) < 2 or score < _DEGREES[2][0]:
        return ""
    name = parts[0].space.rsplit("-", 1)[0]
    return f"most of it by {name}" if parts[0].share >= _MOST * score else "by all spaces together"


def _alike(said: Sequence[str]) -> str:
    """``both are fast and loud, with sharp attacks``."""
    things = [word.removeprefix("with ") for word in said if word.startswith("with ")]
    words = [word for word in said if not word.startswith("with ")]
    if not words:
        return _list_of(things, "both have ", _FEATURES)
    return _list_of(words, "both are ", _FEATURES) + _list_of(things, ", with ", _FEATURES)


def _list_of(words: Sequence[str], begin: str, most: int) -> str:
    shown = list(words[:most])
    if not shown:
        return ""
    return begin + (f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0])


def _clock(seconds: float) -> str:
    minutes, s = divmod(round(seconds), 60)
    return f"{minutes}:{s:02d}"
