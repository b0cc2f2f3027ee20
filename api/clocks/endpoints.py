"""Clocks of work orders, and the limits that they go by."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, Path, Response

from api.access import Caller, requires
from api.clocks import decisions, settings, views
from api.clocks.schemas import Clocks, ClockSettings, Decision, NewExtension, NewPause, SiteLimits
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import DESK, EVERYBODY, READERS, WORKERS, Role
from api.schema import SiteName, as_shown
from api.transactions import begin
from api.work_orders.endpoints import Number, person_of

router = APIRouter(tags=["clocks"], prefix="/sites/{site}")

_ORDER: Final = "/work-orders/{number}"

AskId = Annotated[int, Path(ge=1, lt=2**63, alias="id")]
Reader = Annotated[Caller, Depends(requires(*EVERYBODY))]
Asker = Annotated[Writer, Depends(writes(*DESK, *WORKERS))]
Decider = Annotated[Writer, Depends(writes(*DESK))]  # operators where there are no supervisors
AsShown = Annotated[ClockSettings, as_shown("changed_by", "changed_at", within="settings")]
Decided = Annotated[Decision, Body(default_factory=Decision)]  # there need not be a body


@router.get(f"{_ORDER}/clocks")
async def clocks(site: SiteName, number: Number, resources: Held, caller: Reader) -> Clocks:
    """The promise to the reporter; for the staff also whose time it was, and what they are reminded of when."""
    async with begin(resources, site, caller.username) as tx:
        return await views.one(tx, person_of(caller), number)


@router.post(f"{_ORDER}/pauses", response_model=Clocks)
async def ask_pause(site: SiteName, number: Number, body: NewPause, writer: Asker) -> Response:
    """Asks for the clock to stop from now until a time. It runs on until a supervisor approves."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: decisions.ask_pause(tx, person, number, body))


@router.post(f"{_ORDER}/pauses/{{id}}/approve", response_model=Clocks)
async def approve_pause(site: SiteName, number: Number, ask: AskId, body: Decided, writer: Decider) -> Response:
    """The clock stood still from when it was asked for."""
    person = person_of(writer.caller)
    return await writer.once(
        site, lambda tx: decisions.decide_pause(tx, person, number, ask, approve=True, note=body.note)
    )


@router.post(f"{_ORDER}/pauses/{{id}}/deny", response_model=Clocks)
async def deny_pause(site: SiteName, number: Number, ask: AskId, body: Decided, writer: Decider) -> Response:
    """The clock never stood still."""
    person = person_of(writer.caller)
    return await writer.once(
        site, lambda tx: decisions.decide_pause(tx, person, number, ask, approve=False, note=body.note)
    )


@router.post(f"{_ORDER}/pauses/{{id}}/end", response_model=Clocks)
async def end_pause(site: SiteName, number: Number, ask: AskId, body: Decided, writer: Asker) -> Response:
    """Ends a pause before its time; one that is forgotten ends by itself."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: decisions.end_pause(tx, person, number, ask, body.note))


@router.post(f"{_ORDER}/extensions", response_model=Clocks)
async def ask_extension(site: SiteName, number: Number, body: NewExtension, writer: Asker) -> Response:
    """Asks for more time, before the time is over."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: decisions.ask_extension(tx, person, number, body))


@router.post(f"{_ORDER}/extensions/{{id}}/approve", response_model=Clocks)
async def approve_extension(site: SiteName, number: Number, ask: AskId, body: Decided, writer: Decider) -> Response:
    """The promise and the limit for solving are so much longer."""
    person = person_of(writer.caller)
    return await writer.once(
        site, lambda tx: decisions.decide_extension(tx, person, number, ask, approve=True, note=body.note)
    )


@router.post(f"{_ORDER}/extensions/{{id}}/deny", response_model=Clocks)
async def deny_extension(site: SiteName, number: Number, ask: AskId, body: Decided, writer: Decider) -> Response:
    """The limits stay."""
    person = person_of(writer.caller)
    return await writer.once(
        site, lambda tx: decisions.decide_extension(tx, person, number, ask, approve=False, note=body.note)
    )


@router.get("/limits")
async def limits(site: SiteName, resources: Held, caller: Annotated[Caller, Depends(requires(*READERS))]) -> SiteLimits:
    """Limits, working hours, quiet hours and reminders of the site."""
    async with begin(resources, site, caller.username) as tx:
        return await settings.one(tx)


@router.put("/limits", response_model=SiteLimits)
async def put_limits(
    site: SiteName,
    body: AsShown,
    writer: Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))],
) -> Response:
    """Puts them as a whole; what is left out is the default. Promises that were given stay."""
    return await writer.once(site, lambda tx: settings.put(tx, body))
