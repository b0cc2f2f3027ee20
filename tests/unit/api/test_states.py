"""The table of a work order's life, all of it."""

from __future__ import annotations

from typing import Final

import pytest

from api.roles import Role
from api.work_orders.states import SENTENCES, TRANSITIONS, Action, State, next_state, possible, roles_for

S, A = State, Action
# Everything that is possible, written down a second time, by state; all else is not.
POSSIBLE: Final[dict[State, dict[Action, State]]] = {
    S.SUBMITTED: {A.ACCEPT: S.ACCEPTED, A.CANCEL: S.CANCELLED, A.MERGE: S.MERGED},
    S.ACCEPTED: {
        A.DISPATCH: S.DISPATCHED, A.CLAIM: S.DISPATCHED, A.HOLD: S.ON_HOLD, A.SPLIT: S.ACCEPTED, A.MERGE: S.MERGED,
        A.CANCEL: S.CANCELLED,
    },
    S.DISPATCHED: {
        A.HANDLE: S.HANDLING, A.TRANSFER: S.DISPATCHED, A.RETURN: S.RETURNED, A.RECALL: S.ACCEPTED, A.HOLD: S.ON_HOLD,
        A.SPLIT: S.DISPATCHED, A.MERGE: S.MERGED, A.CANCEL: S.CANCELLED,
    },
    S.HANDLING: {
        A.ARRIVE: S.HANDLING, A.TRANSFER: S.DISPATCHED, A.RETURN: S.RETURNED, A.RECALL: S.ACCEPTED, A.HOLD: S.ON_HOLD,
        A.SPLIT: S.HANDLING, A.MERGE: S.MERGED, A.RESOLVE: S.RESOLVED,
    },
    S.ON_HOLD: {A.RESUME: S.HANDLING, A.MERGE: S.MERGED, A.CANCEL: S.CANCELLED},
    S.RETURNED: {A.SIGN_OFF: S.ACCEPTED, A.REFUSE_RETURN: S.DISPATCHED},
    S.ARBITRATION: {A.ARBITRATE: S.DISPATCHED, A.CANCEL: S.CANCELLED},
    S.RESOLVED: {A.ANSWER: S.ANSWERED, A.CLOSE: S.CLOSED},
    S.ANSWERED: {A.RATE: S.RATED, A.REOPEN: S.ACCEPTED, A.CLOSE: S.CLOSED},
    S.RATED: {A.REOPEN: S.ACCEPTED},
    S.CLOSED: {A.REOPEN: S.ACCEPTED},
    S.MERGED: {A.UNMERGE: S.ACCEPTED, A.REOPEN: S.ACCEPTED, A.CANCEL: S.CANCELLED},
    S.CANCELLED: {A.REOPEN: S.ACCEPTED},
}  # fmt: skip
for _state in State:
    POSSIBLE[_state] |= {A.CONFIDE: _state, A.DISCLOSE: _state}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_every_state_and_action_leads_where_it_should(state: State, action: Action) -> None:
    assert next_state(state, action, State.HANDLING) == POSSIBLE[state].get(action)


@pytest.mark.parametrize("state", State)
def test_what_is_possible_is_told(state: State) -> None:
    assert set(possible(state)) == set(POSSIBLE[state]) - {Action.CLOSE}


def test_every_state_has_a_sentence_in_both_languages() -> None:
    assert SENTENCES.keys() == set(State)
    assert all(sentence.keys() == {"zh", "en"} and all(sentence.values()) for sentence in SENTENCES.values())


def test_every_state_can_be_reached() -> None:
    reached = {State.SUBMITTED}
    while more := {target for state in reached for target in POSSIBLE[state].values()} - reached:
        reached |= more
    assert reached | {State.ARBITRATION} == set(State)  # arbitration follows from the second return, see test_order


def test_every_action_is_somebodys() -> None:
    assert {action for action in Action if not roles_for(action)} == {Action.CLOSE}
    assert TRANSITIONS.keys() == set(Action)


@pytest.mark.parametrize("action", [Action.ACCEPT, Action.DISPATCH, Action.HANDLE, Action.RESOLVE, Action.ANSWER])
def test_residents_do_no_work_on_orders(action: Action) -> None:
    assert Role.RESIDENT not in roles_for(action)


@pytest.mark.parametrize("action", Action)
def test_administrators_and_auditors_move_nothing(action: Action) -> None:
    assert not {Role.ADMIN, Role.AUDITOR} & set(roles_for(action))
