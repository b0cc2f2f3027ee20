"""Count-in-window rules."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, START_US, event, put_rule, rule

THREE_IN_10 = rule("often", "count", count=3, window_s=10)


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def is_ever_full(seconds: list[int]) -> bool:
    """Whether any ten seconds have three events, looked for in the slow way."""
    return any(sum(first <= other < first + 10 for other in seconds) >= 3 for first in seconds)


@given(st.lists(st.integers(0, 19), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_it_fires_at_so_many_distinct_events_and_not_at_one_less(seconds: list[int], chance: random.Random) -> None:
    deliveries = [event(f"e{n}", at(second)) for n, second in enumerate(seconds)] * 2
    chance.shuffle(deliveries)
    driver = Driver(put_rule(THREE_IN_10))
    for delivery in deliveries:
        driver.events(delivery, at=at(20))
    assert bool(driver.alerts) == is_ever_full(seconds)


def test_only_what_matches_is_counted() -> None:
    body = THREE_IN_10 | {"condition": {"field": "value", "op": ">=", "value": 2}}
    driver = Driver(put_rule(body))
    for n, value in enumerate([1, 2, "3", 2, 1.5]):
        driver.events(event(f"e{n}", at(n), value))
    assert driver.alerts == []
    driver.events(event("e9", at(9), 2.0))
    assert [(alert.text["en"], alert.cause["event_id"]) for alert in driver.alerts] == [
        ("d1 at  in , 3 times for 10 s", "e9")
    ]


def test_a_device_whose_clock_is_behind_is_not_cleared_at_once() -> None:
    driver = Driver(put_rule(THREE_IN_10))
    driver.tick(at(600))
    for n in range(3):
        driver.events(event(f"e{n}", at(n)), at=at(600 + n))
    driver.pass_until(at(609))
    assert [state for state, _ in driver.story] == ["raised"]
    driver.pass_until(at(610))
    assert [state for state, _ in driver.story] == ["raised", "cleared"]
    for n in range(20, 23):
        driver.events(event(f"e{n}", at(n)), at=at(600 + n))
    assert [state for state, _ in driver.story] == ["raised", "cleared", "raised"]
