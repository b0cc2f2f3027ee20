"""How alike two matters are, and why: by category, place, words and pictures. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from api.distance import FAR_M, NEAR_M, Place, are_apart, distance_m
from api.duplicates.schemas import Because
from api.phrases import matter
from api.writing import plain

ENOUGH: Final = 0.5  # from here on two matters may be the same
SINCE: Final = timedelta(days=14)  # apart, and two matters are not compared any more
ALIKE_BITS: Final = 10  # of 64: a picture made smaller or taken again differs in fewer
TELLING_BITS: Final = 8  # set and unset: a picture of one colour, or a lamp in the dark, looks like any other
COMPARED_CHARS: Final = 200  # of a text: who reports says first what it is about
_KEPT_TEXTS: Final = 4096  # of all sites: twice what one look at a site's orders meets; most are of 40 characters
_CATEGORY, _NEAR, _FAR, _TEXT, _PICTURE, _EVEN_PICTURE = 0.25, 0.3, 0.15, 0.5, 0.5, 0.2
_BUILDING: Final = 0.3  # with the category it is enough for three days, however it is put
_BUILDING_BESIDE_POINTS: Final = 0.2  # how far two points are says more
_AGE: Final = 0.2  # less for what is as long ago as is compared, in between by days: the same words alone still do
_LEAST_TEXT: Final = 0.2  # fewer characters in common are chance
_GRAM: Final = 2  # characters: most Chinese words are two


@dataclass(frozen=True, slots=True)
class Matter:
    """What is compared: what it is, where, since when, and pictures by their looks."""

    category: str
    text: str
    where: Place
    at: datetime
    zone: str | None = None
    looks: tuple[int, ...] = ()


def likeness(one: Matter, other: Matter) -> tuple[float, list[Because]]:
    """From 0 to 1, with what it is made of; 0 for what is known to be in two places."""
    if are_apart(one.where, other.where):
        return 0.0, []
    because = list(_in_common(one, other))
    return max(0.0, min(1.0, round(sum(each.weight for each in because), 3))), because


def common_words(one: str, other: str) -> float:
    """The share of pairs of characters that the beginnings of two texts have in common, from 0 to 1."""
    a, b = _grams(one[:COMPARED_CHARS]), _grams(other[:COMPARED_CHARS])
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


def is_telling(look: int) -> bool:
    """False for the look of a picture that is nearly even: many another one has it too."""
    bits = differing_bits(look, 0)
    return TELLING_BITS <= bits <= 64 - TELLING_BITS


def differing_bits(one: int, other: int) -> int:
    """In how many of 64 bits two looks differ."""
    return ((one ^ other) & (2**64 - 1)).bit_count()


def _in_common(one: Matter, other: Matter) -> Iterator[Because]:
    if one.category == other.category:
        yield _because("category", _CATEGORY, "类别相同", "the same category")
    metres = distance_m(one.where.point, other.where.point)
    around = _BUILDING if metres is None else _BUILDING_BESIDE_POINTS
    if one.where.building is not None and one.where.building == other.where.building:
        yield _because("building", around, "同一楼栋", "the same building")
    elif one.zone is not None and one.zone == other.zone:
        yield _because("zone", around, "同一区域", "the same zone")
    if metres is not None and metres <= FAR_M:
        weight = _NEAR if metres <= NEAR_M else _FAR
        yield _because("distance", weight, f"相距约{metres:.0f}米", f"about {metres:.0f} m apart")
    words = common_words(one.text, other.text)
    if words >= _LEAST_TEXT:
        yield _because("text", _TEXT * words, f"文字相似{words:.0%}", f"{words:.0%} of the words in common")
    if alike := [a for a in one.looks for b in other.looks if differing_bits(a, b) <= ALIKE_BITS]:
        weight = _PICTURE if any(is_telling(look) for look in alike) else _EVEN_PICTURE
        yield _because("picture", weight, "照片相似", "pictures that look alike")
    if days := abs(one.at - other.at) // timedelta(days=1):
        yield _because("age", -_AGE * timedelta(days=days) / SINCE, f"相隔{days}天", f"{days} days apart")


def _because(kind: str, weight: float, zh: str, en: str) -> Because:
    return Because.model_validate({"kind": kind, "weight": round(weight, 3), "words": {"zh": zh, "en": en}})


@lru_cache(_KEPT_TEXTS)  # an order's text never changes, and is compared with each report of two weeks
def _grams(text: str) -> frozenset[str]:
    said = "".join(char for char in matter(plain(text)) if char.isalnum())
    return frozenset(said[at : at + _GRAM] for at in range(len(said) - _GRAM + 1))
