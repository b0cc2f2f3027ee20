"""GET /v1/work-order-states: the order machine, told from the table that runs it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from api.access import Caller, requires
from api.roles import EVERYBODY
from api.schema import Bilingual, View
from api.work_orders.states import SENTENCES, TRANSITIONS, Action, Bond, State, possible, roles_for

router = APIRouter(tags=["work orders"])

# Who reported the same rates for themselves while what stands for it may be rated: that moves no order.
_BESIDES: Final = {State.MERGED: (Action.RATE,)}
_ASKED: Final = {Action.RATE: ("solved",)}  # what the body cannot be without


class ToldState(View):
    """A state, what it means to who reported the order, and what people can do in it."""

    state: State
    sentence: Bilingual
    actions: list[Action]


class ToldAction(View):
    """A transition. `to` null: `stays`, or goes back to where it was before it was put aside. What was given back twice
    goes to arbitration where others go to accepted or dispatched.

    `who` are ties to the order, of which one is enough (none: only the system does it, when a time is over), `roles`
    those that can have one; `requires` are fields without which it is refused, besides those of the category.
    """

    action: Action
    sources: list[State]
    to: State | None
    stays: bool
    who: list[Bond]
    roles: list[str]
    requires: list[str]


class Machine(View):
    """GET /v1/work-order-states: states and transitions."""

    states: list[ToldState]
    actions: list[ToldAction]


@router.get("/work-order-states")
async def machine(caller: Annotated[Caller, Depends(requires(*EVERYBODY))]) -> Machine:
    """Every state with its sentence, and every transition with who may do it and what it asks for."""
    del caller
    return Machine(
        states=[ToldState(state=each, sentence=SENTENCES[each], actions=_actions(each)) for each in State],
        actions=[
            ToldAction(
                action=row.action,
                sources=[each for each in State if each in row.sources or row.action in _BESIDES.get(each, ())],
                to=row.target,
                stays=row.stays,
                who=[each for each in Bond if each in row.bonds],
                roles=list(roles_for(row.action)),
                requires=[*row.requires, *_ASKED.get(row.action, ())],
            )
            for row in TRANSITIONS.values()
        ],
    )


def _actions(state: State) -> list[Action]:
    now = {*possible(state), *_BESIDES.get(state, ())}
    return [action for action in TRANSITIONS if action in now]
