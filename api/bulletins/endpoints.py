"""Weekly bulletins of a site."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from api import exports
from api.access import Caller, requires
from api.bulletins import export, service
from api.bulletins.schemas import Bulletin, Bulletins, Corrections, Draft, NewBulletin
from api.cursors import Cursor, Limit
from api.exports import Format
from api.figures.endpoints import FIGURE_READERS, FigureReader
from api.figures.service import zone_of
from api.figures.weeks import PATTERN
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import EVERYBODY, Role
from api.schema import SiteName
from api.transactions import begin
from api.work_orders.endpoints import person_of

router = APIRouter(tags=["bulletins"], prefix="/sites/{site}/bulletins")

WeekOfPath = Annotated[str, Path(pattern=PATTERN, examples=["2026-W20"], description="an ISO week")]
Anybody = Annotated[Caller, Depends(requires(*EVERYBODY))]
Freezer = Annotated[Writer, Depends(writes(Role.SUPERVISOR))]


@router.post("", status_code=HTTPStatus.CREATED, response_model=Bulletin)
async def freeze(site: SiteName, body: NewBulletin, writer: Freezer) -> Response:
    """Freezes the bulletin of a week that is over; nothing changes it afterwards."""
    return await writer.once(site, lambda tx: service.freeze(tx, body), HTTPStatus.CREATED)


@router.get("")
async def page(
    site: SiteName, resources: Held, caller: Anybody, *, cursor: Cursor = None, limit: Limit = 50
) -> Bulletins:
    """Frozen bulletins, newest week first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, cursor=cursor, limit=limit)


@router.get("/{week}")
async def one(site: SiteName, week: WeekOfPath, resources: Held, caller: Anybody) -> Bulletin:
    """A frozen bulletin, as it was frozen but for the words of orders that were made confidential since."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, week, with_sources=caller.has(*FIGURE_READERS))


@router.get("/{week}/draft")
async def draft(site: SiteName, week: WeekOfPath, resources: Held, caller: FigureReader) -> Draft:
    """What would be frozen now: look over the examples, and leave out those that say who somebody is."""
    async with begin(resources, site, caller.username) as tx:
        return await service.draft(tx, week)


@router.get("/{week}/corrections")
async def corrections(
    site: SiteName, week: WeekOfPath, resources: Held, caller: FigureReader, *, cursor: Cursor = None, limit: Limit = 50
) -> Corrections:
    """What became of its orders since: recategorised, cancelled, merged, unmerged, confided, added."""
    async with begin(resources, site, caller.username) as tx:
        return await service.corrections(tx, person_of(caller), week, cursor=cursor, limit=limit)


@router.get("/{week}/export", response_class=Response, responses=exports.RESPONSES)
async def exported(
    site: SiteName,
    week: WeekOfPath,
    resources: Held,
    caller: Anybody,
    *,
    format: Format = Format.XLSX,  # noqa: A002
) -> Response:
    """A frozen bulletin as a file; CSV holds the ranking only."""
    async with begin(resources, site, caller.username) as tx:
        bulletin = service.as_frozen(await service.one(tx, week, with_sources=False))
        zone = await zone_of(tx)
    return exports.answer(export.sheets(bulletin, zone), format, f"bulletin-{week}")
