"""The play is pure: ordered, repeatable, and what goes wrong in it changes no truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import takewhile

import pytest

from herun.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US, parse_time
from simulators import chance
from simulators.behaviour import ordinary_day
from simulators.estate import HAMLET, HERUN, Estate, make_estate
from simulators.happenings import Action, Happening, LinkChange, Message
from simulators.inventory import Role
from simulators.rhythm import CARS_OUT, arrivals, local_hour
from simulators.scenario import Scenario, scenarios
from simulators.stage import play, speaking

NOON = parse_time("2026-11-23T12:00:00+08:00")
HAMLET_ESTATE = make_estate("s", 1, HAMLET)


def first_hours(estate: Estate, hours: int) -> Iterator[Action]:
    return takewhile(lambda action: action.at_us < NOON + hours * HOUR_US, play(estate, None, NOON))


def messages(actions: Iterator[Action]) -> list[Message]:
    return [action for action in actions if isinstance(action, Message)]


@pytest.fixture(scope="module")
def herun() -> Estate:
    return make_estate("herun", 1, HERUN)


def test_departures_are_in_order(herun: Estate) -> None:
    times = [action.at_us for action in first_hours(herun, 3)]
    assert times == sorted(times)


def test_the_same_seed_plays_the_same(herun: Estate) -> None:
    assert list(first_hours(herun, 2)) == list(first_hours(make_estate("herun", 1), 2))


def test_another_seed_plays_otherwise(herun: Estate) -> None:
    assert list(first_hours(herun, 1)) != list(first_hours(make_estate("herun", 2), 1))


def test_a_day_has_copies_and_late_messages_and_lost_connections(herun: Estate) -> None:
    day = list(first_hours(herun, 24))
    seen = Counter((message.device, event) for message in messages(iter(day)) for event in message.events)
    assert any(times > 1 for times in seen.values())
    assert any(isinstance(action, LinkChange) for action in day)
    newest: dict[str, int] = {}
    late = 0
    for message in messages(iter(day)):
        for event in message.events:
            number = int(event.split("-")[1])
            late += number < newest.get(message.device, 0)
            newest[message.device] = max(number, newest.get(message.device, 0))
    assert late > 0


def test_some_clocks_are_wrong_and_most_nearly_right(herun: Estate) -> None:
    skews = [abs(chance.clock_skew(herun.rng("clock", device.name))) for device in herun.devices]
    wrong = sum(skew >= chance.WRONG_CLOCK_US for skew in skews)
    assert 0 < wrong < len(skews) / 10
    assert sum(skew < 3 * SECOND_US for skew in skews) > len(skews) * 0.9


def test_nothing_is_sent_over_a_lost_connection(herun: Estate) -> None:
    down: set[str] = set()
    for action in first_hours(herun, 24):
        if isinstance(action, LinkChange):
            (down.discard if action.up else down.add)(action.connection)
        else:
            assert action.connection not in down


@pytest.mark.parametrize("role", list(Role))
def test_a_device_notices_things_in_order(herun: Estate, role: Role) -> None:
    device = next(device for device in herun.devices if device.role is role)
    day = takewhile(lambda each: each.at_us < NOON + DAY_US, ordinary_day(herun, device, NOON))
    times = [each.at_us for each in day]
    assert times == sorted(times)


def test_more_cars_leave_at_eight_than_at_three(herun: Estate) -> None:
    rng = herun.rng("test")
    hours = Counter(
        int(local_hour(at)) for at in takewhile(lambda at: at < NOON + 10 * DAY_US, arrivals(rng, NOON, 500, CARS_OUT))
    )
    assert 4_000 < sum(hours.values()) < 6_000
    assert hours[7] > 10 * hours[3]


def test_a_scripted_message_is_doubled_and_never_delayed() -> None:
    rng = HAMLET_ESTATE.rng("test")
    plain = Message(NOON, "x", "t", b"", "about", "x", ("1",))
    scripted = Happening(NOON, "x", "about", scripted=True, again=2)
    for _ in range(500):
        sent = list(chance.disturb(iter([(plain, scripted)]), rng))
        assert sent[0].at_us < NOON + chance.TRANSMISSION_US
        assert len(sent) >= 3


def test_what_an_outage_held_back_comes_at_its_end_in_order() -> None:
    sent = [Message(NOON + n, "x", "t", b"", "about", "x", (str(n),)) for n in range(10)]
    outage = chance.Outage(NOON + 3, NOON + 6)
    got = list(chance.hold_back(iter(sent), iter([outage])))
    assert [message.events for message in got] == [message.events for message in sent]
    assert [message.at_us - NOON for message in got] == [0, 1, 2, 6, 6, 6, 6, 7, 8, 9]


def test_a_silent_device_says_nothing_and_comes_back() -> None:
    scenario = scenarios()["sensor_silent"]
    said = [m.at_us - NOON for m in messages(play(HAMLET_ESTATE, scenario, NOON)) if m.device == "hydrant-b03-1"]
    assert [at for at in said if 3 * MINUTE_US <= at < 145 * MINUTE_US] == []
    assert said[0] < 3 * MINUTE_US
    assert said[-1] > 145 * MINUTE_US


def test_an_ordinary_day_goes_on_while_people_finish_and_whoever_fell_silent_stays_so() -> None:
    silent = {"at": "3m", "device": "hydrant-b03-1", "silent": True}
    more = {"name": "x", "title": {"en": "x"}, "lasts": "10m", "timeline": [silent]}
    for ordinary in (True, False):
        scenario = Scenario.model_validate({**more, "ordinary_day": ordinary})
        actions = play(HAMLET_ESTATE, scenario, NOON, goes_on=True)
        later = list(takewhile(lambda each: each.at_us < NOON + 2 * HOUR_US, actions))
        after = {each.device for each in messages(iter(later)) if each.at_us >= NOON + scenario.lasts}
        assert bool(after) is ordinary
        assert "hydrant-b03-1" not in after
        assert ("hydrant-b01-1" in after) is ordinary


def test_a_device_keeps_to_its_lines_between_the_first_and_the_last() -> None:
    scenario = scenarios()["underpass_flooded"]
    values = [
        (message.at_us - NOON, event["data"]["value"])
        for message in messages(play(HAMLET_ESTATE, scenario, NOON))
        if message.device == "underpass-level"
        for event in [json.loads(message.payload)]
        if 10 * MINUTE_US <= message.at_us - NOON <= 65 * MINUTE_US + SECOND_US
    ]
    lines = {0.10, 0.18, 0.26, 0.34, 0.28, 0.37, 0.52, 0.44, 0.29, 0.19, 0.12, 0.08}
    assert {value for _, value in values} == lines


def test_a_clock_that_is_ahead_moves_what_a_device_says_and_not_when() -> None:
    said = messages(play(HAMLET_ESTATE, scenarios()["wrong_clock"], NOON))
    ahead = {message.device: parse_time(json.loads(message.payload)["time"]) - message.at_us for message in said}
    assert {device: round(us / MINUTE_US) for device, us in ahead.items()} == {
        "door-01": 30,
        "lift-b02-1": 10,
        "door-02": 0,
        "lift-b01-1": 0,
    }


def test_without_an_ordinary_day_nobody_speaks_but_the_timeline() -> None:
    scenario = scenarios()["door_forced"]
    actions = list(play(HAMLET_ESTATE, scenario, NOON))
    assert {action.device for action in messages(iter(actions))} == scenario.cast()
    assert not any(isinstance(action, LinkChange) for action in actions)
    assert {action.connection for action in actions} <= speaking(HAMLET_ESTATE, scenario)
    assert speaking(HAMLET_ESTATE, scenario) == scenario.cast() | {"bridge-1"}
    assert speaking(HAMLET_ESTATE, scenarios()["smoke_at_night"]) == set(HAMLET_ESTATE.device)
