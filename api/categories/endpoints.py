"""Categories of a site, what is suggested of them, and how an order came to its own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.categories import service, suggestions
from api.categories.schemas import CategoryTree, Choices, Correction, NewSuggestion, NewTree, Suggestion, Units
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import DESK, EVERYBODY, WORKERS, Role
from api.schema import SiteName, as_shown
from api.transactions import begin
from api.work_orders.order import Person

router = APIRouter(tags=["categories"], prefix="/sites/{site}")

Everybody = Annotated[Caller, Depends(requires(*EVERYBODY))]
Number = Annotated[str, Path(pattern=r"^WO[0-9]{8}-[0-9]{6}$", examples=["WO20260101-123456"])]
TreeAsShown = Annotated[NewTree, as_shown("version", "changed_by", "changed_at", "why", within="tree")]
Why = Annotated[str | None, Query(min_length=1, max_length=500, description="why, for the tree's history")]
Version = Annotated[int | None, Query(ge=0, le=2**31 - 1, description="an old version; 0 is the one that comes along")]


@router.put("/categories", response_model=CategoryTree)
async def put(
    site: SiteName,
    body: TreeAsShown,
    writer: Annotated[Writer, Depends(writes(Role.ADMIN))],
    why: Why = None,
) -> Response:
    """Replaces the category tree and its units as a whole; what open orders have cannot be left out (409)."""
    return await writer.once(site, lambda tx: service.put(tx, body, why))


@router.get("/categories")
async def tree(site: SiteName, resources: Held, caller: Everybody, version: Version = None) -> CategoryTree:
    """The category tree in force, or an old version of it."""
    async with begin(resources, site, caller.username) as tx:
        return await service.shown(tx, version)


@router.get("/units")
async def units(site: SiteName, resources: Held, caller: Everybody) -> Units:
    """Who can be responsible."""
    async with begin(resources, site, caller.username) as tx:
        return await service.units(tx)


@router.post("/category-suggestions")
async def suggest(site: SiteName, body: NewSuggestion, resources: Held, caller: Everybody) -> Suggestion:
    """What a Chinese text may be about, who would be responsible, and why. Writes nothing."""
    return await suggestions.suggest(resources, site, caller.username, body.text)


@router.get("/work-orders/{number}/category")
async def choices(site: SiteName, number: Number, resources: Held, caller: Everybody) -> Choices:
    """What was suggested for an order, what was chosen by whom, and who is responsible now."""
    async with begin(resources, site, caller.username) as tx:
        return await suggestions.choices(tx, _person(caller), number)


@router.post("/work-orders/{number}/category", response_model=Choices)
async def correct(
    site: SiteName,
    number: Number,
    body: Correction,
    writer: Annotated[Writer, Depends(writes(*DESK, *WORKERS))],
) -> Response:
    """Says what an order is really about; the suggestions learn it."""
    person = _person(writer.caller)
    return await writer.once(site, lambda tx: suggestions.correct(tx, person, number, body))


def _person(caller: Caller) -> Person:
    return Person(caller.username, caller.roles, caller.building)
