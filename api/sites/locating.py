"""Which building a place belongs to: that of its zone, one that its words name or in which lies a zone that they name,
the nearest to its point, or one that what is reported names.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from api.distance import FAR_M, Place, Point, distance_m
from api.sites import store
from api.sites.schemas import Building, Zone
from api.transactions import Transaction
from api.writing import COUNT, plain
from herun.characters import simplified

# 1、2栋 are two buildings, and 2-1栋 is not 1栋; 302, 1栋 is a flat.
_SAID: Final = re.compile(
    r"(?:(?<![0-9])(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})\s*[-~、,/和与到至]\s*)*" rf"(?:[0-9a-z]+|{COUNT})栋"
)
# What in a tale, unlike in an address, says no house: how many there are (三栋楼, 共19栋), and what else has a number:
# pumps, poles and gates (2#), seats (7座), corridors on a day (3号楼道灯).
_NO_HOUSE: Final = re.compile(
    r"(?<=[有共这那每几整全个])\s*(?:[0-9]+|[一二三四五六七八九十]+)\s*[栋幢座]"
    r"|(?<![第一二三四五六七八九十])(?:一|[一二三四五六七八九十]*[两几][一二三四五六七八九十]*)\s*[栋幢](?!\s*[0-9])"
    r"|(?:[0-9]+|[一二三四五六七八九十]+)\s*[栋幢](?=楼(?![上下道顶梯])|[房都大全]|居民|高层|违建|别墅|住宅)"
    r"|[0-9a-z]+\s*#(?!\s*(?:楼|[0-9]))|[0-9]+\s*座(?!\s*[0-9]|楼|车库|电梯|大堂|单元)|[0-9]+号楼(?=道)"
)
_NUMBER: Final = re.compile(r"(?<![0-9a-z-])[0-9a-z]+栋$")
_BLANK: Final = re.compile(r"(?<=[0-9一二三四五六七八九十号])\s+(?=[号楼栋幢座#])")  # 3 号 楼
TOLD_CHARS: Final = 200  # of what is reported: who reports says first what it is about
_LEAST_CHARS: Final = 3  # of a name in Latin letters that is looked for within words: B1 is also a basement


async def building_of(
    tx: Transaction,
    *,
    zone: str | None = None,
    words: str | None = None,
    point: Point | None = None,
    own: str | None = None,
    told: str = "",
) -> str | None:
    """The building that a place belongs to; None if that is none of the site's, or not known.

    `own`: what is meant where neither zone nor point is named, and in the words no building, not even an unknown one,
    nor zones that all lie in others; unless `told`, what is reported, names buildings: then what that names is meant.
    """
    if zone is not None and (building := await store.building_of_zone(tx, zone)) is not None:
        return building
    if zone is not None and words is None and point is None:
        return None
    buildings = await store.buildings(tx)
    if words is None and point is None:
        return named_or_own(told, own, buildings)
    houses = named_in(words or "", buildings)
    named = houses or of_zones_in(words or "", await store.zones(tx))
    if len(named) == 1 and None not in named:
        return named.pop()
    if point is not None:
        return nearest(point, buildings)
    # Where every house has a hall, their own is meant.
    is_own = not named or (not houses and own in named)
    return named_or_own(told, own, buildings) if is_own and zone is None else None


def named_or_own(told: str, own: str | None, buildings: Iterable[Building]) -> str | None:
    """The building that what is reported names, or its reporter's own if it names that or none; None if it names
    others, or one that there is not. Zones are not looked for, nor houses without a number or letter: many a house has
    what one of the first is called, and who complains of the 物业中心 speaks of people.
    """
    usual = simplified(unicodedata.normalize("NFKC", told[:TOLD_CHARS])).lower()
    tale = _NO_HOUSE.sub(" ", _BLANK.sub("", usual))
    named = named_in(tale, buildings, _numbers)
    if not named or own in named:
        return own
    return named.pop() if len(named) == 1 else None


def place_of(building: str | None, point: Point | None, words: str | None, buildings: Iterable[Building]) -> Place:
    """Where something is that is of a building, or of none that is known; `words` are those of its address."""
    is_elsewhere = building is None and words is not None and named_in(words, buildings) == {None}
    return Place(building, point, is_elsewhere=is_elsewhere)


def nearest(point: Point, buildings: Iterable[Building]) -> str | None:
    """The nearest building that says where it stands, within 150 m; of equals the first by name."""
    far = {each.building: distance_m(point, each.point) for each in buildings}
    near = {name: metres for name, metres in far.items() if metres is not None and metres <= FAR_M}
    return min(near, key=lambda name: (near[name], name), default=None)


def named_in(
    words: str, buildings: Iterable[Building], names: Callable[[Building], set[str]] | None = None
) -> set[str | None]:
    """The buildings whose name stands in the words, or whose name or id they are; None among them for any other."""
    said = plain(words)
    found: set[tuple[int, int, str | None]] = set()
    called = [(each, _short(each)) for each in buildings]
    times = Counter(short for _, short in called)
    for each, short in called:
        for name in (names or _names)(each) | ({short} if short and times[short] == 1 else set()):
            found |= {(*span, each.building) for span in _spans(name, said)}
    spans = {(start, end) for start, end, _ in found}
    found |= {(*match.span(), None) for match in _SAID.finditer(said) if match.span() not in spans}
    return _outermost(found)


def of_zones_in(words: str, zones: Iterable[Zone]) -> set[str | None]:
    """The buildings in which lie the zones whose whole name stands in the words, or whose name or id they are."""
    said = plain(words)
    return _outermost(
        {
            (*span, each.building)
            for each in zones
            if each.building is not None
            for name in {plain(each.zone), plain(each.name)}
            for span in _spans(name, said)
        }
    )


def _spans(name: str, said: str) -> list[tuple[int, int]]:
    """From where to where a name stands in what is said, both as they are compared."""
    if name == said:
        return [(0, len(said))]
    if name.isascii() and len(name) < _LEAST_CHARS:
        return []
    return [match.span() for match in re.finditer(_whole(name), said)]


def _outermost(found: set[tuple[int, int, str | None]]) -> set[str | None]:
    """What was found, but for what is part of a longer name: 东区1号楼 is not 1号楼, where there are both."""
    return {each[2] for each in found if not any(_is_within(each, other) for other in found)}


def _names(building: Building) -> set[str]:
    """What a building is called, as it is compared; one that is called 7 or A is 7栋 or A栋, too."""
    name = plain(building.name)
    return {plain(building.building), name, f"{name}栋" if name.isascii() and name.isalnum() else name}


def _short(building: Building) -> str:
    """How people call one that is named after the estate too: 和润家园2号楼 is 2栋, where no other is; else empty."""
    number = _NUMBER.search(plain(building.name))
    return number[0] if number else ""


def _numbers(building: Building) -> set[str]:
    """Those of its names that are a house's number or letter: 3栋, 东区1栋, a栋."""
    return {name for name in _names(building) if name.endswith("栋")}


def _is_within(one: tuple[int, int, str | None], other: tuple[int, int, str | None]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and other[1] - other[0] > one[1] - one[0]


def _whole(name: str) -> str:
    """A pattern of the name that is not the end or the beginning of a longer number or word."""
    before = r"(?<![0-9a-z-])" if name[0].isascii() else ""
    return before + re.escape(name) + (r"(?![0-9a-z])" if name[-1].isascii() else "")
