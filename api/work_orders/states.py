"""The life of a work order as a table. Pure: takes a state and an action, says what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.roles import DESK, WORKERS, Role


class State(StrEnum):
    """Where a work order stands."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    RESOLVED = "resolved"
    ANSWERED = "answered"
    RATED = "rated"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What can be done to a work order."""

    ACCEPT = "accept"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    RESOLVE = "resolve"
    ANSWER = "answer"
    RATE = "rate"
    RETURN = "return"
    REOPEN = "reopen"
    CANCEL = "cancel"


# What each state means to the person who reported it.
SENTENCES: Final[dict[State, dict[str, str]]] = {
    State.SUBMITTED: {"zh": "已提交,等待受理。", "en": "Sent in, waiting to be accepted."},
    State.ACCEPTED: {"zh": "已受理,等待派单。", "en": "Accepted, waiting to be dispatched."},
    State.DISPATCHED: {"zh": "已派单,等待处理。", "en": "Dispatched to a worker, who has not begun yet."},
    State.HANDLING: {"zh": "正在处理。", "en": "Somebody is at work on it."},
    State.RESOLVED: {"zh": "已处理,等待答复。", "en": "Done, waiting to be answered."},
    State.ANSWERED: {"zh": "已答复,请您评价。", "en": "Answered; please rate it."},
    State.RATED: {"zh": "已评价,感谢您的反馈。", "en": "Rated; thank you."},
    State.CANCELLED: {"zh": "已取消。", "en": "Cancelled."},
}


class Bond(StrEnum):
    """What ties a person to one order, beyond their role at the site."""

    DESK = "desk"  # operators and supervisors: tied to all
    WORKER = "worker"  # the one it is dispatched to
    REPORTER = "reporter"  # the one who sent it in
    RATER = "rater"  # the reporter, or for an alert's order a resident of its building; never who closed it


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: an action, the states it starts from, the one it leads to, who may, and which field must be filled."""

    action: Action
    sources: frozenset[State]
    target: State
    bonds: frozenset[Bond]
    requires: str | None = None


def _row(
    action: Action, sources: set[State], target: State, bonds: set[Bond], requires: str | None = None
) -> Transition:
    return Transition(action, frozenset(sources), target, frozenset(bonds), requires)


_TABLE: Final = (
    _row(Action.ACCEPT, {State.SUBMITTED}, State.ACCEPTED, {Bond.DESK}),
    _row(Action.DISPATCH, {State.ACCEPTED}, State.DISPATCHED, {Bond.DESK}),
    _row(Action.HANDLE, {State.DISPATCHED}, State.HANDLING, {Bond.WORKER}),
    _row(Action.RESOLVE, {State.HANDLING}, State.RESOLVED, {Bond.WORKER}, "text"),
    _row(Action.ANSWER, {State.RESOLVED}, State.ANSWERED, {Bond.DESK, Bond.WORKER}, "text"),
    _row(Action.RATE, {State.ANSWERED}, State.RATED, {Bond.RATER}, "score"),
    _row(Action.RETURN, {State.DISPATCHED, State.HANDLING}, State.ACCEPTED, {Bond.DESK, Bond.WORKER}, "reason"),
    _row(Action.REOPEN, {State.ANSWERED, State.RATED}, State.ACCEPTED, {Bond.DESK, Bond.REPORTER}, "reason"),
    _row(
        Action.CANCEL,
        {State.SUBMITTED, State.ACCEPTED, State.DISPATCHED},
        State.CANCELLED,
        {Bond.DESK, Bond.REPORTER},
        "reason",
    ),
)
TRANSITIONS: Final[dict[Action, Transition]] = {row.action: row for row in _TABLE}

# The roles that can have each bond: what the route itself asks for.
ROLES_OF_BOND: Final[dict[Bond, tuple[Role, ...]]] = {
    Bond.DESK: DESK,
    Bond.WORKER: WORKERS,
    Bond.REPORTER: (*DESK, *WORKERS, Role.RESIDENT),
    Bond.RATER: (*DESK, *WORKERS, Role.RESIDENT),
}


def next_state(state: State, action: Action) -> State | None:
    """Where the action leads from this state; None if it cannot be done there."""
    row = TRANSITIONS[action]
    return row.target if state in row.sources else None


def possible(state: State) -> list[Action]:
    """The actions that can be done in this state, in the table's order."""
    return [row.action for row in _TABLE if state in row.sources]


def roles_for(action: Action) -> tuple[Role, ...]:
    """The roles that may try an action at all."""
    bonds = TRANSITIONS[action].bonds
    return tuple(role for role in Role if any(role in ROLES_OF_BOND[bond] for bond in bonds))
