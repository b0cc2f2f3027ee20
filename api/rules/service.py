"""Rules: every change is a version with who, when and why, and reaches the engine as a control."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from api import cursors
from api.audit import store as audit
from api.categories import service as categories
from api.outbox import store as outbox
from api.plate_lists import service as plate_lists
from api.plate_lists.schemas import NewPlateList
from api.problems import FieldError, conflict, invalid, not_found
from api.rules import store
from api.rules.schemas import (
    Checked,
    CheckedRule,
    FieldChange,
    PutOfMany,
    PutRule,
    PutRules,
    Rollback,
    RuleChange,
    RuleDiff,
    RuleHistory,
    Rules,
    RuleVersion,
    RuleWarning,
)
from api.rules.store import Filter, Named
from api.schema import MAX_BULK
from api.transactions import Transaction
from herun import rule_sense
from herun.control import ControlKind
from herun.marked_yaml import Path
from herun.rule_changes import begins_anew, changes, doubts
from herun.rule_files import MAX_RULES, PlacedRule, RuleFile, alone
from herun.rules import RULE, Rule, body_of

NamedThing = tuple[Path, str, str]  # where in a rule, what it is, its name


async def put(tx: Transaction, uid: str, rule: Rule, why: str | None) -> PutRule:
    """Makes the next version. Raises Problem 422 if the body names another rule, or its condition never comes true."""
    if rule.uid != uid:
        raise invalid("another_uid", f"the body is rule {rule.uid}, the path says {uid}")
    must_make_sense(rule, "body")
    return await _put(tx, rule, why)


def must_make_sense(rule: Rule, *at: str) -> None:
    """Raises Problem 422 if what stands at this place of the body is a rule that never comes true."""
    faults = rule_sense.faults(rule)
    if faults:
        errors = [FieldError(loc=[*at, *path], msg=what, type="invalid_rule") for path, what in faults]
        raise invalid("invalid_rule", f"{'.'.join(map(str, errors[0].loc))}: {errors[0].msg}", errors)


async def put_all(tx: Transaction, found: RuleFile, personal_key: bytes, why: str | None) -> PutRules:
    """Puts the plate lists and makes the next version of each of the rules, or does nothing of it.

    Raises Problem 422 for more than MAX_BULK rules and for what is no plate, 409 beyond the bound.
    """
    rules = [placed.rule for placed in found.rules]
    if len(rules) > MAX_BULK:
        raise invalid("too_many_rules", f"{len(rules)} rules, at most {MAX_BULK} at once")
    for name, plates in found.plate_lists.items():
        await plate_lists.put(tx, name, NewPlateList(plates=list(plates)), personal_key, why)
    versions = await _put_all(tx, found.rules, why)
    every = await _warnings(tx, rules, ())
    items = [
        PutOfMany(uid=placed.rule.uid, version=version, line=placed.line, warnings=_placed(placed, warnings))
        for placed, version, warnings in zip(found.rules, versions, every, strict=True)
    ]
    return PutRules(items=items)


async def _put(tx: Transaction, rule: Rule, why: str | None) -> PutRule:
    await _put_all(tx, [alone(rule)], why)
    warnings = [RuleWarning(loc=list(path), msg=what) for path, what in (await _warnings(tx, [rule], ()))[0]]
    return PutRule(**dict(await one(tx, rule.uid)), warnings=warnings)


async def _put_all(tx: Transaction, placed: Sequence[PlacedRule], why: str | None) -> list[int]:
    """Makes the next version of each of these, and returns their numbers. Raises Problem 409 beyond the bound."""
    newest = await store.newest(tx, [each.rule.uid for each in placed])
    added = [each for each in placed if not newest[each.rule.uid][1]]
    if added and (room := MAX_RULES - await store.count(tx)) < len(added):
        detail = f"a site has at most {MAX_RULES} rules in force"
        first = added[max(0, room)]
        where = FieldError(loc=["body", *first.at], msg=detail, type="too_many_rules", line=first.line)
        raise conflict("too_many_rules", detail, [where])
    bodies = {
        each.rule.uid: body_of(each.rule.model_copy(update={"version": newest[each.rule.uid][0] + 1}))
        for each in placed
    }
    await store.add_versions(tx, bodies, why)
    await outbox.put_all(tx, ControlKind.RULE_PUT, list(bodies.values()))
    details = {uid: {"version": body["version"], "why": why} for uid, body in bodies.items()}
    await audit.record_all(tx, "rule.put", details)
    return [body["version"] for body in bodies.values()]


async def remove(tx: Transaction, uid: str, why: str | None) -> RuleChange:
    """Takes a rule out of force; its versions stay. Raises Problem 404 if it is not in force."""
    version, in_force = (await store.newest(tx, [uid]))[uid]
    if not in_force:
        raise not_found("rule")
    await store.take_out(tx, uid, version + 1, why)
    await outbox.put(tx, ControlKind.RULE_REMOVED, {"uid": uid})
    await audit.record(tx, "rule.removed", uid, {"version": version + 1, "why": why})
    return (await history(tx, uid)).items[0]


async def roll_back(tx: Transaction, uid: str, asked: Rollback) -> PutRule:
    """Puts an old version's body as a new one.

    Raises Problem 404 for no such version, 409 for one that removed the rule and for the one that is in force.
    """
    body = await _body(tx, uid, asked.version)
    if body is None:
        raise conflict("removed", f"version {asked.version} took the rule out of force; there is nothing to put")
    if (await store.newest(tx, [uid]))[uid] == (asked.version, True):
        raise conflict("in_force", f"version {asked.version} is the one in force; there is nothing to go back to")
    return await _put(tx, RULE.validate_python(body), f"back to version {asked.version}: {asked.why}"[:500])


async def one(tx: Transaction, uid: str) -> RuleVersion:
    """A rule in force. Raises Problem 404."""
    rows = await store.page(tx, Filter(uid=uid), limit=1)
    if not rows:
        raise not_found("rule")
    return _shown(rows[0])


async def page(tx: Transaction, wanted: Filter, *, cursor: str | None, limit: int) -> Rules:
    """Rules in force by uid. Raises Problem 400 for a bad cursor."""
    rows = await store.page(tx, wanted, after=cursors.decode_text(cursor), limit=limit + 1)
    more = cursors.encode(rows[limit - 1]["uid"]) if len(rows) > limit else None
    return Rules(items=[_shown(row) for row in rows[:limit]], next_cursor=more)


async def history(tx: Transaction, uid: str) -> RuleHistory:
    """All versions of one rule. Raises Problem 404 if there never was one."""
    rows = await store.history(tx, uid)
    if not rows:
        raise not_found("rule")
    return RuleHistory(uid=uid, items=[RuleChange(**_with_rule(row)) for row in rows])


async def diff(tx: Transaction, uid: str, old: int | None, new: int | None) -> RuleDiff:
    """What differs between two versions, by default the newest and the one before. Raises Problem 404."""
    if new is None:
        new = (await history(tx, uid)).items[0].version
    old = new - 1 if old is None else old
    before, after = (await _body(tx, uid, old) if old else None), await _body(tx, uid, new)
    found = [FieldChange(field=each.field, old=each.old, new=each.new) for each in changes(before, after)]
    return RuleDiff(uid=uid, old=old, new=new, changes=found, begins_anew=begins_anew(before, after))


async def check(tx: Transaction, found: RuleFile) -> Checked:
    """What makes one doubt rules that are valid. Writes nothing."""
    every = await _warnings(tx, [placed.rule for placed in found.rules], found.plate_lists)
    items = [
        CheckedRule(uid=placed.rule.uid, line=placed.line, warnings=_placed(placed, warnings))
        for placed, warnings in zip(found.rules, every, strict=True)
    ]
    return Checked(items=items)


def _placed(placed: PlacedRule, warnings: Sequence[tuple[Path, str]]) -> list[RuleWarning]:
    return [RuleWarning(loc=list(path), msg=what, line=placed.line_of(path)) for path, what in warnings]


async def _warnings(tx: Transaction, rules: Sequence[Rule], lists: Collection[str]) -> list[list[tuple[Path, str]]]:
    """What may not be meant so in each of these, and where; plate lists of these names are about to be put."""
    named = [rule_sense.named(rule) for rule in rules]
    unknown = await store.unknown(tx, _together(named)) - {("plate list", name) for name in lists}
    of_orders = [_of_orders(rule) for rule in rules]
    nearest = await categories.unknown(tx, {name for _, name in of_orders if name is not None})
    return [
        [*doubts(rule), *_missing(names, unknown), *_without_category(*of_order, nearest)]
        for rule, names, of_order in zip(rules, named, of_orders, strict=True)
    ]


def _together(named: Sequence[Sequence[NamedThing]]) -> Named:
    every = {(what, name) for names in named for _, what, name in names}

    def of(wanted: str) -> list[str]:
        return sorted(name for what, name in every if what == wanted)

    return Named(of("device"), of("device kind"), of("zone"), of("building"), of("plate list"))


def _missing(named: Sequence[NamedThing], unknown: set[tuple[str, str]]) -> list[tuple[Path, str]]:
    return [(path, f"this site has no {what} {name}") for path, what, name in named if (what, name) in unknown]


def _of_orders(rule: Rule) -> tuple[str, str | None]:
    """The field that says of which category its orders are, and that category; None if it opens none."""
    if rule.order_category is not None:
        return "order_category", rule.order_category
    return "category", rule.category if rule.opens_order else None


def _without_category(field: str, name: str | None, nearest: Mapping[str, Sequence[str]]) -> list[tuple[Path, str]]:
    if name is None or name not in nearest:
        return []
    near = ", ".join(nearest[name]) or "none is near"
    return [((field,), f"this site has no category {name}, its orders go to the desk; nearest: {near}")]


async def _body(tx: Transaction, uid: str, version: int) -> dict[str, Any] | None:
    row = await store.version(tx, uid, version)
    if row is None:
        raise not_found("version of this rule")
    body: dict[str, Any] | None = row["body"]
    return None if body is None else body_of(RULE.validate_python(body))


def _shown(row: dict[str, Any]) -> RuleVersion:
    return RuleVersion(**_with_rule(row))


def _with_rule(row: dict[str, Any]) -> dict[str, Any]:
    body = row.pop("body")
    return {**row, "rule": None if body is None else RULE.validate_python(body)}
