"""Who is chosen: the laws of the choice, over any candidates."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.dispatch.choice import MAX_POOL, Candidate, Choice, Errand, Stage, Why, choose, told_m, unfitness
from api.dispatch.explaining import explained
from api.dispatch.rules import DEFAULT, Mode, Rule, Target
from api.distance import distance_m
from api.roles import Role
from herun.clock import parse_time, to_datetime

NOW: Final = to_datetime(parse_time("2026-06-01T12:00:00+08:00"))
CHAIN: Final = (Stage.NEIGHBOUR_GRID, Stage.PROPERTY_STAFF, Stage.ON_CALL)
ERRAND: Final = Errand("water", grids=frozenset({"g1"}), neighbours=frozenset({"g2"}), unit="u1", place=(31.0, 120.0))
PROPERTY: Final = replace(ERRAND, handled_by="property")
_NAMES: Final = st.sampled_from(["g1", "g2", "g3"])
_SKILLS: Final = st.sampled_from(["water", "fire"])
_UNITS: Final = st.sampled_from(["u1", "u2"])

candidate = st.builds(
    Candidate,
    username=st.text("abcdefgh", min_size=1, max_size=3),
    roles=st.frozensets(st.sampled_from([Role.GRID_WORKER, Role.PROPERTY_STAFF]), min_size=1),
    grids=st.frozensets(_NAMES, max_size=2),
    skills=st.frozensets(_SKILLS),
    unit=st.none() | _UNITS,
    is_on_shift=st.booleans(),
    is_on_call=st.booleans(),
    load=st.integers(0, 3),
    place=st.none() | st.tuples(st.floats(30.9, 31.1), st.floats(119.9, 120.1)),
    turn=st.integers(0, 3),
)
candidates = st.lists(candidate, max_size=8, unique_by=lambda each: each.username)
targets = st.builds(
    Target,
    unit=st.none() | _UNITS,
    grid=st.none() | _NAMES,
    skill=st.none() | _SKILLS,
    worker=st.none() | st.sampled_from(["a", "b"]),
)
rules = st.builds(Rule, name=st.just("r"), when=st.just("true"), to=targets, mode=st.sampled_from(Mode))


def worker(username: str, **more: Any) -> Candidate:
    usual: dict[str, Any] = {
        "roles": frozenset({Role.GRID_WORKER}),
        "grids": frozenset({"g1"}),
        "skills": frozenset({"water"}),
    }
    return Candidate(username, **{**usual, **more})


def reason(choice: Choice, username: str) -> Why:
    return next(each.why for each in choice.looked[-1].passed if each.worker == username)


def obvious(everybody: list[Candidate], rule: Rule, stage: Stage) -> list[Candidate]:
    """Who fits, said once more and plainly."""

    def fits(one: Candidate) -> bool:
        if stage is Stage.ON_CALL:
            return one.is_on_call and one.unit == (rule.to.unit or ERRAND.unit)
        if not one.is_on_shift:
            return False
        if stage is Stage.PROPERTY_STAFF:
            return Role.PROPERTY_STAFF in one.roles and (rule.to.skill or "water") in one.skills
        if stage is Stage.NEIGHBOUR_GRID:
            return Role.GRID_WORKER in one.roles and "g2" in one.grids and (rule.to.skill or "water") in one.skills
        to = rule.to
        is_right = (to.worker in {None, one.username}) and (to.unit in {None, one.unit})
        if to.grid is not None or not (to.worker or to.unit):
            is_right &= Role.GRID_WORKER in one.roles and (to.grid or "g1") in one.grids
        if to.skill is not None or not (to.worker or to.unit):
            is_right &= (to.skill or "water") in one.skills
        return is_right

    return [one for one in everybody if fits(one)]


@settings(max_examples=200, deadline=None)
@given(candidates, rules)
def test_the_first_stage_at_which_somebody_fits_has_the_choice(everybody: list[Candidate], rule: Rule) -> None:
    choice = choose(everybody, ERRAND, rule, CHAIN)
    stages = [(stage, obvious(everybody, rule, stage)) for stage in (Stage.RULE, *CHAIN)]
    stage, fitting = next(((s, found) for s, found in stages if found), (Stage.DESK, []))
    assert choice.stage is stage
    assert {choice.worker, *choice.pool} - {None} <= {one.username for one in fitting}
    assert (choice.worker is None and not choice.pool) == (not fitting)
    if choice.pool:
        assert set(choice.pool) == {one.username for one in fitting}


@settings(max_examples=200, deadline=None)
@given(candidates, rules)
def test_nobody_off_shift_is_chosen_but_who_is_on_call(everybody: list[Candidate], rule: Rule) -> None:
    choice = choose(everybody, ERRAND, rule, CHAIN)
    for one in everybody:
        if one.username in {choice.worker, *choice.pool}:
            assert one.is_on_shift or (choice.stage is Stage.ON_CALL and one.is_on_call)


@settings(max_examples=200, deadline=None)
@given(candidates, rules)
def test_whoever_is_assigned_has_the_least_load_of_those_who_fit(everybody: list[Candidate], rule: Rule) -> None:
    choice = choose(everybody, ERRAND, rule, CHAIN)
    if choice.worker is None or choice.mode is not Mode.ASSIGN:
        return
    fitting = obvious(everybody, rule, choice.stage)
    chosen = next(one for one in fitting if one.username == choice.worker)
    assert chosen.load == min(one.load for one in fitting)
    equals = [one for one in fitting if one.load == chosen.load]
    far = {one.username: distance_m(one.place, ERRAND.place) for one in equals}
    known = [metres for metres in far.values() if metres is not None]
    assert far[chosen.username] == min(known, default=None)


@settings(max_examples=150, deadline=None)
@given(candidates, rules, st.randoms(use_true_random=False))
def test_the_order_in_which_candidates_come_changes_nothing(
    everybody: list[Candidate], rule: Rule, chance: random.Random
) -> None:
    shuffled = list(everybody)
    chance.shuffle(shuffled)
    assert choose(shuffled, ERRAND, rule, CHAIN) == choose(everybody, ERRAND, rule, CHAIN)


@settings(max_examples=200, deadline=None)
@given(candidates, rules)
def test_everybody_is_chosen_or_passed_over_with_a_reason_in_both_languages(
    everybody: list[Candidate], rule: Rule
) -> None:
    choice = choose(everybody, ERRAND, rule, CHAIN)
    for looked in choice.looked:
        here = looked is choice.looked[-1] and choice.stage is not Stage.DESK
        taken = {choice.worker, *choice.pool} - {None} if here else set()
        assert {each.worker for each in looked.passed} | taken == {one.username for one in everybody}
    told = explained(choice, 1, NOW, {})
    said = [told.words, *(each.words for looked in told.looked for each in looked.passed_over)]
    assert all(words["zh"] and words["en"] and "{" not in words["zh"] + words["en"] for words in said)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 39), st.sets(st.integers(0, 5), min_size=1)), max_size=5),
)
def test_a_round_is_fair_within_one_for_all_who_are_always_there(
    people: int, orders: int, absences: list[tuple[int, set[int]]]
) -> None:
    """Whoever is away now and then gets less; those who never are differ by one at most, whatever the loads."""
    rule = Rule(name="r", when="true", mode=Mode.ROUND_ROBIN)
    turns: dict[str, int] = {}
    given_to: Counter[str] = Counter()
    away_at = {when: {f"w{n}" for n in who} - {"w0", "w1"} for when, who in absences}
    always = {f"w{n}" for n in range(people)} - {name for names in away_at.values() for name in names}
    for n in range(orders):
        there = [
            worker(f"w{each}", turn=turns.get(f"w{each}", 0), load=given_to[f"w{each}"] * 7)
            for each in range(people)
            if f"w{each}" not in away_at.get(n, set())
        ]
        chosen = choose(there, ERRAND, rule, ()).worker
        assert chosen is not None
        turns[chosen] = n + 1
        given_to[chosen] += 1
    counts = [given_to[name] for name in always]
    assert max(counts) - min(counts) <= 1


def test_by_default_it_is_the_grid_worker_of_the_place_who_has_least_to_do() -> None:
    busy, idle = worker("busy", load=2), worker("idle", load=1)
    others = [
        worker("else", grids=frozenset({"g2"})),
        worker("fire", skills=frozenset({"fire"})),
        worker("off", is_on_shift=False),
        worker("crew", roles=frozenset({Role.PROPERTY_STAFF})),
    ]
    choice = choose([busy, idle, *others], ERRAND, DEFAULT, CHAIN)
    assert (choice.worker, choice.load) == ("idle", 1)
    assert {name: reason(choice, name) for name in ("busy", "else", "fire", "off", "crew")} == {
        "busy": Why.BUSIER, "else": Why.OTHER_GRID, "fire": Why.LACKS_SKILL, "off": Why.OFF_SHIFT,
        "crew": Why.OTHER_ROLE,
    }  # fmt: skip
    assert [each.worker for each in choice.looked[0].passed] == ["busy", "off", "fire", "else", "crew"]


def test_of_two_with_the_same_load_the_nearer_goes_and_a_known_place_comes_before_an_unknown_one() -> None:
    near, far, unknown = worker("z", place=(31.001, 120.0)), worker("y", place=(31.01, 120.0)), worker("a")
    choice = choose([far, unknown, near], ERRAND, DEFAULT, ())
    assert (choice.worker, choice.distance_m) == ("z", 200)
    assert reason(choice, "y") is Why.FARTHER
    assert choose([replace(near, load=1), far, unknown], ERRAND, DEFAULT, ()).worker == "y"


def test_without_positions_the_distance_plays_no_part() -> None:
    assert choose([worker("b"), worker("a")], replace(ERRAND, place=None), DEFAULT, ()).worker == "a"


def test_the_chain_is_gone_along_in_its_order_and_ends_at_the_desk() -> None:
    own = worker("own", is_on_shift=False)
    beside = worker("beside", grids=frozenset({"g2"}))
    crew = worker("crew", roles=frozenset({Role.PROPERTY_STAFF}), grids=frozenset())
    called = worker("called", unit="u1", is_on_call=True, is_on_shift=False, grids=frozenset(), skills=frozenset())
    everybody = [own, beside, crew, called]
    found = []
    while everybody:
        choice = choose(everybody, ERRAND, DEFAULT, CHAIN)
        found.append((choice.stage, choice.worker))
        if choice.worker is None:
            break
        everybody = [one for one in everybody if one.username != choice.worker]
    assert found == [
        (Stage.NEIGHBOUR_GRID, "beside"),
        (Stage.PROPERTY_STAFF, "crew"),
        (Stage.ON_CALL, "called"),
        (Stage.DESK, None),
    ]
    assert choose([own, beside], ERRAND, DEFAULT, ()).stage is Stage.DESK


@settings(max_examples=200, deadline=None)
@given(candidates, rules)
def test_what_the_property_handles_goes_the_same_way_where_no_staff_knows_it(
    everybody: list[Candidate], rule: Rule
) -> None:
    without = [replace(each, roles=each.roles - {Role.PROPERTY_STAFF}) for each in everybody]
    for one in (rule, DEFAULT):
        choice, before = choose(without, PROPERTY, one, CHAIN), choose(without, ERRAND, one, CHAIN)
        assert (choice.stage, choice.worker, choice.pool) == (before.stage, before.worker, before.pool)


@settings(max_examples=200, deadline=None)
@given(candidates)
def test_what_the_property_handles_goes_to_staff_who_know_it_before_anybody_else(everybody: list[Candidate]) -> None:
    staff = [
        each for each in everybody if Role.PROPERTY_STAFF in each.roles and "water" in each.skills and each.is_on_shift
    ]
    choice = choose(everybody, PROPERTY, DEFAULT, CHAIN)
    own = [each.username for each in staff if each.unit == "u1"]
    assert (choice.stage in {Stage.OWN_STAFF, Stage.PROPERTY_STAFF}) == bool(staff)
    if staff:
        assert choice.worker in (own or [each.username for each in staff])


def test_a_rule_that_names_anything_is_followed_whoever_handles_it() -> None:
    crew = worker("crew", roles=frozenset({Role.PROPERTY_STAFF}), grids=frozenset())
    for to in (Target(grid="g1"), Target(skill="water"), Target(worker="own")):
        rule = Rule(name="r", when="true", to=to)
        assert choose([crew, worker("own")], PROPERTY, rule, CHAIN).worker == "own"


def test_who_is_on_call_is_assigned_even_where_others_would_grab() -> None:
    rule = Rule(name="r", when="true", mode=Mode.GRAB)
    called = worker("called", unit="u1", is_on_call=True, is_on_shift=False)
    choice = choose([called], ERRAND, rule, (Stage.ON_CALL,))
    assert (choice.worker, choice.pool, choice.mode) == ("called", (), Mode.ASSIGN)


def test_a_rule_for_the_orders_own_unit_finds_nobody_for_an_order_without_one() -> None:
    rule = Rule(name="r", when="true", to=Target(own_unit=True))
    assert unfitness(worker("a", unit="u1"), ERRAND, rule, Stage.RULE) is None
    assert unfitness(worker("a", unit="u1"), replace(ERRAND, unit=None), rule, Stage.RULE) is Why.OTHER_UNIT
    assert unfitness(worker("a"), replace(ERRAND, unit=None), rule, Stage.RULE) is Why.OTHER_UNIT


def test_an_order_is_offered_to_a_bounded_number_of_people() -> None:
    rule = Rule(name="r", when="true", mode=Mode.GRAB)
    choice = choose([worker(f"w{n:03}") for n in range(MAX_POOL + 1)], ERRAND, rule, ())
    assert len(choice.pool) == MAX_POOL
    assert explained(choice, 1, NOW, {}).looked[0].fitting == MAX_POOL + 1


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        ((0.0, 0.0), (0.0, 0.0), 0),
        ((0.0, 0.0), (0.0, 1.0), 111_195),
        ((0.0, 0.0), (0.0, 180.0), 20_015_115),
        ((52.2296756, 21.0122287), (52.406374, 16.9251681), 278_459),
        ((0.0, 179.9), (0.0, -179.9), 22_239),
    ],
)
def test_distances_are_those_on_a_sphere(one: Any, other: Any, metres: int) -> None:
    assert distance_m(one, other) == pytest.approx(metres, rel=1e-4, abs=1)


def test_a_distance_is_told_in_hundreds_of_metres() -> None:
    assert [told_m(each) for each in (None, 0.0, 0.1, 100.0, 100.1)] == [None, 0, 100, 100, 200]
