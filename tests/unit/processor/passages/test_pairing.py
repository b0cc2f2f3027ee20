"""Entries and exits: the engine, however reads come in, against a slow reference that sees them in true order."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from herun.passages import FLAGGED
from herun.personal import CONFUSABLE
from processor.engine.passages.findings import name_of
from tests.unit.processor.passages.gates import HOUR, MINUTE, Estate, control, entries_inside, hashes

PLATES = ("测A12345", "测BXY890", "测C7K0W1", "测DD00817")  # far from each other, also when folded
DEVICES = ("north-in", "north-out", "south-in", "south-out")
LATENESS = 10 * MINUTE
SPACING = 5 * MINUTE  # beyond what a standing car's first pause may be, and beyond what clocks may differ


@dataclass(frozen=True)
class Passing:
    """One car at one gate, in truth."""

    car: int
    device: str
    second: float

    @property
    def is_in(self) -> bool:
        return self.device.endswith("in")


def judge(truth: list[Passing]) -> tuple[Counter[tuple[str, str, float]], list[tuple[float, float]], int]:
    """Findings, stays and cars inside, found in the obvious way: each car's passages one after the other."""
    findings: Counter[tuple[str, str, float]] = Counter()
    stays: list[tuple[float, float]] = []
    inside: dict[int, Passing] = {}
    for passing in sorted(truth, key=lambda each: each.second):
        entry = inside.pop(passing.car, None)
        if passing.is_in:
            inside[passing.car] = passing
            if entry:
                findings["clone", passing.device, passing.second] += 1
        elif entry:
            stays.append((entry.second, passing.second))
        else:
            findings["exit_without_entry", passing.device, passing.second] += 1
    return findings, stays, len(inside)


def misread(plate: str, chance: random.Random) -> tuple[str, int]:
    """The plate as a camera may see it: characters taken for their look-alikes, of which it is less sure."""
    seen = "".join(
        chance.choice(next((each for each in CONFUSABLE if char in each), char)) if chance.random() < 0.3 else char
        for char in plate
    )
    return seen, 90 if seen == plate else 70


passings = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(DEVICES), st.integers(0, 3)), min_size=1, max_size=12
).map(
    lambda rows: [
        Passing(car, device, n * (SPACING + 1) + step * MINUTE / 4) for n, (car, device, step) in enumerate(rows)
    ]
)


@settings(max_examples=150, deadline=None)
@given(passings, st.randoms(use_true_random=False), st.floats(0, 1))
def test_whatever_the_order_within_the_lateness_the_answer_is_that_of_the_true_order(
    truth: list[Passing], chance: random.Random, disorder: float
) -> None:
    deliveries: list[tuple[float, int, Passing, tuple[str, int], float]] = []
    for passing in truth:
        for _ in range(chance.randint(1, 4)):
            second = passing.second + chance.uniform(0, 4)
            seen, n = misread(PLATES[passing.car], chance), len(deliveries)
            for _ in range(chance.choice((1, 1, 2))):  # some come twice
                late = chance.uniform(0, LATENESS - MINUTE) if chance.random() < disorder else chance.uniform(0, 2)
                deliveries.append((second + late, n, passing, seen, second))
    estate = Estate()
    for arrival, n, passing, (plate, sure), second in sorted(deliveries, key=lambda each: each[:2]):
        estate.read(passing.device, plate, second, arrives=arrival, n=n, confidence=sure)
    estate.wait(15)
    assert len(estate.passages()) == len(truth)
    estate.wait(LATENESS + MINUTE)

    findings, stays, inside = judge(truth)
    found = Counter(
        (finding, device, min(truth, key=lambda each: (each.device != device, abs(each.second - second))).second)
        for finding, device, second in estate.findings()
    )
    assert found == findings
    assert estate.inside == inside
    still_open = {
        name_of(car.base) for car in estate.engine.state.passages.vehicles.values() if car.inside and car.base
    }
    assert len(still_open) == inside
    assert entries_inside(estate) == still_open
    if disorder == 0:
        assert sum("stay_s" in each for each in estate.passages()) == len(stays)
    estate.wait(2 * HOUR)
    assert len(estate.engine.state.passages.vehicles) == inside  # nothing is kept of cars that have left


def one_wrong(plate: str, chance: random.Random) -> str:
    """The plate with one character that is not even a look-alike."""
    n = chance.randrange(2, len(plate))
    return plate[:n] + "H" + plate[n + 1 :]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=14), st.randoms(use_true_random=False)
)
def test_one_wrong_character_makes_neither_a_second_car_nor_a_finding(
    moves: list[tuple[int, bool]], chance: random.Random
) -> None:
    """Of entry and exit at most one is wrong altogether: two wrong characters are another car."""
    estate, inside, second = Estate(), set[int](), 0.0
    wrong = set[int]()
    for car, is_north in moves:
        second += SPACING + 30
        device = ("north" if is_north else "south") + ("-out" if car in inside else "-in")
        inside ^= {car}
        seen = one_wrong(PLATES[car], chance) if chance.random() < 0.4 and car not in wrong else PLATES[car]
        reads = chance.randint(1, 3)
        wrong = wrong | {car} if reads == 1 and seen != PLATES[car] else wrong - {car}
        for n in range(reads):
            estate.read(device, seen if n == 0 else PLATES[car], second + n, confidence=60 if n == 0 else 95)
    estate.wait(LATENESS + 2 * MINUTE)
    assert len(estate.passages()) == len(moves)
    assert estate.findings() == []
    assert estate.inside == len(inside)


CAR = PLATES[0]


def test_a_stay_is_measured_from_entry_to_exit() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.read("south-out", "测A1Z345", HOUR)
    estate.wait(11)
    entry, leaving = estate.passages()
    assert (entry["inside"], leaving["inside"]) == (1, 0)
    assert (leaving["stay_s"], leaving["match"]) == (HOUR, "confusable")
    assert leaving["closes"] == leaving["entry"] == entry["opens"] == f"north-in:{entry['plate_event']}"


def test_an_exit_that_differs_in_one_character_ends_the_only_stay_that_fits() -> None:
    estate = Estate()
    estate.read("north-in", "测A12345", 0)
    estate.read("north-out", "测A1H345", HOUR, confidence=60)
    estate.wait(20 * MINUTE)
    assert [each.get("match") for each in estate.passages()] == [None, "one_character"]
    assert (estate.inside, estate.findings()) == (0, [])


def test_two_sure_reads_that_differ_in_one_character_are_two_cars() -> None:
    estate = Estate()
    estate.read("north-in", "测A12345", 0)
    estate.read("north-in", "测A1H345", 3)
    estate.wait(HOUR)
    assert [each["inside"] for each in estate.passages()] == [1, 2]
    estate.read("north-out", "测A1K345", HOUR)
    estate.wait(20 * MINUTE)
    assert (estate.inside, [finding for finding, _, _ in estate.findings()]) == (2, ["exit_without_entry"])


def test_an_exit_that_two_cars_fit_ends_neither_stay() -> None:
    estate = Estate()
    estate.read("north-in", "测A1234X", 0)
    estate.read("north-in", "测A1234Y", 60)
    estate.read("north-out", "测A1234W", HOUR, confidence=60)
    estate.wait(20 * MINUTE)
    assert estate.inside == 2
    assert [finding for finding, _, _ in estate.findings()] == ["exit_without_entry"]


def test_an_entry_that_comes_after_its_exit_is_no_finding() -> None:
    estate = Estate()
    estate.read("north-out", CAR, 60)
    estate.wait(11)
    estate.read("south-in", CAR, 0, arrives=400)
    estate.wait(HOUR)
    assert (estate.inside, estate.findings()) == (0, [])
    assert estate.passages()[1]["stay_s"] == 60


def test_a_late_entry_that_was_read_otherwise_is_no_finding_either() -> None:
    estate = Estate()
    estate.read("north-out", "测A12345", 300)
    estate.wait(11)
    estate.read("south-in", "测A1H345", 0, arrives=400, confidence=60)
    estate.wait(11)
    assert estate.inside == 1
    estate.wait(HOUR)
    assert estate.inside == 0
    assert [finding for finding, _, _ in estate.findings()] == ["paired_late"]


def test_where_two_clocks_differ_what_came_first_was_first() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 120, arrives=0)  # two minutes ahead
    estate.read("south-out", CAR, 60)
    estate.wait(HOUR)
    assert (estate.inside, estate.findings()) == (0, [])


def test_a_read_that_is_too_late_changes_no_pairing() -> None:
    estate = Estate()
    estate.read("south-in", PLATES[1], 0)  # its clock is right
    estate.read("north-in", CAR, 0)
    estate.read("north-out", CAR, HOUR)
    estate.wait(15 * MINUTE)
    estate.read("south-in", CAR, 1800, arrives=HOUR + 20 * MINUTE)
    estate.wait(20 * MINUTE)
    assert estate.passages()[-1]["late"] is True
    assert (estate.inside, estate.findings()) == (1, [])


OFFSETS = (0, 120, 300, 3300, -3300)  # seconds that a camera is ahead


@settings(max_examples=60, deadline=None)
@given(
    passings,
    st.fixed_dictionaries({device: st.sampled_from((0, 0, *OFFSETS)) for device in DEVICES}),
    st.randoms(use_true_random=False),
)
def test_whatever_the_clocks_say_the_answer_is_that_of_the_true_order(
    truth: list[Passing], ahead: dict[str, int], chance: random.Random
) -> None:
    estate = Estate()
    for passing in truth:
        second = passing.second
        for _ in range(chance.randint(1, 3)):
            second += chance.uniform(0, 2)
            plate, sure = misread(PLATES[passing.car], chance)
            arrives = second + chance.uniform(0, 0.5)
            estate.read(passing.device, plate, second + ahead[passing.device], arrives=arrives, confidence=sure)
        estate.wait(12)
    estate.wait(LATENESS + MINUTE)
    findings, stays, inside = judge(truth)
    assert Counter((finding, device) for finding, device, _ in estate.findings()) == Counter(
        (finding, device) for finding, device, _ in findings.elements()
    )
    assert (len(estate.passages()), estate.inside) == (len(truth), inside)
    told = sorted(each["stay_s"] for each in estate.passages() if "stay_s" in each)
    assert all(
        abs(one - (end - begin)) < 10
        for one, (begin, end) in zip(told, sorted(stays, key=lambda s: s[1] - s[0]), strict=True)
    )


def test_a_clock_that_is_set_wrong_costs_one_passage_and_no_more() -> None:
    """The first that is so late may be late; the next ones, as late, say that it is the clock."""
    estate = Estate()
    estate.read("south-out", PLATES[3], 0)
    for n in range(3):
        second = HOUR * (n + 1)
        estate.read("north-in", PLATES[n], second)
        estate.read("south-out", PLATES[n], second + 600 - 3300, arrives=second + 600)
    estate.wait(20 * MINUTE)
    assert estate.inside == 1


def test_what_a_new_camera_held_back_is_not_taken_for_a_wrong_clock() -> None:
    estate = Estate()
    for n in range(3):
        estate.read("south-out", PLATES[n], n * 60, arrives=HOUR)
    estate.wait(20 * MINUTE)
    assert [each.get("late") for each in estate.passages()] == [None, None, None]
    times = sorted(second for _, _, second in estate.findings())
    assert times == [60, 120, HOUR]


ALIKE = ("测AD1234", "测A01234")


def test_two_cars_whose_plates_look_alike_and_are_read_surely_are_two() -> None:
    estate = Estate()
    for n, plate in enumerate(ALIKE):
        estate.read("north-in", plate, n * 5 * MINUTE)
    estate.wait(20 * MINUTE)
    assert (estate.inside, estate.findings()) == (2, [])
    for n, plate in enumerate(ALIKE):
        estate.read("south-out", plate, HOUR + n * 10 * MINUTE)
    estate.wait(20 * MINUTE)
    assert (estate.inside, estate.findings()) == (0, [])
    assert [each.get("match") for each in estate.passages()] == [None, None, "exact", "exact"]
    estate.wait(2 * HOUR)
    assert estate.engine.state.passages.vehicles == {}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=16), st.randoms(use_true_random=False))
def test_look_alikes_that_are_read_surely_come_and_go_as_any_cars_do(
    moves: list[tuple[int, bool]], chance: random.Random
) -> None:
    cars, inside, estate, second = (*ALIKE, "测AQ1234", PLATES[0]), set[int](), Estate(), 0.0
    for car, is_north in moves:
        second += SPACING + 30
        device = ("north" if is_north else "south") + ("-out" if car in inside else "-in")
        inside ^= {car}
        for n in range(chance.randint(1, 3)):
            estate.read(device, cars[car], second + n)
    estate.wait(LATENESS + 2 * MINUTE)
    assert (len(estate.passages()), estate.findings()) == (len(moves), [])
    assert (estate.inside if moves else 0) == len(inside)
    assert all(each["match"] == "exact" for each in estate.passages() if "match" in each)
    estate.wait(2 * HOUR)
    assert len(estate.engine.state.passages.vehicles) == len(inside)


def test_an_exit_that_is_read_as_its_look_alike_still_ends_the_only_stay_that_fits() -> None:
    estate = Estate()
    estate.read("north-in", ALIKE[0], 0)
    estate.read("north-in", ALIKE[1], 5 * MINUTE)
    estate.read("south-out", ALIKE[0], HOUR)
    estate.read("south-out", "测AO1234", HOUR + 5 * MINUTE, confidence=60)
    estate.wait(20 * MINUTE)
    assert estate.inside == 0
    assert {finding for finding, _, _ in estate.findings()} <= {"paired_late"}


def test_look_alikes_that_both_stand_on_a_list_are_two_cars_however_they_are_read() -> None:
    made = [hashes(plate) for plate in ALIKE]
    residents = control("list.put", {"name": "residents", "hashes": [each["plate_hash"] for each in made]})
    for controls, inside, found in (([residents], 2, []), ([], 1, ["clone"])):
        estate = Estate(*controls, residents_list="residents")
        for n, plate in enumerate(ALIKE):
            estate.read("north-in", plate, n * 5 * MINUTE, confidence=60)
        estate.wait(20 * MINUTE)
        assert (estate.inside, [finding for finding, _, _ in estate.findings()]) == (inside, found)


def test_a_clone_says_how_its_plate_agrees() -> None:
    for second, sure, match in ((ALIKE[0], 90, "exact"), (ALIKE[1], 60, "confusable")):
        estate = Estate()
        estate.read("north-in", ALIKE[0], 0)
        estate.read("south-in", second, HOUR, confidence=sure)
        estate.wait(20 * MINUTE)
        (flagged,) = [json.loads(event.data) for event in estate.found if event.event_type == FLAGGED]
        assert (flagged["finding"], flagged["match"]) == ("clone", match)
