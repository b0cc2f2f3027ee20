"""What waits for time to pass is not fooled by our own outage: what would have ended it may lie at the broker."""

from __future__ import annotations

from typing import Any

import pytest

from herun.events import Event
from herun.frames import Control
from processor.engine.engine import OUTAGE_GAP_US
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule

DOORS = ("door.opened", "door.closed")
STANDS_OPEN: dict[str, Any] = {
    "negation": rule(
        "open",
        "negation",
        types=DOORS,
        first={"event_types": ["door.opened"]},
        then={"event_types": ["door.closed"]},
        within_s=300,
    ),
    "true_for": rule(
        "open",
        "true_for",
        types=DOORS,
        condition='event.type == "door.opened"',
        duration_s=300,
    ),
}


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def door(second: int, what: str) -> Event:
    return event(f"e{second}", at(second), event_type=f"door.{what}", data={})


def opened(body: dict[str, Any]) -> Driver:
    """A door is opened at 0, and nobody has listened since 106; it is 400 now."""
    driver = Driver(put_device("d1"), put_rule(body), gap_us=OUTAGE_GAP_US)
    driver.events(door(0, "opened"))
    driver.pass_until(at(106))
    driver.tick_until(at(400))
    assert driver.alerts == []
    return driver


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("kind", STANDS_OPEN)
def test_what_was_over_before_the_gateway_is_back_raises_nothing(kind: str, restarts: bool) -> None:
    driver = opened(STANDS_OPEN[kind])
    if restarts:
        driver.restart()
    driver.listen(at(401))
    driver.events(door(150, "closed"), at=at(402))
    driver.pass_until(at(1000))
    assert driver.alerts == []


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("kind", STANDS_OPEN)
def test_what_lasts_is_raised_later_with_the_time_at_which_it_was_due(kind: str, restarts: bool) -> None:
    driver = opened(STANDS_OPEN[kind])
    if restarts:
        driver.restart()
    driver.pass_until(at(594))  # 106 s and 194 s of listening since 400
    assert driver.alerts == []
    driver.pass_until(at(596))
    assert [(alert.state.value, alert.raised_at) for alert in driver.alerts] == [("raised", at(300))]


@pytest.mark.parametrize("kind", STANDS_OPEN)
def test_what_may_be_raised_since_the_gateway_was_heard_is_raised(kind: str) -> None:
    rule_of = put_rule(STANDS_OPEN[kind] | {"armed_modes": ["armed"]})
    driver = Driver(put_device("d1", zone="z"), rule_of, gap_us=OUTAGE_GAP_US)
    driver.events(door(0, "opened"))
    driver.pass_until(at(299))
    arming = {"zone": "z", "change": 1, "who": "olga", "mode": "armed", "force": True}
    driver.control(Control(SITE, "arm", "arming.mode.set", arming), at=at(301))
    driver.tick(at(302))
    assert driver.alerts == []
    driver.pass_until(at(303))
    assert [(alert.state.value, alert.raised_at) for alert in driver.alerts] == [("raised", at(302))]
