"""What a job needs: which rules, how long a warm-up, which event types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from herun.backtests import MAX_WARM_UP_US, Backtest
from herun.catalogue import CATALOGUE
from herun.clock import DAY_US, SECOND_US
from herun.control import ControlKind
from herun.errors import InvalidInputError
from herun.frames import Control
from herun.names import meant
from herun.rule_files import rule_of
from herun.rules import RULE, body_of
from processor.engine.engine import make_parts
from processor.replay import END, Boundary, StoredControls, Substitution

LEAST_WARM_UP_US: Final = DAY_US  # for what every device says once a day at least
TIMES_DURATION: Final = 2  # one duration for what was there before to end, one for what is to be known to begin


@dataclass(frozen=True, slots=True)
class Plan:
    """`bodies` are all versions that may be in force; `candidate` is the one under test, None: all as they were."""

    bodies: tuple[dict[str, Any], ...]
    candidate: dict[str, Any] | None
    substitute: Substitution

    @property
    def uid(self) -> str | None:
        """The uid of the rule under test; None: all."""
        return None if self.candidate is None else str(self.candidate["uid"])

    @property
    def types(self) -> frozenset[str]:
        """The event types that decide anything: those of the rules, and those of which parts make what rules look at.

        A rule that goes by the arming of its zone needs what arms it.
        """
        wanted = {name for body in self.bodies for name in body["match"]["event_types"]}
        if any(CATALOGUE[name].derived for name in wanted) or any(body.get("armed_modes") for body in self.bodies):
            wanted = wanted.union(*(part.event_types for part in make_parts()))
        return frozenset(wanted)

    @property
    def warm_up_us(self) -> int:
        """Long enough for what began before it to have ended, by the longest durations of any one rule."""
        longest = max((sum(_durations_s(body)) for body in self.bodies), default=0.0)
        return min(MAX_WARM_UP_US, max(LEAST_WARM_UP_US, round(TIMES_DURATION * longest * SECOND_US)))


def plan_rules(job: Backtest, rule_controls: Iterable[tuple[str, dict[str, Any]]]) -> Plan:
    """The plan of a backtest, from all that was ever said about the site's rules.

    Raises InvalidInputError (`unknown_rule`, `bad_rule`).
    """
    if job.rule is None and job.rule_uid is None:
        return as_they_were(rule_controls)
    said = list(rule_controls)
    # What is in force is taken as it is, what is new as if it were put.
    rule = rule_of(job.rule) if job.rule is not None else RULE.validate_python(_in_force(job.rule_uid or "", said))
    candidate = body_of(rule)
    others = (each for kind, each in said if kind == ControlKind.RULE_PUT and each["uid"] != candidate["uid"])
    return Plan((candidate, *others), candidate, with_rule(candidate["uid"], candidate))


def as_they_were(rule_controls: Iterable[tuple[str, dict[str, Any]]]) -> Plan:
    """Every rule in every version, at its place."""
    bodies = tuple(body for kind, body in rule_controls if kind == ControlKind.RULE_PUT)
    return Plan(bodies, None, lambda control: control)


def was_put(uid: str, rule_controls: Iterable[tuple[str, dict[str, Any]]]) -> bool:
    """True if a rule of this uid was ever put."""
    return any(kind == ControlKind.RULE_PUT and body.get("uid") == uid for kind, body in rule_controls)


def _in_force(uid: str, rule_controls: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    newest: dict[str, Any] | None = None
    known: set[str] = set()
    for kind, body in rule_controls:
        (known.add if kind == ControlKind.RULE_PUT else known.discard)(str(body.get("uid")))
        if body.get("uid") == uid:
            newest = body if kind == ControlKind.RULE_PUT else None
    if newest is None:
        there = meant(uid, known) if known else "the engine knows none of this site"
        raise InvalidInputError("unknown_rule", f"no rule {uid} is in force; {there}")
    return newest


def _durations_s(value: Any) -> Iterator[float]:
    """Every number of a rule's body that is a duration, by its name."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name.endswith("_s") and isinstance(each, int | float):
                yield float(each)
            else:
                yield from _durations_s(each)
    elif isinstance(value, list):
        for each in value:
            yield from _durations_s(each)


def with_rule(uid: str, body: dict[str, Any]) -> Substitution:
    """This rule in this version, from the time on at which it was first put; all others as they were.

    The others are needed: an alert may be hidden by one of theirs, or be part of a storm.
    """

    def substitute(control: Control) -> Control | None:
        if control.body.get("uid") != uid or control.kind not in {ControlKind.RULE_PUT, ControlKind.RULE_REMOVED}:
            return control
        is_put = control.kind == ControlKind.RULE_PUT
        return Control(control.site, control.control_id, control.kind, body) if is_put else None

    return substitute


def put_at(site: str, begin: Boundary, listened_us: int, body: dict[str, Any]) -> StoredControls:
    """A rule that is put where the warm-up begins; nothing happens if it was put before."""
    control = Control(site, "backtest", ControlKind.RULE_PUT, body)
    return StoredControls(min(begin.next, END) - 1, begin.at_us, listened_us, [control])
