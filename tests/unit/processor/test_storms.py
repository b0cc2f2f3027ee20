"""Too many alerts at once become one with counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from herun.alerts import Alert
from herun.events import Event
from herun.rules import STORM_UID
from processor.engine.masters import FORGET
from processor.engine.storms import ALL_RULES, MAX_OF_RULE, MAX_OF_SITE, MAX_PLACES, QUIET_US, WINDOW_US
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, close_alert, put_device, put_list, put_rule, rule
from tests.unit.processor.samples import event as sample

HIGH = rule("high", "threshold", raise_above=7, clear_below=3)

USUALLY = rule("usually", "aggregate", window="sliding", size_s=60, function="avg", raise_above=7)


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


def test_a_storm_opens_an_order_as_soon_as_it_hides_one_that_does() -> None:
    quiet = [put_rule(HIGH | {"uid": f"quiet{n}", "opens_order": False}) for n in range(6)]
    driver = Driver(*quiet)
    driver.events(*(high(n, 0) for n in range(17)))
    driver.pass_until(at(2))
    assert [(storm.key, storm.opens_order) for storm in storms(driver)] == [(ALL_RULES, False)]
    leak = rule("leak", "event", types=("button.pressed",)) | {"category": "flooding"}
    driver.control(put_rule(leak))
    driver.events(sample("leak", at(3), event_type="button.pressed", data={}, device="d99"))
    driver.pass_until(at(6))
    (storm,) = storms(driver)
    (hidden,) = (alert for alert in newest(driver) if alert.rule_uid == "leak")
    assert (storm.opens_order, storm.order_category, storm.category) == (True, "flooding", "system")
    assert hidden.merged_into == storm.alert_id


def test_the_further_ones_are_counted_into_one_alert() -> None:
    driver = stormy(MAX_OF_RULE + 5)
    (storm,) = storms(driver)
    assert (storm.key, storm.merged_count, storm.state, storm.opens_order) == ("high", 5, "raised", True)
    hidden = [alert for alert in newest(driver) if alert.merged_into == storm.alert_id]
    assert [alert.device for alert in hidden] == [f"d{n}" for n in range(MAX_OF_RULE, MAX_OF_RULE + 5)]
    assert len([alert for alert in driver.alerts if alert.rule_uid == STORM_UID]) == 2  # told once for all five


def test_what_late_events_withdraw_is_told_apart_in_the_storm_that_hides_it() -> None:
    """And no longer, should another late event show that it was after all."""
    driver = Driver(put_rule(USUALLY))
    driver.events(*(high(n, 0, value=12) for n in range(MAX_OF_RULE + 3)))
    driver.events(high(900, -1, f"d{MAX_OF_RULE}", 1), at=at(1))
    driver.pass_until(at(3))
    (storm,) = storms(driver)
    assert (storm.merged_count, storm.text["en"]) == (3, "3 more alerts (elsewhere 3); 1 of them withdrawn since")
    assert storm.text["zh"] == "另有 3 条告警（其他 3）；其中 1 条已撤回"
    driver.restart()
    driver.events(high(901, -0.5, f"d{MAX_OF_RULE}", 13), at=at(4))
    driver.pass_until(at(6))
    (storm,) = storms(driver)
    assert (storm.merged_count, storm.text["en"]) == (3, "3 more alerts (elsewhere 3)")


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
    driver.events(*(high(200 + n, 101, device, value=0) for n, device in enumerate((f"d{MAX_OF_RULE}", "d99"))))
    driver.pass_until(at(100) + QUIET_US - SECOND_US)
    assert storms(driver)[0].state == "raised"
    driver.pass_until(at(100) + QUIET_US)
    assert (storms(driver)[0].state, storms(driver)[0].cleared_at) == ("cleared", at(100) + QUIET_US)
    assert storms(driver)[0].merged_count == 2
    driver.events(high(100, 500))
    assert driver.alerts[-1].merged_into is None
    state = driver.engine.state
    driver.pass_until(at(600))
    assert (state.storms, state.bursts) == ({}, {})
    assert {timer[0] for timer in state.due} <= {FORGET}


def test_its_alert_lasts_as_long_as_anything_that_it_hides_and_no_new_one_goes_under_it() -> None:
    driver = stormy(MAX_OF_RULE + 3)
    driver.pass_until(at(10) + QUIET_US)
    driver.restart()
    driver.events(high(100, 400))
    assert driver.alerts[-1].merged_into is None
    driver.events(*(high(200 + n, 500, f"d{MAX_OF_RULE + n}", value=0) for n in range(2)))
    driver.pass_until(at(20) + 2 * QUIET_US)
    assert storms(driver)[0].state == "raised"
    driver.events(high(300, 700, f"d{MAX_OF_RULE + 2}", value=0))
    driver.pass_until(at(10) + 3 * QUIET_US)
    (storm,) = storms(driver)
    assert (storm.state, storm.merged_count) == ("cleared", 3)
    assert (driver.engine.state.storms, driver.engine.state.bursts) == ({}, {})


def test_occurrences_hold_no_storm_up() -> None:
    occurs = rule("occurs", "event", cooldown_s=7200)
    driver = Driver(put_rule(occurs))
    driver.events(*(high(n, 0) for n in range(MAX_OF_RULE + 3)))
    driver.pass_until(at(0) + QUIET_US)
    assert [(storm.state, storm.merged_count) for storm in storms(driver)] == [("cleared", 3)]


def test_what_storms_again_while_the_alert_lasts_is_counted_into_it() -> None:
    driver = stormy(MAX_OF_RULE + 1)
    driver.pass_until(at(10) + QUIET_US)
    driver.events(*(high(100 + n, 400) for n in range(MAX_OF_RULE + 2)))
    driver.pass_until(at(402))
    (storm,) = storms(driver)
    assert (storm.state, storm.merged_count, storm.text["en"]) == ("raised", 3, "3 more alerts (elsewhere 3)")


def test_what_storms_again_after_people_have_closed_the_alert_is_another_one() -> None:
    driver = stormy(MAX_OF_RULE + 1)
    driver.pass_until(at(10) + QUIET_US)
    driver.control(close_alert(storms(driver)[0].alert_id))
    driver.events(*(high(100 + n, 400) for n in range(MAX_OF_RULE + 2)))
    driver.pass_until(at(402))
    assert [(storm.state, storm.merged_count) for storm in storms(driver)] == [("cleared", 1), ("raised", 2)]


def test_nothing_more_goes_under_a_raging_storm_that_people_have_closed() -> None:
    driver = stormy(MAX_OF_RULE + 5)
    driver.pass_until(at(70))
    (closed,) = storms(driver)
    driver.control(close_alert(closed.alert_id, "nuisance"))
    driver.restart()
    driver.events(*(high(100 + n, 80) for n in range(MAX_OF_RULE + 2)))
    driver.pass_until(at(82))
    first, second = storms(driver)
    assert (first.merged_count, second.merged_count) == (5, 2)
    alone = [alert for alert in newest(driver) if alert.raised_at == at(80) and alert.merged_into is None]
    assert len(alone) == MAX_OF_RULE + 1  # and the second storm's
    driver.pass_until(at(100) + 2 * QUIET_US)
    assert storms(driver)[1].state == "raised"


def test_what_a_closed_storm_has_hidden_is_not_counted_into_it_again() -> None:
    driver = stormy(MAX_OF_RULE + 1, cooldown_s=3600)
    last = f"d{MAX_OF_RULE}"
    driver.pass_until(at(70))
    driver.control(close_alert(storms(driver)[0].alert_id))
    driver.events(high(900, 71, last, value=0))
    driver.events(high(901, 72, last))
    assert (driver.alerts[-1].version, driver.alerts[-1].merged_into) == (1, None)


def test_what_is_reopened_when_the_storm_is_over_stands_alone() -> None:
    talk = rule("talk", "aggregate", window="session", size_s=60, function="count", raise_above=1, lateness_s=3600)
    devices = [f"d{n}" for n in range(MAX_OF_RULE + 1)]
    driver = Driver(put_rule(talk))
    driver.events(*(sample(f"{device}-{n}", at(n), device=device) for n in range(2) for device in devices))
    driver.pass_until(at(320))
    (storm,), hidden = storms(driver), next(alert for alert in newest(driver) if alert.merged_into)
    assert (storm.state, hidden.state) == ("cleared", "cleared")
    driver.events(*(sample(f"l{n}", at(n), device=hidden.device or "") for n in range(50, 310, 50)), at=at(320))
    driver.restart()
    reopened = next(alert for alert in newest(driver) if alert.alert_id == hidden.alert_id)
    assert (reopened.state, reopened.correction, reopened.merged_into) == ("raised", "reopened", None)


def test_children_of_a_switch_that_never_spoke_make_no_storm_either() -> None:
    silent = rule("silent", "absence", duration_s=600)
    cameras = [put_device(f"d{n}", uplink="switch") for n in range(MAX_OF_RULE + 10)]
    driver = Driver(put_rule(silent), put_device("switch"), *cameras)
    driver.pass_until(at(660))
    assert storms(driver) == []
    (alone,) = [alert for alert in newest(driver) if alert.merged_into is None]
    assert (alone.device, alone.merged_count) == ("switch", MAX_OF_RULE + 10)


def test_an_alert_that_hides_others_stands_alone_and_is_not_counted() -> None:
    silent = rule("silent", "absence", duration_s=30)
    loners = [put_device(f"a{n:02}") for n in range(MAX_OF_RULE + 2)]
    driver = Driver(put_rule(silent), *loners, put_device("switch"), put_device("z", uplink="switch"))
    driver.pass_until(at(35))
    newest_of = {alert.device: alert for alert in newest(driver)}
    assert newest_of["switch"].merged_into is None
    assert newest_of["z"].merged_into == newest_of["switch"].alert_id
    (storm,) = storms(driver)
    assert (storm.merged_count, storm.text["en"]) == (2, "2 more alerts (elsewhere 2)")


def test_what_goes_under_a_dead_switch_is_no_longer_one_of_the_storm() -> None:
    silent = rule("silent", "absence", duration_s=30)
    count = MAX_OF_RULE + 5
    cameras = [put_device(f"d{n:02}", uplink="switch", building="b1") for n in range(count)]
    driver = Driver(put_rule(silent), put_device("switch"), *cameras)
    driver.pass_until(at(25))
    driver.events(high(0, 25, "switch"))  # it speaks: they do not wait for it
    driver.pass_until(at(32))
    assert storms(driver)[0].text["en"] == "5 more alerts (b1 5)"
    driver.pass_until(at(60))
    (storm,) = storms(driver)
    assert (storm.merged_count, storm.text["en"]) == (0, "Too many alerts; further ones are counted here")
    assert next(alert.merged_count for alert in newest(driver) if alert.device == "switch") == count
    driver.pass_until(at(40) + QUIET_US)
    assert storms(driver)[0].state == "cleared"


def test_a_storm_whose_alert_was_taken_from_it_goes_on_with_another() -> None:
    """Rules of before may be named as the engine's own: changing one clears what it thinks it has raised."""
    driver = Driver(put_rule(HIGH), put_rule(rule(STORM_UID, "threshold", raise_above=70)))
    driver.events(*(high(n, 0) for n in range(MAX_OF_RULE + 1)))
    driver.control(put_rule(rule(STORM_UID, "threshold", raise_above=80), "again"))
    driver.events(*(high(100 + n, 1) for n in range(MAX_OF_RULE + 1)))
    assert len([alert for alert in newest(driver) if alert.rule_uid == "high"]) == 2 * (MAX_OF_RULE + 1)


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


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 12), st.integers(0, 3)), max_size=25))
def test_nothing_is_lost_in_any_storm(steps: list[tuple[int, int, int]]) -> None:
    """Each occurrence is its own alert or counted in one that lasts as long, and without a storm no more come."""
    driver, second, sent, own_at = Driver(put_rule(HIGH)), 0, 0, Counter[int]()
    for gap, count, what in steps:
        second += gap * (20 if what == 2 else 1)
        driver.pass_until(at(second), step_us=5 * SECOND_US)
        if what in {1, 2}:
            driver.restart()
        elif what == 3:
            driver.events(*(high(1000 + n, second, f"d{n}", value=0) for n in range(sent)), at=at(second))
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
    lasting = {alert.merged_into for alert in raised if alert.state == "raised" and alert.merged_into}
    assert lasting == {alert.alert_id for alert in storms(driver) if alert.state == "raised"}
