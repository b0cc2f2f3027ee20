"""Too many alerts at once become one with counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from herun.alerts import Alert
from herun.events import Event
from processor.engine.storms import ALL_RULES, MAX_OF_RULE, MAX_OF_SITE, MAX_PLACES, QUIET_US, STORM_UID, WINDOW_US
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, put_device, put_list, put_rule, rule
from tests.unit.processor.samples import event as sample

HIGH = rule("high", "threshold", raise_above=7, clear_below=3)


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def high(n: int, second: float, device: str = "", value: float = 9) -> Event:
    return sample(f"e{n}", at(second), value, device=device or f"d{n}")


def newest(driver: Driver) -> list[Alert]:
    return list({alert.alert_id: alert for alert in driver.alerts}.values())


def storms(driver: Driver) -> list[Alert]:
    return [alert for alert in newest(driver) if alert.rule_uid == STORM_UID]


def stormy(count: int, *controls: Any, **fields: Any) -> Driver:
    """So many devices at once."""
    driver = Driver(put_rule(HIGH | fields), *controls)
    driver.events(*(high(n, 0) for n in range(count)))
    driver.pass_until(at(2))
    return driver


def test_the_first_so_many_stand_alone_and_there_is_no_storm() -> None:
    driver = stormy(MAX_OF_RULE)
    assert len(driver.alerts) == MAX_OF_RULE
    assert not any(alert.merged_into for alert in driver.alerts)


def test_the_further_ones_are_counted_into_one_alert() -> None:
    driver = stormy(MAX_OF_RULE + 5)
    (storm,) = storms(driver)
    assert (storm.key, storm.merged_count, storm.state, storm.opens_order) == ("high", 5, "raised", True)
    hidden = [alert for alert in newest(driver) if alert.merged_into == storm.alert_id]
    assert [alert.device for alert in hidden] == [f"d{n}" for n in range(MAX_OF_RULE, MAX_OF_RULE + 5)]
    assert len([alert for alert in driver.alerts if alert.rule_uid == STORM_UID]) == 2  # told once for all five


def test_the_text_says_where() -> None:
    places = [put_device(f"d{n}", building=f"b{n % 2}") for n in range(MAX_OF_RULE, MAX_OF_RULE + 3)]
    (storm,) = storms(stormy(MAX_OF_RULE + 4, *places))
    assert storm.text["en"] == "4 more alerts (b0 2, b1 1, elsewhere 1)"
    assert storm.text["zh"] == "另有 4 条告警（b0 2，b1 1，其他 1）"


def test_only_so_many_places_are_named() -> None:
    count = MAX_OF_RULE + MAX_PLACES + 10
    driver = stormy(count, *(put_device(f"d{n}", zone=f"z{n}") for n in range(count)))
    assert len(driver.engine.state.storms[SITE, "high"].places) == MAX_PLACES
    assert "elsewhere 10" in storms(driver)[0].text["en"]


def test_it_ends_after_a_quiet_time_and_what_comes_then_stands_alone() -> None:
    driver = stormy(MAX_OF_RULE + 1)
    driver.pass_until(at(100))
    driver.restart()
    driver.events(high(99, 100))
    driver.pass_until(at(100) + QUIET_US - SECOND_US)
    assert storms(driver)[0].state == "raised"
    driver.pass_until(at(100) + QUIET_US)
    assert (storms(driver)[0].state, storms(driver)[0].cleared_at) == ("cleared", at(100) + QUIET_US)
    assert storms(driver)[0].merged_count == 2
    driver.events(high(100, 500))
    assert driver.alerts[-1].merged_into is None
    state = driver.engine.state
    driver.pass_until(at(600))
    assert (state.storms, state.bursts, state.due) == ({}, {}, {})


def test_a_critical_alert_stands_alone_and_is_counted() -> None:
    driver = stormy(MAX_OF_RULE + 3, severity="critical")
    (storm,) = storms(driver)
    assert not any(alert.merged_into for alert in driver.alerts)
    assert (storm.merged_count, storm.severity) == (0, "critical")
    assert storm.text["en"] == "3 more alerts (elsewhere 3); 3 critical ones of them stand alone"


def test_a_hidden_alert_is_cleared_as_any_other_and_raised_again_on_its_own_when_the_storm_is_over() -> None:
    driver = stormy(MAX_OF_RULE + 1, cooldown_s=3600)
    last = f"d{MAX_OF_RULE}"
    driver.events(high(900, 3, last, value=0))
    assert (driver.alerts[-1].state, driver.alerts[-1].merged_into) == ("cleared", storms(driver)[0].alert_id)
    driver.events(high(901, 4, last))
    assert (driver.alerts[-1].count, driver.alerts[-1].merged_into) == (2, storms(driver)[0].alert_id)
    driver.events(high(902, 5, last, value=0))
    driver.pass_until(at(10) + QUIET_US)
    driver.events(high(903, 400, last))
    assert (driver.alerts[-1].version, driver.alerts[-1].merged_into) == (1, None)


def test_many_rules_together_are_a_storm_of_the_site() -> None:
    bodies = [rule(f"r{n:02}", "threshold", raise_above=7) for n in range(MAX_OF_SITE // MAX_OF_RULE + 2)]
    driver = Driver(*(put_rule(body) for body in bodies))
    for n in range(MAX_OF_RULE - 1):
        driver.events(high(n, n))
    driver.pass_until(at(MAX_OF_RULE + 2))
    (storm,) = storms(driver)
    assert (storm.key, storm.severity, storm.category) == (ALL_RULES, "warning", "system")
    assert storm.merged_count == (MAX_OF_RULE - 1) * len(bodies) - MAX_OF_SITE


def test_a_passage_list_can_storm_too() -> None:
    listed = rule("listed", "plate_list", types=("vehicle.passed",), plate_list="wanted")
    driver = Driver(put_rule(listed), put_list("wanted", "h1"))
    for n in range(MAX_OF_RULE + 2):
        driver.events(sample(f"p{n}", at(n), event_type="vehicle.passed", data={"plate_hash": "h1"}))
    driver.pass_until(at(MAX_OF_RULE + 5))
    assert storms(driver)[0].merged_count == 2


def test_what_comes_late_and_is_over_storms_too() -> None:
    count = MAX_OF_RULE + 4
    driver = Driver(put_rule(HIGH))
    driver.events(*(high(n, 100, f"d{n}", value=0) for n in range(count)))
    driver.events(*(high(1000 + n, 50, f"d{n}") for n in range(count)), at=at(101))
    driver.pass_until(at(103))
    (storm,) = storms(driver)
    hidden = [alert for alert in newest(driver) if alert.merged_into == storm.alert_id]
    assert (len(hidden), storm.merged_count) == (4, 4)
    assert {(alert.version, alert.state) for alert in hidden} == {(2, "cleared")}


def test_children_of_a_dead_switch_make_no_storm_whenever_it_is_told() -> None:
    silent = rule("silent", "absence", duration_s=30)
    count = MAX_OF_RULE * 2
    cameras = [put_device(f"d{n}", uplink="switch") for n in range(count)]
    driver = Driver(put_rule(silent), put_device("switch"), *cameras)
    driver.events(high(0, 0, "switch"), *(high(n, 0) for n in range(count)))
    driver.events(high(1000, 4, "switch"))  # due four seconds after them
    driver.pass_until(at(60))
    assert storms(driver) == []
    switch = next(alert for alert in newest(driver) if alert.device == "switch")
    assert switch.merged_count == count


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 12), st.integers(0, 2)), max_size=25))
def test_nothing_is_lost_in_any_storm(steps: list[tuple[int, int, int]]) -> None:
    """Each occurrence is its own alert or counted in one, and without a storm no more come than it takes."""
    driver, second, sent, own_at = Driver(put_rule(HIGH)), 0, 0, Counter[int]()
    for gap, count, restarts in steps:
        second += gap * (20 if restarts == 2 else 1)
        driver.pass_until(at(second), step_us=5 * SECOND_US)
        if restarts:
            driver.restart()
        driver.events(*(high(sent + n, second) for n in range(count)), at=at(second))
        sent += count
    driver.pass_until(driver.now + QUIET_US, step_us=5 * SECOND_US)
    found = newest(driver)
    raised = [alert for alert in found if alert.rule_uid == "high"]
    hidden = Counter(alert.merged_into for alert in raised if alert.merged_into)
    assert len(raised) == sent
    assert dict(hidden) == {alert.alert_id: alert.merged_count for alert in storms(driver)}
    own_at.update(alert.raised_at for alert in raised if not alert.merged_into)
    for begin in own_at:
        within = sum(number for when, number in own_at.items() if begin <= when < begin + WINDOW_US)
        assert within <= MAX_OF_RULE
    assert all(alert.state == "cleared" for alert in storms(driver))
