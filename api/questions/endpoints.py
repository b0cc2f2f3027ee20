"""Questions to the reporter of an order."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.access import Caller, requires
from api.idempotency.service import Writer, writes
from api.questions import service
from api.questions.schemas import NewAnswer, NewQuestion, Questions
from api.resources import Held
from api.roles import DESK, EVERYBODY, WORKERS, Role
from api.schema import SiteName
from api.transactions import begin
from api.work_orders.endpoints import Number, person_of

router = APIRouter(tags=["questions"], prefix="/sites/{site}/work-orders/{number}/questions")


@router.post("", status_code=HTTPStatus.CREATED, response_model=Questions)
async def ask(
    site: SiteName, number: Number, body: NewQuestion, writer: Annotated[Writer, Depends(writes(*DESK, *WORKERS))]
) -> Response:
    """Asks the reporter; the order shows that it waits for them."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.ask(tx, person, number, body), HTTPStatus.CREATED)


@router.post("/answer", response_model=Questions)
async def answer(
    site: SiteName,
    number: Number,
    body: NewAnswer,
    writer: Annotated[Writer, Depends(writes(Role.RESIDENT, *WORKERS, *DESK))],
) -> Response:
    """Answers the question that is open; for the reporter alone."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.answer(tx, person, number, body.text))


@router.get("")
async def page(
    site: SiteName, number: Number, resources: Held, caller: Annotated[Caller, Depends(requires(*EVERYBODY))]
) -> Questions:
    """What was asked about the order, and answered."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, person_of(caller), number)
