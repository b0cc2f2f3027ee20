"""Rules of a site. The body of PUT is a rule of herun.rules; its `version` is ignored, each PUT makes the next."""

from __future__ import annotations

from api.schema import Moment, View
from herun.rules import Rule


class RuleVersion(View):
    """The current version of a rule, with who made it, when and why."""

    uid: str
    version: int
    rule: Rule
    changed_by: str
    changed_at: Moment
    why: str | None


class RuleChange(View):
    """One version in a rule's history; `rule` is null where it was removed."""

    version: int
    rule: Rule | None
    changed_by: str
    changed_at: Moment
    why: str | None


class Rules(View):
    """All rules in force, by uid."""

    items: list[RuleVersion]


class RuleHistory(View):
    """All versions of one rule, newest first."""

    uid: str
    items: list[RuleChange]
