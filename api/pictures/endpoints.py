"""Pictures of orders: the body is the picture itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Caller, requires
from api.idempotency.service import Writer, writes
from api.pictures import service
from api.pictures.schemas import Kind, Pictures, SentAhead, Size
from api.resources import Held
from api.roles import DESK, EVERYBODY, WORKERS, Role
from api.schema import SiteName
from api.transactions import begin
from api.work_orders.endpoints import Number, person_of

router = APIRouter(tags=["pictures"], prefix="/sites/{site}")

JPEG: Final = "image/jpeg"
# What the OpenAPI document says of a body that is read here.
PICTURE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "a JPEG, PNG or WebP picture",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_SHOWN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {JPEG: {"schema": {"type": "string", "format": "binary"}}}}
}
Sender = Annotated[Writer, Depends(writes(Role.RESIDENT, *WORKERS, *DESK))]
Reader = Annotated[Caller, Depends(requires(*EVERYBODY))]


@router.post("/pictures", status_code=HTTPStatus.CREATED, response_model=SentAhead, openapi_extra=PICTURE)
async def send_ahead(site: SiteName, request: Request, writer: Sender) -> Response:
    """Sends a picture before its report, which names it within an hour."""
    taken = await service.take_in(writer.resources, await request.body())
    return await writer.once(site, lambda tx: service.send_ahead(tx, writer.resources, taken), HTTPStatus.CREATED)


@router.post(
    "/work-orders/{number}/pictures", status_code=HTTPStatus.CREATED, response_model=Pictures, openapi_extra=PICTURE
)
async def add(
    site: SiteName, number: Number, request: Request, writer: Sender, kind: Annotated[Kind, Query()]
) -> Response:
    """Adds a picture to an order, for its reporter, its worker and the desk."""
    taken = await service.take_in(writer.resources, await request.body())
    person = person_of(writer.caller)
    return await writer.once(
        site, lambda tx: service.add(tx, writer.resources, person, number, (kind, taken)), HTTPStatus.CREATED
    )


@router.get("/work-orders/{number}/pictures")
async def page(site: SiteName, number: Number, resources: Held, caller: Reader) -> Pictures:
    """What pictures the order has."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, person_of(caller), number)


@router.get("/work-orders/{number}/pictures/{picture}", response_class=Response, responses=_SHOWN)
async def one(
    site: SiteName,
    number: Number,
    picture: UUID,
    resources: Held,
    caller: Reader,
    *,
    size: Annotated[Size, Query()] = Size.WHOLE,
) -> Response:
    """One picture, as JPEG; that you looked is written down."""
    async with begin(resources, site, caller.username) as tx:
        data = await service.one(tx, resources, person_of(caller), number, (picture, size))
    return Response(data, media_type=JPEG, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
