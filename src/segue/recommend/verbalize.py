"""Why two sounds are alike, as one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from segue.recommend.explanation import Explanation

_DEGREES = (
    (0.95, "Nearly the same sound"),
    (0.5, "Clearly alike"),
    (0.2, "Somewhat alike"),
    (-0.1, "No more alike than two tracks usually are"),
    (-1.0, "Unlike"),
)
_FEATURES = 3  # of each kind that are named
_LABELS = 3
_NEARER_THAN_MOST = 80  # percent, from which it is worth saying


def verbalize(explanation: Explanation, *, scaled: bool) -> str:
    """What there is to say, in one sentence.

    Parameters
    ----------
    explanation : all but its text
    scaled : whether 0 is as unlike as two tracks usually are, so that there is a word for the score
    """
    degree = next(words for least, words in _DEGREES if explanation.score >= least or least == -1.0)
    alike = [f.text.removeprefix("both ") for f in explanation.features if f.alike]
    clauses = [_alike(alike[:_FEATURES])]
    clauses += [_list_of([label.name for label in explanation.labels], "networks call both ", _LABELS)]
    clauses += [f.text for f in explanation.features if not f.alike][:_FEATURES]
    if explanation.moments:
        best = explanation.moments[0]
        clauses.append(f"most alike at {_clock(best.a_s)} of the first and {_clock(best.b_s)} of the second")
    sentence = "; ".join(part for part in clauses if part)
    rank = _rank(explanation.nearer_than)
    begin = (degree if scaled else f"Their score is {explanation.score:.2f}") + rank
    return f"{begin}: {sentence}." if sentence else f"{begin}; nothing is known that says why."


def _rank(nearer_than: float | None) -> str:
    """``, nearer than 99 % of your library``; nothing where it is no nearer than most."""
    percent = min(int(100 * (nearer_than or 0)), 99)
    return f", nearer than {percent} % of your library" if percent >= _NEARER_THAN_MOST else ""


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
