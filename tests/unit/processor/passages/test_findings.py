"""What is found about cars: each with what must be found, and what looks like it and must not."""

from __future__ import annotations

import json

import pytest

from herun.frames import Control
from herun.passages import FLAGGED
from tests.unit.processor.passages.gates import HOUR, MINUTE, Estate, at, control, entries_inside, hashes, settings
from tests.unit.processor.samples import put_device, put_rule, rule

CAR, OTHER = "测A12345", "测BXY890"


def names(estate: Estate) -> list[str]:
    return [finding for finding, _, _ in estate.findings()]


def data(estate: Estate, finding: str) -> dict[str, object]:
    (found,) = [
        said
        for said in (json.loads(event.data) for event in estate.found if event.event_type == FLAGGED)
        if said["finding"] == finding
    ]
    return dict(found)


def drill(begin: float, end: float, **places: list[str]) -> Control:
    body = {"window": "w", "kind": "drill", "begin_us": at(begin), "end_us": at(end), "who": "s", **places}
    return control("service.window.put", body)


# Exit without entry


def test_an_exit_without_entry_is_found_when_the_entry_can_no_longer_come() -> None:
    estate = Estate()
    estate.read("north-out", CAR, 0)
    estate.wait(10 * MINUTE)
    assert names(estate) == []
    estate.wait(11)
    assert estate.findings() == [("exit_without_entry", "north-out", 0)]
    estate.wait(3 * HOUR)
    assert len(estate.findings()) == 1


def test_before_the_site_was_watched_for_long_an_exit_means_nothing() -> None:
    estate = Estate(settings(warm_up_hours=24))
    estate.read("north-out", CAR, 0)
    estate.read("north-out", OTHER, 25 * HOUR)
    estate.wait(HOUR)
    assert estate.findings() == [("exit_without_entry", "north-out", 25 * HOUR)]


# Clone


def test_a_plate_that_enters_twice_is_found() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.read("south-in", CAR, HOUR)
    estate.wait(11 * MINUTE)
    assert estate.findings() == [("clone", "south-in", HOUR)]
    found = data(estate, "clone")
    assert (found["other_device"], found["plate_device"]) == ("north-in", "south-in")
    assert estate.inside == 1


def test_a_plate_that_left_between_is_no_clone_however_late_the_exit_comes() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.read("south-in", CAR, HOUR)
    estate.read("north-out", CAR, HOUR - 300, arrives=HOUR + 200)
    estate.wait(HOUR)
    assert (names(estate), estate.inside) == ([], 1)


# Gate to gate


def test_two_gates_sooner_than_anybody_drives_are_found_at_once() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.read("south-out", CAR, 15)
    estate.wait(11)
    assert estate.findings() == [("impossible_gate_to_gate", "south-out", 15)]
    assert data(estate, "impossible_gate_to_gate")["seconds"] == 15


@pytest.mark.parametrize(("device", "second"), [("south-out", 31), ("north-out", 15)])
def test_a_drive_through_and_a_turn_at_one_gate_are_possible(device: str, second: float) -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.read(device, CAR, second)
    estate.wait(HOUR)
    assert names(estate) == []


def test_a_wrong_clock_makes_nobody_fast() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.read("south-out", CAR, 5, arrives=125)  # two minutes behind
    estate.wait(HOUR)
    assert names(estate) == []


# Tailgating


def opened(estate: Estate, second: float, until: float) -> None:
    estate.say("north-in", "gate.moved", second, position="open")
    estate.say("north-in", "gate.moved", until, position="closed")


def test_two_cars_on_one_opening_are_found() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.say("north-in", "gate.moved", 1, position="open")
    estate.read("north-in", OTHER, 6)
    estate.say("north-in", "gate.moved", 12, position="closed")
    estate.wait(11)
    assert estate.findings() == [("tailgating", "north-in", 6)]


def test_two_cars_on_two_openings_are_not() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    opened(estate, 1, 9)
    estate.read("north-in", OTHER, 8.5)  # stands before the gate that is closing, and then has its own
    opened(estate, 10, 18)
    estate.wait(11)
    assert names(estate) == []


def test_one_car_that_is_read_twice_is_not() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    opened(estate, 1, 20)
    estate.read("north-in", "测A1Z345", 5)
    estate.wait(11)
    assert names(estate) == []


def test_a_barrier_of_its_own_speaks_for_the_cameras_of_its_zone() -> None:
    estate = Estate(put_device("arm", kind="barrier", zone="north"))
    estate.read("north-in", CAR, 0)
    estate.say("arm", "gate.moved", 1, position="open")
    estate.read("north-in", OTHER, 6)
    estate.read("south-in", "测C7K0W1", 6)
    estate.wait(11)
    assert estate.findings() == [("tailgating", "north-in", 6)]


@pytest.mark.parametrize("arms", [["arm", "arm2"], ["arm2", "arm"]])
@pytest.mark.parametrize("linked", [False, True])
def test_two_cars_each_with_a_barrier_of_its_own_are_not(arms: list[str], *, linked: bool) -> None:
    """Two lanes in one zone: an opening is the barrier's that opens, not the zone's."""
    up = {"arm": "north-in", "arm2": "north-out"} if linked else {"arm": None, "arm2": None}
    estate = Estate(*(put_device(arm, kind="barrier", zone="north", uplink=up[arm]) for arm in ("arm", "arm2")))
    estate.read("north-in", CAR, 0)
    estate.read("north-out", OTHER, 0.5)
    for n, arm in enumerate(arms):
        estate.say(arm, "gate.moved", 1 + n, position="open")
        estate.say(arm, "gate.moved", 9 + n, position="closed")
    estate.wait(30)
    assert names(estate) == []


@pytest.mark.parametrize("linked", [False, True])
def test_beside_another_barrier_that_stays_closed_two_cars_on_one_opening_are_found(*, linked: bool) -> None:
    up = {"arm": "north-in", "arm2": "north-out"} if linked else {"arm": None, "arm2": None}
    estate = Estate(*(put_device(arm, kind="barrier", zone="north", uplink=up[arm]) for arm in ("arm", "arm2")))
    estate.say("arm2", "gate.moved", -300, position="open")
    estate.say("arm2", "gate.moved", -290, position="closed")
    estate.read("north-in", CAR, 0)
    estate.say("arm", "gate.moved", 1, position="open")
    if linked:
        estate.say("arm2", "gate.moved", 2, position="open")
    estate.restart()
    estate.read("north-in", OTHER, 6)
    estate.wait(11)
    assert estate.findings() == [("tailgating", "north-in", 6)]


# Overstay and permits


def permit(visitor: str, plate: str, from_s: float, until_s: float) -> dict[str, object]:
    return {
        "visitor": visitor,
        **{name: hashes(plate)[name] for name in ("plate_fold", "plate_hash")},
        "valid_from": at(from_s),
        "valid_until": at(until_s),
    }


def put_permit(visitor: str, plate: str, from_s: float, until_s: float) -> object:
    return control("visitor.put", permit(visitor, plate, from_s, until_s))


def test_a_visitor_who_stays_too_long_is_found_once_also_after_a_restart() -> None:
    estate = Estate(control("visitor.put", permit("v1", CAR, -60, 48 * HOUR)), settings(overstay_hours=2))
    estate.read("north-in", CAR, 0)
    estate.read("north-in", OTHER, 1)  # nobody knows it, and there is no list of residents: it may stay
    estate.wait(HOUR)
    estate.restart()
    assert names(estate) == []
    estate.wait(HOUR)
    assert estate.findings() == [("overstay", "north-in", 2 * HOUR)]
    assert data(estate, "overstay")["seconds"] == 2 * HOUR
    estate.restart()
    estate.wait(20 * HOUR)
    assert len(estate.findings()) == 1


def test_an_overstay_that_falls_due_in_a_drill_is_raised_after_it() -> None:
    rules = put_rule(rule("over", "event", types=("passage.flagged",), match={"where": {"finding": "overstay"}}))
    visit = control("visitor.put", permit("v1", CAR, -60, 48 * HOUR))
    estate = Estate(visit, settings(overstay_hours=2), rules, drill(HOUR, 3 * HOUR))
    estate.read("north-in", CAR, 0)
    estate.wait(5 * HOUR)
    (alert,) = estate.alerts
    assert at(3 * HOUR) <= alert.raised_at <= at(3 * HOUR + 10 * MINUTE)


def test_an_overstay_is_dated_when_it_falls_due() -> None:
    visit = control("visitor.put", permit("v1", CAR, -60, 48 * HOUR))
    estate = Estate(visit, settings(overstay_hours=2), put_rule(rule("over", "event", types=("passage.flagged",))))
    estate.read("north-in", CAR, 0)
    estate.wait(3 * HOUR)
    assert [alert.raised_at for alert in estate.alerts] == [at(2 * HOUR)]


@pytest.mark.parametrize("overstay_hours", [1, 24])
def test_a_visitor_who_comes_too_early_overstays_from_the_announced_time_on(overstay_hours: int) -> None:
    visit = control("visitor.put", permit("v1", CAR, 5 * MINUTE, 3 * HOUR))
    estate = Estate(visit, settings(overstay_hours=overstay_hours))
    estate.read("north-in", CAR, 0)
    estate.wait(30 * HOUR)
    due = 5 * MINUTE + HOUR if overstay_hours == 1 else 3 * HOUR
    assert estate.findings() == [("expired_visitor", "north-in", 0), ("overstay", "north-in", due)]


def test_who_is_announced_for_tomorrow_while_inside_may_stay_until_then() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.wait(30 * HOUR)
    estate.control(control("visitor.put", permit("v1", CAR, 40 * HOUR, 44 * HOUR)))
    estate.wait(13 * HOUR)
    assert names(estate) == []
    estate.wait(2 * HOUR)
    assert estate.findings() == [("overstay", "north-in", 44 * HOUR)]


def test_a_visitor_who_has_left_overstays_nothing() -> None:
    estate = Estate(control("visitor.put", permit("v1", CAR, -60, 48 * HOUR)), settings(overstay_hours=2))
    estate.read("north-in", CAR, 0)
    estate.read("north-out", CAR, HOUR)
    estate.wait(5 * HOUR)
    assert names(estate) == []


def test_a_visitor_stays_no_longer_than_was_announced() -> None:
    estate = Estate(control("visitor.put", permit("v1", CAR, -60, HOUR)))
    estate.read("north-in", CAR, 0)
    estate.wait(30 * MINUTE)
    estate.control(control("visitor.put", permit("v1", CAR, -60, 2 * HOUR)))
    estate.wait(HOUR)
    assert names(estate) == []
    estate.wait(31 * MINUTE)
    assert names(estate) == ["overstay"]


def test_with_a_list_of_residents_whoever_is_not_on_it_is_a_visitor() -> None:
    residents = control("list.put", {"name": "residents", "hashes": [hashes(CAR)["plate_hash"]]})
    estate = Estate(residents, settings(overstay_hours=2, residents_list="residents"))
    estate.read("north-in", CAR, 0)
    estate.read("north-in", OTHER, 30)
    estate.wait(3 * HOUR)
    assert estate.findings() == [("overstay", "north-in", 2 * HOUR + 30)]


def test_who_is_put_on_the_list_of_residents_or_taken_from_it_while_inside_is_judged_anew() -> None:
    def residents(*plates: str) -> Control:
        return control("list.put", {"name": "residents", "hashes": [hashes(plate)["plate_hash"] for plate in plates]})

    estate = Estate(residents(OTHER), settings(overstay_hours=2, residents_list="residents"))
    estate.read("north-in", CAR, 0)
    estate.read("north-in", OTHER, 30)
    estate.wait(HOUR)
    estate.control(residents(CAR))
    estate.wait(3 * HOUR)
    assert estate.findings() == [("overstay", "north-in", 2 * HOUR + 30)]


def test_a_shorter_stay_holds_for_those_who_are_inside_already() -> None:
    estate = Estate(control("visitor.put", permit("v1", CAR, -60, 48 * HOUR)))
    estate.read("north-in", CAR, 0)
    estate.wait(3 * HOUR)
    estate.control(settings(overstay_hours=2))
    estate.wait(1)
    assert names(estate) == ["overstay"]
    estate.control(settings(overstay_hours=1))
    estate.wait(HOUR)
    assert names(estate) == ["overstay"]


@pytest.mark.parametrize(
    ("from_s", "until_s", "found"), [(-60, -1, ["v1"]), (60, HOUR, ["v1"]), (-60, 60, []), (0, 0, [])]
)
def test_a_visitor_outside_of_the_announced_time_is_found(from_s: float, until_s: float, found: list[str]) -> None:
    estate = Estate(control("visitor.put", permit("v1", CAR, from_s, until_s)))
    estate.read("north-in", CAR, 0)
    estate.read("north-in", OTHER, 1)
    estate.wait(11)
    assert [name for name in names(estate) if name == "expired_visitor"] == ["expired_visitor"] * len(found)
    if found:
        assert data(estate, "expired_visitor")["visitor"] == "v1"


def test_one_of_several_visits_is_enough_and_one_taken_back_is_none() -> None:
    first, second = permit("v1", CAR, -HOUR, -60), permit("v2", CAR, -60, HOUR)
    estate = Estate(control("visitor.put", first), control("visitor.put", second))
    estate.read("north-in", CAR, 0)
    estate.wait(11)
    assert names(estate) == []
    estate.control(control("visitor.removed", {"visitor": "v2", "plate_fold": second["plate_fold"]}))
    estate.read("north-out", CAR, 10 * MINUTE)
    estate.read("north-in", CAR, 20 * MINUTE)
    estate.wait(11)
    assert names(estate) == ["expired_visitor"]


LIKE_CAR = "测A1Z345"


def test_a_resident_whose_plate_looks_like_a_visitors_is_no_visitor() -> None:
    residents = control("list.put", {"name": "residents", "hashes": [hashes(LIKE_CAR)["plate_hash"]]})
    for valid in ((-2 * HOUR, -HOUR), (-60, HOUR)):
        visit = control("visitor.put", permit("v1", CAR, *valid))
        estate = Estate(residents, visit, settings(overstay_hours=2, residents_list="residents"))
        estate.read("north-in", LIKE_CAR, 0)
        estate.wait(3 * HOUR)
        assert names(estate) == []


@pytest.mark.parametrize(("seen", "match"), [(CAR, "exact"), (LIKE_CAR, "confusable")])
def test_what_is_found_of_a_visitor_says_how_the_plate_agrees(seen: str, match: str) -> None:
    estate = Estate(control("visitor.put", permit("v1", CAR, -2 * HOUR, -HOUR)), settings(overstay_hours=2))
    estate.read("north-in", seen, 0)
    estate.wait(3 * HOUR)
    assert [data(estate, finding)["match"] for finding in ("expired_visitor", "overstay")] == [match] * 2


def test_a_car_is_judged_by_its_own_visits_before_those_of_one_that_looks_like_it() -> None:
    own, other = permit("v1", CAR, -60, HOUR), permit("v2", LIKE_CAR, -HOUR, -60)
    for visits, found in (((own, other), 0), ((permit("v1", CAR, -HOUR, -60), permit("v2", LIKE_CAR, -60, HOUR)), 1)):
        estate = Estate(*(control("visitor.put", visit) for visit in visits))
        estate.read("north-in", CAR, 0)
        estate.wait(11)
        assert names(estate) == ["expired_visitor"] * found


def test_a_visit_of_before_whose_plate_is_not_known_is_its_own_of_all_that_look_like_it() -> None:
    of_before = {name: value for name, value in permit("v0", CAR, -60, HOUR).items() if name != "plate_hash"}
    estate = Estate(*(control("visitor.put", visit) for visit in (of_before, permit("v1", CAR, -HOUR, -60))))
    estate.read("north-in", CAR, 0)
    estate.wait(11)
    assert names(estate) == []


def test_permits_are_forgotten_long_after_their_end() -> None:
    estate = Estate(control("visitor.put", permit("v1", CAR, 0, 60)))
    estate.tick(at(31 * 24 * HOUR))
    assert estate.engine.state.passages.permits == {}
    assert estate.engine.state.due == {}


# Listed plates


def listed(*plates: str) -> dict[str, object]:
    made = [hashes(plate) for plate in plates]
    return {
        "name": "wanted",
        "hashes": [each["plate_hash"] for each in made],
        "folds": [each["plate_fold"] for each in made],
        "nears": ["".join(each["plate_near"]) for each in made],
    }


@pytest.mark.parametrize(
    ("seen", "match", "confidence"),
    [("测A12345", "exact", 0.9), ("测A1Z34S", "confusable", 0.81), ("测A1Z3H5", "one_character", 0.45)],
)
def test_a_listed_plate_is_found_and_said_how_sure_it_is(seen: str, match: str, confidence: float) -> None:
    estate = Estate(control("list.put", listed("测A12345", "测BXY890")))
    estate.read("north-in", seen, 0, confidence=90)
    estate.wait(11)
    found = data(estate, "listed_plate")
    assert (found["match"], found["confidence"], found["list"]) == (match, confidence, "wanted")


@pytest.mark.parametrize("seen", ["测A1Z3HH", "测A1234", "无牌", ""])
def test_two_wrong_characters_or_no_plate_are_on_no_list(seen: str) -> None:
    estate = Estate(control("list.put", listed("测A12345")))
    estate.read("north-in", seen, 0)
    estate.wait(11)
    assert names(estate) == []


def test_a_list_of_the_old_form_matches_exactly_only() -> None:
    estate = Estate(control("list.put", {"name": "wanted", "hashes": [hashes(CAR)["plate_hash"]]}))
    estate.read("north-in", "测A1Z345", 0)
    estate.read("south-in", CAR, HOUR)
    estate.wait(11)
    assert [finding for finding in estate.findings() if finding[0] == "listed_plate"] == [
        ("listed_plate", "south-in", HOUR)
    ]


def test_an_ordinary_rule_raises_what_was_found() -> None:
    body = rule("clones", "count", types=(FLAGGED,), count=1, window_s=60, match={"where": {"finding": "clone"}})
    estate = Estate(put_rule(body))
    estate.read("north-in", CAR, 0)
    estate.read("south-in", CAR, HOUR)
    estate.wait(11 * MINUTE)
    assert [(alert.rule_uid, alert.device) for alert in estate.alerts if alert.version == 1] == [("clones", "south-in")]


def test_who_leaves_in_a_drill_has_left_and_is_no_clone_who_comes_back() -> None:
    estate = Estate(drill(1000, 2000))
    plates = [f"京A1111{n}" for n in range(5)]
    for n, plate in enumerate(plates):
        estate.read("north-in", plate, 100 + 20 * n)
    for n, plate in enumerate(plates):
        estate.read("north-out", plate, 1100 + 20 * n)
    estate.restart()
    estate.wait(400)
    assert estate.inside == 0
    for n, plate in enumerate(plates):
        estate.read("north-in", plate, 2100 + 20 * n)
    estate.wait(HOUR)
    assert (estate.inside, estate.findings()) == (5, [])
    assert len(entries_inside(estate)) == 5


def test_nothing_is_found_that_rests_on_what_a_drill_says() -> None:
    estate = Estate(drill(100, 1000, zones=["north"]))
    estate.read("north-in", "京A11111", 200)  # held before the camera by whoever tests it
    estate.read("north-out", "京A22222", 300)
    estate.read("south-in", "京A11111", 305)
    estate.read("south-out", "京A22222", 320)
    estate.wait(2 * HOUR)
    assert estate.findings() == []
    estate.read("south-in", "京A11111", 2.5 * HOUR)
    estate.wait(HOUR)
    assert [finding for finding, _, _ in estate.findings()] == ["clone"]


def test_what_passes_in_a_drill_raises_nothing() -> None:
    any_passage = rule("any", "count", types=("passage.completed", "passage.flagged"), count=1, window_s=60)
    estate = Estate(drill(100, 1000), put_rule(any_passage), control("list.put", listed("京A11111")))
    estate.read("north-in", "京A11111", 200)
    estate.read("north-in", "京A11111", 800)
    estate.wait(HOUR)
    assert estate.alerts == []
    estate.read("north-out", "京A11111", 1.5 * HOUR)
    estate.wait(60)
    assert [alert.state for alert in estate.alerts] == ["raised"]
