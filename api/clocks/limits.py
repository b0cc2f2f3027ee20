"""How long things may take, by category and severity. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

Calendar = Literal["always", "working_hours"]
Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Until a worker has taken an order up, is there, has done it; and what its reporter is promised.

    In time that counts by the calendar: working hours, or always.
    """

    accept: timedelta
    arrive: timedelta
    solve: timedelta
    promise: timedelta
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class LimitRule:
    """Limits of a category, a severity, or both; None: of any."""

    category: str | None
    severity: Severity | None
    limits: Limits


def contradiction(limits: Limits) -> str | None:
    """Which limit is longer than the promise that it serves; None if none is. Together they may be: few take it all."""
    minute = timedelta(minutes=1)
    for name in ("accept", "arrive", "solve"):
        limit: timedelta = getattr(limits, name)
        if limit > limits.promise:
            promise = limits.promise // minute
            return f"to {name} may take {limit // minute} minutes, longer than the promise of {promise}"
    return None


_URGENT: Final = Limits(
    accept=timedelta(minutes=5),
    arrive=timedelta(minutes=30),
    solve=timedelta(hours=4),
    promise=timedelta(hours=24),
    calendar="always",
)
_SOON: Final = Limits(
    accept=timedelta(minutes=30),
    arrive=timedelta(hours=2),
    solve=timedelta(hours=24),
    promise=timedelta(hours=48),
    calendar="always",
)
# As on the hotline: three working days to solve, five to answer, of seven hours each.
_USUAL: Final = Limits(
    accept=timedelta(hours=2),
    arrive=timedelta(hours=7),
    solve=timedelta(hours=21),
    promise=timedelta(hours=35),
    calendar="working_hours",
)
DEFAULTS: Final = (
    LimitRule(None, "critical", _URGENT),
    LimitRule(None, "warning", _SOON),
    LimitRule(None, None, _USUAL),
)


def chosen(rules: Iterable[LimitRule], category: str, severity: str) -> Limits:
    """What holds for an order: the rule that says most of it, of equals the first; the category says more than the
    severity does.

    What no rule speaks of has the default of its severity.
    """
    fitting = [rule for rule in rules if _fits(rule, category, severity)]
    fitting = fitting or [rule for rule in DEFAULTS if _fits(rule, category, severity)]
    return max(fitting, key=lambda rule: (rule.category is not None, rule.severity is not None)).limits


def _fits(rule: LimitRule, category: str, severity: str) -> bool:
    return rule.category in {None, category} and rule.severity in {None, severity}
