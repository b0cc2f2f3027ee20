"""Rules of a site. The body of PUT is a rule of herun.rules; its `version` is ignored, each PUT makes the next."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.schema import Body, Moment, Text, View
from herun.rules import Rule


class RuleVersion(View):
    """The current version of a rule, with who made it, when and why.

    `switched_off`: since when the engine has not evaluated it, because it threw too often; the next PUT switches it on.
    """

    uid: str
    version: int
    rule: Rule
    changed_by: str
    changed_at: Moment
    why: str | None
    switched_off: Moment | None


class RuleWarning(View):
    """What may not be meant so: the way to it in the rule, and, of a rule that was only checked, its line."""

    loc: list[str | int]
    msg: str
    line: int | None = None


class PutRule(RuleVersion):
    """A rule that was just put; `warnings` are about what may not be meant so."""

    warnings: list[RuleWarning]


class PutOfMany(View):
    """One of several rules that were put together: its version, its line in the body, and what may not be meant so."""

    uid: str
    version: int
    line: int
    warnings: list[RuleWarning]


class PutRules(View):
    """POST .../rules: all rules of the body, in their order; each of them was put."""

    items: list[PutOfMany]


class RuleChange(View):
    """One version in a rule's history; `rule` is null where it was removed."""

    version: int
    rule: Rule | None
    changed_by: str
    changed_at: Moment
    why: str | None


class Rules(View):
    """One page of the rules in force, by uid; `next_cursor` is null on the last."""

    items: list[RuleVersion]
    next_cursor: str | None


class RuleHistory(View):
    """All versions of one rule, newest first."""

    uid: str
    items: list[RuleChange]


class Rollback(Body):
    """POST .../rules/{uid}/rollback: makes a new version of an old one's body."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    why: Text


class FieldChange(View):
    """One field that differs, by its dotted name; null where it is not there or empty."""

    field: str
    old: Any
    new: Any


class RuleDiff(View):
    """What differs between two versions; a version that was removed, or never was, has no fields.

    `begins_anew`: the engine forgets what it knows of the rule; what is pending begins again.
    """

    uid: str
    old: Annotated[int, Field(serialization_alias="from")]
    new: Annotated[int, Field(serialization_alias="to")]
    changes: list[FieldChange]
    begins_anew: bool


class CheckedRule(View):
    """A rule that may be put, and what makes one doubt that it is meant so."""

    uid: str
    line: int
    warnings: list[RuleWarning]


class Checked(View):
    """POST .../rules/check: all rules of the body, none of which has been put."""

    items: list[CheckedRule]
