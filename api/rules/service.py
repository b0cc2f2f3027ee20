"""Rules: every change is a version with who, when and why, and reaches the engine as a control."""

from __future__ import annotations

from typing import Any, Final

from api.audit import store as audit
from api.outbox import store as outbox
from api.problems import conflict, invalid, not_found
from api.rules import store
from api.rules.schemas import RuleChange, RuleHistory, Rules, RuleVersion
from api.transactions import Transaction
from herun.control import ControlKind
from herun.rules import RULE, Rule

MAX_RULES: Final = 500  # in force at one site: each event is held against all of them


async def put(tx: Transaction, uid: str, rule: Rule, why: str | None) -> RuleVersion:
    """Makes the next version. Raises Problem 422 if the body names another rule, 409 beyond the bound."""
    if rule.uid != uid:
        raise invalid("another_uid", f"the body is rule {rule.uid}, the path says {uid}")
    version, in_force = await store.newest(tx, uid)
    if not in_force and len(await store.current(tx)) >= MAX_RULES:
        raise conflict("too_many_rules", f"a site has at most {MAX_RULES} rules in force")
    body = RULE.dump_python(rule.model_copy(update={"version": version + 1}), mode="json")
    await store.add_version(tx, uid, version + 1, body, why)
    await outbox.put(tx, ControlKind.RULE_PUT, body)
    await audit.record(tx, "rule.put", uid, {"version": version + 1, "why": why})
    return await one(tx, uid)


async def remove(tx: Transaction, uid: str, why: str | None) -> RuleChange:
    """Takes a rule out of force; its versions stay. Raises Problem 404 if it is not in force."""
    version, in_force = await store.newest(tx, uid)
    if not in_force:
        raise not_found("rule")
    await store.add_version(tx, uid, version + 1, None, why)
    await outbox.put(tx, ControlKind.RULE_REMOVED, {"uid": uid})
    await audit.record(tx, "rule.removed", uid, {"version": version + 1, "why": why})
    return (await history(tx, uid)).items[0]


async def one(tx: Transaction, uid: str) -> RuleVersion:
    """A rule in force. Raises Problem 404."""
    rows = await store.current(tx, uid)
    if not rows:
        raise not_found("rule")
    return _shown(rows[0])


async def everything(tx: Transaction) -> Rules:
    """All rules in force."""
    return Rules(items=[_shown(row) for row in await store.current(tx)])


async def history(tx: Transaction, uid: str) -> RuleHistory:
    """All versions of one rule. Raises Problem 404 if there never was one."""
    rows = await store.history(tx, uid)
    if not rows:
        raise not_found("rule")
    return RuleHistory(uid=uid, items=[RuleChange(**_with_rule(row)) for row in rows])


def _shown(row: dict[str, Any]) -> RuleVersion:
    return RuleVersion(**_with_rule(row))


def _with_rule(row: dict[str, Any]) -> dict[str, Any]:
    body = row.pop("body")
    return {**row, "rule": None if body is None else RULE.validate_python(body)}
