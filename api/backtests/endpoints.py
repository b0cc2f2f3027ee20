"""Backtests of a site's rules, and traces of its events."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from api.access import Caller, requires
from api.backtests import service
from api.backtests.schemas import Backtest, Backtests, JobState, NewBacktest, Trace
from api.idempotency.service import Writer, writes
from api.resources import Held, Resources
from api.roles import READERS, Role
from api.schema import SiteName
from api.transactions import begin
from herun.events import MAX_EVENT_ID_CHARS

router = APIRouter(tags=["backtests"])

Device = Annotated[str, Field(min_length=1, max_length=64)]
EventId = Annotated[str, Field(min_length=1, max_length=MAX_EVENT_ID_CHARS)]
Reader = Annotated[Caller, Depends(requires(*READERS))]
Editor = Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))]
_WAITING: Final[dict[int | str, dict[str, Any]]] = {202: {"model": Trace, "description": "Not answered yet."}}


@router.post("/sites/{site}/backtests", response_model=Backtest, status_code=HTTPStatus.ACCEPTED)
async def ask(site: SiteName, body: NewBacktest, writer: Editor) -> Response:
    """Asks what a rule would have said; the processor answers beside its work, look for it at the id."""
    return await writer.once(site, lambda tx: service.ask(tx, body), HTTPStatus.ACCEPTED)


@router.get("/sites/{site}/backtests")
async def newest(site: SiteName, resources: Held, caller: Reader) -> Backtests:
    """The newest backtests, without results."""
    async with begin(resources, site, caller.username) as tx:
        return await service.newest(tx)


@router.get("/sites/{site}/backtests/{backtest_id}")
async def one(site: SiteName, backtest_id: UUID, resources: Held, caller: Reader) -> Backtest:
    """One backtest, with its result once it is done."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, backtest_id)


@router.get("/sites/{site}/events/{device}/{event_id}/trace", responses=_WAITING)
async def trace(
    site: SiteName,
    device: Annotated[Device, Path()],
    event_id: Annotated[EventId, Path()],
    *,
    resources: Held,
    caller: Reader,
    response: Response,
) -> Trace:
    """Which rules saw an event and why each did or did not fire; 202 until the processor has answered."""
    return await _trace(site, (device, event_id), resources, caller, response)


@router.get("/sites/{site}/trace", responses=_WAITING)
async def trace_of(
    site: SiteName,
    device: Annotated[Device, Query()],
    event_id: Annotated[EventId, Query()],
    *,
    resources: Held,
    caller: Reader,
    response: Response,
) -> Trace:
    """The same for an event whose id cannot stand in a path, such as `door/1` or `..`."""
    return await _trace(site, (device, event_id), resources, caller, response)


async def _trace(site: str, event: tuple[str, str], resources: Resources, caller: Caller, response: Response) -> Trace:
    async with begin(resources, site, caller.username) as tx:
        found = await service.trace(tx, *event)
    if found.state in {JobState.WAITING, JobState.RUNNING}:
        response.status_code = HTTPStatus.ACCEPTED
    return found
