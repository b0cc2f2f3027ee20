"""Orders by what counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.figures.definitions import DISSATISFIED, RESPONSE, SATISFIED, Measure
from api.figures.weeks import Week
from api.transactions import Transaction
from api.work_orders.listing import eyes
from api.work_orders.order import Person
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_FACTS: Final = f"WITH facts AS (\n{_QUERIES['facts']}\n)\n"
_COUNTED: Final = _FACTS + _QUERIES["counted"]
_MEASURED: Final = f"{_FACTS}, measured AS (\n{_QUERIES['measured']}\n)\n"
_LISTED: Final = _MEASURED + _QUERIES["listed"]
_HOW_MANY: Final = _MEASURED + _QUERIES["how_many"]


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which orders are counted; None: all."""

    unit: str | None = None
    grid: str | None = None
    category: str | None = None
    without: tuple[str, ...] = ()
    top_class: str | None = None  # as it was asked for; which categories it is, the next two say
    categories: list[str] | None = None
    of_them: bool = True  # False: all but these

    @property
    def by_unit(self) -> bool:
        """True if some of an order may be of another unit than that which has it now."""
        return self.unit is not None or "unit" in self.without


@dataclass(frozen=True, slots=True)
class Span:
    """Weeks in a site's time, and the moment by which something is due."""

    weeks: Sequence[Week]
    zone: ZoneInfo
    as_of: datetime

    @property
    def values(self) -> dict[str, Any]:
        """As the statements ask for them."""
        return {
            "weeks": [week.name for week in self.weeks],
            "begins": [week.begins_at(self.zone) for week in self.weeks],
            "ends": [week.ends_at(self.zone) for week in self.weeks],
            "as_of": self.as_of,
            "response": RESPONSE,
            "satisfied": SATISFIED,
            "dissatisfied": DISSATISFIED,
        }


async def counted(tx: Transaction, by: str, span: Span, narrow: Narrow) -> list[dict[str, Any]]:
    """Orders by key, week and what counts them (`measures`); `whole` is what counts those of several units once, None
    for all others.
    """
    values = {**_values(narrow), "by_unit": by == "unit" or narrow.by_unit}
    return await tx.chosen(_COUNTED, by=by, **span.values, **values)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one measure counts, as one person asks."""

    measure: Measure
    span: Span
    narrow: Narrow
    person: Person

    @property
    def values(self) -> dict[str, Any]:
        """As the statements ask for them."""
        return {"measure": self.measure, **self.span.values, **_values(self.narrow), **eyes(self.person)}


async def how_many(tx: Transaction, counted: Counted) -> tuple[int, int]:
    """How many orders a measure counts, and how many of them are hidden from who asks."""
    (row,) = await tx.chosen(_HOW_MANY, **counted.values)
    return row["orders"], row["hidden"]


async def listed(tx: Transaction, counted: Counted, *, older_than: int | None, limit: int) -> list[dict[str, Any]]:
    """The orders that a measure counts and that are for the eyes of who asks, newest first."""
    return await tx.chosen(_LISTED, older_than=older_than, limit=limit, **counted.values)


def _values(narrow: Narrow) -> dict[str, Any]:
    return {**asdict(narrow), "without": list(narrow.without), "by_unit": narrow.by_unit}
