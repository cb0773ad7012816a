"""Tracks by words: first by the names in their tags, then by their sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue.advice import command, install
from segue.catalog import Catalog, Snapshot, Where
from segue.embed.vocabulary import encoder_installed
from segue.errors import UsageError
from segue.recommend.combine import largest_first
from segue.recommend.filters import rows_meeting
from segue.recommend.label_evidence import best_label, label_evidence, spaces_with_all_scores
from segue.recommend.lookup import did_you_mean
from segue.recommend.moods import mood_evidence
from segue.recommend.search_result import Reason, ReasonKind, SearchMatch, SearchResult
from segue.recommend.search_terms import Term, read_terms
from segue.recommend.session import Recommender
from segue.recordings import Versions
from segue.track import Track, clean, folded

_LEAST_LABEL = 0.1  # evidence of labels below which a track does not answer: a score of .01
_LEAST_MOOD = 0.5  # likewise of a mood: the half of the library that has more of it
_NAMED_LABELS = 3  # of a meaning
_MANY_NAMED = 20  # tracks with a text in their names, from which on it is not looked for by its meaning
_BY_KEPT_LABELS = 0.5  # evidence of a label that the vocabulary does not know
_FIELDS: tuple[ReasonKind, ...] = ("title", "artist", "album", "genre", "file")


def search(
    recommender: Recommender, text: str, *, limit: int = 50, offset: int = 0, where: Where | None = None
) -> SearchResult:
    """The tracks that words describe, best first: "iron vesper", "rain", "calm piano", "dark ambient".

    First come the tracks whose tags and file name hold every word, from its beginning, case and accents
    aside; then those that sound so. Words for moods are measured by the descriptors, as percentiles of the
    library; others mean the labels of networks that say what they say, by name and, with the extra ``words``,
    by meaning and in 16 languages, unless the text is all of a title, an artist or an album. A track must
    meet all parts of the text.

    Parameters
    ----------
    limit, offset : how many matches, and how many before them to leave out.
    where : only tracks that meet these conditions.

    Raises
    ------
    UsageError
        Where limit is below 1, offset is negative, or nothing could ever meet a condition.
    EmbeddingError, WeightsError
        Where a model that compares sounds with texts fails.
    """
    if limit < 1 or offset < 0:
        raise UsageError(f"limit is {limit} and offset {offset}; expected at least 1 and 0")
    readable = clean(text).strip()
    if not readable:
        return SearchResult((), 0)
    catalog, snapshot = recommender.catalog, recommender.catalog.snapshot()
    by_meaning = not _is_name(readable, catalog)
    terms = read_terms(readable, catalog, snapshot, recommender.embedders, by_meaning=by_meaning)
    ranking = _rank(readable, terms, catalog, snapshot, where)
    return ranking.page(limit, offset, recommender.find_versions(snapshot))


def _is_name(text: str, catalog: Catalog) -> bool:
    """Whether a text is all of a title, an artist's or an album's name, or is in very many of them."""
    named = catalog.tracks.keys_with_words(text)
    if len(named) >= _MANY_NAMED:
        return True
    wanted = folded(text)
    return any(
        wanted in {folded(name) for name in (track.title, track.tags.album or "", *track.artists)}
        for track in catalog.tracks.by_keys(named.tolist()).values()
    )


@dataclass(frozen=True, slots=True)
class Ranking:
    """All answers to a text: keys of tracks whose tags hold it, of those that sound so, of the rest.

    Attributes
    ----------
    named, sounding, labeled : int64 (n,) each, best first; no key is in two of them
    scores : float32 (n,), of those that sound like the words
    n : how many tracks were looked at
    """

    text: str
    catalog: Catalog
    snapshot: Snapshot
    terms: Sequence[Term]
    named: NDArray[np.int64]
    sounding: NDArray[np.int64]
    labeled: NDArray[np.int64]
    scores: NDArray[np.float32]
    n: int

    def page(self, limit: int, offset: int, versions: Versions) -> SearchResult:
        """Some of the answers, each recording once."""
        every = np.concatenate([self.named, self.sounding, self.labeled])
        rest = np.full(len(self.labeled), _BY_KEPT_LABELS)
        scores = np.concatenate([np.ones(len(self.named)), self.scores, rest])
        firsts = versions.one_each(every)
        places = firsts[offset : offset + limit]
        matches = self._matches(every[places], scores[places].tolist(), versions, every)
        matches = tuple(map(self._with_percentile, matches, places.tolist()))
        hints = () if len(self.named) else _hints(self.terms, self.snapshot)
        near = "" if len(firsts) else did_you_mean(self.catalog, self.text)
        hints = (near, *hints) if near else hints
        return SearchResult(matches, len(firsts), tuple(map(_meaning, self._sound_terms())), hints)

    def _matches(
        self,
        keys: NDArray[np.int64],
        scores: Sequence[float],
        versions: Versions,
        every: NDArray[np.int64],
    ) -> tuple[SearchMatch, ...]:
        """The best version of each recording that answers; the reasons are those of the first that does."""
        groups = [_best_answer(versions.versions_of(key), every) for key in keys.tolist()]
        tracks = self.catalog.tracks.by_keys({key for group in groups for key in group})
        labels = self.catalog.tracks.labels([tracks[key].id for key in keys.tolist() if key in tracks])
        rows = self.snapshot.rows_of(keys)
        matches = []
        for key, row, score, (best, *others) in zip(
            keys.tolist(), rows.tolist(), scores, groups, strict=True
        ):
            if key in tracks and best in tracks:
                reasons = self._reasons(tracks[key], row, labels.get(tracks[key].id, {}))
                also = tuple(tracks[other] for other in others if other in tracks)
                matches.append(SearchMatch(tracks[best], round(score, 4), reasons, also))
        return tuple(matches)

    def _with_percentile(self, match: SearchMatch, place: int) -> SearchMatch:
        """With what share of the tracks answers less well; nothing for those that a name or a label found."""
        place -= len(self.named)
        if not 0 <= place < len(self.scores):
            return match
        as_well = len(self.named) + int(np.searchsorted(-self.scores, -self.scores[place], side="right"))
        return replace(match, nearer_than=1 - as_well / self.n)

    def _sound_terms(self) -> list[Term]:
        return [term for term in self.terms if term.measured or term.labels or term.joint]

    def _reasons(self, track: Track, row: int, kept: dict[str, dict[str, float]]) -> tuple[Reason, ...]:
        names = _folded_names(track)
        named = _fields_with(names, self.text.split())
        if named is not None:
            return named
        reasons: list[Reason] = []
        for term in self.terms:
            named_parts = [part for part in term.parts if _fields_with(names, part.words.split())]
            for part in term.parts if named_parts else (term,):
                fields = _fields_with(names, part.words.split())
                reasons += fields if fields is not None else self._sound_reasons(part, row, kept)
        return tuple(reasons)

    def _sound_reasons(self, term: Term, row: int, kept: dict[str, dict[str, float]]) -> list[Reason]:
        if term.measured and row >= 0:
            at = np.array([row])
            shares = [(m.word, m.percentiles(self.snapshot, at)[0]) for m in term.measured]
            words = [word for word, share in sorted(shares, key=lambda pair: -pair[1]) if share > 0.5]
            return [Reason("mood", term.words, ", ".join(dict.fromkeys(words)))]
        if term.joint and row >= 0:
            cosine = float(term.joint.cosines(self.snapshot, slice(row, row + 1))[0])
            return [Reason("sound", term.words, term.joint.space, round(cosine, 4))]
        labels = term.labels or {
            name: 1.0 for words in kept.values() for name in words if _holds(name, term.words.split())
        }
        best = best_label(labels, row, self.snapshot, kept)
        return [Reason("label", term.words, best[0], round(best[1], 4))] if best else []


def _best_answer(versions: tuple[int, ...], answers: NDArray[np.int64]) -> tuple[int, ...]:
    """The versions of a recording, the best that answers in front."""
    if len(versions) == 1:
        return versions
    best = versions[int(np.isin(versions, answers).argmax())]
    return (best, *(key for key in versions if key != best))


def _rank(
    text: str, terms: Sequence[Term], catalog: Catalog, snapshot: Snapshot, where: Where | None
) -> Ranking:
    allowed = _allowed_keys(where, catalog, snapshot)

    def only(keys: NDArray[np.int64]) -> NDArray[np.int64]:
        return keys if allowed is None or not len(keys) else keys[np.isin(keys, allowed)]

    holding = catalog.tracks.keys_with_words(text)
    named = only(holding)
    searched = (snapshot.keys >= 0) & ~snapshot.missing
    if allowed is not None:
        searched &= np.isin(snapshot.keys, allowed)
    n = int(np.count_nonzero(searched))
    evidence = np.zeros(0, np.float32)
    rows = np.zeros(0, np.int64)
    if not _says_names_alone(terms, len(holding)):
        evidence = evidence_of_terms(terms, catalog, snapshot)
        searched[_rows(named, snapshot)] = False
        rows = np.flatnonzero(evidence)
        rows = rows[searched[rows]]
        rows = rows[largest_first(evidence[rows])]
    sounding = snapshot.keys[rows]
    labeled = only(catalog.tracks.keys_with_labels(text))
    if len(labeled):
        labeled = labeled[~np.isin(labeled, named)]
        others = np.append(snapshot.missing, False)  # the last: of tracks in no row
        others[rows] = True
        labeled = labeled[~others[snapshot.rows_of(labeled)]]
    if not len(named) + len(sounding) + len(labeled):
        named = only(catalog.tracks.keys_with_letters(text))
    return Ranking(text, catalog, snapshot, terms, named, sounding, labeled, evidence[rows], n)


def _says_names_alone(terms: Sequence[Term], n_named: int) -> bool:
    """Whether only those tracks answer that hold the text in their names."""
    if len(terms) != 1:
        return False
    (term,) = terms
    sounds = term.measured or term.joint or term.labels or term.parts or len(term.labeled)
    return not sounds and len(term.keys) == n_named > 0


def evidence_of_terms(terms: Sequence[Term], catalog: Catalog, snapshot: Snapshot) -> NDArray[np.float32]:
    """float32 (n,), over the snapshot's rows: the geometric mean over the terms, 0 where one is not met."""
    evidence = np.zeros(len(snapshot.keys), np.float32)
    if not terms or not all(term.understood for term in terms):
        return evidence
    shares = (_term_evidence(term, catalog, snapshot) for term in terms)
    share = next(shares)
    if len(terms) == 1:
        return share
    rows = np.flatnonzero(share > 0)
    logs = np.log(share[rows])
    for share in shares:
        met = share[rows] > 0
        rows = rows[met]
        logs = logs[met] + np.log(share[rows])
    evidence[rows] = np.exp(logs / len(terms))
    return evidence


def _term_evidence(term: Term, catalog: Catalog, snapshot: Snapshot) -> NDArray[np.float32]:
    measured = tuple((m.word, m.space) for m in term.measured)
    joint = (term.joint.space, term.words) if term.joint else ()
    name = "evidence", snapshot.stamp, measured, joint, tuple(term.labels.items())
    if term.measured or term.joint or term.labels:
        share = catalog.derived.get(
            name, lambda _: _sound_evidence(term, catalog, snapshot), lambda share: share.nbytes
        ).copy()
    else:
        share = np.zeros(len(snapshot.keys), np.float32)
    for keys, least in ((term.labeled, _BY_KEPT_LABELS), (term.keys, 1.0)):
        rows = _rows(keys, snapshot)
        share[rows] = np.maximum(share[rows], least)
    return np.maximum(share, evidence_of_terms(term.parts, catalog, snapshot)) if term.parts else share


def _sound_evidence(term: Term, catalog: Catalog, snapshot: Snapshot) -> NDArray[np.float32]:
    """float32 (n,), of moods, a model of texts, or labels; which words tracks have in their tags aside."""
    if term.measured:
        rows = np.arange(len(snapshot.keys))
        mood = mood_evidence([m.percentiles(snapshot, rows) for m in term.measured])
        return np.where(mood >= _LEAST_MOOD, mood, 0).astype(np.float32)
    if term.joint:
        return term.joint.evidence(snapshot)
    share = label_evidence(term.labels, catalog, snapshot)
    share[share < _LEAST_LABEL] = 0
    return share


def _rows(keys: NDArray[np.int64], snapshot: Snapshot) -> NDArray[np.int64]:
    """Those of the tracks that have some."""
    rows = snapshot.rows_of(keys)
    return rows[rows >= 0]


def _allowed_keys(where: Where | None, catalog: Catalog, snapshot: Snapshot) -> NDArray[np.int64] | None:
    if where is None:
        return None
    rows = np.flatnonzero(snapshot.keys >= 0)
    if not len(rows):  # tracks without any vectors
        return catalog.tracks.keys_matching(replace(where, tempo_bpm=None))
    return snapshot.keys[rows[rows_meeting(where, catalog, snapshot, rows)]]


def _folded_names(track: Track) -> list[tuple[ReasonKind, str]]:
    """What a track is called, as the catalog compares it."""
    tags = track.tags
    texts = (tags.title, track.artist, tags.album, tags.genre, track.path if track.has_file else track.title)
    return [(field, folded(text)) for field, text in zip(_FIELDS, texts, strict=True) if text]


def _fields_with(names: Sequence[tuple[ReasonKind, str]], words: Sequence[str]) -> tuple[Reason, ...] | None:
    """The names that hold the words, each with its words; ``None`` where some are in none."""
    words_by_field: dict[ReasonKind, list[str]] = {}
    for word in words:
        plain = folded(word)
        field = next((field for field, name in names if plain in name), None)
        if field is None:
            return None
        words_by_field.setdefault(field, []).append(word)
    return tuple(Reason(field, " ".join(words)) for field, words in words_by_field.items())


def _holds(text: str, words: Sequence[str]) -> bool:
    """Whether a text has each word, as the catalog compares them but for where words begin."""
    return all(folded(word) in folded(text) for word in words)


def _meaning(term: Term) -> str:
    if term.measured:
        measured = ", ".join(dict.fromkeys(m.word for m in term.measured))
        return measured if measured == term.words else f"{term.words}: {measured}"
    if term.joint:
        return f"{term.words}: compared with the sound by {term.joint.space}"
    names = list(dict.fromkeys(term.labels))[:_NAMED_LABELS]
    return f"{term.words}: {'label' if len(names) == 1 else 'labels'} {', '.join(names)}"


def _hints(terms: Sequence[Term], snapshot: Snapshot) -> tuple[str, ...]:
    hints = [
        f"nothing in the tags, labels or measurements here means {term.words!r}"
        for term in terms
        if not term.understood
    ]
    if hints and not encoder_installed():
        hints.append(f"to search by what words mean, in 16 languages: {install('words')}")
    networks = [space for space in snapshot.spaces.values() if space.spec.name in ("musicnn", "mn04")]
    if any(term.labels for term in terms):
        if len(spaces_with_all_scores(snapshot)) < len(networks):
            hints.append(
                "some tracks have only their best labels, as an older Segue kept them; to search by all 577, "
                f"scan their folders again: {command('scan FOLDER')}"
            )
        elif not networks:
            hints.append(
                "no network has labeled these tracks yet; to search by labels such as rain: "
                f"{command('models pull musicnn mn04')}, then {command('scan FOLDER')}"
            )
    return tuple(hints)
