"""Whether somebody works at a time: their week, the statutory calendar, and what is otherwise agreed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Final

from pydantic import Field, StrictBool, model_validator

from api.schema import Body, Moment, Title
from herun.calendar import Calendar, Decree
from herun.clock import to_us
from herun.schedule import Schedule, WeeklyPlan

MAX_EXCEPTIONS: Final = 50  # of one person: a year's leave and swaps
_KEPT_PLANS: Final = 4096  # compiled: those of the workers of many sites


class Otherwise(Body):
    """A time in which somebody is away although their week says that they work, or works although it does not."""

    begins_at: Moment
    ends_at: Moment
    works: StrictBool = False
    why: Title | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Otherwise:
        if self.ends_at <= self.begins_at:
            raise ValueError("it ends after it begins")
        return self

    def covers(self, at: datetime) -> bool:
        """True within it; its end is not."""
        return self.begins_at <= at < self.ends_at


Exceptions = Annotated[list[Otherwise], Field(max_length=MAX_EXCEPTIONS)]
# The decrees of a site as they are stored, in the order of their years: what compiled plans are kept by.
Decrees = tuple[str, ...]


def works(plan: str | None, exceptions: Iterable[Otherwise], at: datetime, *, zone: str, decrees: Decrees) -> bool:
    """True if the last exception that covers the time says so; without one if the plan, as JSON, does; None: never."""
    said = said_otherwise(exceptions, at)
    return _is_on(plan, at, zone, decrees) if said is None else said


def is_on_call(plan: str | None, exceptions: Iterable[Otherwise], at: datetime, *, zone: str, decrees: Decrees) -> bool:
    """True if the plan, as JSON, says so and they are not away; who works an extra shift is not on call for that."""
    return said_otherwise(exceptions, at) is not False and _is_on(plan, at, zone, decrees)


def said_otherwise(exceptions: Iterable[Otherwise], at: datetime) -> bool | None:
    """What the last exception that covers the time says: that they work, or are away; None if there is none."""
    said = [each.works for each in exceptions if each.covers(at)]
    return said[-1] if said else None


def _is_on(plan: str | None, at: datetime, zone: str, decrees: Decrees) -> bool:
    return plan is not None and compiled(plan, zone, decrees).is_on(to_us(at))


@lru_cache(maxsize=_KEPT_PLANS)
def compiled(plan: str, zone: str, decrees: Decrees) -> Schedule:
    """A stored plan in a zone and under decrees."""
    return WeeklyPlan.model_validate_json(plan).compiled(zone, calendar(decrees))


@lru_cache(maxsize=256)
def calendar(decrees: Decrees) -> Calendar:
    """The calendar under these decrees."""
    return Calendar(Decree.model_validate_json(each) for each in decrees)
