"""Who of the candidates gets an order, and why nobody else does. Pure: no I/O, no clock, no chance.

The stages are gone along until somebody fits; nobody who is off shift ever does. Of those who fit, the mode chooses;
what it goes by ends with the name: the same candidates give the same answer, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf
from typing import Any, Final

from api.categories.tree import HandledBy
from api.dispatch.rules import ANYBODY, Mode, Rule
from api.distance import Point, distance_m
from api.roles import Role

MAX_POOL: Final = 200  # people to whom one order is offered
_STEP_M: Final = 100  # distances are told in these: who asks from many places does not learn where somebody is


class Stage(StrEnum):
    """Where somebody is looked for; DESK last: there a person decides."""

    OWN_STAFF = "own_staff"  # property staff of the order's unit
    RULE = "rule"
    NEIGHBOUR_GRID = "neighbour_grid"
    PROPERTY_STAFF = "property_staff"
    ON_CALL = "on_call"
    DESK = "desk"


class Why(StrEnum):
    """Why somebody was passed over. The first ones say that they do not fit, the others that somebody fits better."""

    GAVE_BACK = "gave_back"
    NOT_NAMED = "not_named"
    OTHER_UNIT = "other_unit"
    OTHER_ROLE = "other_role"
    OTHER_GRID = "other_grid"
    LACKS_SKILL = "lacks_skill"
    OFF_SHIFT = "off_shift"
    NOT_ON_CALL = "not_on_call"
    BUSIER = "busier"
    FARTHER = "farther"
    LATER_TURN = "later_turn"
    LATER_NAME = "later_name"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A worker of the site as known at one time. `turn`: when this rule last chose them, counted; 0 never."""

    username: str
    roles: frozenset[Role]
    grids: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    unit: str | None = None
    is_on_shift: bool = True
    is_on_call: bool = False
    load: int = 0
    place: Point | None = None
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Errand:
    """What of an order decides on who fits: its grids, those beside them, its unit and place, and who returned it.

    `handled_by` is its category's.
    """

    category: str
    handled_by: HandledBy = "grid"
    grids: frozenset[str] = frozenset()
    neighbours: frozenset[str] = frozenset()
    unit: str | None = None
    place: Point | None = None
    given_back_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Passed:
    """Somebody who was passed over at a stage, and the numbers that speak for it."""

    worker: str
    why: Why
    numbers: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Looked:
    """One stage that was gone along: how many fitted, and who was passed over; who came closest is first."""

    stage: Stage
    fitting: int
    passed: tuple[Passed, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What came of it: a worker, or a pool of those who may take it, or neither at the stage DESK."""

    rule: str
    mode: Mode
    stage: Stage
    worker: str | None
    pool: tuple[str, ...]
    looked: tuple[Looked, ...]
    load: int | None = None
    distance_m: int | None = None


def choose(candidates: Iterable[Candidate], errand: Errand, rule: Rule, chain: Sequence[Stage]) -> Choice:
    """Who gets the order by this rule; along the chain if nobody fits."""
    everybody = sorted(candidates, key=lambda each: each.username)
    looked: list[Looked] = []
    for stage in stages(errand, rule, chain):
        unfit = {each.username: why for each in everybody if (why := unfitness(each, errand, rule, stage))}
        fitting = [each for each in everybody if each.username not in unfit]
        passed = [Passed(username, why, {}) for username, why in unfit.items()]
        if fitting:
            mode = Mode.ASSIGN if stage is Stage.ON_CALL else rule.mode
            return _chosen(
                _ranked(fitting, errand, mode), errand, rule, mode, stage=stage, looked=looked, passed=passed
            )
        looked.append(Looked(stage, 0, _closest_first(passed)))
    return Choice(rule.name, rule.mode, Stage.DESK, None, (), tuple(looked))


def stages(errand: Errand, rule: Rule, chain: Sequence[Stage]) -> tuple[Stage, ...]:
    """Where somebody is looked for, in this order: what the property company handles, and no rule wants otherwise,
    among its staff before anybody else."""
    if errand.handled_by == "grid" or rule.to != ANYBODY:
        return (Stage.RULE, *chain)
    others = (stage for stage in chain if stage is not Stage.PROPERTY_STAFF)
    return (Stage.OWN_STAFF, Stage.PROPERTY_STAFF, Stage.RULE, *others)


def unfitness(candidate: Candidate, errand: Errand, rule: Rule, stage: Stage) -> Why | None:
    """Why a candidate does not fit at a stage; None if they do."""
    if candidate.username in errand.given_back_by:
        return Why.GAVE_BACK
    if stage is Stage.ON_CALL:
        unit = rule.to.unit or errand.unit
        if unit is None or candidate.unit != unit:
            return Why.OTHER_UNIT
        return None if candidate.is_on_call else Why.NOT_ON_CALL
    why = _unfit_by_rule(candidate, errand, rule) if stage is Stage.RULE else _unfit_by_chain(candidate, errand, stage)
    if why is None and (skill := _skill(errand, rule, stage)) is not None and skill not in candidate.skills:
        why = Why.LACKS_SKILL
    return why or (None if candidate.is_on_shift else Why.OFF_SHIFT)


def _unfit_by_rule(candidate: Candidate, errand: Errand, rule: Rule) -> Why | None:
    to = rule.to
    unit = errand.unit if to.own_unit else to.unit
    if to.worker is not None and candidate.username != to.worker:
        return Why.NOT_NAMED
    if (to.own_unit or unit is not None) and (unit is None or candidate.unit != unit):
        return Why.OTHER_UNIT
    if to.grid is None and to.is_of_people:
        return None
    if Role.GRID_WORKER not in candidate.roles:
        return Why.OTHER_ROLE
    wanted = errand.grids if to.grid is None else {to.grid}
    return Why.OTHER_GRID if candidate.grids.isdisjoint(wanted) else None


def _unfit_by_chain(candidate: Candidate, errand: Errand, stage: Stage) -> Why | None:
    needed = Role.GRID_WORKER if stage is Stage.NEIGHBOUR_GRID else Role.PROPERTY_STAFF
    if needed not in candidate.roles:
        return Why.OTHER_ROLE
    if stage is Stage.OWN_STAFF and (errand.unit is None or candidate.unit != errand.unit):
        return Why.OTHER_UNIT
    if stage is Stage.NEIGHBOUR_GRID and candidate.grids.isdisjoint(errand.neighbours):
        return Why.OTHER_GRID
    return None


def _skill(errand: Errand, rule: Rule, stage: Stage) -> str | None:
    if rule.to.skill is not None:
        return rule.to.skill
    return None if stage is Stage.RULE and rule.to.is_of_people else errand.category


def _ranked(fitting: list[Candidate], errand: Errand, mode: Mode) -> list[Candidate]:
    def rank(each: Candidate) -> tuple[float, float, str]:
        if mode is Mode.ROUND_ROBIN:
            return (each.turn, 0, each.username)
        far = distance_m(each.place, errand.place)
        return (each.load, inf if far is None else far, each.username)

    return sorted(fitting, key=rank)


def _chosen(
    ranked: list[Candidate],
    errand: Errand,
    rule: Rule,
    mode: Mode,
    *,
    stage: Stage,
    looked: list[Looked],
    passed: list[Passed],
) -> Choice:
    first, *others = ranked
    if mode is Mode.GRAB:
        here = Looked(stage, len(ranked), _closest_first(passed))
        pool = tuple(each.username for each in ranked[:MAX_POOL])
        return Choice(rule.name, mode, stage, None, pool, (*looked, here))
    worse = [_passed(each, first, errand, mode) for each in others]
    here = Looked(stage, len(ranked), (*worse, *_closest_first(passed)))
    far = told_m(distance_m(first.place, errand.place))
    return Choice(rule.name, mode, stage, first.username, (), (*looked, here), first.load, far)


def _passed(other: Candidate, chosen: Candidate, errand: Errand, mode: Mode) -> Passed:
    """Why somebody who fits is not the one who is chosen, with both their numbers."""
    if mode is Mode.ROUND_ROBIN:
        why = Why.LATER_TURN if other.turn != chosen.turn else Why.LATER_NAME
        return Passed(other.username, why, {"turn": other.turn, "chosen_turn": chosen.turn})
    numbers: dict[str, Any] = {"load": other.load, "chosen_load": chosen.load}
    if other.load != chosen.load:
        return Passed(other.username, Why.BUSIER, numbers)
    far, chosen_far = distance_m(other.place, errand.place), distance_m(chosen.place, errand.place)
    if far == chosen_far:
        return Passed(other.username, Why.LATER_NAME, numbers)
    numbers |= {"distance_m": told_m(far), "chosen_distance_m": told_m(chosen_far)}
    return Passed(other.username, Why.FARTHER, numbers)


def _closest_first(passed: list[Passed]) -> tuple[Passed, ...]:
    """Who lacked least first: what is asked for last is what the others did not even come to."""
    asked = list(Why)
    return tuple(sorted(passed, key=lambda each: (-asked.index(each.why), each.worker)))


def told_m(metres: float | None) -> int | None:
    """A distance as it is told: rounded up to a hundred metres."""
    return None if metres is None else ceil(metres / _STEP_M) * _STEP_M
