"""What dispatching reads and keeps: the ground it stands on, workers, turns, choices, offers, helpers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from api.dispatch.choice import Candidate
from api.dispatch.rules import Rule
from api.dispatch.schemas import Explanation, Settings
from api.dispatch.shifts import Decrees, Otherwise, is_on_call, said_otherwise, works
from api.distance import Point
from api.roles import Role
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_RULES: Final = TypeAdapter(list[Rule])
_KEPT_BOOKS: Final = 256  # rules read: those of as many sites
MAX_WORKERS: Final = 2000  # of one site
MAX_SITES: Final = 1000  # looked after in one round
# A position is believed, and kept, for so long: who walks an estate is elsewhere after it.
POSITION_KEPT: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Ground:
    """What of a site decides on a dispatch: rules, settings, zone, calendar; and the place and grids of a building."""

    time_zone: str
    settings: Settings
    book_version: int
    rules: tuple[Rule, ...]
    decrees: Decrees
    grids: list[str]
    place: Point | None
    has_shifts: bool


async def one_at_a_time(tx: Transaction) -> None:
    """No other dispatch of the site chooses until this transaction ends. The order's own row is locked before."""
    await tx.one(_QUERIES["one_at_a_time"])


async def ground(tx: Transaction, building: str | None) -> Ground:
    """The ground of the transaction's site. Raises LookupError if there is none."""
    row = await tx.one(_QUERIES["ground"], building=building)
    if row is None:
        raise LookupError(tx.site)
    return Ground(
        time_zone=row["time_zone"],
        settings=Settings.model_validate(row["settings"] or {}),
        book_version=row["book_version"] or 0,
        rules=rules_of(row["rules"] or "[]"),
        decrees=tuple(row["decrees"]),
        grids=row["grids"],
        place=None if row["lat"] is None else (row["lat"], row["lon"]),
        has_shifts=row["has_shifts"],
    )


@lru_cache(maxsize=_KEPT_BOOKS)
def rules_of(text: str) -> tuple[Rule, ...]:
    """Stored rules: they were checked when they were put."""
    return tuple(_RULES.validate_json(text))


async def rules_in(tx: Transaction, version: int) -> tuple[Rule, ...]:
    """The rules of one version; none if there is no such version."""
    row = await tx.one(_QUERIES["book"], version=version)
    return rules_of(row["rules"]) if row else ()


async def candidates(tx: Transaction, ground: Ground, rule: str, at: datetime) -> list[Candidate]:
    """Everybody to whom an order can be dispatched; shifts as at a time, all else as now."""
    rows = await tx.all(_QUERIES["workers"], rule=rule, positions_after=tx.at - POSITION_KEPT, limit=MAX_WORKERS)
    return [_candidate(row, ground, at) for row in rows]


def _candidate(row: dict[str, Any], ground: Ground, at: datetime) -> Candidate:
    exceptions = [Otherwise.model_validate(each) for each in row["exceptions"] or []]
    weights = ground.settings.weights
    return Candidate(
        username=row["username"],
        roles=frozenset(map(Role, row["roles"])),
        grids=frozenset(row["grids"]),
        skills=frozenset(row["skills"]),
        unit=row["unit"],
        is_on_shift=is_on_shift(row["shifts"], exceptions, ground, at),
        is_on_call=is_on_call(row["on_call"], exceptions, at, zone=ground.time_zone, decrees=ground.decrees),
        load=weights.dispatched * row["dispatched"] + weights.handling * row["handling"],
        place=None if row["lat"] is None else (row["lat"], row["lon"]),
        turn=row["turn"],
    )


def is_on_shift(shifts: str | None, exceptions: list[Otherwise], ground: Ground, at: datetime) -> bool:
    """True if somebody works now; where nobody has shifts everybody does who has not said that they are away."""
    if shifts is None and not ground.has_shifts:
        return said_otherwise(exceptions, at) is not False
    return works(shifts, exceptions, at, zone=ground.time_zone, decrees=ground.decrees)


async def take_turn(tx: Transaction, rule: str, username: str) -> None:
    """It was their turn under a rule; the transaction dispatches alone."""
    await tx.run(_QUERIES["take_turn"], rule=rule, username=username)


async def keep_choice(tx: Transaction, number: str, n: int, explanation: Explanation) -> None:
    """Keeps what was known when entry n of an order's history was written."""
    await tx.run(_QUERIES["keep_choice"], number=number, n=n, body=Jsonb(explanation.model_dump(mode="json")))


async def last_choice(tx: Transaction, number: str) -> tuple[int, Explanation] | None:
    """What the rules last said of an order, and at which entry of its history."""
    row = await tx.one(_QUERIES["last_choice"], number=number)
    return (row["n"], Explanation.model_validate(row["body"])) if row else None


async def last_move(tx: Transaction, number: str) -> dict[str, Any] | None:
    """How an order last came to its worker, or was offered: n, action, actor, at, worker."""
    return await tx.one(_QUERIES["last_move"], number=number)


async def offer(tx: Transaction, number: str, workers: Iterable[str], until: datetime) -> None:
    """Lets several people take an order until a time."""
    await tx.run(_QUERIES["offer"], number=number, workers=list(workers), until=until)


async def end_offer(tx: Transaction, number: str) -> None:
    """Nobody can take it any more, and it is not assigned by itself."""
    await tx.run(_QUERIES["end_offer"], number=number)


async def drop_offer(tx: Transaction, number: str) -> None:
    """As if it had not been offered."""
    await tx.run(_QUERIES["drop_offer"], number=number)


async def offered_to(tx: Transaction, username: str, limit: int) -> dict[str, datetime]:
    """The orders that somebody may take, by number, and until when; the soonest first."""
    rows = await tx.all(_QUERIES["offered_to"], me=username, limit=limit)
    return {row["number"]: row["until"] for row in rows}


async def unclaimed(tx: Transaction, limit: int) -> list[str]:
    """Orders that nobody took in time, or may take any more, as they were made confidential."""
    return [row["number"] for row in await tx.all(_QUERIES["unclaimed"], limit=limit)]


async def sites_with_unclaimed(tx: Transaction) -> list[str]:
    """The sites of such orders. In a transaction of all sites."""
    return [row["site"] for row in await tx.all(_QUERIES["sites_with_unclaimed"], limit=MAX_SITES)]


async def add_helper(tx: Transaction, number: str, helper: str) -> None:
    """Somebody helps with an order that this transaction has locked."""
    await tx.run(_QUERIES["add_helper"], number=number, helper=helper)


async def notes(tx: Transaction, number: str) -> int:
    """How many notes people have written on an order."""
    row = await tx.one(_QUERIES["notes"], number=number)
    return row["notes"] if row else 0


async def drop_helpers(tx: Transaction, number: str, helpers: Iterable[str]) -> None:
    """They help no more."""
    await tx.run(_QUERIES["drop_helpers"], number=number, helpers=list(helpers))
