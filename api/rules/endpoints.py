"""Rules of a site."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import READERS, Role
from api.rules import service
from api.rules.schemas import RuleChange, RuleHistory, Rules, RuleVersion
from api.schema import SiteName
from api.transactions import begin
from herun.names import NAME_PATTERN
from herun.rules import Rule

router = APIRouter(tags=["rules"])

Uid = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$")]
Why = Annotated[str | None, Query(min_length=1, max_length=500, description="why, for the rule's history")]
Editor = Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))]
Reader = Annotated[Caller, Depends(requires(*READERS))]


@router.put("/sites/{site}/rules/{uid}", response_model=RuleVersion)
async def put(site: SiteName, uid: Uid, body: Rule, writer: Editor, why: Why = None) -> Response:
    """Makes the next version of a rule; it is in force as soon as the engine has read it from the stream."""
    return await writer.once(site, lambda tx: service.put(tx, uid, body, why))


@router.delete("/sites/{site}/rules/{uid}", response_model=RuleChange)
async def remove(site: SiteName, uid: Uid, writer: Editor, why: Why = None) -> Response:
    """Takes a rule out of force."""
    return await writer.once(site, lambda tx: service.remove(tx, uid, why))


@router.get("/sites/{site}/rules")
async def everything(site: SiteName, resources: Held, caller: Reader) -> Rules:
    """All rules in force, by uid."""
    async with begin(resources, site, caller.username) as tx:
        return await service.everything(tx)


@router.get("/sites/{site}/rules/{uid}")
async def one(site: SiteName, uid: Uid, resources: Held, caller: Reader) -> RuleVersion:
    """One rule in force."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, uid)


@router.get("/sites/{site}/rules/{uid}/versions")
async def history(site: SiteName, uid: Uid, resources: Held, caller: Reader) -> RuleHistory:
    """All versions of one rule with who, when and why, newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.history(tx, uid)
