"""Work orders of a site."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from api.access import Caller, requires
from api.clocks.limits import Severity
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.periods import check_order
from api.resources import Held
from api.roles import DESK, EVERYBODY, WORKERS
from api.schema import MAX_PAGE, MomentInQuery, SiteName
from api.transactions import begin
from api.work_orders import service
from api.work_orders.kinds import Channel, Origin
from api.work_orders.listing import Filter
from api.work_orders.order import Move, Person, Rating
from api.work_orders.schemas import (
    ByPhone,
    Checklist,
    Dispatch,
    GiveBack,
    History,
    Hold,
    Merge,
    NewItem,
    NewRating,
    Note,
    Part,
    Reason,
    Transfer,
    Words,
    WorkOrder,
    WorkOrders,
)
from api.work_orders.states import Action, State, roles_for
from api.work_orders.store import MAX_ITEMS

router = APIRouter(tags=["work orders"], prefix="/sites/{site}/work-orders")

Number = Annotated[str, Path(pattern=r"^WO[0-9]{8}-[0-9]{6}$", examples=["WO20260101-123456"])]
NamedInQuery = Annotated[str | None, Query(min_length=1, max_length=64)]
Reader = Annotated[Caller, Depends(requires(*EVERYBODY))]
# Whoever has nothing to say need not send a body.
Noted = Annotated[Note, Body(default_factory=Note)]
Dispatched = Annotated[Dispatch, Body(default_factory=Dispatch)]


def _may(action: Action) -> Any:
    """A dependency that asks for a role of the action's."""
    return Depends(writes(*roles_for(action)))


def person_of(caller: Caller) -> Person:
    """What of the caller decides on what they may do to an order."""
    return Person(caller.username, caller.roles, caller.building)


async def _act(site: str, number: str, writer: Writer, move: Move) -> Response:
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.act(tx, person, number, move))


def asked(
    *,
    state: Annotated[list[State] | None, Query(description="repeated: any of them")] = None,
    is_open: Annotated[bool | None, Query(alias="open", description="neither answered, over nor merged yet")] = None,
    severity: Severity | None = None,
    channel: Channel | None = None,
    worker: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    origin: Origin | None = None,
    master: Annotated[str | None, Query(max_length=40, description="those merged into this order")] = None,
    parent: Annotated[str | None, Query(max_length=40, description="the parts of this order")] = None,
    category: NamedInQuery = None,
    unit: NamedInQuery = None,
    grid: NamedInQuery = None,
    building: NamedInQuery = None,
    overdue: Annotated[bool | None, Query(description="late: the promise, or the limit of who has it")] = None,
    undecided: Annotated[bool | None, Query(description="a pause or more time is asked for, not decided on")] = None,
    begin: Annotated[
        MomentInQuery | None, Query(alias="from", description="opened at or after, RFC 3339 with offset")
    ] = None,
    end: Annotated[MomentInQuery | None, Query(alias="to", description="opened before")] = None,
) -> Filter:
    """The orders that a query asks for. Raises Problem 422."""
    check_order(begin, end)
    return Filter(
        states=frozenset(state or ()),
        is_open=is_open,
        severity=severity,
        channel=channel,
        worker=worker,
        origin=origin,
        master=master,
        parent=parent,
        category=category,
        unit=unit,
        grid=grid,
        building=building,
        overdue=overdue,
        undecided=undecided,
        begin=begin,
        end=end,
    )


@router.get("")
async def page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    wanted: Annotated[Filter, Depends(asked)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> WorkOrders:
    """The orders that are for your eyes, newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, person_of(caller), wanted, cursor=cursor, limit=limit)


@router.post("/by-phone")
async def by_phone(
    site: SiteName,
    body: ByPhone,
    resources: Held,
    caller: Annotated[Caller, Depends(requires(*DESK))],
    *,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> WorkOrders:
    """The orders that were reported with this phone number, newest first; that you looked is written down."""
    async with begin(resources, site, caller.username) as tx:
        return await service.by_phone(tx, person_of(caller), body.phone, cursor=cursor, limit=limit)


@router.get("/{number}")
async def one(site: SiteName, number: Number, resources: Held, caller: Reader) -> WorkOrder:
    """One order."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, person_of(caller), number)


@router.get("/{number}/history")
async def history(
    site: SiteName,
    number: Number,
    resources: Held,
    caller: Reader,
    *,
    cursor: Cursor = None,
    limit: Limit = MAX_PAGE,
) -> History:
    """What happened to it, oldest first; of nearly all orders this is one page."""
    async with begin(resources, site, caller.username) as tx:
        return await service.history(tx, person_of(caller), number, cursor=cursor, limit=limit)


@router.post("/{number}/accept", response_model=WorkOrder)
async def accept(
    site: SiteName, number: Number, body: Noted, writer: Annotated[Writer, _may(Action.ACCEPT)]
) -> Response:
    """submitted -> accepted, and dispatched at once if somebody fits."""
    return await _act(site, number, writer, Move(Action.ACCEPT, body.reason))


@router.post("/{number}/dispatch", response_model=WorkOrder)
async def dispatch(
    site: SiteName,
    number: Number,
    body: Dispatched,
    writer: Annotated[Writer, _may(Action.DISPATCH)],
) -> Response:
    """accepted -> dispatched, to the worker named or to whom it fits best."""
    return await _act(site, number, writer, Move(Action.DISPATCH, body.reason, worker=body.worker))


@router.post("/{number}/claim", response_model=WorkOrder)
async def claim(site: SiteName, number: Number, body: Noted, writer: Annotated[Writer, _may(Action.CLAIM)]) -> Response:
    """accepted -> dispatched, by a worker who takes it for themselves."""
    return await _act(site, number, writer, Move(Action.CLAIM, body.reason))


@router.post("/{number}/handle", response_model=WorkOrder)
async def handle(
    site: SiteName, number: Number, body: Noted, writer: Annotated[Writer, _may(Action.HANDLE)]
) -> Response:
    """dispatched -> handling, by its worker."""
    return await _act(site, number, writer, Move(Action.HANDLE, body.reason))


@router.post("/{number}/arrive", response_model=WorkOrder)
async def arrive(
    site: SiteName, number: Number, body: Noted, writer: Annotated[Writer, _may(Action.ARRIVE)]
) -> Response:
    """Still handling: its worker is there."""
    return await _act(site, number, writer, Move(Action.ARRIVE, body.reason))


@router.post("/{number}/transfer", response_model=WorkOrder)
async def transfer(
    site: SiteName,
    number: Number,
    body: Transfer,
    writer: Annotated[Writer, _may(Action.TRANSFER)],
) -> Response:
    """dispatched or handling -> dispatched, to a colleague; at most twice."""
    return await _act(site, number, writer, Move(Action.TRANSFER, body.reason, worker=body.worker))


@router.post("/{number}/hold", response_model=WorkOrder)
async def hold(site: SiteName, number: Number, body: Hold, writer: Annotated[Writer, _may(Action.HOLD)]) -> Response:
    """accepted, dispatched or handling -> on_hold; it goes on by itself at `until`."""
    return await _act(site, number, writer, Move(Action.HOLD, body.reason, until=body.until))


@router.post("/{number}/resume", response_model=WorkOrder)
async def resume(
    site: SiteName, number: Number, body: Noted, writer: Annotated[Writer, _may(Action.RESUME)]
) -> Response:
    """on_hold -> where it was."""
    return await _act(site, number, writer, Move(Action.RESUME, body.reason))


@router.post("/{number}/merge", response_model=WorkOrder)
async def merge(site: SiteName, number: Number, body: Merge, writer: Annotated[Writer, _may(Action.MERGE)]) -> Response:
    """-> merged into the order of the same matter; it keeps its number, its reporter and its rating."""
    return await _act(site, number, writer, Move(Action.MERGE, body.reason, master=body.master))


@router.post("/{number}/unmerge", response_model=WorkOrder)
async def unmerge(
    site: SiteName, number: Number, body: Reason, writer: Annotated[Writer, _may(Action.UNMERGE)]
) -> Response:
    """merged -> accepted, on its own again, with what was merged into it before it was merged."""
    return await _act(site, number, writer, Move(Action.UNMERGE, body.reason))


@router.post("/{number}/return", response_model=WorkOrder)
async def give_back(
    site: SiteName,
    number: Number,
    body: GiveBack,
    writer: Annotated[Writer, _may(Action.RETURN)],
) -> Response:
    """dispatched or handling -> returned, by its worker; the desk signs it off or refuses. At most twice."""
    return await _act(site, number, writer, Move(Action.RETURN, body.reason, code=body.code))


@router.post("/{number}/sign-off", response_model=WorkOrder)
async def sign_off(
    site: SiteName, number: Number, body: Noted, writer: Annotated[Writer, _may(Action.SIGN_OFF)]
) -> Response:
    """returned -> accepted, or after the second return to arbitration."""
    return await _act(site, number, writer, Move(Action.SIGN_OFF, body.reason))


@router.post("/{number}/refuse-return", response_model=WorkOrder)
async def refuse_return(
    site: SiteName,
    number: Number,
    body: Reason,
    writer: Annotated[Writer, _may(Action.REFUSE_RETURN)],
) -> Response:
    """returned -> dispatched to the same worker."""
    return await _act(site, number, writer, Move(Action.REFUSE_RETURN, body.reason))


@router.post("/{number}/arbitrate", response_model=WorkOrder)
async def arbitrate(
    site: SiteName,
    number: Number,
    body: Transfer,
    writer: Annotated[Writer, _may(Action.ARBITRATE)],
) -> Response:
    """arbitration -> dispatched; it is not given back again.

    By a supervisor who never gave it back; without one by the desk that did not; else by whoever is left of both.
    """
    return await _act(site, number, writer, Move(Action.ARBITRATE, body.reason, worker=body.worker))


@router.post("/{number}/recall", response_model=WorkOrder)
async def recall(
    site: SiteName, number: Number, body: Reason, writer: Annotated[Writer, _may(Action.RECALL)]
) -> Response:
    """dispatched or handling -> accepted: the desk takes it back."""
    return await _act(site, number, writer, Move(Action.RECALL, body.reason))


@router.post("/{number}/resolve", response_model=WorkOrder)
async def resolve(
    site: SiteName, number: Number, body: Words, writer: Annotated[Writer, _may(Action.RESOLVE)]
) -> Response:
    """handling -> resolved, by its worker, who says what was done."""
    return await _act(site, number, writer, Move(Action.RESOLVE, body.text))


@router.post("/{number}/answer", response_model=WorkOrder)
async def answer(
    site: SiteName, number: Number, body: Words, writer: Annotated[Writer, _may(Action.ANSWER)]
) -> Response:
    """resolved -> answered: what the residents are told."""
    return await _act(site, number, writer, Move(Action.ANSWER, body.text))


@router.post("/{number}/rate", response_model=WorkOrder)
async def rate(
    site: SiteName, number: Number, body: NewRating, writer: Annotated[Writer, _may(Action.RATE)]
) -> Response:
    """answered -> rated: by the reporter, or for an alert's order a resident of its building; never who closed it."""
    return await _act(site, number, writer, Move(Action.RATE, body.comment, rating=Rating(**body.model_dump())))


@router.post("/{number}/reopen", response_model=WorkOrder)
async def reopen(
    site: SiteName, number: Number, body: Reason, writer: Annotated[Writer, _may(Action.REOPEN)]
) -> Response:
    """answered, rated, closed, or merged and answered -> accepted, and dispatched at once if somebody fits."""
    return await _act(site, number, writer, Move(Action.REOPEN, body.reason))


@router.post("/{number}/confide", response_model=WorkOrder)
async def confide(
    site: SiteName, number: Number, body: Reason, writer: Annotated[Writer, _may(Action.CONFIDE)]
) -> Response:
    """For its reporter, its worker, supervisors and auditors only, from now on."""
    return await _act(site, number, writer, Move(Action.CONFIDE, body.reason))


@router.post("/{number}/disclose", response_model=WorkOrder)
async def disclose(
    site: SiteName,
    number: Number,
    body: Reason,
    writer: Annotated[Writer, _may(Action.DISCLOSE)],
) -> Response:
    """For all of the site's readers again."""
    return await _act(site, number, writer, Move(Action.DISCLOSE, body.reason))


@router.post("/{number}/cancel", response_model=WorkOrder)
async def cancel(
    site: SiteName, number: Number, body: Reason, writer: Annotated[Writer, _may(Action.CANCEL)]
) -> Response:
    """submitted, accepted, dispatched, on_hold or arbitration -> cancelled; once somebody began by its reporter."""
    return await _act(site, number, writer, Move(Action.CANCEL, body.reason))


@router.post("/{number}/split", status_code=HTTPStatus.CREATED, response_model=WorkOrder)
async def split(site: SiteName, number: Number, body: Part, writer: Annotated[Writer, _may(Action.SPLIT)]) -> Response:
    """Opens a part of the order as an order of its own, and answers with it."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.split(tx, person, number, body), HTTPStatus.CREATED)


@router.get("/{number}/checklist")
async def checklist(site: SiteName, number: Number, resources: Held, caller: Reader) -> Checklist:
    """What has to be done before the order is resolved."""
    async with begin(resources, site, caller.username) as tx:
        return await service.checklist(tx, person_of(caller), number)


@router.post("/{number}/checklist", status_code=HTTPStatus.CREATED, response_model=Checklist)
async def add_item(
    site: SiteName, number: Number, body: NewItem, writer: Annotated[Writer, Depends(writes(*DESK, *WORKERS))]
) -> Response:
    """Adds a line to the checklist."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.add_item(tx, person, number, body), HTTPStatus.CREATED)


@router.post("/{number}/checklist/{item}/tick", response_model=Checklist)
async def tick(
    site: SiteName,
    number: Number,
    item: Annotated[int, Path(ge=1, le=MAX_ITEMS)],
    writer: Annotated[Writer, Depends(writes(*DESK, *WORKERS))],
) -> Response:
    """Ticks a line off."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.tick(tx, person, number, item))
