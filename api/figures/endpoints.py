"""Figures of a site's work orders."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from api import exports
from api.access import Caller, requires
from api.exports import Format
from api.figures import export, service
from api.figures.schemas import CountedOrders, Definitions, FiguresAsked, OrderFigures, OrdersAsked
from api.resources import Held
from api.roles import Role
from api.schema import SiteName
from api.transactions import begin
from api.work_orders.endpoints import person_of

router = APIRouter(tags=["figures"], prefix="/sites/{site}/figures")

FIGURE_READERS: Final = (Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN)
FigureReader = Annotated[Caller, Depends(requires(*FIGURE_READERS))]


class _ExportAsked(FiguresAsked):
    format: Format = Format.XLSX


@router.get("")
async def figures(
    site: SiteName, resources: Held, caller: FigureReader, asked: Annotated[FiguresAsked, Query()]
) -> OrderFigures:
    """How orders were answered, solved, rated and returned; every number opens its orders."""
    async with begin(resources, site, caller.username) as tx:
        return await service.figures(tx, asked)


@router.get("/definitions")
async def definitions(site: SiteName, caller: FigureReader) -> Definitions:  # noqa: ARG001 - for those of the site
    """What every number and rate means, in a sentence."""
    return service.definitions()


@router.get("/orders")
async def orders(
    site: SiteName, resources: Held, caller: FigureReader, asked: Annotated[OrdersAsked, Query()]
) -> CountedOrders:
    """The orders behind a number, newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.orders(tx, person_of(caller), asked)


@router.get("/export", response_class=Response, responses=exports.RESPONSES)
async def exported(
    site: SiteName, resources: Held, caller: FigureReader, asked: Annotated[_ExportAsked, Query()]
) -> Response:
    """The same as a table."""
    async with begin(resources, site, caller.username) as tx:
        told = await service.figures(tx, asked)
        names = await service.names(tx, told)
    return exports.answer(export.sheets(told, names), asked.format, f"figures-{told.by.value}-{told.week}")
