"""A device is taken out, or leaves what a rule looks at: what it held is over then, whatever the kind."""

from __future__ import annotations

from typing import Any, Final

import pytest

from herun.alerts import AlertState
from herun.events import Event
from herun.frames import Control
from tests.unit.processor.driving import Driver
from tests.unit.processor.reference import DOORS, KINDS
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule

# A Monday midnight in China, where all windows begin.
START: Final = START_US + 7 * 86_400 * SECOND_US - (START_US - 946_742_400_000_000) % (7 * 86_400 * SECOND_US)
LASTING: Final = [name for name in KINDS if name != "sequence"]
OPENED, CLOSED = "door.opened", "door.closed"
# What makes each kind raise by the tenth second.
RAISING: Final[dict[str, list[tuple[int, str, int]]]] = {
    "threshold": [(0, "", 9)],
    "true_for": [(0, "", 9)],
    "count": [(7, "", 9), (8, "", 9), (9, "", 9)],
    "distinct": [(7, "", 1), (8, "", 2), (9, "", 3)],
    "change": [(0, "", 1), (5, "", 9)],
    "tumbling": [(0, "", 9), (1, "", 9)],
    "tumbling_count": [(0, "", 1), (1, "", 1), (2, "", 1)],
    "tumbling_avg": [(0, "", 9)],
    "sliding": [(9, "", 9)],
    "sliding_few": [(9, "", 9)],
    "session": [(6, "", 1), (7, "", 1), (8, "", 1), (9, "", 1)],
    "negation": [(0, OPENED, 0)],
}
TAKEN_OUT: Final = put_device("d1", "out", zone="z", enabled=False)
LEAVING: Final = {
    "disabled": TAKEN_OUT,
    "removed": Control(SITE, "gone", "device.removed", {"device": "d1"}),
    "moved": put_device("d1", "moved", zone="y"),
}


def at(second: float) -> int:
    return START + round(second * SECOND_US)


def said(second: int, event_type: str = "", value: int = 0, device: str = "d1") -> Event:
    event_type = event_type or "reading.reported"
    return event(f"e{second}-{device}", at(second), device=device, event_type=event_type, data={"value": value})


def started(name: str, key: str, **more: Any) -> Driver:
    types = tuple(DOORS) if name in {"sequence", "negation"} else ("reading.reported",)
    body = rule(name, types=types, key=key, match={"zones": ["z"]}, **KINDS[name][1], **more)
    driver = Driver()
    driver.control(put_device("d1", zone="z"), put_device("d2", zone="x"), put_rule(body), at=at(0))
    return driver


@pytest.mark.parametrize("leaves", LEAVING)
@pytest.mark.parametrize("key", ["device", "zone"])
@pytest.mark.parametrize("name", LASTING)
def test_what_a_device_holds_is_over_when_it_leaves(name: str, key: str, leaves: str) -> None:
    driver = started(name, key)
    for each in RAISING[name]:
        driver.events(said(*each))
    driver.listen(at(10))
    assert [alert.state for alert in driver.alerts] == [AlertState.RAISED]
    driver.restart()
    driver.control(LEAVING[leaves], at=at(12))
    driver.listen(at(1_000))
    raised, cleared = driver.alerts
    assert (cleared.alert_id, cleared.state) == (raised.alert_id, AlertState.CLEARED)
    ends_by_time = {"count", "distinct", "session", "sliding", "tumbling_count"} if key == "zone" else set()
    if name not in ends_by_time:
        assert cleared.cleared_at == at(12)
    if key == "device":
        assert not driver.engine.state.tracks.get((SITE, name))


@pytest.mark.parametrize(("name", "events"), [
    ("negation", [(0, OPENED, 0)]),
    ("true_for", [(0, "", 9)]),
    ("tumbling", [(0, "", 9), (1, "", 9)]),
])  # fmt: skip
def test_what_is_pending_raises_nothing_about_a_device_that_is_off(
    name: str, events: list[tuple[int, str, int]]
) -> None:
    driver = started(name, "device")
    for each in events:
        driver.events(said(*each))
    driver.control(TAKEN_OUT, at=at(4))
    driver.listen(at(1_000))
    assert driver.alerts == []
    assert not any(timer[1:3] == (SITE, name) for timer in driver.engine.state.due)


def test_what_a_device_said_before_it_was_taken_out_does_not_count_when_it_is_back() -> None:
    driver = started("sequence", "device")
    driver.events(said(0, OPENED), said(1, value=9))
    driver.control(TAKEN_OUT, at=at(2))
    driver.control(put_device("d1", "back", zone="z"), at=at(3))
    driver.events(said(4, CLOSED))
    assert driver.alerts == []


def test_what_a_device_that_is_off_has_still_said_reaches_no_rule() -> None:
    driver = started("threshold", "device")
    driver.control(TAKEN_OUT, at=at(1))
    decisions = driver.events(said(2, value=9))
    assert (len(decisions.rows), driver.alerts) == (1, [])


def test_what_others_hold_under_the_same_key_stays() -> None:
    driver = started("change", "zone")
    driver.control(put_device("d2", "here", zone="z"))
    driver.events(said(0, value=1), said(1, value=1, device="d2"), said(5, value=9))
    driver.control(TAKEN_OUT, at=at(6))
    assert [alert.state for alert in driver.alerts] == [AlertState.RAISED]
    driver.events(said(7, value=1, device="d2"))
    assert driver.alerts[-1].cleared_at == at(7)


def test_a_door_that_is_taken_out_does_not_end_what_another_one_has_begun() -> None:
    driver = started("negation", "zone")
    driver.control(put_device("d2", "here", zone="z"))
    driver.events(said(0, OPENED), said(1, OPENED, device="d2"))
    driver.control(put_device("d2", "out", zone="z", enabled=False), at=at(4))
    driver.listen(at(10))
    assert driver.story == [("raised", (at(8) - START_US) // SECOND_US)]


def test_what_another_door_has_begun_goes_on_when_the_first_is_taken_out() -> None:
    driver = started("negation", "zone")
    driver.control(put_device("d2", "here", zone="z"))
    driver.events(said(0, OPENED), said(1, OPENED, device="d2"))
    driver.control(TAKEN_OUT, at=at(4))
    driver.listen(at(20))
    assert [(alert.device, alert.raised_at) for alert in driver.alerts] == [("d2", at(9))]
    driver.events(said(30, CLOSED, device="d2"))
    assert driver.alerts[-1].cleared_at == at(30)


def test_a_door_that_stands_open_still_is_raised_when_the_first_one_is_taken_out() -> None:
    driver = started("negation", "zone")
    driver.control(put_device("d2", "here", zone="z"))
    driver.events(said(0, OPENED), said(1, OPENED, device="d2"))
    driver.listen(at(20))
    driver.control(TAKEN_OUT, at=at(21))
    assert [alert.state for alert in driver.alerts] == [AlertState.RAISED]
    driver.control(put_device("d2", "out", zone="z", enabled=False), at=at(22))
    assert driver.alerts[-1].cleared_at == at(22)
