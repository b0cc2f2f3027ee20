"""Which building a place belongs to: that of its zone, one that its words name, or the nearest to its point."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from api.distance import FAR_M, Point, distance_m
from api.sites import store
from api.sites.schemas import Building
from api.transactions import Transaction

_KINDS: Final = re.compile(r"(?<=[0-9])\s*(?:号楼|栋|幢|座|#楼?)")  # one building, as people write it
_LEAST_CHARS: Final = 3  # of a name in Latin letters that is looked for within words: B1 is also a basement


async def building_of(
    tx: Transaction, *, zone: str | None = None, words: str | None = None, point: Point | None = None
) -> str | None:
    """The building that a place belongs to; None if that is none of the site's, or not known."""
    if zone is not None and (building := await store.building_of_zone(tx, zone)) is not None:
        return building
    if words is None and point is None:
        return None
    buildings = await store.buildings(tx)
    named = None if words is None else named_by(words, buildings)
    return named or (None if point is None else nearest(point, buildings))


def nearest(point: Point, buildings: Iterable[Building]) -> str | None:
    """The nearest building that says where it stands, within 150 m; of equals the first by name."""
    far = {each.building: distance_m(point, each.point) for each in buildings}
    near = {name: metres for name, metres in far.items() if metres is not None and metres <= FAR_M}
    return min(near, key=lambda name: (near[name], name), default=None)


def named_by(words: str, buildings: Iterable[Building]) -> str | None:
    """The one building whose name stands in the words, or whose name or id they are; None for none and for several."""
    said, found = _plain(words), set[tuple[int, int, str]]()
    for each in buildings:
        for name in {_plain(each.building), _plain(each.name)}:
            if name == said:
                found.add((0, len(said), each.building))
            elif not name.isascii() or len(name) >= _LEAST_CHARS:
                found |= {(*match.span(), each.building) for match in re.finditer(_whole(name), said)}
    # 东区1号楼 is not 1号楼, where there are both.
    own = {each for each in found if not any(_is_within(each, other) for other in found)}
    names = {building for _, _, building in own}
    return names.pop() if len(names) == 1 else None


def _is_within(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and other[1] - other[0] > one[1] - one[0]


def _plain(words: str) -> str:
    """As it is compared: full-width as half-width, 3 栋 and 3# as 3号楼."""
    return _KINDS.sub("号楼", unicodedata.normalize("NFKC", words).strip().lower())


def _whole(name: str) -> str:
    """A pattern of the name that is not the end or the beginning of a longer number or word."""
    before = r"(?<![0-9a-z-])" if name[0].isascii() else ""
    return before + re.escape(name) + (r"(?![0-9a-z])" if name[-1].isascii() else "")
