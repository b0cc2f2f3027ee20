"""Dispatching: rules, settings, rosters, why and what if; the pool, helpers and notes of orders; one's own position."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.dispatch import answers, book, helping, pool, positions, proposals, rosters
from api.dispatch.schemas import (
    AcceptProposal,
    Book,
    BookHistory,
    DeclineProposal,
    DispatchExplanation,
    DryRun,
    DryRunExplanation,
    NewBook,
    NewHelper,
    NewNote,
    NewPosition,
    NewRoster,
    Pool,
    Position,
    PositionForgotten,
    PositionKept,
    Proposal,
    Proposals,
    ProposalState,
    Removed,
    RollBack,
    Roster,
    Rosters,
    Settings,
    SettingsView,
)
from api.idempotency.service import Writer, writes
from api.problems import Problem
from api.resources import Held
from api.roles import DESK, READERS, WORKERS, Role
from api.schema import SiteName, as_shown
from api.transactions import ALL_SITES, begin
from api.work_orders import service as orders
from api.work_orders.endpoints import Number, person_of
from api.work_orders.schemas import WorkOrder
from herun.names import NAME_PATTERN

router = APIRouter(tags=["dispatch"])

PathWorker = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$", description="a worker's username", examples=["gwen"])]
PathVersion = Annotated[int, Path(ge=0, lt=2**31)]
PathProposal = Annotated[int, Path(ge=1, lt=2**63)]
Reader = Annotated[Caller, Depends(requires(*READERS))]
Editor = Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))]
AtWork = Annotated[Writer, Depends(writes(*DESK, *WORKERS))]
Carrier = Annotated[Writer, Depends(writes(*WORKERS))]
BookAsShown = Annotated[NewBook, as_shown("version", "changed_by", "changed_at")]
RosterAsShown = Annotated[NewRoster, as_shown("on_shift", "on_call_now", "changed_by", "changed_at")]
SettingsAsShown = Annotated[Settings, as_shown("changed_by", "changed_at", within="settings")]
# Whoever has nothing to say need not send a body.
Accepted = Annotated[AcceptProposal, Body(default_factory=AcceptProposal)]
Declined = Annotated[DeclineProposal, Body(default_factory=DeclineProposal)]


@router.put("/sites/{site}/dispatch-rules", response_model=Book)
async def put_rules(site: SiteName, body: BookAsShown, writer: Editor) -> Response:
    """Replaces all dispatch rules, in their order, as a new version."""
    return await writer.once(site, lambda tx: book.put(tx, body))


@router.get("/sites/{site}/dispatch-rules")
async def rules(site: SiteName, resources: Held, caller: Reader) -> Book:
    """The rules that hold now."""
    async with begin(resources, site, caller.username) as tx:
        return await book.newest(tx)


@router.get("/sites/{site}/dispatch-rules/versions")
async def versions(
    site: SiteName, resources: Held, caller: Reader, *, cursor: Cursor = None, limit: Limit = 50
) -> BookHistory:
    """Who changed the rules, when and why; newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await book.history(tx, cursor=cursor, limit=limit)


@router.get("/sites/{site}/dispatch-rules/versions/{version}")
async def one_version(site: SiteName, version: PathVersion, resources: Held, caller: Reader) -> Book:
    """The rules of one version."""
    async with begin(resources, site, caller.username) as tx:
        return await book.one(tx, version)


@router.post("/sites/{site}/dispatch-rules/rollback", response_model=Book)
async def roll_back(site: SiteName, body: RollBack, writer: Editor) -> Response:
    """Puts an old version's rules again, as a new one."""
    return await writer.once(site, lambda tx: book.roll_back(tx, body))


@router.put("/sites/{site}/dispatch-settings", response_model=SettingsView)
async def put_settings(site: SiteName, body: SettingsAsShown, writer: Editor) -> Response:
    """The chain, neighbouring grids and weights; what is left out is as at first."""
    return await writer.once(site, lambda tx: rosters.put_settings(tx, body))


@router.get("/sites/{site}/dispatch-settings")
async def settings(site: SiteName, resources: Held, caller: Reader) -> SettingsView:
    """The settings as they are."""
    async with begin(resources, site, caller.username) as tx:
        return await rosters.settings(tx)


@router.get("/sites/{site}/rosters")
async def roster_page(
    site: SiteName, resources: Held, caller: Reader, *, cursor: Cursor = None, limit: Limit = 50
) -> Rosters:
    """Who works when, by worker."""
    async with begin(resources, site, caller.username) as tx:
        return await rosters.page(tx, cursor=cursor, limit=limit)


@router.get("/sites/{site}/rosters/{worker}")
async def roster(site: SiteName, worker: PathWorker, resources: Held, caller: Reader) -> Roster:
    """One worker's roster."""
    async with begin(resources, site, caller.username) as tx:
        return await rosters.one(tx, worker)


@router.put("/sites/{site}/rosters/{worker}", response_model=Roster)
async def put_roster(site: SiteName, worker: PathWorker, body: RosterAsShown, writer: Editor) -> Response:
    """Whose people a worker belongs to, and when they work."""
    return await writer.once(site, lambda tx: rosters.put(tx, worker, body))


@router.delete("/sites/{site}/rosters/{worker}", response_model=Removed)
async def remove_roster(site: SiteName, worker: PathWorker, writer: Editor) -> Response:
    """Takes a roster away; without one they are on shift only where nobody has shifts."""
    return await writer.once(site, lambda tx: rosters.remove(tx, worker))


@router.post("/sites/{site}/dispatch-dry-runs")
async def dry_run(site: SiteName, resources: Held, caller: Reader, body: DryRun) -> DryRunExplanation:
    """Who would get such an order, and why; nothing is written."""
    async with begin(resources, site, caller.username) as tx:
        return await answers.dry_run(tx, body)


@router.get("/sites/{site}/work-orders/pool")
async def own_pool(site: SiteName, resources: Held, caller: Annotated[Caller, Depends(requires(*WORKERS))]) -> Pool:
    """The orders that you may take, by POST .../{number}/claim; the first who does has it."""
    async with begin(resources, site, caller.username) as tx:
        return await pool.of(tx, person_of(caller))


@router.get("/sites/{site}/work-orders/{number}/dispatch-explanation")
async def explanation(site: SiteName, number: Number, resources: Held, caller: Reader) -> DispatchExplanation:
    """Why the order went to whom: everybody who was looked at, and why they were passed over."""
    async with begin(resources, site, caller.username) as tx:
        return await answers.of_order(tx, await orders.seen(tx, person_of(caller), number))


@router.post("/sites/{site}/work-orders/{number}/helpers", status_code=HTTPStatus.CREATED, response_model=WorkOrder)
async def ask_for_help(site: SiteName, number: Number, body: NewHelper, writer: AtWork) -> Response:
    """A colleague helps: sees the order, ticks off and notes; its worker stays responsible."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: helping.ask(tx, person, number, body), HTTPStatus.CREATED)


@router.delete("/sites/{site}/work-orders/{number}/helpers/{worker}", response_model=WorkOrder)
async def dismiss_helper(site: SiteName, number: Number, worker: PathWorker, writer: AtWork) -> Response:
    """They help no more: said by the worker, the desk or themselves."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: helping.dismiss(tx, person, number, worker))


@router.post("/sites/{site}/work-orders/{number}/notes", status_code=HTTPStatus.CREATED, response_model=WorkOrder)
async def add_note(site: SiteName, number: Number, body: NewNote, writer: AtWork) -> Response:
    """Writes a note into the order's history: the desk, its worker or a helper."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: helping.note(tx, person, number, body.text), HTTPStatus.CREATED)


@router.get("/sites/{site}/dispatch-proposals")
async def proposal_page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    state: Annotated[list[ProposalState] | None, Query(description="repeated: any of them")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Proposals:
    """What arbiters decided, as rules that would have decided so; newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await proposals.page(tx, person_of(caller), frozenset(state or ()), cursor=cursor, limit=limit)


@router.post("/sites/{site}/dispatch-proposals/{proposal}/accept", response_model=Proposal)
async def accept_proposal(site: SiteName, proposal: PathProposal, body: Accepted, writer: Editor) -> Response:
    """Makes it the first of the dispatch rules."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: proposals.accept(tx, person, proposal, body))


@router.post("/sites/{site}/dispatch-proposals/{proposal}/decline", response_model=Proposal)
async def decline_proposal(site: SiteName, proposal: PathProposal, body: Declined, writer: Editor) -> Response:
    """Nothing comes of it."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: proposals.decline(tx, person, proposal, body))


@router.put("/me/position", response_model=PositionKept)
async def put_position(body: NewPosition, writer: Carrier) -> Response:
    """Where you are; kept for 15 minutes, to give an order to whoever is near. No route shows it to anybody else."""
    return await writer.once(_home(writer.caller), lambda tx: positions.put(tx, body))


@router.get("/me/position")
async def own_position(resources: Held, caller: Annotated[Caller, Depends(requires(*WORKERS))]) -> Position:
    """What is kept of you."""
    async with begin(resources, _home(caller), caller.username) as tx:
        return await positions.own(tx)


@router.delete("/me/position", response_model=PositionForgotten)
async def forget_position(writer: Carrier) -> Response:
    """Forgets it at once."""
    return await writer.once(_home(writer.caller), positions.forget_own)


def _home(caller: Caller) -> str:
    if caller.home == ALL_SITES:
        raise Problem(HTTPStatus.FORBIDDEN, "no_site", "you belong to no site: nothing is dispatched to you")
    return caller.home
