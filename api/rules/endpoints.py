"""Rules of a site."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import READERS, Role
from api.rules import service
from api.rules.schemas import (
    Checked,
    PutRule,
    PutRules,
    Rollback,
    RuleChange,
    RuleDiff,
    RuleHistory,
    Rules,
    RuleVersion,
)
from api.rules.store import Filter
from api.rules.yaml_bodies import RULES, YAML_TOO, RulesBody, YamlRoute
from api.schema import SiteName, as_shown
from api.transactions import begin
from herun.names import NAME_PATTERN
from herun.rules import RULE, KindName, Rule

router = APIRouter(tags=["rules"])
taking_yaml = APIRouter(route_class=YamlRoute)

Uid = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$")]
Why = Annotated[str | None, Query(min_length=1, max_length=500, description="why, for the rule's history")]
RuleAsShown = Annotated[
    Rule, as_shown("uid", "version", "changed_by", "changed_at", "why", "switched_off", "warnings", within="rule")
]
Editor = Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))]
Reader = Annotated[Caller, Depends(requires(*READERS))]
Short = Annotated[str | None, Query(min_length=1, max_length=64)]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/rules/schema")
async def schema(caller: Reader) -> dict[str, Any]:
    """The JSON schema of a rule, for editors."""
    del caller
    return RULE.json_schema()


@taking_yaml.put("/sites/{site}/rules/{uid}", response_model=PutRule, openapi_extra=YAML_TOO)
async def put(site: SiteName, uid: Uid, body: RuleAsShown, writer: Editor, why: Why = None) -> Response:
    """Makes the next version of a rule; it is in force as soon as the engine has read it from the stream."""
    return await writer.once(site, lambda tx: service.put(tx, uid, body, why))


@router.post("/sites/{site}/rules", response_model=PutRules, openapi_extra=RULES)
async def put_all(site: SiteName, writer: Editor, found: RulesBody, why: Why = None) -> Response:
    """Makes the next version of each of up to a thousand rules, and puts the plate lists with them: all or nothing."""
    key = writer.resources.personal_key
    return await writer.once(site, lambda tx: service.put_all(tx, found, key, why))


@router.delete("/sites/{site}/rules/{uid}", response_model=RuleChange)
async def remove(site: SiteName, uid: Uid, writer: Editor, why: Why = None) -> Response:
    """Takes a rule out of force."""
    return await writer.once(site, lambda tx: service.remove(tx, uid, why))


@router.post("/sites/{site}/rules/check", openapi_extra=RULES)
async def check(site: SiteName, resources: Held, caller: Reader, found: RulesBody) -> Checked:
    """Whether rules could be put, and what they name that this site does not have. Writes nothing."""
    async with begin(resources, site, caller.username) as tx:
        return await service.check(tx, found)


@router.post("/sites/{site}/rules/{uid}/rollback", response_model=PutRule)
async def roll_back(site: SiteName, uid: Uid, body: Rollback, writer: Editor) -> Response:
    """Puts an old version again, as a new one; a rule that was removed comes back."""
    return await writer.once(site, lambda tx: service.roll_back(tx, uid, body))


def asked(
    kind: KindName | None = None,
    mode: Literal["live", "monitor", "off"] | None = None,
    category: Short = None,
    event_type: Short = None,
) -> Filter:
    """The rules that a query asks for."""
    return Filter(kind=kind, mode=mode, category=category, event_type=event_type)


@router.get("/sites/{site}/rules")
async def page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    wanted: Annotated[Filter, Depends(asked)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Rules:
    """Rules in force, by uid."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, wanted, cursor=cursor, limit=limit)


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


@router.get("/sites/{site}/rules/{uid}/diff")
async def diff(
    site: SiteName,
    uid: Uid,
    resources: Held,
    caller: Reader,
    *,
    old: Annotated[Version, Query(alias="from")] = None,
    new: Annotated[Version, Query(alias="to")] = None,
) -> RuleDiff:
    """What differs between two versions, field by field; by default the newest and the one before."""
    async with begin(resources, site, caller.username) as tx:
        return await service.diff(tx, uid, old, new)


router.include_router(taking_yaml)
