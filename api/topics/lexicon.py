"""Which pairs of characters name a matter, and which people say whatever it is about.

Both come of the shipped tree and its examples: the words of any estate, and the same for as long as a topic lives,
whatever tree its site has by then.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Final

from api.categories import shipped

_MANY: Final = 8  # categories
_OWN: Final = 0.3  # of all the examples with a pair: it is the category's own that has so many of them
_OF_ANY: Final = frozenset({"property-service"})  # how somebody was treated is said beside any matter
_PAIR: Final = 2
_CHINESE: Final = re.compile(r"[㐀-鿿]{2,}")


def pairs(run: str) -> set[str]:
    """Neighbouring characters of a run of them."""
    return {run[n : n + _PAIR] for n in range(len(run) - 1)}


@lru_cache(maxsize=1)
def matters() -> frozenset[str]:
    """Pairs of keywords that are a category's own: 电梯, 路灯, 积水."""
    return frozenset().union(*map(pairs, _keywords())) - _of_many()


@lru_cache(maxsize=1)
def turns_of_speech() -> frozenset[str]:
    """Pairs that are said of many categories, and are no keyword by themselves: 晚上, 门口, 影响."""
    return _of_many() - {word for word in _keywords() if len(word) == _PAIR}


@lru_cache(maxsize=1)
def _of_many() -> frozenset[str]:
    found: dict[str, Counter[str]] = {}
    for category, sentences in shipped.examples().items():
        for sentence in sentences:
            for pair in set().union(*map(pairs, _CHINESE.findall(sentence))):
                found.setdefault(pair, Counter())[category] += 1
    return frozenset(pair for pair, by in found.items() if len(by) >= _MANY and max(by.values()) < _OWN * by.total())


@lru_cache(maxsize=1)
def _keywords() -> frozenset[str]:
    leaves = shipped.default_tree().categories.items()
    words = (word for name, leaf in leaves if name not in _OF_ANY for word in leaf.keywords)
    return frozenset(run for word in words for run in _CHINESE.findall(word))
