"""Every kind of rule against its slow reference: in order, and shuffled, repeated, late, restarted."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.alerts import Alert, AlertState, Correction
from herun.events import Event
from tests.unit.processor.driving import Driver
from tests.unit.processor.reference import DOORS, KINDS, READINGS, SECONDS, Answer, Seen
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_rule, rule

# A Monday midnight in China, where all windows begin.
START = START_US + 7 * 86_400 * SECOND_US - (START_US - 946_742_400_000_000) % (7 * 86_400 * SECOND_US)
EXAMPLES = 40  # of each kind and each of the tests below
DELAYS = st.sampled_from([0, 0, 0, 1, 4, 12, 40])


def at(second: float) -> int:
    return START + round(second * SECOND_US)


@dataclass(frozen=True)
class Case:
    """Events in order of time, how long each is under way, and how often it is told."""

    events: list[Seen]
    delays: list[int]
    copies: list[int]


@st.composite
def cases(draw: st.DrawFn, types: list[str], devices: list[str]) -> Case:
    """Up to twenty events within less than two minutes: a constant delay is then no wrong clock yet."""
    second, events = draw(st.integers(0, 9)), []
    for step in draw(st.lists(st.sampled_from([1, 1, 2, 3, 5, 9]), max_size=18)):
        second += step
        events.append(
            Seen(second, draw(st.sampled_from(devices)), draw(st.sampled_from(types)), draw(st.integers(0, 9)))
        )
        if second > 90:
            break
    size = len(events)
    delays = draw(st.lists(DELAYS, min_size=size, max_size=size))
    return Case(events, delays, draw(st.lists(st.sampled_from([1, 1, 2]), min_size=size, max_size=size)))


def play(name: str, key: str, case: Case, *, shuffled: bool, restarts: bool = False, cooldown_s: float = 0) -> Driver:
    """The case through an engine; shuffled: each event arrives when its delay is over."""
    _, fields = KINDS[name]
    types = DOORS if name in {"sequence", "negation"} else READINGS
    body = rule(name, types=tuple(types), key=key, cooldown_s=cooldown_s, **fields)
    driver = Driver(*(put_device(device, zone="z") for device in ("d1", "d2")), put_rule(body))
    driver.now = at(0)
    sent: list[tuple[int, int, Event]] = []
    for n, (seen, delay, copies) in enumerate(zip(case.events, case.delays, case.copies, strict=True)):
        made = event(
            f"e{n}", at(seen.second), device=seen.device, event_type=seen.event_type, data={"value": seen.value}
        )
        for copy in range(copies if shuffled else 1):
            sent.append((at(seen.second + (delay + 3 * copy if shuffled else 0)), len(sent), made))
    for when, _, made in sorted(sent, key=lambda each: each[:2]):
        driver.listen(when - 1)
        driver.events(made, at=when)
        if restarts:
            driver.restart()
    driver.listen(at(SECONDS))
    return driver


def newest(driver: Driver) -> list[Alert]:
    """The newest version of each alert; each version follows the one before."""
    found: dict[str, Alert] = {}
    for alert in driver.alerts:
        before = found.get(alert.alert_id)
        assert alert.version == (before.version + 1 if before else 1)
        found[alert.alert_id] = alert
    return list(found.values())


def told(driver: Driver) -> Answer:
    """What people see in the end: the times of each alert that was not withdrawn."""
    kept = [alert for alert in newest(driver) if alert.correction is not Correction.WITHDRAWN]
    return sorted(
        (
            (alert.raised_at - START) // SECOND_US,
            None if alert.cleared_at is None else (alert.cleared_at - START) // SECOND_US,
        )
        for alert in kept
    )


def _types(name: str) -> list[str]:
    return DOORS if name in {"sequence", "negation"} else READINGS


@pytest.mark.parametrize("name", KINDS)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.data())
def test_a_kind_tells_what_its_reference_tells(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(_types(name), ["d1"]))
    assert told(play(name, "device", case, shuffled=False)) == KINDS[name][0](case.events)


@pytest.mark.parametrize("name", KINDS)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.data())
def test_shuffled_repeated_and_late_events_end_in_the_same_answer(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(_types(name), ["d1"]))
    restarts = data.draw(st.booleans())
    assert told(play(name, "device", case, shuffled=True, restarts=restarts)) == KINDS[name][0](case.events)


@pytest.mark.parametrize("name", KINDS)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.data())
def test_devices_of_one_zone_are_judged_together_in_whatever_order_they_come(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(_types(name), ["d1", "d2"]))
    assert told(play(name, "zone", case, shuffled=True)) == KINDS[name][0](case.events)


@pytest.mark.parametrize("name", KINDS)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.data())
def test_within_a_cool_down_no_version_is_told_twice_and_the_end_is_right(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(_types(name), ["d1"]))
    expected = KINDS[name][0](case.events)
    driver = play(name, "device", case, shuffled=True, cooldown_s=20)
    still = [alert for alert in newest(driver) if alert.state is AlertState.RAISED]
    if name != "sequence":
        assert bool(still) == bool(expected and expected[-1][1] is None)
    assert bool(told(driver)) == bool(expected)


def test_an_alert_ends_with_what_was_counted_into_it_late() -> None:
    seconds_values = [(21, 4), (26, 9), (31, 0), (40, 4), (49, 9), (58, 1), (59, 5)]
    early = [Seen(second, "d1", "reading.reported", 0) for second in (1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 16)]
    events = early + [Seen(second, "d1", "reading.reported", value) for second, value in seconds_values]
    delays = [0] * (len(events) - 3) + [12, 4, 0]
    driver = play("tumbling", "device", Case(events, delays, [1] * len(events)), shuffled=True, cooldown_s=20)
    ends = [(alert.state, alert.count, alert.cleared_at) for alert in driver.alerts]
    assert ends == [
        (AlertState.RAISED, 1, None),
        (AlertState.CLEARED, 1, at(40)),
        (AlertState.CLEARED, 2, at(60)),
        (AlertState.RAISED, 2, None),
        (AlertState.CLEARED, 2, at(70)),
    ]


def test_what_is_final_is_not_told_again_by_what_comes_late() -> None:
    driver = Driver(put_device("d1"), put_rule(rule("often", "event")))
    driver.now = at(0)
    for second in range(50):
        driver.events(event(f"e{second}", at(second), 9))
    before = len(driver.alerts)
    driver.events(event("late", at(48.5), 9), at=at(50))
    assert {alert.raised_at for alert in driver.alerts[before:] if alert.rule_uid == "often"} == {at(48.5)}
    assert len(newest(driver)) > 8
