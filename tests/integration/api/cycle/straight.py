"""A wish, put to the service without HTTP in between."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.categories import suggestions
from api.categories.schemas import Correction
from api.clocks import decisions
from api.clocks.schemas import NewExtension, NewPause
from api.reports import service as reports
from api.reports.schemas import NewReport
from api.resources import Resources
from api.roles import Role
from api.transactions import Transaction
from api.work_orders import service
from api.work_orders.kinds import ReturnCode
from api.work_orders.order import Move, Person, Rating
from api.work_orders.schemas import NewItem, Part
from api.work_orders.states import Action
from tests.integration.api.cycle.paper import Somebody, Wish


async def ask(  # noqa: C901 - a case an action
    tx: Transaction, resources: Resources, somebody: Somebody, wish: Wish
) -> dict[str, Any]:
    """The answer as JSON would have it. Raises Problem."""
    person = Person(somebody.name, frozenset(map(Role, somebody.roles)), somebody.building)
    body, number = wish.body, wish.number
    match wish.action:
        case "report":
            answer: Any = await reports.submit(tx, resources, person, NewReport(**body))
        case "read":
            answer = await service.one(tx, person, number)
        case "split":
            answer = await service.split(tx, person, number, Part(**body))
        case "checklist":
            answer = await service.add_item(tx, person, number, NewItem(**body))
        case "correct":
            answer = await suggestions.correct(tx, person, number, Correction(**body))
        case "tick":
            answer = await service.tick(tx, person, number, wish.item)
        case "pause":
            answer = await decisions.ask_pause(tx, person, number, NewPause(**body))
        case "extend":
            answer = await decisions.ask_extension(tx, person, number, NewExtension(**body))
        case "end-pause":
            answer = await decisions.end_pause(tx, person, number, wish.item, body["note"])
        case "approve-pause" | "deny-pause" | "approve-extension" | "deny-extension":
            decide = decisions.decide_pause if wish.action.endswith("pause") else decisions.decide_extension
            approve = wish.action.startswith("approve")
            answer = await decide(tx, person, number, wish.item, approve=approve, note=body["note"])
        case _:
            answer = await service.act(tx, person, number, _move(wish))
    found: dict[str, Any] = answer.model_dump(mode="json")
    return found


def _move(wish: Wish) -> Move:
    body = wish.body
    return Move(
        Action(wish.action),
        body.get("reason") or body.get("text") or body.get("comment"),
        worker=body.get("worker"),
        rating=Rating(body["score"], body["solved"], body["comment"]) if wish.action == "rate" else None,
        until=datetime.fromisoformat(body["until"]) if wish.action == "hold" else None,
        master=body.get("master"),
        code=ReturnCode(body["code"]) if wish.action == "return" else None,
    )
