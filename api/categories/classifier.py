"""Suggests the category of a Chinese text, and says which characters and words of it spoke for that. Pure.

A linear model over single characters, pairs of characters, the tree's keywords and words of harm: a category's score is
the sum of what each of them adds, and that sum is the explanation. Of English it knows the words of the categories'
names, and nothing else: letters say nothing. See docs/categories.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.isotonic import IsotonicRegression
from sklearn.svm import LinearSVC

from api.categories.harm import harm_in, is_at_home, without_fears
from herun.characters import simplified
from herun.redaction import redacted

Array = npt.NDArray[np.float32]
Calibration = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]  # chances, and how often they came true

MAX_CHARS: Final = 1000  # of a text that is looked at: what it is about is said by then
MAX_CANDIDATES: Final = 5
MAX_REASONS: Final = 6
# Below this the likeliest category is more often wrong than right on sentences that the model has not learned from.
FITS_FROM: Final = 0.35
_WORD: Final = "#"  # before the name of a category of which a keyword was found: no text has it
# In place of a category's name: somebody is hurt, attacked or missing, whatever it is about, or hurt at home.
_NOBODYS: Final = ""
_AT_HOME: Final = "#"
_HARM_COUNTS: Final = 8  # before whatever else the sentence is about
# Sentences of a category that tell of harm, and their share, from which on it is the one for that.
_MANY: Final = 10
_MANY_OF: Final = 0.2
_WORD_COUNTS: Final = 2  # a keyword says about as much as both of its characters
_REGULARISATION: Final = 0.5  # found by cross-validation over the shipped examples
_TEMPERATURE: Final = 0.1  # spreads scores over chances; what these are worth, the calibration says
_FOLDS: Final = 3
_MIN_CALIBRATING: Final = 100  # sentences; of fewer the calibration would be chance
_UNCALIBRATED: Final = (np.array([0.0, 1.0]), np.array([0.0, 0.9]))  # never certain
_NO_WORDS: Final = re.compile(r"[\W_]+")
_LATIN: Final = re.compile(r"[a-z]+")
_STEM_CHARS: Final = 4  # by which English words are told apart: leak and leaking, park and parking
_SHORT_CHARS: Final = 2  # words so short say nothing
# Nor do these, which stand in many an English sentence whatever it is about.
_COMMON: Final = frozenset({"the", "and", "not", "must", "wher", "they", "out", "from", "othe", "some", "else", "buil"})
_DIGITS: Final = re.compile(r"\d+")
# Characters that stand in any sentence: what nothing else speaks for does not fit.
_SAY_NOTHING: Final = frozenset(
    "的了是我你他她它们有人没不在这那个些一今天怎么办事请帮忙看吗呢吧啊好就都也还要想能会去来说到和很太什为业主投诉举报"
)
_LEAST_TELLING: Final = 2  # characters that do say something, where no keyword does


class Example(NamedTuple):
    """A sentence and what it is about."""

    text: str
    category: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Something of the text that speaks for a category. `word_of`: it is a keyword of this category."""

    text: str
    weight: float
    word_of: str | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A category with its probability, by the model's own record on sentences that it had not learned from."""

    category: str
    probability: float
    reasons: tuple[Reason, ...]


def fits(found: Sequence[Scored]) -> bool:
    """True if the likeliest is likely enough, and a keyword or more than one telling character speaks for it."""
    if not found or found[0].probability < FITS_FROM:
        return False
    said = {char for each in found[0].reasons for char in simplified(each.text) if char.isalpha()}
    return any(each.word_of for each in found[0].reasons) or len(said - _SAY_NOTHING) >= _LEAST_TELLING


class Analyzer:
    """Takes a plain text apart: characters, pairs of them, the beginnings of English words, `#category` for each
    keyword of a category, and `#` where somebody is hurt, attacked or missing, `##` where one of the family did it,
    each only if one of the sentences' categories is for that.
    """

    def __init__(
        self, keywords: Mapping[str, tuple[str, ...]], texts: Sequence[str] = (), names: Sequence[str] = ()
    ) -> None:
        self._keywords = {name: tuple(map(plain, words)) for name, words in keywords.items()}
        # Violence at home stays with a category of its own, which is as urgent and confidential, whoever bleeds.
        self._has_home = _one_tells(is_at_home, texts, names)
        # Else the few of another category that tell of harm by chance would draw all harm to it.
        self._has_harm = _one_tells(self._is_harm, texts, names)

    def __call__(self, text: str) -> list[str]:
        pieces = _LATIN.sub(" ", text).split()
        found = [char for piece in pieces for char in piece]
        found += [piece[n : n + 2] for piece in pieces for n in range(len(piece) - 1)]
        for name, words in self.words_in(text).items():
            found += [_WORD + name] * (_WORD_COUNTS * len(words))
        if harm_in(text):
            at_home = self._has_home and is_at_home(text)
            found += [_WORD + (_AT_HOME if at_home else _NOBODYS)] * _HARM_COUNTS * (at_home or self._has_harm)
        stems = [word.removesuffix("s")[:_STEM_CHARS] for word in _LATIN.findall(text) if len(word) > _SHORT_CHARS]
        return found + [stem for stem in stems if stem not in _COMMON]

    def words_in(self, text: str) -> dict[str, list[str]]:
        """The keywords that the plain text has, by category; none that stands in another of them."""
        hits = {name: [word for word in words if word in text] for name, words in self._keywords.items()}
        return {name: _longest(words) for name, words in hits.items() if words}

    def _is_harm(self, text: str) -> bool:
        return harm_in(text) is not None and not (self._has_home and is_at_home(text))


def _one_tells(tells: Callable[[str], bool], texts: Sequence[str], names: Sequence[str]) -> bool:
    """True if a category has so many sentences that tell it that it is the one for it."""
    whole, telling = Counter(names), Counter(name for text, name in zip(texts, names, strict=True) if tells(text))
    return any(count >= max(_MANY, _MANY_OF * whole[name]) for name, count in telling.items())


def _longest(words: list[str]) -> list[str]:
    """Without those that stand in another: 电瓶 in 电瓶车 is no second thing that was said."""
    return [word for word in words if not any(word != other and word in other for other in words)]


class Model:
    """What has been learned. Immutable, and used by many requests at once."""

    def __init__(
        self, analyzer: Analyzer, vectorizer: Any, learned: Any, *, calibration: Calibration, size: int
    ) -> None:
        self.categories: tuple[str, ...] = tuple(map(str, learned.classes_))
        self.size = size  # sentences that it learned from
        self._analyzer = analyzer
        self._calibration = calibration
        self._vectorizer = vectorizer
        weights, intercepts = learned.coef_, learned.intercept_
        if len(self.categories) == 2:  # one row for both: the second's, and the first's is its opposite
            weights, intercepts = np.vstack([-weights, weights]), np.concatenate([-intercepts, intercepts])
        self._weights: Array = weights.astype(np.float32)
        self._intercepts: Array = intercepts.astype(np.float32)
        self._features: list[str] = vectorizer.get_feature_names_out().tolist()

    def scores(self, text: str) -> Array:
        """How much speaks for each category: the intercept and the sum of what each feature adds."""
        columns, values = self._row(plain(text))
        return self._weights[:, columns] @ values + self._intercepts

    def suggest(self, text: str, limit: int = MAX_CANDIDATES) -> list[Scored]:
        """The likeliest categories with probabilities and reasons, the likeliest first."""
        said, text = redacted(text[:MAX_CHARS]), plain(text)
        columns, values = self._row(text)
        added = self._weights[:, columns] * values
        raw = _chances(added.sum(axis=1) + self._intercepts)
        probabilities = np.interp(raw, *self._calibration)
        # What speaks for one category and not for the others: a character that all share says nothing.
        own = added - added.mean(axis=0)
        best = np.argsort(-raw, kind="stable")[:limit]
        words = self._analyzer.words_in(text)
        if harm := harm_in(text):
            words[_NOBODYS] = words[_AT_HOME] = [harm]
        return [
            Scored(self.categories[n], round(float(probabilities[n]), 4), self._reasons(own[n], columns, words, said))
            for n in best
        ]

    def _row(self, text: str) -> tuple[Any, Array]:
        row = self._vectorizer.transform([text])
        return row.indices, row.data

    def _reasons(self, added: Array, columns: Any, words: Mapping[str, list[str]], said: str) -> tuple[Reason, ...]:
        found: list[Reason] = []
        for n in np.argsort(-added, kind="stable"):
            feature, weight = self._features[columns[n]], round(float(added[n]), 4)
            if weight <= 0 or len(found) == MAX_REASONS:
                break
            name = feature.removeprefix(_WORD) if feature.startswith(_WORD) else None
            text = feature if name is None else "、".join(words.get(name, ()))
            # A character of a pair that is told already adds nothing to understanding.
            if name is not None or not any(text in each.text for each in found):
                found.append(Reason(text, weight, None if name == _AT_HOME else name or None))
        return _as_said(found, said)


def train(
    examples: Iterable[Example], keywords: Mapping[str, tuple[str, ...]], english: Mapping[str, str] | None = None
) -> Model:
    """Learns from sentences, and from each category's keywords and English name as one more each; only categories with
    keywords count.

    The same examples give the same model. Takes seconds: not for the event loop. Raises ValueError for fewer than two
    categories.
    """
    if len(keywords) < 2:
        raise ValueError("a choice needs at least two categories with keywords")
    taught = [each for each in examples if each.category in keywords]
    always = [Example(" ".join(words), name) for name, words in keywords.items()]
    always += [Example(text, name) for name, text in (english or {}).items() if name in keywords]
    texts = [plain(each.text) for each in (*always, *taught)]
    names = [each.category for each in (*always, *taught)]
    analyzer = Analyzer(keywords, texts, names)
    calibration = _calibrated(analyzer, texts, names, always=len(always))
    vectorizer, learned = _fitted(analyzer, texts, names)
    return Model(analyzer, vectorizer, learned, calibration=calibration, size=len(taught))


def plain(text: str) -> str:
    """One spelling: usual width, simplified, small letters, one digit for any number, one space for what is no word.

    Fires that are only feared are left out.
    """
    return without_fears(_NO_WORDS.sub(" ", _DIGITS.sub("0", simplified(redacted(text[:MAX_CHARS]).lower()))))


def _as_said(reasons: Iterable[Reason], said: str) -> tuple[Reason, ...]:
    """The reasons with the numbers and characters that stand in the text where `plain` has one for several."""
    folded = simplified(said)
    return tuple(
        replace(each, text="、".join(_one_as_said(part, folded, said) for part in each.text.split("、")))
        for each in reasons
    )


def _one_as_said(part: str, folded: str, said: str) -> str:
    if part in said:
        return part
    pattern = "".join({"0": r"\d+", " ": r"[\W_]+"}.get(char, re.escape(char)) for char in part)
    found = re.search(pattern, folded, re.IGNORECASE)
    return said[slice(*found.span())] if found else part


def _chances(scores: Array) -> Array:
    raised = scores / np.float32(_TEMPERATURE)
    grown = np.exp(raised - raised.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True), dtype=np.float32)


def _calibrated(analyzer: Analyzer, texts: list[str], names: list[str], always: int) -> Calibration:
    """How often a chance comes true, found on sentences that were left out of learning.

    The first `always` are never left out: without them a category would be missing.
    """
    if len(texts) - always < _MIN_CALIBRATING:
        return _UNCALIBRATED
    foretold, came_true = [], []
    for fold in range(_FOLDS):
        kept = [n for n in range(len(texts)) if n < always or n % _FOLDS != fold]
        left = [n for n in range(always, len(texts)) if n % _FOLDS == fold]
        vectorizer, learned = _fitted(analyzer, [texts[n] for n in kept], [names[n] for n in kept])
        scores = learned.decision_function(vectorizer.transform([texts[n] for n in left]))
        if scores.ndim == 1:  # two categories: one column, which is the second's
            scores = np.column_stack([-scores, scores])
        foretold.append(_chances(scores))
        came_true.append(learned.classes_[None, :] == np.array([names[n] for n in left])[:, None])
    found = IsotonicRegression(y_min=0.0, y_max=1.0).fit(
        np.concatenate(foretold).ravel(), np.concatenate(came_true).ravel().astype(float)
    )
    return found.X_thresholds_, found.y_thresholds_


def _fitted(analyzer: Analyzer, texts: list[str], names: list[str]) -> tuple[Any, Any]:
    vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, dtype=np.float32)
    return vectorizer, LinearSVC(C=_REGULARISATION, random_state=0).fit(vectorizer.fit_transform(texts), names)
