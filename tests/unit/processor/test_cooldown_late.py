"""The cool-down when things come late, or after an outage: which alert counts them, and what is remembered for it."""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec
import pytest

from herun.alerts import Alert
from herun.events import Event
from herun.frames import Control
from processor.engine import cooling, snapshot
from processor.engine.engine import OUTAGE_GAP_US, Engine
from processor.engine.storms import MAX_OF_RULE
from tests.unit.processor.driving import NO_OUTAGE_US, Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, close_alert, event, put_device, put_rule, rule

PRESSED: Final = rule("pressed", "event", types=("button.pressed",), cooldown_s=120, lateness_s=3600, key="zone")
HIGH: Final = rule("high", "threshold", raise_above=5, cooldown_s=600)
CELL: Final = (SITE, "pressed", "z")
FIELDS_SINCE: Final = 2  # of a kept alert, at its end: older snapshots do not have them


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def press(second: int, device: str = "d1", name: str = "") -> Event:
    return event(f"{device}-{second}", at(second), device=device, event_type="button.pressed", data={"name": name})


def started(body: dict[str, Any], gap_us: int = NO_OUTAGE_US) -> Driver:
    return Driver(put_device("d1", zone="z"), put_device("d2", zone="z"), put_rule(body), gap_us=gap_us)


def late(driver: Driver, *seconds: int) -> None:
    """What another device of the zone held back, told one after the other now."""
    for second in seconds:
        driver.events(press(second, "d2"), at=driver.now + SECOND_US)


def newest(driver: Driver) -> list[Alert]:
    found = {alert.alert_id: alert for alert in driver.alerts}
    return sorted(found.values(), key=lambda alert: alert.raised_at)


def told(driver: Driver) -> list[tuple[int, int, int, str | None]]:
    """First, last, count and correction of each alert."""
    return [
        (
            (alert.raised_at - START_US) // SECOND_US,
            (alert.updated_at - START_US) // SECOND_US,
            alert.count,
            alert.correction,
        )
        for alert in newest(driver)
    ]


def test_what_another_device_held_back_is_one_alert_and_what_goes_on_is_counted_where_it_was() -> None:
    driver = started(PRESSED)
    driver.events(press(1500))
    late(driver, 600, 603, 606, 609)
    driver.events(press(1520))
    assert told(driver) == [(600, 609, 4, None), (1500, 1520, 2, None)]


def test_what_is_counted_late_moves_the_beginning_and_the_texts_are_those_of_the_newest() -> None:
    driver = started(PRESSED | {"field": "name", "text": {"zh": "{name}", "en": "{device} {value}, {count} times"}})
    driver.events(press(500, "d1", "b"))
    driver.events(press(420, "d2", "a"), at=at(510))
    driver.events(press(415, "d2", "c"), at=at(511))
    assert [(alert.raised_at, alert.text["en"]) for alert in driver.alerts] == [
        (at(500), "d1 b, 1 times"),
        (at(420), "d1 b, 2 times"),
        (at(415), "d1 b, 3 times"),
    ]


def test_what_lies_between_two_alerts_makes_them_one() -> None:
    driver = started(PRESSED)
    driver.events(press(1000))
    driver.events(press(1200))
    late(driver, 1100)
    assert told(driver) == [(1000, 1000, 1, "withdrawn"), (1000, 1200, 3, "amended")]
    driver.events(press(1300))
    assert told(driver) == [(1000, 1000, 1, "withdrawn"), (1000, 1300, 4, "amended")]


def test_what_people_have_closed_counts_nothing_late_either() -> None:
    driver = started(PRESSED)
    driver.events(press(1000))
    driver.events(press(1200))
    driver.control(close_alert(driver.alerts[0].alert_id))
    late(driver, 1001)
    assert told(driver) == [(1000, 1000, 1, None), (1001, 1001, 1, None), (1200, 1200, 1, None)]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("ours", [False, True], ids=["the device was away", "we were away"])
@pytest.mark.parametrize(("second", "expected"), [(330, [2]), (599, [2]), (600, [1, 1])])
@pytest.mark.parametrize("kind", ["event", "threshold"])
def test_what_comes_in_order_is_counted_by_event_time_however_long_it_was_under_way(
    kind: str, second: int, expected: list[int], ours: bool, restarts: bool
) -> None:
    body = HIGH if kind == "threshold" else PRESSED | {"cooldown_s": 600, "lateness_s": 300, "key": "device"}
    driver = started(body, OUTAGE_GAP_US)
    first = [event("v0", at(-1), 9), event("v1", at(0), 1)] if kind == "threshold" else [press(0)]
    driver.events(*first, at=at(1))
    driver.pass_until(at(60))
    (driver.tick_until if ours else driver.pass_until)(at(1620))
    if restarts:
        driver.restart()
    driver.listen(at(1620))
    assert driver.engine.state.current == {}
    driver.events(event("v2", at(second), 9) if kind == "threshold" else press(second), at=at(1621))
    assert [alert.count for alert in newest(driver)] == expected


def test_nothing_but_the_newest_alert_is_remembered_when_nothing_late_comes_any_more() -> None:
    def remembered() -> list[int]:
        kept = driver.engine.state.cooling.get(CELL, ())
        return [(each.alert.raised_at - START_US) // SECOND_US for each in kept]

    driver = started(PRESSED | {"lateness_s": 300})
    for second in (0, 150, 300):
        driver.events(press(second))
    assert remembered() == [0, 150]
    driver.events(press(570))  # what is late by 300 may be near that of 170 and later
    assert remembered() == [300]
    driver.listen(at(570 + 420))
    assert remembered() == [570]
    driver.events(press(1000))
    assert remembered() == []


def test_memory_is_bounded_and_what_was_quiet_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooling, "MAX_KEYS", 4)
    driver = started(PRESSED | {"key": "device", "lateness_s": 0})
    for n in range(5):
        driver.control(put_device(f"b{n}"))
        driver.events(press(n, f"b{n}"))
    driver.listen(at(200))
    assert sorted(cell[2] for cell in driver.engine.state.cooling) == ["b2", "b3", "b4"]


def test_of_a_key_at_most_so_many_alerts_are_remembered() -> None:
    driver = started(PRESSED)
    for n in range(12):
        driver.events(press(200 * n))
    assert [each.alert.raised_at for each in driver.engine.state.cooling[CELL]] == [
        at(200 * n) for n in range(11 - cooling.MAX_ALERTS, 11)
    ]


@pytest.mark.parametrize("change", [Control(SITE, "gone", "rule.removed", {"uid": "pressed"}), put_rule(PRESSED | {
    "mode": "monitor"}, "trial")], ids=["removed", "on trial"])  # fmt: skip
def test_of_a_rule_that_is_gone_or_tells_in_another_mode_nothing_is_remembered(change: Control) -> None:
    driver = started(PRESSED)
    driver.events(press(0))
    driver.events(press(200))
    driver.control(change)
    assert driver.engine.state.cooling == {}


def test_what_goes_on_after_a_long_time_is_no_further_alert_for_a_storm() -> None:
    driver = started(PRESSED | {"key": "device", "lateness_s": 0, "cooldown_s": 3600})
    devices = [f"b{n}" for n in range(MAX_OF_RULE + 1)]
    for n, device in enumerate(devices):
        driver.control(put_device(device))
        driver.events(press(100 * n, device))
    driver.listen(at(7200))
    assert driver.engine.state.current == {}
    for n, device in enumerate(devices):  # they were away
        driver.events(press(100 * n + 50, device), at=at(7201))
    assert [(alert.rule_uid, alert.count, alert.merged_into) for alert in newest(driver)] == [
        ("pressed", 2, None) for _ in devices
    ]


def test_a_snapshot_of_before_is_read_and_goes_on() -> None:
    driver = started(PRESSED)
    driver.events(press(0))
    older = msgspec.msgpack.decode(snapshot.pack(driver.engine.state))
    del older["cooling"]
    older["current"] = {tuple(cell): kept[:-FIELDS_SINCE] for cell, kept in older["current"].items()}
    stored = zlib.compress(msgspec.msgpack.encode(older))
    driver.engine = Engine(snapshot.restore(stored, snapshot.FORMAT_VERSION), NO_OUTAGE_US)
    driver.events(press(10))
    driver.events(press(300))
    late(driver, 5)
    assert told(driver) == [(0, 10, 3, None), (300, 300, 1, None)]
