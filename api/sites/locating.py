"""Which building a place belongs to: that of its zone, one that its words name or in which lies a zone that they name,
or the nearest to its point.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from api.distance import FAR_M, Point, distance_m
from api.sites import store
from api.sites.schemas import Building, Zone
from api.transactions import Transaction
from herun.characters import simplified

# The numerals of cheques, written as most write them.
_AS_WRITTEN: Final = str.maketrans("壹贰貳叁參肆伍陆陸柒捌玖拾", "一二二三三四五六六七八九十")
_SECOND: Final = re.compile(r"两(?=\s*号楼)")  # 两栋 are two buildings, 两号楼 is the second
_DIGITS: Final = "零一二三四五六七八九"
_NUMERAL: Final = re.compile(r"(?:(?P<tens>[一二三四五六七八九])?(?P<ten>十))?(?P<ones>[一二三四五六七八九])?")
_COUNT: Final = r"(?<![零一二三四五六七八九十百这那每同哪])[零一二三四五六七八九十百]+"  # 这一栋 says no number
# One building, as people write it. 3号楼梯 is a staircase, 3#电梯 a lift, 一座桥 a bridge.
_ONE: Final = re.compile(
    r"(?<![0-9a-z])(?P<plain>[0-9a-z]+)\s*(?:号楼(?!梯)|栋|幢|座(?![位椅机])|#(?!\s*(?:单元|电梯))楼?)"
    rf"|(?P<numeral>{_COUNT})\s*(?:号楼(?!梯)|栋|幢)"
)
# 1、2栋 are two buildings, and 2-1栋 is not 1栋; 302, 1栋 is a flat.
_SAID: Final = re.compile(
    r"(?:(?<![0-9])(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})\s*[-~、,/和与到至]\s*)*" rf"(?:[0-9a-z]+|{_COUNT})栋"
)
_LEAST_CHARS: Final = 3  # of a name in Latin letters that is looked for within words: B1 is also a basement


async def building_of(
    tx: Transaction,
    *,
    zone: str | None = None,
    words: str | None = None,
    point: Point | None = None,
    own: str | None = None,
) -> str | None:
    """The building that a place belongs to; None if that is none of the site's, or not known.

    `own`: what is meant where neither zone nor point is named, and in the words no building, not even an unknown one,
    nor zones that all lie in others.
    """
    if zone is not None and (building := await store.building_of_zone(tx, zone)) is not None:
        return building
    if words is None and point is None:
        return own if zone is None else None
    buildings = await store.buildings(tx)
    houses = named_in(words or "", buildings)
    named = houses or of_zones_in(words or "", await store.zones(tx))
    if len(named) == 1 and None not in named:
        return named.pop()
    if point is not None:
        return nearest(point, buildings)
    # Where every house has a hall, their own is meant.
    is_own = not named or (not houses and own in named)
    return own if is_own and zone is None else None


def nearest(point: Point, buildings: Iterable[Building]) -> str | None:
    """The nearest building that says where it stands, within 150 m; of equals the first by name."""
    far = {each.building: distance_m(point, each.point) for each in buildings}
    near = {name: metres for name, metres in far.items() if metres is not None and metres <= FAR_M}
    return min(near, key=lambda name: (near[name], name), default=None)


def named_in(words: str, buildings: Iterable[Building]) -> set[str | None]:
    """The buildings whose name stands in the words, or whose name or id they are; None among them for any other."""
    said = _plain(words)
    found: set[tuple[int, int, str | None]] = set()
    for each in buildings:
        for name in _names(each):
            found |= {(*span, each.building) for span in _spans(name, said)}
    spans = {(start, end) for start, end, _ in found}
    found |= {(*match.span(), None) for match in _SAID.finditer(said) if match.span() not in spans}
    return _outermost(found)


def of_zones_in(words: str, zones: Iterable[Zone]) -> set[str | None]:
    """The buildings in which lie the zones whose whole name stands in the words, or whose name or id they are."""
    said = _plain(words)
    return _outermost(
        {
            (*span, each.building)
            for each in zones
            if each.building is not None
            for name in {_plain(each.zone), _plain(each.name)}
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
    name = _plain(building.name)
    return {_plain(building.building), name, f"{name}栋" if name.isascii() and name.isalnum() else name}


def _is_within(one: tuple[int, int, str | None], other: tuple[int, int, str | None]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and other[1] - other[0] > one[1] - one[0]


def _plain(words: str) -> str:
    """As it is compared: full-width as half-width, 3号楼, 3號樓, 3 幢, 3#, 三栋 and 叁栋 as 3栋."""
    usual = unicodedata.normalize("NFKC", words).strip().lower().replace("參與", "参与").translate(_AS_WRITTEN)
    return _ONE.sub(_plain_one, _SECOND.sub("二", simplified(usual)))


def _plain_one(said: re.Match[str]) -> str:
    return f"{said['plain'] or _number(said['numeral'])}栋"


def _number(numeral: str) -> str:
    """十九 as 19, up to 99; what is no such number (一百二十) as it is."""
    parts = _NUMERAL.fullmatch(numeral)
    if parts is None:
        return numeral
    tens = _DIGITS.index(parts["tens"] or "一") if parts["ten"] else 0
    return str(10 * tens + (_DIGITS.index(parts["ones"]) if parts["ones"] else 0))


def _whole(name: str) -> str:
    """A pattern of the name that is not the end or the beginning of a longer number or word."""
    before = r"(?<![0-9a-z-])" if name[0].isascii() else ""
    return before + re.escape(name) + (r"(?![0-9a-z])" if name[-1].isascii() else "")
