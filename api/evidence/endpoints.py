"""Evidence packs: GET .../evidence."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.access import Caller, requires
from api.evidence import service
from api.evidence.schemas import EvidenceKey
from api.resources import Held
from api.roles import READERS, Role
from api.schema import SiteName
from api.transactions import begin
from api.work_orders.endpoints import Number, person_of

router = APIRouter(tags=["evidence"])

ZIP: Final = "application/zip"
Keeper = Annotated[Caller, Depends(requires(Role.SUPERVISOR, Role.AUDITOR))]
_PACK: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {ZIP: {}}, "description": "The pack."}}


@router.get("/evidence-key")
async def key(resources: Held, _caller: Annotated[Caller, Depends(requires(*READERS))]) -> EvidenceKey:
    """The public key that packs are signed with; give it out by another way than the packs."""
    public = service.signing_key(resources).verify_key.encode().hex()
    return EvidenceKey(algorithm="ed25519", public_key=public)


@router.get("/sites/{site}/work-orders/{number}/evidence", response_class=Response, responses=_PACK)
async def of_order(
    site: SiteName,
    number: Number,
    resources: Held,
    caller: Keeper,
    *,
    pictures: Annotated[bool, Query(description="also the pictures: faces and plates in them are not blurred")] = False,
) -> Response:
    """The order, its history with the hashes of its chain, clocks, questions, ratings and what belongs to it, redacted.

    It is written down.
    """
    async with begin(resources, site, caller.username) as tx:
        content = await service.of_order(tx, resources, person_of(caller), number, with_pictures=pictures)
    return _download(content, number)


@router.get("/sites/{site}/alerts/{alert_id}/evidence", response_class=Response, responses=_PACK)
async def of_alert(site: SiteName, alert_id: UUID, resources: Held, caller: Keeper) -> Response:
    """The alert, all that it was, and what its device said around it, redacted; it is written down."""
    async with begin(resources, site, caller.username) as tx:
        content = await service.of_alert(tx, resources, alert_id)
    return _download(content, str(alert_id))


def _download(content: bytes, name: str) -> Response:
    return Response(content, media_type=ZIP, headers={"Content-Disposition": f'attachment; filename="{name}.zip"'})
