"""GET /v1/sites/{site}/audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.access import Caller, requires
from api.audit import service
from api.audit.schemas import AuditPage
from api.cursors import Cursor, Limit
from api.resources import Held
from api.roles import Role
from api.schema import SiteName
from api.transactions import begin

router = APIRouter(tags=["audit"])

Filter = Annotated[str | None, Query(min_length=1, max_length=64)]


@router.get("/sites/{site}/audit")
async def page(
    site: SiteName,
    resources: Held,
    caller: Annotated[Caller, Depends(requires(Role.AUDITOR, Role.ADMIN))],
    *,
    actor: Filter = None,
    action: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AuditPage:
    """Who looked at personal values and who changed what, newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, cursor=cursor, by=actor, action=action, limit=limit)
