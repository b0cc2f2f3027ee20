"""Work orders of a site."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import EVERYBODY
from api.schema import SiteName
from api.transactions import begin
from api.work_orders import service
from api.work_orders.order import Move, Person
from api.work_orders.schemas import Dispatch, History, Note, Origin, Rating, Reason, Words, WorkOrder, WorkOrders
from api.work_orders.states import Action, State, roles_for
from api.work_orders.store import Filter

router = APIRouter(tags=["work orders"], prefix="/sites/{site}/work-orders")

Number = Annotated[str, Path(pattern=r"^WO[0-9]{8}-[0-9]{6}$", examples=["WO20260101-123456"])]
Reader = Annotated[Caller, Depends(requires(*EVERYBODY))]


def person_of(caller: Caller) -> Person:
    """What of the caller decides on what they may do to an order."""
    return Person(caller.username, caller.roles, caller.building)


async def _act(site: str, number: str, writer: Writer, move: Move) -> Response:
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.act(tx, person, number, move))


@router.get("")
async def page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    state: State | None = None,
    worker: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    origin: Origin | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> WorkOrders:
    """The orders that are for your eyes, newest first."""
    wanted = Filter(state=state, worker=worker, origin=origin)
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, person_of(caller), wanted, cursor=cursor, limit=limit)


@router.get("/{number}")
async def one(site: SiteName, number: Number, resources: Held, caller: Reader) -> WorkOrder:
    """One order."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, person_of(caller), number)


@router.get("/{number}/history")
async def history(site: SiteName, number: Number, resources: Held, caller: Reader) -> History:
    """All that happened to it, oldest first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.history(tx, person_of(caller), number)


@router.post("/{number}/accept", response_model=WorkOrder)
async def accept(
    site: SiteName, number: Number, body: Note, writer: Annotated[Writer, Depends(writes(*roles_for(Action.ACCEPT)))]
) -> Response:
    """submitted -> accepted, and dispatched at once if somebody fits."""
    return await _act(site, number, writer, Move(Action.ACCEPT, body.reason))


@router.post("/{number}/dispatch", response_model=WorkOrder)
async def dispatch(
    site: SiteName,
    number: Number,
    body: Dispatch,
    writer: Annotated[Writer, Depends(writes(*roles_for(Action.DISPATCH)))],
) -> Response:
    """accepted -> dispatched, to the worker named or to whom it fits best."""
    return await _act(site, number, writer, Move(Action.DISPATCH, body.reason, worker=body.worker))


@router.post("/{number}/handle", response_model=WorkOrder)
async def handle(
    site: SiteName, number: Number, body: Note, writer: Annotated[Writer, Depends(writes(*roles_for(Action.HANDLE)))]
) -> Response:
    """dispatched -> handling, by its worker."""
    return await _act(site, number, writer, Move(Action.HANDLE, body.reason))


@router.post("/{number}/resolve", response_model=WorkOrder)
async def resolve(
    site: SiteName, number: Number, body: Words, writer: Annotated[Writer, Depends(writes(*roles_for(Action.RESOLVE)))]
) -> Response:
    """handling -> resolved, by its worker, who says what was done."""
    return await _act(site, number, writer, Move(Action.RESOLVE, body.text))


@router.post("/{number}/answer", response_model=WorkOrder)
async def answer(
    site: SiteName, number: Number, body: Words, writer: Annotated[Writer, Depends(writes(*roles_for(Action.ANSWER)))]
) -> Response:
    """resolved -> answered: what the residents are told."""
    return await _act(site, number, writer, Move(Action.ANSWER, body.text))


@router.post("/{number}/rate", response_model=WorkOrder)
async def rate(
    site: SiteName, number: Number, body: Rating, writer: Annotated[Writer, Depends(writes(*roles_for(Action.RATE)))]
) -> Response:
    """answered -> rated: by the reporter, or for an alert's order a resident of its building; never who closed it."""
    move = Move(Action.RATE, body.comment, score=body.score, solved=body.solved)
    return await _act(site, number, writer, move)


@router.post("/{number}/return", response_model=WorkOrder)
async def give_back(
    site: SiteName, number: Number, body: Reason, writer: Annotated[Writer, Depends(writes(*roles_for(Action.RETURN)))]
) -> Response:
    """dispatched or handling -> accepted: it waits for an operator to dispatch it by hand."""
    return await _act(site, number, writer, Move(Action.RETURN, body.reason))


@router.post("/{number}/reopen", response_model=WorkOrder)
async def reopen(
    site: SiteName, number: Number, body: Reason, writer: Annotated[Writer, Depends(writes(*roles_for(Action.REOPEN)))]
) -> Response:
    """answered or rated -> accepted, and dispatched at once if somebody fits."""
    return await _act(site, number, writer, Move(Action.REOPEN, body.reason))


@router.post("/{number}/cancel", response_model=WorkOrder)
async def cancel(
    site: SiteName, number: Number, body: Reason, writer: Annotated[Writer, Depends(writes(*roles_for(Action.CANCEL)))]
) -> Response:
    """submitted, accepted or dispatched -> cancelled."""
    return await _act(site, number, writer, Move(Action.CANCEL, body.reason))
