"""The life of a work order as a table. Pure: takes a state and an action, says what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.roles import DESK, WORKERS, Role
from herun.order_words import Action as Action  # noqa: PLC0414 - the table's own words, told on
from herun.order_words import Word


class State(StrEnum):
    """Where a work order stands."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    ON_HOLD = "on_hold"
    RETURNED = "returned"
    ARBITRATION = "arbitration"
    RESOLVED = "resolved"
    ANSWERED = "answered"
    RATED = "rated"
    CLOSED = "closed"
    MERGED = "merged"
    CANCELLED = "cancelled"


# What each state means to the person who reported it.
SENTENCES: Final[dict[State, dict[str, str]]] = {
    State.SUBMITTED: {"zh": "已提交,等待受理。", "en": "Sent in, waiting to be accepted."},
    State.ACCEPTED: {"zh": "已受理,等待派单。", "en": "Accepted, waiting to be dispatched."},
    State.DISPATCHED: {"zh": "已派单,等待处理。", "en": "Dispatched to a worker, who has not begun yet."},
    State.HANDLING: {"zh": "正在处理。", "en": "Somebody is at work on it."},
    State.ON_HOLD: {"zh": "因故暂缓,到期继续处理。", "en": "On hold for a stated reason, until a stated time."},
    State.RETURNED: {
        "zh": "承办人申请退单,等待审核。",
        "en": "Its worker asks to give it back; that is looked at.",
    },
    State.ARBITRATION: {"zh": "责任归属待裁定。", "en": "It is being decided whose it is."},
    State.RESOLVED: {"zh": "已处理,等待答复。", "en": "Done, waiting to be answered."},
    State.ANSWERED: {"zh": "已答复。", "en": "Answered."},
    State.RATED: {"zh": "已评价,感谢您的反馈。", "en": "Rated; thank you."},
    State.CLOSED: {"zh": "已办结,评价期已过。", "en": "Closed; the time to rate it is over."},
    State.MERGED: {"zh": "已并入同一问题的工单,进展相同。", "en": "Merged into the order of the same matter."},
    State.CANCELLED: {"zh": "已取消。", "en": "Cancelled."},
}

RATE_IT: Final = {"zh": "请您评价。", "en": "Please rate it."}
ASKED: Final = {"zh": "有一个问题等您答复。", "en": "Its reporter is asked something."}

UNDER_WAY: Final = frozenset({State.ACCEPTED, State.DISPATCHED, State.HANDLING})
OVER: Final = frozenset({State.RATED, State.CLOSED, State.CANCELLED})
# Somebody has it in hand.
IN_HAND: Final = frozenset({State.DISPATCHED, State.HANDLING})
# The reporter has an answer.
TOLD: Final = frozenset({State.ANSWERED, State.RATED, State.CLOSED})

# Whoever did any of these to an order, or was asked to help, has a hand in what came of it: they took it, solved it or
# answered it; decided who does, or that it was theirs after all; or said what has to be done, or that it is.
HANDS: Final[frozenset[Action | Word]] = frozenset(
    {
        Action.CLAIM, Action.HANDLE, Action.RESOLVE, Action.ANSWER,
        Action.DISPATCH, Action.TRANSFER, Action.RECALL, Action.SIGN_OFF, Action.REFUSE_RETURN, Action.ARBITRATE,
        Word.HELPER_ADDED, Action.SPLIT, Word.LISTED, Word.TICKED,
    }
)  # fmt: skip

# What decides on an order that came back: besides the bond `deciders.py` says who.
DECISIONS: Final = frozenset({Action.SIGN_OFF, Action.REFUSE_RETURN, Action.ARBITRATE})

MAX_RETURNS: Final = 2  # after the second an arbiter decides, and what was decided is not given back again
MAX_TRANSFERS: Final = 2  # handing on is no way around that


class Bond(StrEnum):
    """What ties a person to one order, beyond their role at the site."""

    DESK = "desk"  # operators and supervisors: tied to all; of what is confidential supervisors alone
    SUPERVISOR = "supervisor"  # tied to all, and above whoever handles them
    CREW = "crew"  # could be dispatched to it
    WORKER = "worker"  # the one it is dispatched to
    HELPER = "helper"  # helps its worker: ticks off and notes, moves nothing
    REPORTER = "reporter"  # the one who sent it in
    RATER = "rater"  # the reporter, or for an alert's order a resident of its building; never who had a hand in it


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: an action, the states it starts from, the one it leads to, who may, and what must be filled.

    Target None: back to where the order was. Without bonds only the system does it, when a time is over.
    """

    action: Action
    sources: frozenset[State]
    target: State | None
    bonds: frozenset[Bond]
    requires: tuple[str, ...] = ()
    stays: bool = False  # the state does not change


def _row(
    action: Action, sources: set[State] | frozenset[State], target: State | None, bonds: set[Bond], *requires: str
) -> Transition:
    return Transition(action, frozenset(sources), target, frozenset(bonds), requires)


def _within(action: Action, sources: set[State] | frozenset[State], bonds: set[Bond], *requires: str) -> Transition:
    return Transition(action, frozenset(sources), None, frozenset(bonds), requires, stays=True)


_HOLDERS: Final = {Bond.DESK, Bond.WORKER}
# Somebody has still something to do.
OPEN: Final = UNDER_WAY | {State.SUBMITTED, State.ON_HOLD, State.RETURNED, State.ARBITRATION}

_TABLE: Final = (
    _row(Action.ACCEPT, {State.SUBMITTED}, State.ACCEPTED, {Bond.DESK}),
    _row(Action.DISPATCH, {State.ACCEPTED}, State.DISPATCHED, {Bond.DESK}),
    _row(Action.CLAIM, {State.ACCEPTED}, State.DISPATCHED, {Bond.CREW}),
    _row(Action.HANDLE, {State.DISPATCHED}, State.HANDLING, {Bond.WORKER}),
    _within(Action.ARRIVE, {State.HANDLING}, {Bond.WORKER}),
    _row(Action.TRANSFER, IN_HAND, State.DISPATCHED, {Bond.WORKER}, "worker", "reason"),
    _row(Action.HOLD, UNDER_WAY, State.ON_HOLD, _HOLDERS, "reason", "until"),
    _row(Action.RESUME, {State.ON_HOLD}, None, _HOLDERS),
    _within(Action.SPLIT, UNDER_WAY, _HOLDERS, "text"),
    _row(Action.MERGE, OPEN - {State.RETURNED, State.ARBITRATION}, State.MERGED, {Bond.DESK}, "master", "reason"),
    _row(Action.UNMERGE, {State.MERGED}, State.ACCEPTED, {Bond.DESK}, "reason"),
    _row(Action.RETURN, IN_HAND, State.RETURNED, {Bond.WORKER}, "code", "reason"),
    _row(Action.SIGN_OFF, {State.RETURNED}, State.ACCEPTED, {Bond.DESK}),
    _row(Action.REFUSE_RETURN, {State.RETURNED}, State.DISPATCHED, {Bond.DESK}, "reason"),
    _row(Action.ARBITRATE, {State.ARBITRATION}, State.DISPATCHED, {Bond.DESK}, "worker", "reason"),
    _row(Action.RECALL, IN_HAND, State.ACCEPTED, {Bond.DESK}, "reason"),
    _row(Action.RESOLVE, {State.HANDLING}, State.RESOLVED, {Bond.WORKER}, "text"),
    _row(Action.ANSWER, {State.RESOLVED}, State.ANSWERED, {Bond.DESK, Bond.WORKER}, "text"),
    _row(Action.RATE, {State.ANSWERED}, State.RATED, {Bond.RATER}, "score"),
    _row(Action.CLOSE, {State.ANSWERED, State.RESOLVED}, State.CLOSED, set()),
    _row(Action.REOPEN, {*TOLD, State.MERGED, State.CANCELLED}, State.ACCEPTED, {Bond.DESK, Bond.REPORTER}, "reason"),
    _within(Action.CONFIDE, frozenset(State), {Bond.SUPERVISOR, Bond.REPORTER}, "reason"),
    _within(Action.DISCLOSE, frozenset(State), {Bond.SUPERVISOR}, "reason"),
    _row(
        Action.CANCEL,
        {State.SUBMITTED, State.ACCEPTED, State.DISPATCHED, State.ON_HOLD, State.ARBITRATION, State.MERGED},
        State.CANCELLED,
        {Bond.DESK, Bond.REPORTER},
        "reason",
    ),
)
TRANSITIONS: Final[dict[Action, Transition]] = {row.action: row for row in _TABLE}

# The roles that can have each bond: what the route itself asks for.
ROLES_OF_BOND: Final[dict[Bond, tuple[Role, ...]]] = {
    Bond.DESK: DESK,
    Bond.SUPERVISOR: (Role.SUPERVISOR,),
    Bond.CREW: WORKERS,
    Bond.WORKER: WORKERS,
    Bond.HELPER: WORKERS,
    Bond.REPORTER: (*DESK, *WORKERS, Role.RESIDENT),
    Bond.RATER: (*DESK, *WORKERS, Role.RESIDENT),
}


def next_state(state: State, action: Action, before: State | None = None) -> State | None:
    """Where the action leads from this state; None if it cannot be done there.

    `before` is where the order was when it was put aside.
    """
    row = TRANSITIONS[action]
    if state not in row.sources:
        return None
    return state if row.stays else row.target or before


def sentence(
    state: State, master: State | None = None, *, is_asked: bool = False, can_rate: bool = False
) -> dict[str, str]:
    """How an order stands, by language; of a merged one also how its master stands; and what is asked for."""
    wanted = [*([RATE_IT] if can_rate else []), *([ASKED] if is_asked else [])]
    said = [SENTENCES[state], *([SENTENCES[master]] if master else []), *wanted]
    return {"zh": "".join(each["zh"] for each in said), "en": " ".join(each["en"] for each in said)}


def possible(state: State) -> list[Action]:
    """The actions that people can do in this state, in the table's order."""
    return [row.action for row in _TABLE if state in row.sources and row.bonds]


def roles_for(action: Action) -> tuple[Role, ...]:
    """The roles that may try an action at all; none for what only the system does."""
    bonds = TRANSITIONS[action].bonds
    return tuple(role for role in Role if any(role in ROLES_OF_BOND[bond] for bond in bonds))
