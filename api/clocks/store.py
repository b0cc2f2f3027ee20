"""Promises, turns, pauses, extensions and deadlines of orders; the limits of a site."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.clocks.reminders import LIMIT, Level, Reminder
from api.clocks.schemas import ClockSettings, Deadline, Extension, NewExtension, NewPause, Pause
from api.clocks.segments import Hand, Kind, Turn
from api.transactions import Transaction
from herun.clock import to_datetime
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_SWEEP_LOCK: Final = 0x4845_5254  # with the hash of the site: one sweep of it at a time
_GROUND: Final = "clocks"  # among what a transaction knows
DEEPEST_MERGE: Final = 20  # orders merged into one that is merged in turn


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """What is stored of a promise."""

    round: int
    began_at: datetime
    due_at: datetime
    terms: dict[str, Any]
    follows: str | None
    ended_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of an order's clocks: the promise of the newest round; all else oldest first."""

    promise: PromiseRow
    turns: Sequence[Turn]
    pauses: Sequence[Pause]
    extensions: Sequence[Extension]


@dataclass(frozen=True, slots=True)
class Fired:
    """A deadline that was reached, for whoever has something to do then: once, and in the order of (due, id)."""

    id: int
    number: str
    kind: str
    step: str
    level: Level
    is_escalation: bool
    reached_at: datetime
    due_at: datetime
    limit_at: datetime
    fired_at: datetime
    superseded: bool


async def ground(tx: Transaction) -> dict[str, Any]:
    """Time zone, settings and decrees of the site, the latter as JSON texts; empty if there is no such site.

    Read once a transaction.
    """
    if _GROUND not in tx.known:
        tx.known[_GROUND] = await tx.one(_QUERIES["ground"]) or {}
    found: dict[str, Any] = tx.known[_GROUND]
    return found


async def put_settings(tx: Transaction, settings: ClockSettings) -> None:
    """Keeps the settings of the site."""
    await tx.run(_QUERIES["put_settings"], body=Jsonb(settings.model_dump(mode="json")))
    tx.known.pop(_GROUND, None)


async def promise(tx: Transaction, number: str) -> PromiseRow | None:
    """The promise of the newest round."""
    row = await tx.one(_QUERIES["promise"], number=number)
    return PromiseRow(**row) if row else None


async def known(tx: Transaction, number: str) -> Known | None:
    """All that is kept of an order's clocks; None if there are none yet."""
    row = await tx.one(_QUERIES["known"], number=number)
    if row is None:
        return None
    turns, pauses, extensions = row.pop("turns"), row.pop("pauses"), row.pop("extensions")
    return Known(
        promise=PromiseRow(**row),
        turns=[Turn(round_, Hand(Kind(kind), unit, worker), at) for round_, kind, unit, worker, at in turns],
        pauses=[Pause(**each) for each in pauses],
        extensions=[Extension(**each) for each in extensions],
    )


async def add_promise(tx: Transaction, number: str, new: PromiseRow) -> None:
    """Begins a round."""
    values = {"round": new.round, "began_at": new.began_at, "due_at": new.due_at, "terms": Jsonb(new.terms)}
    await tx.run(_QUERIES["add_promise"], number=number, **values)


async def move_promise(tx: Transaction, number: str, round_: int, due_at: datetime) -> None:
    """Another time is promised."""
    await tx.run(_QUERIES["move_promise"], number=number, round=round_, due_at=due_at)


async def keep_terms(tx: Transaction, number: str, round_: int, terms: dict[str, Any]) -> None:
    """A round goes by these terms from now on."""
    await tx.run(_QUERIES["keep_terms"], number=number, round=round_, terms=Jsonb(terms))


async def join_promise(tx: Transaction, number: str, round_: int, master: str | None) -> None:
    """The promise is kept with that of another order; None: by itself."""
    await tx.run(_QUERIES["join_promise"], number=number, round=round_, follows=master)


async def end_promises(tx: Transaction, number: str, *, at: datetime, answered: bool) -> list[str]:
    """Ends what is open of the order, and, answered, of all that are merged into it; returns their numbers."""
    outcome, deepest = ("answered", DEEPEST_MERGE) if answered else ("dropped", 0)
    rows = await tx.all(_QUERIES["end_promises"], number=number, outcome=outcome, deepest=deepest, ended_at=at)
    return [row["number"] for row in rows]


async def add_turn(tx: Transaction, number: str, n: int, turn: Turn) -> None:
    """The order is in another hand from now on."""
    hand = {"kind": turn.hand.kind, "unit": turn.hand.unit, "worker": turn.hand.worker}
    await tx.run(_QUERIES["add_turn"], number=number, n=n, round=turn.round, began_at=to_datetime(turn.at), **hand)


async def add_pause(tx: Transaction, number: str, new: NewPause) -> None:
    """Somebody asks for a pause from now on."""
    await tx.run(_QUERIES["add_pause"], number=number, **new.model_dump())


async def decide_pause(tx: Transaction, number: str, pause: int, *, approved: bool) -> None:
    """Somebody has decided."""
    await tx.run(_QUERIES["decide_pause"], number=number, id=pause, approved=approved)


async def end_pauses(tx: Transaction, number: str, pauses: Collection[int]) -> None:
    """Ends these now; one that is over by itself has ended when it was to."""
    await tx.run(_QUERIES["end_pauses"], number=number, ids=list(pauses))


async def add_extension(tx: Transaction, number: str, round_: int, new: NewExtension) -> None:
    """Somebody asks for more time."""
    await tx.run(_QUERIES["add_extension"], number=number, round=round_, **new.model_dump())


async def decide_extension(tx: Transaction, number: str, extension: int, *, approved: bool) -> None:
    """Somebody has decided."""
    await tx.run(_QUERIES["decide_extension"], number=number, id=extension, approved=approved)


async def drop_deadlines(tx: Transaction, numbers: Collection[str], kinds: Collection[str]) -> None:
    """Forgets those of these kinds that were not reached."""
    await tx.run(_QUERIES["drop_deadlines"], numbers=list(numbers), kinds=list(kinds))


async def drop_question(tx: Transaction, number: str, kind: str, asked_at: datetime) -> None:
    """Forgets what was not reached of what was asked for then."""
    await tx.run(_QUERIES["drop_question"], number=number, kind=kind, asked_at=asked_at)


async def add_deadlines(tx: Transaction, number: str, planned: Mapping[str, Iterable[Reminder]]) -> None:
    """Adds those of an order that are not there, by their kind."""
    await add_all_deadlines(tx, [(number, kind, each) for kind, reminders in planned.items() for each in reminders])


async def add_all_deadlines(tx: Transaction, rows: Sequence[tuple[str, str, Reminder]]) -> None:
    """The same for several orders: order, kind and reminder of each."""
    if rows:
        reminders = [each for _, _, each in rows]
        await tx.run(
            _QUERIES["add_deadlines"],
            numbers=[number for number, _, _ in rows],
            kinds=[kind for _, kind, _ in rows],
            steps=[each.step for each in reminders],
            levels=[each.level.value for each in reminders],
            are_escalations=[each.is_escalation for each in reminders],
            reached_at=[to_datetime(each.reached_at) for each in reminders],
            due_at=[to_datetime(each.due_at) for each in reminders],
            limit_at=[to_datetime(each.limit_at) for each in reminders],
        )


async def wait_for_no_morning(tx: Transaction, number: str) -> None:
    """What was to be told of an order after the quiet hours is told within them, too."""
    await tx.run(_QUERIES["wait_for_no_morning"], number=number)


async def deadlines(tx: Transaction, number: str) -> list[Deadline]:
    """All of an order, by (due, id)."""
    return [Deadline(**row) for row in await tx.all(_QUERIES["deadlines"], number=number)]


async def sites_with_due(tx: Transaction) -> list[str]:
    """Sites of which something is due."""
    return [row["site"] for row in await tx.all(_QUERIES["sites_with_due"])]


async def next_due(tx: Transaction) -> datetime | None:
    """When the next deadline of any site is due."""
    row = await tx.one(_QUERIES["next_due"])
    return row["due_at"] if row else None


async def is_the_only_sweep(tx: Transaction) -> bool:
    """True if nobody else sweeps this site until this transaction ends."""
    row = await tx.one(_QUERIES["one_sweep"], key=_SWEEP_LOCK)
    return bool(row and row["mine"])


async def due(tx: Transaction, limit: int) -> list[tuple[int, str]]:
    """Ids and orders of what is due, by (due, id)."""
    return [(row["id"], row["number"]) for row in await tx.all(_QUERIES["due"], limit=limit)]


async def fire(tx: Transaction, found: Collection[tuple[int, str]]) -> list[Fired]:
    """Marks deadlines as fired; those that an order dropped meanwhile are not among the answer.

    Orders are locked before their deadlines, as whoever moves an order does.
    """
    numbers = sorted({number for _, number in found})
    await tx.all(_QUERIES["lock_orders"], numbers=numbers)
    last = [row["id"] for row in await tx.all(_QUERIES["last_due"], numbers=numbers, limit=LIMIT)]
    rows = await tx.all(_QUERIES["fire"], ids=[deadline for deadline, _ in found], last=last)
    fired = [Fired(**{**row, "level": Level(row["level"])}) for row in rows]
    return sorted(fired, key=lambda each: (each.due_at, each.id))


async def last_words(tx: Transaction, fired: Collection[int]) -> set[int]:
    """Those of these after which nothing more is planned of the same limit."""
    return {row["id"] for row in await tx.all(_QUERIES["last_words"], ids=list(fired))} if fired else set()


async def first_of_their_date(tx: Transaction, over: Collection[int]) -> set[int]:
    """Those of these limits that are over for the first time at their date."""
    return {row["id"] for row in await tx.all(_QUERIES["first_of_their_date"], ids=list(over))} if over else set()


async def set_aside(tx: Transaction, deadline: int, failure: str) -> None:
    """Marks a deadline whose effect cannot be had."""
    await tx.run(_QUERIES["set_aside"], id=deadline, failure=failure)
