"""Return visits, the plan that they are drawn by, and the draws."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.figures.definitions import DISSATISFIED, SATISFIED
from api.return_visits.drawing import Closed
from api.return_visits.schemas import Draw, NewOutcome, Share, Visit, VisitCount, VisitPlan, Why
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_CLOSED: Final = 10_000  # orders of a day that are drawn from; an estate closes some dozens
_MAX_SITES: Final = 1000  # looked after in one round


async def plan(tx: Transaction) -> VisitPlan | None:
    """The plan of the site."""
    row = await tx.one(_QUERIES["plan"])
    return VisitPlan(**row) if row else None


async def put_plan(tx: Transaction, shares: list[Share]) -> None:
    """Makes it this one."""
    await tx.run(_QUERIES["put_plan"], shares=_json(shares))


async def sites_with_days(tx: Transaction) -> list[str]:
    """Sites with days that are over and not drawn. In a transaction of all sites."""
    return [row["site"] for row in await tx.all(_QUERIES["sites_with_days"], limit=_MAX_SITES)]


async def lock_next_day(tx: Transaction) -> tuple[date, list[Share]] | None:
    """The next day to draw, and the shares; nobody else draws it."""
    row = await tx.one(_QUERIES["lock_next_day"])
    return (row["day"], [Share(**each) for each in row["shares"]]) if row else None


async def closed_on(tx: Transaction, day: date) -> list[Closed]:
    """Orders that were closed on a day of the site and are not visited anyway."""
    return [Closed(**row) for row in await tx.all(_QUERIES["closed_on"], day=day, limit=MAX_CLOSED)]


async def add_draw(
    tx: Transaction, day: date, seed: int, shares: list[Share], *, closed: list[Closed], drawn: list[Closed]
) -> None:
    """Keeps what was drawn of a day, and what all that could be drawn were then."""
    numbers = {"closed": [each.number for each in closed], "drawn": [each.number for each in drawn]}
    orders = Jsonb([{"number": each.number, "category": each.category, "unit": each.unit} for each in closed])
    await tx.run(_QUERIES["add_draw"], day=day, seed=seed, shares=_json(shares), orders=orders, **numbers)
    await tx.run(_QUERIES["day_is_drawn"], day=day)


async def draws(tx: Transaction, *, before: date | None, limit: int) -> list[Draw]:
    """Draws of the days before one, the newest first."""
    return [Draw(**row) for row in await tx.all(_QUERIES["draws"], before=before, limit=limit)]


async def confidential(tx: Transaction, numbers: Collection[str]) -> set[str]:
    """Those of these orders that are for few."""
    return {row["number"] for row in await tx.all(_QUERIES["confidential"], numbers=list(numbers))}


async def add(tx: Transaction, number: str, round_: int, reason: Why) -> None:
    """Opens a visit, unless the order has one of this round."""
    await tx.run(_QUERIES["add"], number=number, round=round_, reason=reason)


async def number_of(tx: Transaction, visit: int) -> str | None:
    """The order of a visit."""
    row = await tx.one(_QUERIES["order_of"], id=visit)
    return row["number"] if row else None


async def locked(tx: Transaction, visit: int) -> Visit | None:
    """A visit; nobody else closes it until this transaction ends."""
    row = await tx.one(_QUERIES["lock"], id=visit)
    return Visit(**row) if row else None


async def close(tx: Transaction, visit: int, outcome: NewOutcome) -> None:
    """Keeps what came of a visit."""
    await tx.run(_QUERIES["close"], id=visit, **outcome.model_dump())


async def page(
    tx: Transaction, *, is_confidant: bool, is_open: bool | None, before: int | None, limit: int
) -> list[Visit]:
    """Visits before an id, newest first."""
    rows = await tx.chosen(_QUERIES["page"], is_confidant=is_confidant, is_open=is_open, before=before, limit=limit)
    return [Visit(**row) for row in rows]


async def counts(tx: Transaction, since: datetime) -> list[VisitCount]:
    """What came of the visits opened since a time."""
    rows = await tx.all(_QUERIES["counts"], since=since, satisfied=SATISFIED, dissatisfied=DISSATISFIED)
    return [VisitCount(**row) for row in rows]


def _json(shares: list[Share]) -> Any:
    return Jsonb([share.model_dump() for share in shares])
