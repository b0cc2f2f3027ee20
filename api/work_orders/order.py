"""One work order and what moves it. Pure: no I/O, no clock; takes an order and returns the next."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from api.roles import DESK, READERS, WORKERS, Role
from api.work_orders.schemas import Origin
from api.work_orders.states import TRANSITIONS, Action, Bond, State, next_state
from herun.alerts import Alert, AlertState
from herun.clock import to_datetime


@dataclass(frozen=True, slots=True)
class Order:
    """A work order as it is stored. `version` counts its history; `opened_seq` is its place among the site's orders."""

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
    score: int | None = None
    solved: bool | None = None
    comment: str | None = None
    rated_by: str | None = None
    unit: str | None = None
    confidential: bool = False
    merged_into: str | None = None


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
    score: int | None = None
    solved: bool | None = None


def sees(person: Person, order: Order) -> bool:
    """True if the order is for this person's eyes; the same as the statement `page` of queries.sql."""
    return person.has(*READERS) or person.username in {order.worker, order.reporter} or _is_of_building(person, order)


def bonds(person: Person, order: Order, closers: AbstractSet[str]) -> set[Bond]:
    """What ties a person to an order. `closers` are those who handled, resolved or answered it: they never rate."""
    found = set()
    if person.has(*DESK):
        found.add(Bond.DESK)
    if order.worker == person.username and person.has(*WORKERS):
        found.add(Bond.WORKER)
    is_reporter = order.reporter == person.username
    if is_reporter:
        found.add(Bond.REPORTER)
    of_building = _is_of_building(person, order) and person.has(Role.RESIDENT)
    if (is_reporter or of_building) and person.username not in closers:
        found.add(Bond.RATER)
    return found


def moved(order: Order, move: Move, by: str, at: datetime) -> Order | None:
    """The order after the move; None if it cannot be made from its state. Reopening starts a clean round."""
    state = next_state(order.state, move.action)
    if state is None:
        return None
    return replace(order, state=state, updated_at=at, version=order.version + 1, **_changes(move, by))


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
    needed = TRANSITIONS[move.action].requires
    brought = {"text": move.text, "reason": move.text, "score": move.score}
    return needed if needed is not None and brought[needed] is None else None


def _changes(move: Move, by: str) -> dict[str, Any]:
    match move.action:
        case Action.DISPATCH:
            return {"worker": move.worker}
        case Action.RESOLVE:
            return {"resolution": move.text}
        case Action.ANSWER:
            return {"answer": move.text}
        case Action.RATE:
            return {"score": move.score, "solved": move.solved, "comment": move.text, "rated_by": by}
        case Action.RETURN:
            return {"worker": None}
        case Action.REOPEN:
            rating = {"score": None, "solved": None, "comment": None, "rated_by": None}
            return {"worker": None, "resolution": None, "answer": None, **rating}
        case _:
            return {}


def _is_of_building(person: Person, order: Order) -> bool:
    return order.origin is Origin.ALERT and order.building is not None and order.building == person.building
