"""Secret links to an order."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Response

from api.idempotency.service import Writer, writes
from api.links import service
from api.links.schemas import MakeLink, NewLink, Revoked
from api.roles import DESK, WORKERS, Role
from api.schema import SiteName
from api.work_orders.endpoints import Number, person_of

router = APIRouter(tags=["progress"], prefix="/sites/{site}/work-orders/{number}/links")

Holder = Annotated[Writer, Depends(writes(Role.RESIDENT, *WORKERS, *DESK))]
Nothing = Annotated[MakeLink, Body(default_factory=MakeLink)]  # there need not be a body


@router.post("", status_code=HTTPStatus.CREATED, response_model=NewLink)
async def make(site: SiteName, number: Number, _body: Nothing, writer: Holder) -> Response:
    """Makes a link by which the order can be followed without an account."""
    person, resources = person_of(writer.caller), writer.resources
    return await writer.once(site, lambda tx: service.make(tx, resources, person, number), HTTPStatus.CREATED)


@router.post("/revoke", response_model=Revoked)
async def revoke(site: SiteName, number: Number, _body: Nothing, writer: Holder) -> Response:
    """Ends all its links."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.revoke(tx, person, number))
