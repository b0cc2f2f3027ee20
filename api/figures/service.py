"""Figures by unit, grid, category or week, each compared to the week before and to the same week a year before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from api import cursors
from api.categories import service as categories
from api.categories import store as trees
from api.categories.tree import REST, Tree
from api.figures import shares, store
from api.figures.definitions import MEANINGS, RATES, Measure, Ratio
from api.figures.schemas import (
    By,
    CountedOrder,
    CountedOrders,
    Definition,
    Definitions,
    FiguresAsked,
    Narrowed,
    OrderFigure,
    OrderFigures,
    OrderNumber,
    OrderRate,
    OrdersAsked,
)
from api.figures.store import Counted, Narrow, Span
from api.figures.weeks import Week, week_named, week_of
from api.problems import FieldError, invalid, not_found
from api.sites import store as sites
from api.transactions import Transaction
from api.work_orders.order import Person
from herun.characters import simplified
from herun.clock import to_text, to_us

MAX_KEYS: Final = 500  # of one answer: those with most orders

Counts = Counter[Measure]
_NOTHING: Final[Counts] = Counter()
OTHER: Final = ("其他", "other")  # what a bulletin calls all that it does not rank
_REST_BY_NAME: Final = re.compile("其[他它](?:类|诉求|事项|问题)?")


@dataclass(frozen=True, slots=True)
class _Told:
    """What one answer is made from."""

    by: By
    narrow: Narrow
    as_of: datetime
    site: str
    counts: dict[tuple[str | None, Week], Counts]
    whole: dict[Week, Counts]  # of all keys: an order of two units is one order

    def figure(self, key: str | None, week: Week) -> OrderFigure:
        """The figures of one key in one week."""
        of_week = None if self.by is By.WEEK else key
        now, before = self._of(of_week, week), self._of(of_week, week.earlier(1))
        last_year = self._of(of_week, week.last_year) if week.last_year else _NOTHING
        shown = week.name if self.by is By.WEEK else key
        numbers = {name: OrderNumber(count=now[name], orders=self._address(name, key, week)) for name in Measure}
        rates = {name: _rate(ratio, now, before, last_year) for name, ratio in RATES.items()}
        return OrderFigure(key=shown, numbers=numbers, rates=rates)

    def total(self, week: Week) -> OrderFigure:
        """The figures of all keys together."""
        everything: dict[tuple[str | None, Week], Counts] = {(None, each): of for each, of in self.whole.items()}
        told = replace(self, by=By.WEEK, counts=everything)
        return told.figure(None, week).model_copy(update={"key": None})

    def _of(self, key: str | None, week: Week) -> Counts:
        return self.counts.get((key, week), _NOTHING)

    def _address(self, measure: Measure, key: str | None, week: Week) -> str:
        asked: dict[str, Any] = {"measure": measure.value, "week": week.name, "as_of": to_text(to_us(self.as_of))}
        asked |= {name: getattr(self.narrow, name) for name in ("unit", "grid", "category", "without")}
        asked["class"] = self.narrow.top_class
        if self.by is not By.WEEK and key is None:
            asked["without"] = sorted({*self.narrow.without, self.by.value})
        elif self.by is not By.WEEK:
            asked[self.by.value] = key
        return address_of(self.site, asked)


def address_of(site: str, asked: Mapping[str, Any]) -> str:
    """Where the orders that are asked for so are listed."""
    query = urlencode({name: value for name, value in asked.items() if value is not None}, doseq=True)
    return f"/v1/sites/{site}/figures/orders?{query}"


def is_rest(tree: Tree, top_class: str) -> bool:
    """True for a class that no bulletin ranks: what belongs to no other, by its id or by what it is called."""
    return top_class == REST or _REST_BY_NAME.fullmatch(simplified(tree.classes[top_class][0]).strip()) is not None


async def names(tx: Transaction, told: OrderFigures) -> dict[str, str]:
    """The Chinese names of its units, grids or categories, of what is gone the last ones; weeks are their own."""
    keys = {item.key for item in told.items if item.key is not None}
    match told.by:
        case By.UNIT:
            return await categories.units_called(tx, keys)
        case By.GRID:
            return {each.grid: each.name for each in (await sites.layout(tx)).grids}
        case By.CATEGORY:
            return await categories.called(tx, keys)
        case By.WEEK:
            return {}


async def figures(tx: Transaction, asked: FiguresAsked) -> OrderFigures:
    """Raises Problem 404 if there is no such site, 422 for a week that its year does not have."""
    zone = await zone_of(tx)
    week = _week(tx, asked, zone)
    shown = [week.earlier(n) for n in reversed(range(asked.weeks))] if asked.by is By.WEEK else [week]
    told = await _told(tx, asked, shown, zone)
    if asked.by is By.WEEK:
        items = [told.figure(None, each) for each in shown]
    else:
        keys = {key for key, each in told.counts if each == week}
        by_size = sorted(keys, key=lambda key: (-told.counts[key, week][Measure.OPENED], key is None, key or ""))
        items = [told.figure(key, week) for key in by_size[: MAX_KEYS + 1]]
    return OrderFigures(
        by=asked.by,
        week=week.name,
        begin=shown[0].begins_at(zone),
        end=week.ends_at(zone),
        as_of=tx.at,
        items=items[:MAX_KEYS],
        total=told.total(week),
        more=len(items) > MAX_KEYS,
    )


async def orders(tx: Transaction, person: Person, asked: OrdersAsked) -> CountedOrders:
    """Exactly the orders that a number has counted, but for those that are not for this person's eyes.

    Raises Problem 404 and 422 as `figures` does, 400 for a cursor.
    """
    zone = await zone_of(tx)
    as_of = tx.at if asked.as_of is None else min(asked.as_of, tx.at)
    span = Span([_week(tx, asked, zone)], zone, as_of)
    key = cursors.decode_numbers(asked.cursor, 1)
    counted, limit = Counted(asked.measure, span, await _narrow(tx, asked), person), asked.limit
    rows = await store.listed(tx, counted, older_than=key[0] if key else None, limit=limit + 1)
    count, hidden = await store.how_many(tx, counted)
    return CountedOrders(
        count=count,
        left_out=hidden,
        items=[CountedOrder(**{name: row[name] for name in CountedOrder.model_fields}) for row in rows[:limit]],
        next_cursor=cursors.encode(rows[limit - 1]["opened_seq"]) if len(rows) > limit else None,
    )


def definitions() -> Definitions:
    """What every number and every rate means."""
    named: list[tuple[str, Any, Measure | None, Measure | None]] = [
        *((name.value, meaning, None, None) for name, meaning in MEANINGS.items()),
        *((name, ratio.meaning, ratio.part, ratio.whole) for name, ratio in RATES.items()),
    ]
    return Definitions(
        items=[
            Definition(
                name=name,
                title={"zh": meaning.zh, "en": meaning.en},
                sentence={"zh": meaning.sentence_zh, "en": meaning.sentence_en},
                part=part,
                whole=whole,
            )
            for name, meaning, part, whole in named
        ]
    )


async def zone_of(tx: Transaction) -> ZoneInfo:
    """The site's time zone. Raises Problem 404 if there is no such site."""
    site = await sites.site(tx)
    if site is None:
        raise not_found("site")
    return ZoneInfo(site.time_zone)


async def _told(tx: Transaction, asked: FiguresAsked, shown: Iterable[Week], zone: ZoneInfo) -> _Told:
    weeks = sorted({each for week in shown for each in (week, week.earlier(1), week.last_year) if each is not None})
    narrow = await _narrow(tx, asked)
    named = {week.name: week for week in weeks}
    counts: dict[tuple[str | None, Week], Counts] = {}
    whole: dict[Week, Counts] = {}
    for row in await store.counted(tx, asked.by, Span(weeks, zone, tx.at), narrow):
        week = named[row["week"]]
        _add(counts.setdefault((row["key"], week), Counter()), row["measures"], row["orders"])
        # Of one unit only its own part is asked for.
        is_whole = narrow.by_unit or row["whole"] is None
        _add(whole.setdefault(week, Counter()), row["measures" if is_whole else "whole"], row["orders"])
    return _Told(asked.by, narrow, tx.at, tx.site, counts, whole)


def _add(counts: Counts, measures: Iterable[str], orders: int) -> None:
    for measure in measures:
        counts[Measure(measure)] += orders


def _rate(ratio: Ratio, now: Counts, before: Counts, last_year: Counts) -> OrderRate:
    part, whole = now[ratio.part], now[ratio.whole]

    def change(to: Counts) -> str | None:
        if not whole or not to[ratio.whole]:
            return None
        return str(shares.points(part, whole, before=(to[ratio.part], to[ratio.whole])))

    return OrderRate(
        percent=str(shares.percent(part, whole)) if whole else None,
        change_to_last_week=change(before),
        change_to_last_year=change(last_year),
    )


async def _narrow(tx: Transaction, asked: Narrowed) -> Narrow:
    narrow = Narrow(unit=asked.unit, grid=asked.grid, category=asked.category, without=tuple(asked.without))
    if asked.class_ is None:
        return narrow
    tree = (await trees.in_force(tx)).tree
    named = next((each for each, names in tree.classes.items() if asked.class_ in {each, *names}), None)
    if named is None and asked.class_ not in OTHER:
        known = ", ".join(sorted(tree.classes))
        error = FieldError(loc=["query", "class"], msg=f"expected one of {known}, or a name of one", type="unknown")
        raise invalid("unknown_class", f"the site has no class {asked.class_}; it has {known}", [error])
    # What no class ranks is all but what the others rank: categories of no tree, too.
    is_other = named is None or is_rest(tree, named)
    of_class = {name for name, leaf in tree.categories.items() if leaf.top_class == named}
    ranked = {name for name, leaf in tree.categories.items() if not is_rest(tree, leaf.top_class)}
    return replace(
        narrow, top_class=asked.class_, categories=sorted(ranked if is_other else of_class), of_them=not is_other
    )


def _week(tx: Transaction, asked: Narrowed, zone: ZoneInfo) -> Week:
    return week_named(asked.week) if asked.week else week_of(tx.at, zone).earlier(1)
