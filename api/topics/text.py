"""How alike two reports are: by the pairs of characters that they share, rare ones counting more. Pure.

A Chinese word mostly has two characters, so pairs need no dictionary; why two reports are alike can be shown by the
pairs that they share.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Final

from api.phrases import matter
from api.topics.lexicon import matters, pairs, turns_of_speech

MAX_CHARS: Final = 2000  # of one report that are looked at: all that one may have
_SHARED_BY: Final = 2  # reports; a gram of fewer ties nothing together
_LONELY: Final = 0.25  # its weight: enough to set a long report about something else apart
_FEW: Final = 200  # reports; with fewer, what all of them speak of would weigh nothing
MAX_GRAMS: Final = 300  # of one topic: those in most of its reports; a report of 200 characters has fewer
# Characters that stand between words and say nothing of the matter; a pair never crosses one.
_EMPTY: Final = (
    "的了吗呢吧啊呀啦嘛么着过得地就都也还又很太非常已经在是有和与及或把被给让向对从到"
    "这那哪我你您他她它们咱请谢希望麻烦问想要能会可以"
)
_RUNS: Final = re.compile(rf"(?:(?![{_EMPTY}])[㐀-鿿])+|[a-z]{{2,}}")


def grams(text: str) -> frozenset[str]:
    """Pairs of neighbouring Chinese characters, and Latin words, of what the text is about: not of whose it is."""
    found: set[str] = set()
    for run in _RUNS.findall(matter(text[:MAX_CHARS]).lower()):
        found |= {run} if run.isascii() else pairs(run)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Frequencies:
    """In how many of so many reports each gram stands: the rarer, the more it says."""

    reports: int
    counts: Mapping[str, int]
    _weights: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    def weight(self, gram: str) -> float:
        """At least 1, for a turn of speech no more; less for what only one report has: that is how somebody words it,
        and ties it to nothing.
        """
        weight = self._weights.get(gram)
        if weight is None:
            reports = self.counts.get(gram, 0)
            weight = _LONELY if reports < _SHARED_BY else log((max(self.reports, _FEW) + 1) / (reports + 1)) + 1
            self._weights[gram] = weight = min(weight, 1.0) if gram in turns_of_speech() else weight
        return weight


def frequencies(texts: Iterable[frozenset[str]]) -> Frequencies:
    """Of these reports."""
    seen = list(texts)
    return Frequencies(len(seen), Counter(gram for text in seen for gram in text))


@dataclass(frozen=True)
class Centre:
    """What is common to the reports of a topic: in how many of its members each gram stands."""

    counts: Mapping[str, int]
    members: int

    def joined(self, text: frozenset[str]) -> Centre:
        """With one more report."""
        counts = Counter(self.counts)
        counts.update(text)
        # Of grams equally common the first by code point stay, whatever order they came in.
        kept = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_GRAMS]
        return Centre(dict(kept), self.members + 1)

    def left(self, text: frozenset[str]) -> Centre:
        """With one report less."""
        counts = {gram: count - (gram in text) for gram, count in self.counts.items()}
        return Centre({gram: count for gram, count in counts.items() if count > 0}, max(self.members - 1, 0))

    def words(self, known: Frequencies, limit: int) -> list[str]:
        """What tells the topic from others, first what tells most."""
        return sorted(self.counts, key=lambda gram: (-self.counts[gram] * known.weight(gram), gram))[:limit]

    def size(self, known: Frequencies) -> float:
        """The square of its length: what `likeness` needs of it alone."""
        return sum(count * count * known.weight(gram) for gram, count in self.counts.items())

    def likeness(self, text: frozenset[str], known: Frequencies, size: float | None = None) -> float:
        """The cosine of the angle between the two, 0 to 1, where each gram counts by its weight; 0 if each names a
        matter and they share none.
        """
        shared = [gram for gram in text if gram in self.counts]
        if not shared or (not _name_one(shared) and _name_one(text) and self._names_one()):
            return 0.0
        own = self.size(known) if size is None else size
        together = sum(self.counts[gram] * known.weight(gram) for gram in shared)
        return together / sqrt(own * sum(known.weight(gram) for gram in text))

    def has_the_matter_of(self, text: frozenset[str]) -> bool:
        """True if they share the name of a matter, or neither has one: what one names both have to."""
        return _name_one(text & self.counts.keys()) or not (_name_one(text) or self._names_one())

    def _names_one(self) -> bool:
        """True if most of the reports name the same one."""
        return _name_one(gram for gram, count in self.counts.items() if 2 * count >= self.members)


def _name_one(grams_: Iterable[str]) -> bool:
    """True if one of them names a matter: every Latin word does."""
    return any(gram in matters() or gram.isascii() for gram in grams_)


NOBODY: Final = Centre({}, 0)
