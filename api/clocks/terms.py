"""What the clocks of a site go by, and of each order what held when it was promised. Compiled once for each wording."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from api.clocks import store
from api.clocks.limits import LimitRule, Limits, chosen
from api.clocks.reminders import Reminder, told
from api.clocks.schemas import ClockSettings
from api.clocks.segments import Kind
from api.transactions import Transaction
from api.work_orders.order import Order
from herun.calendar import Calendar, Decree
from herun.clock import MINUTE_US
from herun.schedule import DEFAULT_TIME_ZONE, Schedule, WeeklyPlan

_KEPT: Final = 64  # compiled plans: a few wordings a site
_US: Final = timedelta(microseconds=1)
_DURATIONS: Final = ("accept", "arrive", "solve", "promise")
CRITICAL: Final = "critical"
_RAISED: Final = "raised"  # in what is kept: the terms of what the order turned out to be


@dataclass(frozen=True, slots=True)
class Ground:
    """Settings, time zone and calendar of a site."""

    settings: ClockSettings
    zone: str
    decrees: str
    changed_by: str | None
    changed_at: datetime | None

    def plan(self, hours: WeeklyPlan, decrees: str | None = None) -> Schedule:
        """A plan in the site's time zone and calendar, or that of other decrees."""
        return _compiled(hours.model_dump_json(), self.zone, self.decrees if decrees is None else decrees)

    def told_at(self, order: Order, planned: list[Reminder]) -> list[Reminder]:
        """The same reminders, those that can wait moved out of the quiet hours."""
        if order.severity == CRITICAL:
            return planned
        quiet = self.plan(self.settings.quiet_hours)
        return told(planned, quiet, self.settings.repeat_minutes * MINUTE_US)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one round of an order: its limits, and when time counts (None: always) by which decrees."""

    limits: Limits
    hours: WeeklyPlan
    decrees: str | None
    plan: Schedule | None

    @property
    def promise_us(self) -> int:
        """The limit of the promise."""
        return self.limits.promise // _US

    def limit_us(self, kind: Kind) -> int:
        """The limit of the time that an order is in one hand for this."""
        limits = {Kind.ACCEPT: self.limits.accept, Kind.ARRIVE: self.limits.arrive, Kind.SOLVE: self.limits.solve}
        return limits[kind] // _US

    def as_json(self) -> dict[str, Any]:
        """The same, to be kept; durations in microseconds."""
        limits = {name: getattr(self.limits, name) // _US for name in _DURATIONS}
        kept = {"limits": limits, "calendar": self.limits.calendar, "hours": self.hours.model_dump(mode="json")}
        return kept | ({} if self.decrees is None else {"decrees": self.decrees})


@dataclass(frozen=True, slots=True)
class Given:
    """Terms that a round goes by, from its beginning on, or `since` its order turned out to be more severe (µs UTC)."""

    terms: Terms
    since: int | None = None


async def ground(tx: Transaction) -> Ground:
    """What the clocks of the transaction's site go by."""
    row = await store.ground(tx)
    return Ground(
        settings=_settings(row.get("settings")),
        zone=row.get("time_zone", DEFAULT_TIME_ZONE),
        decrees=row.get("decrees", "[]"),
        changed_by=row.get("changed_by"),
        changed_at=row.get("changed_at"),
    )


def new_terms(ground: Ground, order: Order, of_category: Limits | None = None) -> Terms:
    """What holds for an order that is opened now.

    What the site says of its category and severity comes first, then of its category, then what the category tree says
    of both, then what the site says of the severity.
    """
    rules = [each.as_rule() for each in ground.settings.limits]
    if of_category is not None:  # after what the site says of the category, which holds of the two
        rules.append(LimitRule(order.category, None, of_category))
    decrees = _since(ground.decrees, order.opened_at.year - 1)
    return _terms(ground, chosen(rules, order.category, order.severity), ground.settings.working_hours, decrees)


def as_json(given: Sequence[Given]) -> dict[str, Any]:
    """The terms of a round, to be kept with its promise."""
    first, *raised = given
    kept = [each.terms.as_json() | {"since": each.since} for each in raised]
    return first.terms.as_json() | ({_RAISED: kept} if kept else {})


def kept_terms(ground: Ground, kept: dict[str, Any]) -> list[Given]:
    """What held when the promise was given, the calendar too; promises from before that was kept go by today's."""
    raised = (Given(_kept(ground, each), each["since"]) for each in kept.get(_RAISED, ()))
    return [Given(_kept(ground, kept)), *raised]


def _kept(ground: Ground, kept: dict[str, Any]) -> Terms:
    durations = {name: timedelta(microseconds=kept["limits"][name]) for name in _DURATIONS}
    limits = Limits(**durations, calendar=kept["calendar"])
    return _terms(ground, limits, WeeklyPlan.model_validate(kept["hours"]), kept.get("decrees", ground.decrees))


def _terms(ground: Ground, limits: Limits, hours: WeeklyPlan, decrees: str) -> Terms:
    if limits.calendar != "working_hours":
        return Terms(limits, hours, None, None)
    return Terms(limits, hours, decrees, ground.plan(hours, decrees))


@lru_cache(maxsize=_KEPT)
def _since(decrees: str, year: int) -> str:
    """Those that can matter from a year on: a year's may name days of the December before."""
    return json.dumps([each for each in json.loads(decrees) if each["year"] >= year], ensure_ascii=False)


@lru_cache(maxsize=_KEPT)
def _settings(text: str | None) -> ClockSettings:
    return ClockSettings() if text is None else ClockSettings.model_validate_json(text)


@lru_cache(maxsize=_KEPT)
def _compiled(hours: str, zone: str, decrees: str) -> Schedule:
    return WeeklyPlan.model_validate_json(hours).compiled(zone, _calendar(decrees))


@lru_cache(maxsize=_KEPT)
def _calendar(decrees: str) -> Calendar:
    return Calendar(Decree.model_validate(each) for each in json.loads(decrees))
