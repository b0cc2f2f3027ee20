"""Several reads become one passage."""

from __future__ import annotations

from tests.unit.processor.passages.gates import HOUR, MINUTE, Estate, hashes

CAR = "测A12345"


def test_reads_of_one_car_are_one_passage_with_the_plate_that_most_agree_on() -> None:
    estate = Estate()
    estate.read("north-in", "测A12345", 0, confidence=95)
    estate.read("north-in", "测A1234S", 1, confidence=40)
    estate.read("north-in", "测A12345", 3, confidence=85)
    estate.wait(9)
    assert estate.passages() == []  # a fourth may still come
    estate.wait(2)
    (passage,) = estate.passages()
    assert passage["plate_hash"] == hashes("测A12345")["plate_hash"]
    assert (passage["confidence"], passage["reads"], passage["inside"]) == (round(180 / 220, 3), 3, 1)
    assert (passage["kind"], passage["direction"], passage["plate_device"]) == ("vehicle", "in", "north-in")
    assert (passage["first_read"], passage["last_read"], passage["plate_event"]) == ("e2", "e6", "e2")


def test_a_surer_read_outvotes_two_unsure_ones() -> None:
    estate = Estate()
    for second, plate, confidence in [(0, "测A1234S", 30), (1, "测A1234S", 30), (2, "测A12345", 98)]:
        estate.read("north-in", plate, second, confidence=confidence)
    estate.wait(11)
    assert [each["plate_hash"] for each in estate.passages()] == [hashes("测A12345")["plate_hash"]]


def test_a_read_with_one_more_character_wrong_is_the_same_passage() -> None:
    estate = Estate()
    estate.read("north-in", "测A17345", 0, confidence=40)
    estate.read("north-in", "测A12345", 1)
    estate.read("north-in", "测A12B45", 2, confidence=40)
    estate.wait(11)
    (passage,) = estate.passages()
    assert (passage["plate_fold"], passage["reads"]) == (hashes("测A12345")["plate_fold"], 3)
    assert passage["confidence"] == round(90 / 170, 3)
    estate.read("north-in", "测A17345", 5, arrives=MINUTE)  # late, and outvoted already
    estate.wait(11)
    assert len(estate.passages()) == 1


def test_two_cars_are_two_passages() -> None:
    estate = Estate()
    estate.read("north-in", "测A12345", 0)
    estate.read("north-in", "测B98765", 1)
    estate.wait(11)
    assert [each["inside"] for each in estate.passages()] == [1, 2]


def test_a_read_without_a_plate_joins_the_car_beside_it_and_ties_no_two() -> None:
    estate = Estate()
    estate.read("north-in", "", 0)
    estate.read("north-in", "测A12345", 8)
    estate.read("north-in", "", 16)
    estate.read("north-in", "测B98765", 24)
    estate.wait(11)
    assert sorted(each["reads"] for each in estate.passages()) == [1, 3]


def test_a_car_whose_plate_cannot_be_read_passes_and_is_like_no_other() -> None:
    estate = Estate()
    for second, word in enumerate(["无牌", "_无_", "测A1?345", "测A12"]):
        estate.read("north-in", word, MINUTE * second)
    estate.wait(11)
    assert [each.get("plate_hash") for each in estate.passages()] == [None] * 4
    assert estate.inside == 0
    assert estate.engine.state.passages.vehicles == {}


def test_a_parked_car_is_no_new_passage_while_its_pauses_grow_slowly() -> None:
    estate = Estate()
    second = 0
    for pause in [0, 8, 30, 100, 200, 400, 800, 1500, 1700]:
        second += pause
        estate.read("north-in", CAR, second)
    estate.wait(11)
    assert len(estate.passages()) == 1
    estate.wait(HOUR)
    assert (estate.findings(), estate.inside) == ([], 1)


def test_a_pause_beyond_the_longest_is_another_passage() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.read("north-in", CAR, HOUR)
    estate.wait(11)
    assert len(estate.passages()) == 2


def test_a_car_that_was_away_passes_anew() -> None:
    estate = Estate()
    for device, second in [("north-in", 0), ("north-out", 40), ("north-in", 80)]:
        estate.read(device, CAR, second)
    estate.wait(11)
    assert [each["direction"] for each in estate.passages()] == ["in", "out", "in"]


def test_a_gate_that_did_not_move_let_nobody_through() -> None:
    estate = Estate()
    estate.say("north-in", "gate.moved", -600, position="open")
    estate.say("north-in", "gate.moved", -590, position="closed")
    for second in (0, 1000, 2500):
        estate.read("north-in", CAR, second)
    estate.wait(11)
    assert len(estate.passages()) == 1
    estate.say("north-in", "gate.moved", 2600, position="open")
    estate.say("north-in", "gate.moved", 2610, position="closed")


def test_a_car_that_went_through_and_comes_again_passes_anew() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0)
    estate.say("north-in", "gate.moved", 1, position="open")
    estate.say("north-in", "gate.moved", 12, position="closed")
    estate.read("north-in", CAR, 60)
    estate.wait(11)
    assert len(estate.passages()) == 2


def test_a_late_read_joins_its_passage_and_a_repeat_changes_nothing() -> None:
    estate = Estate()
    estate.read("north-in", CAR, 0, n=1)
    estate.read("north-in", CAR, 2, n=2)
    estate.wait(30)
    estate.read("north-in", CAR, 1, arrives=300, n=3)
    before = repr(estate.engine.state.passages)
    estate.read("north-in", CAR, 2, arrives=300, n=2)
    assert repr(estate.engine.state.passages) == before
    estate.wait(20 * MINUTE)
    assert len(estate.passages()) == 1
    assert estate.findings() == []


def test_reads_of_an_older_gateway_are_matched_exactly() -> None:
    estate = Estate()
    exact = hashes(CAR)["plate_hash"]
    for second in (0, 3):
        estate.say("north-in", "vehicle.passed", second, plate_hash=exact, direction="in")
    estate.wait(11)
    (passage,) = estate.passages()
    assert (passage["plate_hash"], passage["reads"], estate.inside) == (exact, 2, 1)


def test_more_cars_at_once_than_a_camera_can_see_are_completed_early() -> None:
    estate = Estate()
    for n in range(40):
        estate.read("north-in", f"测{'ABCDEFGHJK'[n % 10]}{n:02d}{n * 7 % 100:02d}{'XYVWUTRP'[n % 8]}", n * 0.1)
    assert len(estate.passages()) == 28
    estate.wait(11)
    assert len(estate.passages()) == 40
    assert estate.engine.state.passages.sessions == {}
