"""A trace says what the arming of its zone made of an event: why nobody rang when that door opened."""

from __future__ import annotations

from typing import Any

import pytest

from processor.backtest.armed import arming_of
from tests.unit.processor.arming_samples import BACK, CAMERA, FRONT, ZONE, Desk, data_of
from tests.unit.processor.samples import SITE, put_device


def told(desk: Desk, event_type: str, device: str, second: float, **data: Any) -> dict[str, Any] | None:
    desk.say(event_type, device, second, **data)
    engine = desk.driver.engine
    event = next(each for each, _ in reversed(desk.events) if each.event_id == f"e{desk.sent}")
    return arming_of(event, data_of(event), engine.registration(SITE, device), engine.state)


@pytest.mark.parametrize(
    ("mode", "event_type", "device", "data", "outcome", "words"),
    [
        ("disarmed", "door.opened", BACK, {}, "not_watched", "区域 z1 当时为撤防，不触发入侵"),
        ("home", "person.captured", CAMERA, {}, "not_watched", "区域 z1 当时为留守，不触发入侵"),
        ("armed", "person.captured", CAMERA, {}, "watched", "区域 z1 当时为设防"),
        ("armed", "door.opened", FRONT, {}, "entry_delay", "入口延时已开始"),
        ("armed", "door.closed", BACK, {}, "no_detection", "不是开门或有人"),
        ("armed", "state.reported", BACK, {"name": "contact", "value": False}, "watched", "设防"),
    ],
)
def test_it_says_what_counts_in_the_mode_that_the_zone_had(
    *, mode: str, event_type: str, device: str, data: dict[str, Any], outcome: str, words: str
) -> None:
    desk = Desk(delays=(30, 0))
    desk.set("armed", 1)
    desk.set(mode, 2)
    said = told(desk, event_type, device, 10, **data)
    assert said is not None
    assert (said["outcome"], said["zone"], said["mode"]) == (outcome, ZONE, mode)
    assert words in said["why"]["zh"]
    assert bool(desk.told_of("intrusion.confirmed", "entry.begun")) == (outcome in {"watched", "entry_delay"})


def test_what_is_nowhere_out_of_service_or_of_another_kind_is_told_so() -> None:
    desk = Desk()
    desk.driver.control(put_device("nowhere"))
    desk.set("armed", 1)
    desk.bypass(BACK, 2, 100)
    assert (told(desk, "door.opened", "nowhere", 3) or {})["outcome"] == "no_zone"
    assert (told(desk, "door.opened", BACK, 4) or {})["outcome"] == "out_of_service"
    assert told(desk, "reading.reported", BACK, 5, metric="level", value=1) is None


def test_what_came_too_late_is_told_so_whatever_the_zone_is_now() -> None:
    desk = Desk()
    desk.set("armed", 1)
    desk.set("disarmed", 100)
    desk.say("door.opened", BACK, 50, arrives=460)
    engine = desk.driver.engine
    event = desk.events[-1][0]
    said = arming_of(event, {}, engine.registration(SITE, BACK), engine.state) or {}
    assert (said["outcome"], said["mode"]) == ("too_late", None)
    assert "410 s after it happened" in said["why"]["en"]
