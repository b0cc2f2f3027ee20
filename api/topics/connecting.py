"""Which order answers for a topic, and which of the topic's own reports it takes over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from api.topics import store
from api.topics.text import Centre, Frequencies, grams
from api.transactions import SYSTEM, Transaction
from api.work_orders import joining, reported
from api.work_orders import store as orders
from api.work_orders.order import Move
from api.work_orders.states import OPEN, Action, State

KNOWN: Final = 0.5  # so like a topic is a report that its master answers at once: more than to be sorted in
# A worker has it and nobody disputes that: what is reported after the answer is something new.
AT_WORK: Final = (State.DISPATCHED, State.HANDLING, State.ON_HOLD)
AT_ONCE: Final = frozenset({State.DISPATCHED, State.HANDLING})  # something critical waits for nobody on hold
NOT_OVER: Final = OPEN | {State.RESOLVED}  # a topic has no second master before
UNBEGUN: Final = frozenset({State.SUBMITTED, State.ACCEPTED, State.DISPATCHED})
MAX_CONNECTED: Final = 200  # reports of one pass; the next pass connects more


async def standing(tx: Transaction, topics: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The orders by which a topic's reports are dealt with, as far as they are not over; who stands for most first."""
    found: dict[str, list[dict[str, Any]]] = {topic: [] for topic in topics}
    for row in await store.standing(tx, topics, NOT_OVER):
        found[row["topic"]].append(row)
    return found


def answering_already(rows: Sequence[dict[str, Any]]) -> str | None:
    """The order that answers for all of a topic anyhow: the only one that is left, or into which others were merged."""
    return rows[0]["number"] if rows and (len(rows) == 1 or rows[0]["reports"] > 1) else None


async def unbegun(tx: Transaction, topics: Iterable[str], seen: Frequencies) -> list[dict[str, Any]]:
    """Reports that could go into the master of their topic: of those topics, or of those whose master is at work.

    Nobody has begun with them and no person has said that they are something else. They are what a later report has
    to be, to be answered by the master. Locked, with what they may be merged into, until this transaction ends.
    """
    rows = await store.unbegun(tx, list(topics), AT_WORK, UNBEGUN, MAX_CONNECTED)
    like = [row for row in rows if _is_like(row, seen)]
    if like:
        await orders.keep_together(tx, to_change=True)
        await orders.locked_together(tx, {row["number"] for row in like} | {row["master"] for row in like} - {None})
    return like


async def connect(tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Merges what `unbegun` gave into the masters of their topics that somebody has by now; returns the numbers."""
    connected = []
    masters = {row["topic"]: row["master"] for row in (await store.named(tx, {r["topic"] for r in rows})).values()}
    for row in rows:
        number, master = row["number"], masters[row["topic"]]
        if master is None or master == number:
            continue
        held = await orders.several(tx, {number, master})
        if await _may_go(tx, held, number, master):
            await joining.merge(tx, held, held[number], Move(Action.MERGE, reported.KNOWN, master=master), SYSTEM)
            connected.append(number)
    return connected


async def _may_go(tx: Transaction, held: joining.Held, number: str, master: str) -> bool:
    one, other = held[number], held[master]
    if one.state not in UNBEGUN or one.confidential or other.worker is None or other.state not in AT_WORK:
        return False
    if joining.is_too_severe_for(one, other):
        return False
    if not reported.may_be_joined(other) or other.building not in {None, one.building}:
        return False
    if await orders.merged(tx, number):  # somebody put others into it before it was locked
        return False
    if one.account is not None and await orders.reported_by(tx, master, one.account):
        return False  # they say more, or of something else
    return len(await orders.merged(tx, master)) < orders.MAX_MERGED


def likeness(topic: dict[str, Any], text: frozenset[str], seen: Frequencies) -> float:
    """How like a topic a report is that its master may answer: 0 to 1, and 0 unless it names the topic's matter.

    To be sorted in wrongly does no harm to anybody; to be told that something else is being dealt with does.
    """
    centre = Centre(topic["grams"], topic["members"])
    return centre.likeness(text, seen) if centre.has_the_matter_of(text) else 0.0


def _is_like(row: dict[str, Any], seen: Frequencies) -> bool:
    return likeness(row, grams(f"{row['title'] or ''}\n{row['told'] or ''}"), seen) >= KNOWN
