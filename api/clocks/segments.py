"""Who has an order, and how long: a fold over its steps, whose segments add up to the time since it was opened. Pure.

Whoever has an order has its time, whatever became of it before: nobody's clock runs while another one has it, and no
moment is nobody's as long as the reporter waits. What somebody used up stays used when the order comes back to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Final

from api.clocks.hours import Span, due_at, elapsed
from api.work_orders.already import is_there
from api.work_orders.order import Order
from api.work_orders.states import OVER, TOLD, State
from herun.schedule import Schedule

DESK_OWNER: Final = "desk"


class Kind(StrEnum):
    """What the time of a segment goes into."""

    ACCEPT = "accept"  # until a worker has taken it up
    ARRIVE = "arrive"  # until they are there
    SOLVE = "solve"  # until it is done
    HOLD = "hold"  # paused, with approval
    ANSWER = "answer"  # until the reporter knows
    REST = "rest"  # the reporter knows, or there is nothing to be done: nobody's time


TIMED: Final = frozenset({Kind.ACCEPT, Kind.ARRIVE, Kind.SOLVE})  # have a limit of their own

# Where the desk has it, and what for. Merged: the order that it is part of has the time.
_OF_DESK: Final = {
    State.SUBMITTED: Kind.ACCEPT, State.ACCEPTED: Kind.ACCEPT, State.RETURNED: Kind.ACCEPT,
    State.ARBITRATION: Kind.ACCEPT, State.RESOLVED: Kind.ANSWER,
}  # fmt: skip
_OVER: Final = OVER | TOLD | {State.MERGED}


@dataclass(frozen=True, slots=True)
class Hand:
    """Who has an order, and what for."""

    kind: Kind
    unit: str | None = None
    worker: str | None = None

    @property
    def owner(self) -> str | None:
        """Whose time it is: the unit's if there is one, so that handing on within it gains nothing; None: nobody's."""
        if self.kind is Kind.REST:
            return None
        return next((f"{what}:{name}" for what, name in self._names() if name), DESK_OWNER)

    def _names(self) -> tuple[tuple[str, str | None], ...]:
        return ("unit", self.unit), ("worker", self.worker)


@dataclass(frozen=True, slots=True)
class Turn:
    """From a time on an order is in a hand; `round` counts its reopenings."""

    round: int
    hand: Hand
    at: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in one hand."""

    round: int
    hand: Hand
    span: Span


def hand_of(order: Order) -> Hand:
    """Who has an order as it stands. On hold it stays whose it was: only an approved pause stops their clock."""
    state = order.state_before or order.state if order.state is State.ON_HOLD else order.state
    if state in _OVER:
        return Hand(Kind.REST)
    if state in _OF_DESK:
        return Hand(_OF_DESK[state])
    if state is State.DISPATCHED:
        return Hand(Kind.ACCEPT, order.unit, order.worker)
    return Hand(Kind.SOLVE if is_there(order) else Kind.ARRIVE, order.unit, order.worker)


def goes_on(before: Hand, after: Hand) -> bool:
    """True if an order stays with whoever has it and their clock runs: to take it up or to arrive is no other hand."""
    is_theirs = (before.unit, before.worker) == (after.unit, after.worker)
    return is_theirs and {before.kind, after.kind} <= TIMED


def segments(turns: Sequence[Turn], pauses: Iterable[Span], until: int) -> list[Segment]:
    """The time from the first turn up to `until`, without gap or overlap, cut where the order changed hands or paused.

    A turn cannot begin before the one before it: two machines' clocks may differ, and then it has no length.
    """
    if not turns:
        return []
    begins = list(accumulate((turn.at for turn in turns), max))
    edges = pairwise([*begins, max(until, begins[-1])])
    paused = list(pauses)
    return [each for turn, edge in zip(turns, edges, strict=True) for each in _cut(turn, Span(*edge), paused)]


def _cut(turn: Turn, span: Span, pauses: list[Span]) -> list[Segment]:
    if turn.hand.kind not in TIMED:
        return [Segment(turn.round, turn.hand, span)] if span.begin < span.end else []
    inner = {edge for pause in pauses for edge in pause if span.begin < edge < span.end}
    found: list[Segment] = []
    for begin, end in pairwise(sorted({*span, *inner})):
        is_paused = any(pause.begin <= begin < pause.end for pause in pauses)
        hand = replace(turn.hand, kind=Kind.HOLD) if is_paused else turn.hand
        if found and found[-1].hand == hand:
            found[-1] = replace(found[-1], span=Span(found[-1].span.begin, end))
        else:
            found.append(Segment(turn.round, hand, Span(begin, end)))
    return found


def used(found: Iterable[Segment], now: Turn, plan: Schedule | None) -> int:
    """What the owner of a turn has used of its limit up to now: all their time of this kind in this round."""
    return sum(elapsed(*span, plan) for span in _spans_of(found, now))


def used_up_at(found: Iterable[Segment], now: Turn, plan: Schedule | None, limit: int) -> int | None:
    """The first moment at which the owner of a turn had used so much of their time; None: they have not yet."""
    left = limit
    for span in _spans_of(found, now):
        gone = elapsed(*span, plan)
        if gone >= left:
            return due_at(span.begin, left, plan)
        left -= gone
    return None


def _spans_of(found: Iterable[Segment], now: Turn) -> Iterator[Span]:
    for segment in found:
        hand = segment.hand
        if (segment.round, hand.kind, hand.owner) == (now.round, now.hand.kind, now.hand.owner):
            yield segment.span
