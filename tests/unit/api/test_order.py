"""Who is tied to an order, and what moves and alerts make of it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from api.roles import Role
from api.work_orders.kinds import Origin, ReturnCode
from api.work_orders.order import Move, Order, Person, Rating, amended, bonds, lacks, moved, sees, used_up
from api.work_orders.states import TRANSITIONS, Action, Bond, State
from herun.alerts import Alert, AlertState

AT: Final = datetime(2026, 6, 1, 4, tzinfo=UTC)
LATER: Final = AT + timedelta(hours=1)
REPORT: Final = Order(
    number="WO20260601-000001", origin=Origin.REPORT, state=State.SUBMITTED, category="water", severity="info",
    title={}, text={}, building="b1", zone=None, opened_seq=1, opened_at=AT, updated_at=AT, reporter="rita",
)  # fmt: skip
ALERT_ORDER: Final = replace(
    REPORT, origin=Origin.ALERT, reporter=None, alert_id=uuid.UUID(int=1), alert_version=1, alert_count=1
)


def whole(action: Action) -> Move:
    return Move(
        action, "words", worker="gwen", rating=Rating(1, solved=True), until=LATER, master="WO20260601-000002",
        code=ReturnCode.NOT_OURS,
    )  # fmt: skip


def person(username: str, *roles: Role, building: str | None = None) -> Person:
    return Person(username, frozenset(roles), building)


RITA: Final = person("rita", Role.RESIDENT, building="b1")
ROB: Final = person("rob", Role.RESIDENT, building="b1")
RUTH: Final = person("ruth", Role.RESIDENT, building="b2")


def alert(**changes: Any) -> Alert:
    values: dict[str, Any] = {
        "site": "s1", "alert_id": str(uuid.UUID(int=1)), "version": 2, "rule_uid": "r", "rule_version": 1, "key": "k",
        "state": AlertState.RAISED, "severity": "critical", "category": "water", "raised_at": 0, "updated_at": 0,
        "cleared_at": None, "count": 3, "device": None, "zone": None, "building": "b1", "opens_order": True,
        "title": {}, "text": {}, "cause": {},
    }  # fmt: skip
    return Alert(**{**values, **changes})


def test_a_report_is_rated_by_its_reporter_only() -> None:
    assert Bond.RATER in bonds(RITA, REPORT, set())
    assert Bond.RATER not in bonds(ROB, REPORT, set())


def test_an_alerts_order_is_rated_by_residents_of_its_building_only() -> None:
    assert Bond.RATER in bonds(ROB, ALERT_ORDER, set())
    assert Bond.RATER not in bonds(RUTH, ALERT_ORDER, set())
    assert Bond.RATER not in bonds(person("otto", Role.OPERATOR, building="b1"), ALERT_ORDER, set())


def test_an_alerts_order_without_building_is_rated_by_nobody() -> None:
    nowhere = replace(ALERT_ORDER, building=None)
    assert Bond.RATER not in bonds(person("x", Role.RESIDENT, building=None), nowhere, set())


@pytest.mark.parametrize("order", [REPORT, ALERT_ORDER])
def test_whoever_had_a_hand_in_an_order_never_rates_it(order: Order) -> None:
    both = person("rita", Role.RESIDENT, Role.GRID_WORKER, building="b1")
    assert Bond.RATER in bonds(both, order, {"gwen"})
    assert Bond.RATER not in bonds(both, order, {"gwen", "rita"})


def test_the_worker_is_whom_it_is_dispatched_to() -> None:
    order = replace(REPORT, worker="gwen")
    assert bonds(person("gwen", Role.GRID_WORKER), order, set()) == {Bond.WORKER, Bond.CREW}
    assert bonds(person("greg", Role.GRID_WORKER), order, set()) == {Bond.CREW}


def test_a_worker_who_is_none_any_more_has_lost_the_tie() -> None:
    assert bonds(person("gwen", Role.RESIDENT), replace(REPORT, worker="gwen"), set()) == set()


def test_residents_see_their_reports_and_their_buildings_alerts() -> None:
    assert sees(RITA, REPORT)
    assert not sees(ROB, REPORT)
    assert sees(ROB, ALERT_ORDER)
    assert not sees(RUTH, ALERT_ORDER)


def test_whoever_works_on_a_master_reads_what_is_merged_into_it_and_is_tied_to_nothing() -> None:
    twin, gwen = replace(REPORT, state=State.MERGED, crew_above=("greg", "gwen")), person("gwen", Role.GRID_WORKER)
    assert sees(gwen, twin)
    assert bonds(gwen, twin, set()) == {Bond.CREW}
    assert not sees(gwen, replace(twin, confidential=True))
    assert not sees(person("gwen", Role.RESIDENT), twin)
    assert not sees(person("paul", Role.GRID_WORKER), twin)


def test_a_move_that_the_table_does_not_have_makes_nothing() -> None:
    assert moved(REPORT, Move(Action.RATE, rating=Rating(1, solved=False)), "rita", LATER) is None


def test_every_move_counts_and_dates_the_order() -> None:
    after = moved(REPORT, Move(Action.ACCEPT), "system", LATER)
    assert after == replace(REPORT, state=State.ACCEPTED, version=2, updated_at=LATER, accepted_at=LATER)


@pytest.mark.parametrize("action", Action)
def test_a_move_brings_what_the_table_asks_for(action: Action) -> None:
    assert lacks(Move(action)) == next(iter(TRANSITIONS[action].requires), None)
    assert lacks(whole(action)) is None


@pytest.mark.parametrize("action", Action)
def test_every_field_that_the_table_asks_for_is_asked_for(action: Action) -> None:
    named = {"text": "text", "reason": "text", "score": "rating"}
    for needed in TRANSITIONS[action].requires:
        missing: dict[str, Any] = {named.get(needed, needed): None}
        assert lacks(replace(whole(action), **missing)) == needed


def given_back(order: Order) -> Order:
    after = moved(order, whole(Action.RETURN), "gwen", LATER)
    assert after is not None
    return after


def signed_off(order: Order) -> Order:
    after = moved(order, Move(Action.SIGN_OFF), "oscar", LATER)
    assert after is not None
    return after


HANDLED: Final = replace(REPORT, state=State.HANDLING, worker="gwen")


def test_the_worker_has_a_returned_order_until_it_is_signed_off() -> None:
    returned = given_back(HANDLED)
    assert (returned.state, returned.worker) == (State.RETURNED, "gwen")
    after = signed_off(returned)
    assert (after.state, after.worker) == (State.ACCEPTED, None)


def test_after_the_second_return_an_arbiter_decides_and_that_is_final() -> None:
    twice = given_back(replace(HANDLED, returns=1))
    disputed = signed_off(twice)
    assert disputed.state is State.ARBITRATION
    decided = moved(disputed, replace(whole(Action.ARBITRATE), worker="greg"), "sue", LATER)
    assert decided is not None
    assert (decided.state, decided.worker) == (State.DISPATCHED, "greg")
    assert used_up(decided, Action.RETURN)
    assert used_up(decided, Action.TRANSFER)


def test_refused_returns_count_too() -> None:
    refuse = Move(Action.REFUSE_RETURN, "yours")
    once = moved(given_back(HANDLED), refuse, "oscar", LATER)
    assert once is not None
    assert (once.state, once.worker) == (State.DISPATCHED, "gwen")
    twice = moved(given_back(replace(HANDLED, returns=1)), refuse, "oscar", LATER)
    assert twice is not None
    assert (twice.state, twice.worker) == (State.ARBITRATION, None)


def test_no_arbiter_is_escaped_by_cancelling_and_reopening() -> None:
    disputed = replace(REPORT, state=State.ARBITRATION, returns=2)
    cancelled = moved(disputed, Move(Action.CANCEL, "never mind"), "oscar", LATER)
    assert cancelled is not None
    again = moved(cancelled, Move(Action.REOPEN, "it is still there"), "rita", LATER)
    assert again is not None
    assert again.state is State.ARBITRATION


@pytest.mark.parametrize("state", [State.ACCEPTED, State.DISPATCHED, State.HANDLING])
def test_what_was_on_hold_goes_on_where_it_was(state: State) -> None:
    order = replace(REPORT, state=state, worker="gwen", dispatched_at=AT, handled_at=AT)
    held = moved(order, whole(Action.HOLD), "gwen", AT)
    assert held is not None
    assert (held.state, held.hold_until) == (State.ON_HOLD, LATER)
    assert moved(held, Move(Action.RESUME), "system", LATER) == replace(order, version=3, updated_at=LATER)


def test_a_confidential_order_is_for_those_tied_to_it_and_for_few_others() -> None:
    secret = replace(ALERT_ORDER, reporter="rita", worker="gwen", confidential=True)
    assert sees(RITA, secret)
    assert sees(person("gwen", Role.GRID_WORKER), secret)
    assert sees(person("sue", Role.SUPERVISOR), secret)
    assert not sees(person("oscar", Role.OPERATOR), secret)
    assert not sees(person("ada", Role.ADMIN), secret)
    assert not sees(ROB, secret)


@pytest.mark.parametrize("roles", [(Role.OPERATOR,), (Role.OPERATOR, Role.AUDITOR)])
def test_of_what_is_confidential_supervisors_alone_are_the_desk(roles: tuple[Role, ...]) -> None:
    secret = replace(REPORT, confidential=True)
    assert bonds(person("oscar", *roles), secret, set()) == set()
    assert bonds(person("oscar", *roles), REPORT, set()) == {Bond.DESK}
    assert bonds(person("sue", Role.SUPERVISOR), secret, set()) == {Bond.DESK, Bond.SUPERVISOR}


def test_reopening_begins_a_clean_round_and_forgets_no_return() -> None:
    rated = replace(
        REPORT, state=State.RATED, worker="gwen", resolution="r", answer="a", rated_by="rita",
        rating=Rating(1, solved=False, comment="c"), returns=1, resolved_at=AT, answered_at=AT,
    )  # fmt: skip
    after = moved(rated, Move(Action.REOPEN, "wet again"), "rita", LATER)
    clean = replace(REPORT, state=State.ACCEPTED, version=2, updated_at=LATER, accepted_at=LATER, reopens=1)
    assert after == replace(clean, returns=1)  # its life's, not the round's


def test_a_later_version_of_the_alert_amends_the_order() -> None:
    assert amended(ALERT_ORDER, alert(), LATER) == (
        replace(ALERT_ORDER, alert_version=2, alert_count=3, updated_at=LATER),
        False,
    )


def test_clearing_is_noted_once() -> None:
    first = amended(ALERT_ORDER, alert(state=AlertState.CLEARED, cleared_at=5), LATER)
    assert first is not None
    order, noted = first
    assert noted
    assert order.version == ALERT_ORDER.version + 1
    second = amended(order, alert(version=3, state=AlertState.CLEARED, cleared_at=5), LATER)
    assert second is not None
    assert not second[1]


@pytest.mark.parametrize("version", [1, 0])
def test_a_version_that_is_not_later_changes_nothing(version: int) -> None:
    assert amended(ALERT_ORDER, alert(version=version, count=99), LATER) is None
