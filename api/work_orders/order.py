"""One work order and what moves it. Pure: no I/O, no clock; takes an order and returns the next."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from api.distance import Place, point_of
from api.roles import DESK, READERS, WORKERS, Role
from api.work_orders.kinds import Channel, Origin, ReturnCode
from api.work_orders.states import MAX_RETURNS, MAX_TRANSFERS, OPEN, TOLD, TRANSITIONS, Action, Bond, State, next_state
from herun.alerts import Alert, AlertState
from herun.clock import to_datetime

RATED_WITHIN: Final = timedelta(days=7)  # of the answer; after it silence is silence
CONFIDANTS: Final = (Role.SUPERVISOR, Role.AUDITOR)  # read a confidential order besides those who are tied to it


@dataclass(frozen=True, slots=True)
class Rating:
    """What a reporter says of an order: solved and satisfied are two questions; the aspects may be left out."""

    score: int  # satisfied, 1 to 5
    solved: bool
    comment: str | None = None
    speed: int | None = None
    attitude: int | None = None
    result: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A work order as it is stored.

    `version` counts its history, `opened_seq` is its place among the site's orders; times and rating are those of the
    present round, `reopens` counts those before. `master_...` are of what it is merged into, `crew_above` has that, or
    what it is a part of, or helps with it. `pool`: to whom it was offered while it was accepted; `helpers`: of its
    worker. `asked_until`: its reporter is asked something, and may answer until then.
    """

    number: str
    origin: Origin
    state: State
    category: str
    severity: str
    title: dict[str, str]
    text: dict[str, str]
    building: str | None
    zone: str | None
    opened_seq: int
    opened_at: datetime
    updated_at: datetime
    version: int = 1
    channel: Channel = Channel.ACCOUNT
    confidential: bool = False
    unit: str | None = None
    grid: str | None = None
    lat: float | None = None
    lon: float | None = None
    address: str | None = None
    attributes: dict[str, Any] | None = None
    parent: str | None = None
    merged_into: str | None = None
    state_before: State | None = None
    hold_until: datetime | None = None
    returns: int = 0
    transfers: int = 0
    reopens: int = 0
    arbitrated: bool = False
    alert_id: UUID | None = None
    alert_version: int | None = None
    alert_rule_uid: str | None = None
    alert_count: int | None = None
    alert_cleared_at: datetime | None = None
    reporter: str | None = None
    contact_phone: str | None = None
    worker: str | None = None
    resolution: str | None = None
    answer: str | None = None
    accepted_at: datetime | None = None
    dispatched_at: datetime | None = None
    handled_at: datetime | None = None
    arrived_at: datetime | None = None
    resolved_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    rating: Rating | None = None
    rated_by: str | None = None
    master_state: State | None = None
    master_answer: str | None = None
    master_answered_at: datetime | None = None
    master_confidential: bool | None = None
    crew_above: tuple[str, ...] = ()
    asked_until: datetime | None = None
    pool: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()

    @property
    def account(self) -> str | None:
        """Who reported it by an account; none is the name that a client of Open311 stands in with for whoever did."""
        return None if self.channel is Channel.OPEN311 else self.reporter

    @property
    def where(self) -> Place:
        """Its building and map point, as far as they are known."""
        return Place(self.building, point_of(self.lat, self.lon))


@dataclass(frozen=True, slots=True)
class Person:
    """What of a person decides on what they may do to an order."""

    username: str
    roles: AbstractSet[Role]
    building: str | None

    def has(self, *roles: Role) -> bool:
        """True if they have any of these roles."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Move:
    """One action with what it brings: `text` is reason, resolution, answer or comment."""

    action: Action
    text: str | None = None
    worker: str | None = None
    rating: Rating | None = None
    until: datetime | None = None
    master: str | None = None
    code: ReturnCode | None = None
    detail: dict[str, Any] | None = None  # what else its entry of the history says


def sees(person: Person, order: Order) -> bool:
    """True if the order is for this person's eyes; the same as `_grounds` of the lists."""
    return person.username == order.reporter or is_inside(person, order) or _is_of_building(person, order)


def is_inside(person: Person, order: Order) -> bool:
    """True if they look after the order, have it, help with it or may take it, or have or help with what it is merged
    into or a part of: what is said among those is for them. Who sees it only as its reporter, or as a neighbour, hears
    what is meant for reporters, whatever their roles.
    """
    if is_at_work(person, order):
        return True
    if order.confidential:
        return person.has(*CONFIDANTS)
    is_above = person.username in order.crew_above and person.has(*WORKERS)
    return person.has(*READERS) or is_above or may_take(person, order)


def works_on(person: Person, order: Order) -> bool:
    """True if they have it; whoever is no worker any more has nothing, whatever is still in their name."""
    return person.username == order.worker and person.has(*WORKERS)


def is_at_work(person: Person, order: Order) -> bool:
    """True if they have it or help with it."""
    return works_on(person, order) or _helps(person, order)


def may_take(person: Person, order: Order) -> bool:
    """True if the order is offered to this person, and nobody has it."""
    is_open = order.state is State.ACCEPTED and not order.confidential
    return is_open and person.username in order.pool and person.has(*WORKERS)


def bonds(person: Person, order: Order, hands: AbstractSet[str]) -> set[Bond]:
    """What ties a person to an order. `hands` are those who had a hand in it: they never rate, nor does who helps."""
    found = set()
    # Of a confidential order an operator is no desk, though they may see it: they reported it, have it, or are auditor.
    if person.has(Role.SUPERVISOR) or (person.has(*DESK) and not order.confidential):
        found.add(Bond.DESK)
    if person.has(Role.SUPERVISOR):
        found.add(Bond.SUPERVISOR)
    if person.has(*WORKERS):
        found.add(Bond.CREW)
    if works_on(person, order):
        found.add(Bond.WORKER)
    if _helps(person, order):
        found.add(Bond.HELPER)
    is_reporter = order.reporter == person.username
    if is_reporter:
        found.add(Bond.REPORTER)
    of_building = _is_of_building(person, order) and person.has(Role.RESIDENT)
    if (is_reporter or of_building) and person.username not in hands and Bond.HELPER not in found:
        found.add(Bond.RATER)
    return found


def moved(order: Order, move: Move, by: str, at: datetime) -> Order | None:
    """The order after the move; None if it cannot be made from its state.

    Reopening starts a clean round; what was given back stays counted: after the second return, whatever becomes of it
    and of the order, no rule, no desk and no worker decides whose it is, but an arbiter.
    """
    state = next_state(order.state, move.action, order.state_before)
    if state is None:
        return None
    is_given_anew = state is State.ACCEPTED or move.action is Action.REFUSE_RETURN
    if is_given_anew and order.returns >= MAX_RETURNS:
        state = State.ARBITRATION
    changes = {**_times(order, state, move.action, at), **_changes(order, move, by, at)}
    if state is State.ARBITRATION:
        changes |= _TO_NOBODY
    return replace(order, state=state, updated_at=at, version=order.version + 1, **changes)


def gone_back(order: Order, master: str, at: datetime) -> Order:
    """The merged order in the one that it came with: whoever has rated what the other one came to rates anew."""
    anew = waits_anew(order)
    return replace(anew, merged_into=master, updated_at=at, version=order.version + 1)


def waits_anew(order: Order) -> Order:
    """A merged order that waits for another answer, in the same one: whoever has rated begins a round, and rates it."""
    return replace(order, **_a_new_round(order) | {"merged_into": order.merged_into}) if order.rating else order


def amended(order: Order, alert: Alert, at: datetime) -> tuple[Order, bool] | None:
    """The order after a later version of its alert, and whether that is worth an entry of its history: clearing is.

    None if the version is not later than what the order knows.
    """
    if order.alert_version is not None and alert.version <= order.alert_version:
        return None
    cleared_at = to_datetime(alert.cleared_at) if alert.cleared_at is not None else None
    noted = alert.state is AlertState.CLEARED and order.alert_cleared_at is None
    changed = replace(
        order,
        alert_version=alert.version,
        alert_count=alert.count,
        alert_cleared_at=cleared_at,
        updated_at=at,
        version=order.version + 1 if noted else order.version,
    )
    return changed, noted


def lacks(move: Move) -> str | None:
    """The field that the table asks for with this action and that the move does not bring; None if it is whole."""
    brought = {
        "text": move.text, "reason": move.text, "score": move.rating, "worker": move.worker, "until": move.until,
        "master": move.master, "code": move.code,
    }  # fmt: skip
    return next((needed for needed in TRANSITIONS[move.action].requires if brought[needed] is None), None)


def used_up(order: Order, action: Action) -> str | None:
    """Why an action that its worker has a limited number of is not to be had any more; None if it is."""
    if order.arbitrated and action in {Action.RETURN, Action.TRANSFER}:
        return "an arbiter has decided whose it is"
    if action is Action.RETURN and order.returns >= MAX_RETURNS:
        return f"it was given back {order.returns} times already"
    if action is Action.TRANSFER and order.transfers >= MAX_TRANSFERS:
        return f"it was handed on {order.transfers} times already"
    return None


def is_own_cause(order: Order, person: Person, action: Action) -> bool:
    """True for what they may not take from themselves, whatever else they are: a return and the desk decides on it.

    Who reported an order may withdraw it all the same.
    """
    is_withdrawn = action is Action.CANCEL and person.username == order.reporter
    return action in {Action.RECALL, Action.CANCEL} and works_on(person, order) and not is_withdrawn


def has_to_be_answered(order: Order, who: str) -> bool:
    """True if it may not be cancelled, because it would vanish without an answer: somebody is at work on it, or was in
    this round and it is not its reporter who withdraws it. What is merged its reporter alone withdraws, and in time.
    """
    if order.state is State.MERGED:
        return who != order.reporter or order.master_state not in OPEN
    is_at_work = order.state is State.ON_HOLD and order.state_before is State.HANDLING
    return is_at_work or (order.handled_at is not None and who != order.reporter)


# When an order last came to a state, in the present round.
_TIME_OF: Final = {
    State.ACCEPTED: "accepted_at",
    State.DISPATCHED: "dispatched_at",
    State.HANDLING: "handled_at",
    State.RESOLVED: "resolved_at",
    State.ANSWERED: "answered_at",
    State.RATED: "closed_at",
    State.CLOSED: "closed_at",
    State.CANCELLED: "closed_at",
}


def _times(order: Order, state: State, action: Action, at: datetime) -> dict[str, Any]:
    name = _TIME_OF.get(state)
    is_taken_up_again = action in {Action.RESUME, Action.REFUSE_RETURN}
    return {} if name is None or state is order.state or is_taken_up_again else {name: at}


def is_time_over(order: Order, action: Action, at: datetime) -> bool:
    """True if its hold has ended (`resume`), or nobody has rated it in time (`close`)."""
    if action is Action.RESUME:
        return order.state is State.ON_HOLD and order.hold_until is not None and order.hold_until <= at
    return order.state is State.ANSWERED and order.answered_at is not None and order.answered_at + RATED_WITHIN <= at


def is_time_to_rate(order: Order, at: datetime) -> bool:
    """True while it can be rated: as long after the answer of what it is merged into as after its own."""
    answered_at = order.master_answered_at
    is_in_time = answered_at is not None and at < answered_at + RATED_WITHIN
    return State.ANSWERED in {order.state, order.master_state} or (order.master_state is State.RATED and is_in_time)


def is_to_be_rated(order: Order, at: datetime) -> bool:
    """True while a rating is waited for."""
    return order.rating is None and is_time_to_rate(order, at)


def stands(order: Order, at: datetime) -> State:
    """How it stands with the matter for who reported it: merged, as its master, but rated for itself."""
    if order.master_state not in TOLD:
        return order.master_state or order.state
    if order.rating is not None:
        return State.RATED
    return State.ANSWERED if is_to_be_rated(order, at) else State.CLOSED


def is_asked(order: Order, at: datetime) -> bool:
    """True while a question waits for its reporter's answer: in time, and neither answered nor over."""
    in_time = order.asked_until is not None and at < order.asked_until
    return in_time and stands(order, at) not in TOLD | {State.CANCELLED}


_TO_NOBODY: Final[dict[str, Any]] = {"worker": None, "pool": (), "helpers": ()}
_TAKEN_UP: Final = {"state_before": None, "hold_until": None}
_ON_ITS_OWN: Final[dict[str, Any]] = {
    "merged_into": None, "master_state": None, "master_answer": None, "master_answered_at": None,
    "master_confidential": None, "crew_above": (),
}  # fmt: skip
_NEW_ROUND: Final = {
    **_TO_NOBODY, "resolution": None, "answer": None, "dispatched_at": None, "handled_at": None, "arrived_at": None,
    "resolved_at": None, "answered_at": None, "closed_at": None, "transfers": 0, **_TAKEN_UP,
    "rating": None, "rated_by": None, **_ON_ITS_OWN,
}  # fmt: skip


def _a_new_round(order: Order) -> dict[str, Any]:
    return {**_NEW_ROUND, "reopens": order.reopens + 1}


_Changes = Callable[[Order, Move, str, datetime], dict[str, Any]]
# What each action changes besides state and time; what is not named here changes nothing else.
_CHANGES: Final[dict[Action, _Changes]] = {
    Action.DISPATCH: lambda _order, move, _by, _at: {"worker": move.worker},
    Action.CLAIM: lambda _order, _move, by, _at: {"worker": by},
    Action.HANDLE: lambda _order, _move, _by, _at: {"arrived_at": None},  # whoever had it before was there, if anybody
    Action.ARRIVE: lambda _order, _move, _by, at: {"arrived_at": at},
    Action.TRANSFER: lambda order, move, _by, _at: {
        "worker": move.worker,
        "transfers": order.transfers + 1,
        "helpers": tuple(helper for helper in order.helpers if helper != move.worker),
    },
    Action.HOLD: lambda order, move, _by, _at: {"state_before": order.state, "hold_until": move.until},
    Action.RESUME: lambda _order, _move, _by, _at: _TAKEN_UP,
    Action.MERGE: lambda _order, move, _by, _at: {"merged_into": move.master, **_TO_NOBODY, **_TAKEN_UP},
    # Whoever has rated what the other order came to rates anew what their own comes to.
    Action.UNMERGE: lambda order, _move, _by, _at: _a_new_round(order) if order.rating else _ON_ITS_OWN,
    Action.RETURN: lambda order, _move, _by, _at: {"returns": order.returns + 1},
    Action.SIGN_OFF: lambda _order, _move, _by, _at: _TO_NOBODY,
    Action.RECALL: lambda _order, _move, _by, _at: _TO_NOBODY,
    Action.ARBITRATE: lambda _order, move, _by, _at: {"worker": move.worker, "arbitrated": True},
    Action.RESOLVE: lambda _order, move, _by, _at: {"resolution": move.text, "pool": ()},
    Action.ANSWER: lambda _order, move, _by, _at: {"answer": move.text},
    Action.RATE: lambda _order, move, by, _at: {"rating": move.rating, "rated_by": by},
    Action.REOPEN: lambda order, _move, _by, _at: _a_new_round(order),
    Action.CONFIDE: lambda _order, _move, _by, _at: {"confidential": True, "helpers": ()},
    Action.CANCEL: lambda _order, _move, _by, _at: {"pool": ()},
    Action.DISCLOSE: lambda _order, _move, _by, _at: {"confidential": False},
}


def _changes(order: Order, move: Move, by: str, at: datetime) -> dict[str, Any]:
    changes = _CHANGES.get(move.action)
    return changes(order, move, by, at) if changes else {}


def _helps(person: Person, order: Order) -> bool:
    return person.username in order.helpers and person.has(*WORKERS)


def _is_of_building(person: Person, order: Order) -> bool:
    is_open_to_all = order.origin is Origin.ALERT and not order.confidential
    return is_open_to_all and order.building is not None and order.building == person.building
