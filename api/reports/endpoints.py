"""POST /v1/sites/{site}/reports."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.idempotency.service import Writer, writes
from api.reports import service
from api.reports.schemas import NewReport
from api.roles import DESK, WORKERS, Role
from api.schema import SiteName
from api.work_orders.order import Person
from api.work_orders.schemas import WorkOrder

router = APIRouter(tags=["reports"])


@router.post("/sites/{site}/reports", status_code=HTTPStatus.CREATED, response_model=WorkOrder)
async def submit(
    site: SiteName, body: NewReport, writer: Annotated[Writer, Depends(writes(Role.RESIDENT, *WORKERS, *DESK))]
) -> Response:
    """Sends in a report; the answer is its work order."""
    person = Person(writer.caller.username, writer.caller.roles, writer.caller.building)
    suggester = writer.resources.suggester
    return await writer.once(site, lambda tx: service.submit(tx, person, body, suggester), HTTPStatus.CREATED)
