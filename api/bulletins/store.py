"""Bulletins, the orders that they counted, and what became of those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.bulletins.schemas import Sources
from api.transactions import Transaction
from api.work_orders.listing import eyes
from api.work_orders.order import Person
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_DEMAND: Final = f"WITH demand AS (\n{_QUERIES['demand']}\n)\n"
_BY_CATEGORY: Final = _DEMAND + _QUERIES["by_category"]
_OF_WEEK: Final = _DEMAND + _QUERIES["of_week"]
_EXAMPLES: Final = _DEMAND + _QUERIES["examples"]
_KEEP_ORDERS: Final = _DEMAND + _QUERIES["keep_orders"]
_CORRECTED: Final = f"{_DEMAND}, printed AS (\n{_QUERIES['printed']}\n), corrected AS (\n{_QUERIES['corrected']}\n)\n"
_CORRECTIONS_LISTED: Final = f"{_CORRECTED}, listed AS (\n{_QUERIES['listed']}\n)\n"
_CORRECTIONS: Final = _CORRECTIONS_LISTED + _QUERIES["corrections"]
_HIDDEN: Final = _CORRECTIONS_LISTED + _QUERIES["hidden"]
_COUNTS: Final = _CORRECTED + _QUERIES["correction_counts"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A week by its name and its two ends."""

    week: str
    begin: datetime
    end: datetime

    @property
    def values(self) -> dict[str, Any]:
        """As the statements ask for it."""
        return {"week": self.week, "begin": self.begin, "end": self.end}


async def by_category(tx: Transaction, stretch: Stretch) -> dict[str, int]:
    """How many reports of each category, as things are now."""
    return _counts(await tx.chosen(_BY_CATEGORY, **stretch.values))


async def of_week(tx: Transaction, stretch: Stretch, numbers: Sequence[str]) -> set[str]:
    """Which of these are reports of the week."""
    return {row["number"] for row in await tx.chosen(_OF_WEEK, numbers=list(numbers), **stretch.values)}


async def examples(
    tx: Transaction, stretch: Stretch, classes: Mapping[str, str], left_out: Sequence[str], each: int
) -> list[dict[str, Any]]:
    """So many reports of each class; `classes` by category."""
    values = {"categories": list(classes.keys()), "top_classes": list(classes.values())}
    return await tx.chosen(_EXAMPLES, left_out=list(left_out), each=each, **values, **stretch.values)


async def one_at_a_time(tx: Transaction) -> None:
    """Nobody else freezes a bulletin of the site until this transaction ends."""
    await tx.all(_QUERIES["one_at_a_time"])


async def keep_orders(tx: Transaction, stretch: Stretch) -> dict[str, int]:
    """Writes down which reports the week has, and counts by category what it has written."""
    await tx.run(_KEEP_ORDERS, **stretch.values)
    return _counts(await tx.all(_QUERIES["kept_by_category"], week=stretch.week))


async def keep(tx: Transaction, week: str, body: dict[str, Any], *, digest: str, sources: Sources) -> None:
    """Writes a bulletin, for ever."""
    await tx.run(_QUERIES["keep"], week=week, body=Jsonb(body), hash=digest, sources=Jsonb(sources.model_dump()))


async def one(tx: Transaction, week: str) -> dict[str, Any] | None:
    """A frozen bulletin."""
    return await tx.one(_QUERIES["one"], week=week)


async def page(tx: Transaction, *, before: str | None, limit: int) -> list[dict[str, Any]]:
    """Frozen bulletins, newest week first."""
    return await tx.chosen(_QUERIES["page"], before=before, limit=limit)


async def told(tx: Transaction, numbers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What was asked and answered in some orders, by number."""
    return {row["number"]: row for row in await tx.all(_QUERIES["told"], numbers=list(numbers))}


async def confided(tx: Transaction, numbers: Iterable[str]) -> set[str]:
    """Which of these orders are confidential now."""
    return {row["number"] for row in await tx.all(_QUERIES["confided"], numbers=list(numbers))}


async def began_before(tx: Transaction, end: datetime) -> bool:
    """Whether anybody of the site had reported anything by then."""
    row = await tx.one(_QUERIES["began_before"], end=end)
    return row is not None and bool(row["began"])


async def corrections(
    tx: Transaction, person: Person, stretch: Stretch, *, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Orders that would be told otherwise now and are for this person's eyes, by number."""
    return await tx.chosen(_CORRECTIONS, after=after, limit=limit, **stretch.values, **eyes(person))


async def hidden(tx: Transaction, person: Person, stretch: Stretch) -> int:
    """How many of them are not for this person's eyes."""
    (row,) = await tx.chosen(_HIDDEN, **stretch.values, **eyes(person))
    return int(row["hidden"])


async def correction_counts(tx: Transaction, stretch: Stretch) -> dict[str, int]:
    """How many orders changed how; one order may have changed in several ways."""
    return {row["change"]: row["orders"] for row in await tx.chosen(_COUNTS, **stretch.values)}


def _counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["category"]: row["orders"] for row in rows}
