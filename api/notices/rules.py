"""Who hears of what, as a table. Pure: takes a step of an order or a deadline, says who is told what and how soon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from api.transactions import SYSTEM
from api.work_orders.kinds import NO_WORKER
from api.work_orders.order import Order
from api.work_orders.states import TOLD


class Step(Protocol):
    """One step of an order, as the order machine tells it to those who follow."""

    @property
    def before(self) -> Order | None: ...
    @property
    def after(self) -> Order: ...
    @property
    def action(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def asked_by(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...


class Audience(StrEnum):
    """Who is told, seen from the order."""

    WORKER = "worker"  # the one it is dispatched to now
    FORMER_WORKER = "former_worker"  # the one it was taken from
    POOL = "pool"  # those who may take it now
    NEW_HELPERS = "new_helpers"  # those who help its worker since this step
    WHO_ASKED = "who_asked"  # for what is decided with this step
    REPORTER = "reporter"  # of this order alone
    REPORTERS = "reporters"  # of the order and of all that were merged into it, each of their own
    DESK = "desk"  # the operators; where there are none, or it is confidential, the supervisors
    OPERATORS = "operators"  # of the desk without supervisors in their place
    SUPERVISORS = "supervisors"  # of the site (there are none: the operators), and the group of a robot for them
    UNIT = "unit"  # the group that a robot writes to for the responsible unit


class Urgency(StrEnum):
    """How soon a notice leaves by the channels; in the inbox it is at once."""

    NOW = "now"  # also in quiet hours
    SOON = "soon"  # not in quiet hours
    LATER = "later"  # not in quiet hours, and bundled for whoever wants a digest


class Kind(StrEnum):
    """What a notice says; each has its words in `texts.py`."""

    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    WITHDRAWN = "withdrawn"
    OFFERED = "offered"
    AT_DESK = "at_desk"  # told when an order comes to wait for the desk
    TURNED_CRITICAL = "turned_critical"  # told when a correction makes it so
    HELPING = "helping"
    UNDER_WAY = "under_way"
    HANDLING = "handling"
    ON_HOLD = "on_hold"
    RESUMED = "resumed"
    ANSWERED = "answered"
    CANCELLED = "cancelled"
    MERGED = "merged"
    SEPARATED = "separated"
    REOPENED = "reopened"
    RETURNED = "returned"
    RETURN_REFUSED = "return_refused"
    ARBITRATION = "arbitration"
    DISSATISFIED = "dissatisfied"
    URGED = "urged"
    ASKED = "asked"
    TOLD = "told"  # the answer to that, or what else a reporter adds
    UNIT_ASSIGNED = "unit_assigned"
    REMINDER = "reminder"
    OVERDUE = "overdue"
    ESCALATION = "escalation"
    PROMISE_MOVED = "promise_moved"
    PROMISE_BROKEN = "promise_broken"
    PAUSE_ASKED = "pause_asked"
    PAUSE_APPROVED = "pause_approved"
    PAUSE_DENIED = "pause_denied"
    PAUSE_ENDED = "pause_ended"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_APPROVED = "extension_approved"
    EXTENSION_DENIED = "extension_denied"
    PAUSE_OVER = "pause_over"
    NOBODY_ELSE_TO_VISIT = "nobody_else_to_visit"  # told by the return visits
    OVERFLOW = "overflow"  # written beside the rules: what was too much for a day
    EMAIL_CODE = "email_code"  # written beside the rules: proves that an address is the person's own


# What says how far it is with an order, or what is to be done about it: no news of one that is over.
ON_THE_WAY: Final = frozenset(
    {
        Kind.ACCEPTED, Kind.DISPATCHED, Kind.UNDER_WAY, Kind.HANDLING, Kind.ON_HOLD, Kind.HELPING, Kind.MERGED,
        Kind.ASKED, Kind.TOLD, Kind.URGED, Kind.RETURNED, Kind.ARBITRATION, Kind.UNIT_ASSIGNED, Kind.REMINDER,
        Kind.OVERDUE, Kind.ESCALATION, Kind.PROMISE_MOVED, Kind.PROMISE_BROKEN, Kind.PAUSE_ASKED, Kind.EXTENSION_ASKED,
        Kind.PAUSE_OVER, Kind.TURNED_CRITICAL, Kind.RESUMED, Kind.RETURN_REFUSED, Kind.PAUSE_APPROVED,
        Kind.PAUSE_DENIED, Kind.PAUSE_ENDED, Kind.EXTENSION_APPROVED, Kind.EXTENSION_DENIED,
    }
)  # fmt: skip


class DeadlineKind(StrEnum):
    """What a clock has reached."""

    REMINDER = "reminder"
    OVERDUE = "overdue"
    ESCALATION = "escalation"
    PROMISE_MOVED = "promise_moved"
    PROMISE_BROKEN = "promise_broken"
    PAUSE_ASKED = "pause_asked"  # and nobody has decided on it; the same of the next
    EXTENSION_ASKED = "extension_asked"
    PAUSE_OVER = "pause_over"


@dataclass(frozen=True, slots=True)
class Telling:
    """One row of what has to be told."""

    audience: Audience
    kind: Kind
    urgency: Urgency


_PAUSE_ASKED: Final = (Telling(Audience.SUPERVISORS, Kind.PAUSE_ASKED, Urgency.SOON),)
_EXTENSION_ASKED: Final = (Telling(Audience.SUPERVISORS, Kind.EXTENSION_ASKED, Urgency.SOON),)
# Each is called as the action that decides it.
_DECISIONS: Final = (
    Kind.PAUSE_APPROVED, Kind.PAUSE_DENIED, Kind.PAUSE_ENDED, Kind.EXTENSION_APPROVED, Kind.EXTENSION_DENIED,
)  # fmt: skip


def _decided(kind: Kind) -> tuple[Telling, ...]:
    """Who asked may have it no more, and whoever has it goes by what was decided."""
    return Telling(Audience.WHO_ASKED, kind, Urgency.SOON), Telling(Audience.WORKER, kind, Urgency.SOON)


# By action of the order machine; an action that is not here is told to nobody. Reporters hear nothing of how units
# pass an order among themselves.
BY_ACTION: Final[dict[str, tuple[Telling, ...]]] = {
    "accept": (Telling(Audience.REPORTERS, Kind.ACCEPTED, Urgency.LATER),),
    "dispatch": (Telling(Audience.REPORTERS, Kind.UNDER_WAY, Urgency.LATER),),
    "claim": (Telling(Audience.REPORTERS, Kind.UNDER_WAY, Urgency.LATER),),
    "handle": (Telling(Audience.REPORTERS, Kind.HANDLING, Urgency.LATER),),
    "hold": (
        Telling(Audience.REPORTERS, Kind.ON_HOLD, Urgency.SOON),
        Telling(Audience.WORKER, Kind.ON_HOLD, Urgency.SOON),
        Telling(Audience.SUPERVISORS, Kind.ON_HOLD, Urgency.LATER),
    ),
    "return": (
        Telling(Audience.DESK, Kind.RETURNED, Urgency.SOON),  # which signs it off
        Telling(Audience.SUPERVISORS, Kind.RETURNED, Urgency.SOON),
    ),
    "answer": (Telling(Audience.REPORTERS, Kind.ANSWERED, Urgency.SOON),),
    "cancel": (
        # What was merged into it goes on by itself.
        Telling(Audience.REPORTER, Kind.CANCELLED, Urgency.SOON),
        Telling(Audience.WORKER, Kind.CANCELLED, Urgency.SOON),
    ),
    "merge": (Telling(Audience.REPORTERS, Kind.MERGED, Urgency.SOON),),
    "went-back": (Telling(Audience.REPORTER, Kind.MERGED, Urgency.SOON),),
    "unmerge": (Telling(Audience.REPORTER, Kind.SEPARATED, Urgency.SOON),),
    "reopen": (
        Telling(Audience.REPORTERS, Kind.REOPENED, Urgency.SOON),
        Telling(Audience.UNIT, Kind.REOPENED, Urgency.SOON),
    ),
    "urge": (
        Telling(Audience.WORKER, Kind.URGED, Urgency.SOON),
        Telling(Audience.SUPERVISORS, Kind.URGED, Urgency.LATER),
    ),
    # Who is asked is who reported this one; the others have nothing to answer.
    "ask": (Telling(Audience.REPORTER, Kind.ASKED, Urgency.SOON),),
    "pause_asked": _PAUSE_ASKED,
    "extension_asked": _EXTENSION_ASKED,
    **{kind.value: _decided(kind) for kind in _DECISIONS},
    "helper-added": (Telling(Audience.NEW_HELPERS, Kind.HELPING, Urgency.SOON),),
}

# Besides whom the clock names: who has it, or stands above.
BY_DEADLINE: Final[dict[DeadlineKind, tuple[Telling, ...]]] = {
    DeadlineKind.REMINDER: (),
    DeadlineKind.OVERDUE: (
        Telling(Audience.WORKER, Kind.OVERDUE, Urgency.NOW),
        Telling(Audience.DESK, Kind.OVERDUE, Urgency.SOON),
        Telling(Audience.UNIT, Kind.OVERDUE, Urgency.SOON),
    ),
    DeadlineKind.ESCALATION: (Telling(Audience.UNIT, Kind.ESCALATION, Urgency.NOW),),
    DeadlineKind.PROMISE_MOVED: (Telling(Audience.REPORTER, Kind.PROMISE_MOVED, Urgency.SOON),),
    # What is merged into it has a promise of its own.
    DeadlineKind.PROMISE_BROKEN: (Telling(Audience.REPORTER, Kind.PROMISE_BROKEN, Urgency.SOON),),
    DeadlineKind.PAUSE_ASKED: _PAUSE_ASKED,
    DeadlineKind.EXTENSION_ASKED: _EXTENSION_ASKED,
    DeadlineKind.PAUSE_OVER: (Telling(Audience.WORKER, Kind.PAUSE_OVER, Urgency.SOON),),
}

_TO_WHOM_IT_NAMES: Final = {
    DeadlineKind.REMINDER: (Kind.REMINDER, Urgency.SOON),
    DeadlineKind.OVERDUE: (Kind.OVERDUE, Urgency.SOON),
    DeadlineKind.ESCALATION: (Kind.ESCALATION, Urgency.NOW),
}

# While an order is at work with somebody, they are told when it is taken from them; afterwards it is history.
_RETURNED: Final = "returned"
_AT_WORK: Final = frozenset({"dispatched", "handling", "on_hold", _RETURNED})
_IN_THEIR_HANDS: Final = _AT_WORK - {_RETURNED}  # what was given back is the desk's to decide on
_IN_ARBITRATION: Final = "arbitration"
_OFFERED: Final = "offered"
_REOPEN: Final = "reopen"
# What puts an order back into the hand of who had it all along.
_THEIRS_AGAIN: Final = {"resume": Kind.RESUMED, "refuse-return": Kind.RETURN_REFUSED}
_URGE: Final = "urge"
_TOLD: Final = "told"
_IS_MERGED: Final = "merged"
_CANCELLED: Final = "cancelled"
_CRITICAL: Final = "critical"
_NOTED: Final = "noted"
_JOINED: Final = "joined"
_DISSATISFIED_UP_TO: Final = 2  # of five


def tellings(step: Step) -> Iterator[Telling]:
    """Who is told of a step. What a person did themselves is not among it: the caller leaves the actor out."""
    before, after = step.before, step.after
    to_act = _to_act(after)
    yield from _urged(after) if step.action == _URGE else BY_ACTION.get(step.action, ())
    if step.action == _TOLD:
        yield from reporter_said(after)
    if step.action == _REOPEN:  # where they are the desk it is all that they hear of it
        yield Telling(Audience.SUPERVISORS, Kind.REOPENED, to_act)
    if step.action == _OFFERED:
        yield Telling(Audience.POOL, Kind.OFFERED, to_act)
    if after.worker is not None and (before is None or before.worker != after.worker):
        yield Telling(Audience.WORKER, Kind.DISPATCHED, to_act)
    if step.action in _THEIRS_AGAIN and step.reason != NO_WORKER:  # the next step takes it from them
        yield Telling(Audience.WORKER, _THEIRS_AGAIN[step.action], to_act)
    if before is not None and before.worker not in {None, after.worker} and before.state.value in _AT_WORK:
        yield Telling(Audience.FORMER_WORKER, Kind.WITHDRAWN, Urgency.SOON)
    is_new_to_unit = after.unit is not None and (before is None or before.unit != after.unit)
    if is_new_to_unit and after.state not in TOLD:  # which asks nothing of it any more
        yield Telling(Audience.UNIT, Kind.UNIT_ASSIGNED, Urgency.SOON)
    if after.state.value == _IN_ARBITRATION and (before is None or before.state is not after.state):
        yield Telling(Audience.SUPERVISORS, Kind.ARBITRATION, Urgency.SOON)
    if step.action == "rate" and _is_dissatisfied(after):
        yield Telling(Audience.SUPERVISORS, Kind.DISSATISFIED, Urgency.SOON)


def _urged(order: Order) -> Iterator[Telling]:
    """An urge of what is merged is noted on the order that stands for it too, and told of that."""
    if order.state.value == _IS_MERGED:
        return
    if order.worker is None or order.state.value == _RETURNED:  # the desk alone can do something about it
        yield Telling(Audience.DESK, Kind.URGED, Urgency.SOON)
    yield from BY_ACTION[_URGE]


def reporter_said(order: Order) -> Iterator[Telling]:
    """Who hears that a reporter answered, or said more: who has it, else the desk. Of what is merged whoever has the
    order that stands for it, which is told apart; of what was answered nobody.
    """
    if order.state in TOLD or order.state.value in {_IS_MERGED, _CANCELLED}:
        return
    is_theirs = order.worker is not None and order.state.value != _RETURNED
    yield Telling(Audience.WORKER if is_theirs else Audience.DESK, Kind.TOLD, Urgency.SOON)


def beside(order: Order, follower: Order, action: str, by: str) -> Iterator[Telling]:
    """Who hears what is noted on the order that stands for a merged one: what its reporter adds; and that the rules
    merged something critical into it, for no person has read that.
    """
    if action == _NOTED:
        yield from reporter_said(order)
    elif action == _JOINED and by == SYSTEM and follower.severity == _CRITICAL:
        yield Telling(Audience.WORKER, Kind.TOLD, Urgency.NOW)
        yield Telling(Audience.DESK, Kind.TOLD, Urgency.NOW)


def at_desk(order: Order, *, supervisors_know: bool = False) -> Telling:
    """Who is told of an order that nobody fits: nobody looks after it until the desk does. Supervisors who are the
    desk, and know, are not told again.
    """
    return Telling(Audience.OPERATORS if supervisors_know else Audience.DESK, Kind.AT_DESK, _to_act(order))


def turned_critical(order: Order) -> Telling | None:
    """Who is told that an order is critical by now: who has it, by night too; None: nobody has, as it is answered."""
    if order.state in TOLD:
        return None
    is_theirs = order.worker is not None and order.state.value in _IN_THEIR_HANDS
    return Telling(Audience.WORKER if is_theirs else Audience.DESK, Kind.TURNED_CRITICAL, Urgency.NOW)


def _to_act(order: Order) -> Urgency:
    return Urgency.NOW if order.severity == _CRITICAL else Urgency.SOON


def about(kind: DeadlineKind, order: Order, to: Audience | None = None) -> tuple[Telling, ...]:
    """Who is told of a deadline: besides those of the table whom the clock names. What no worker has yet is the
    supervisors' to know.
    """
    told = BY_DEADLINE[kind]
    if to is not None and kind in _TO_WHOM_IT_NAMES and all(each.audience is not to for each in told):
        told = (Telling(to, *_TO_WHOM_IT_NAMES[kind]), *told)
    if order.worker is not None or any(each.audience is Audience.SUPERVISORS for each in told):
        return told
    return tuple(
        Telling(Audience.SUPERVISORS, each.kind, each.urgency) if each.audience is Audience.WORKER else each
        for each in told
    )


def _is_dissatisfied(order: Order) -> bool:
    rating = order.rating
    return rating is not None and (not rating.solved or rating.score <= _DISSATISFIED_UP_TO)
