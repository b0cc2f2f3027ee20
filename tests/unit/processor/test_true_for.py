"""True-for rules."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_rule, rule

FOR_5 = rule("wet", "true_for", condition={"field": "value", "op": "==", "value": True}, duration_s=5)


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def test_the_timer_survives_a_restart_and_fires_once() -> None:
    driver = Driver(put_rule(FOR_5))
    driver.events(event("e1", at(0), True))
    driver.restart()
    driver.pass_until(at(20))
    driver.restart()
    driver.pass_until(at(30))
    assert driver.story == [("raised", 5)]
    assert driver.alerts[0].cause == {"timer": "true_for", "device": "d1", "armed_by": "e1", "due": at(5)}


def test_what_is_pending_is_kept_when_the_rule_only_reads_otherwise_or_looks_at_more() -> None:
    written = rule("wet", "true_for", condition="data.value==true", duration_s=5, match={"devices": ["d1", "d0"]})
    wider = {**written["match"], "devices": ["d0", "d2", "d1"]}
    again = written | {"condition": "data.value == true", "match": wider, "version": 2}
    driver = Driver(put_rule(written))
    driver.events(event("e1", at(0), True))
    driver.pass_until(at(3))
    driver.control(put_rule(again, "again"))
    driver.events(event("e2", at(4), True, device="d2"))
    driver.pass_until(at(20))
    assert driver.story == [("raised", 5), ("raised", 9)]


def test_of_events_of_one_time_the_one_that_came_later_is_the_later_one_whatever_their_ids() -> None:
    for ids, last in ((("b", "a"), False), (("a", "b"), False), (("b", "a"), True), (("a", "b"), True)):
        driver = Driver(put_rule(FOR_5))
        for event_id, value in zip(ids, (not last, last), strict=True):
            driver.events(event(event_id, at(0), value))
        driver.pass_until(at(20))
        assert driver.story == ([("raised", 5)] if last else [])


def test_a_device_whose_clock_is_behind_is_not_raised_early() -> None:
    driver = Driver(put_rule(FOR_5))
    driver.tick(at(600))
    driver.events(event("e1", at(0), True), at=at(600))
    driver.pass_until(at(604))
    assert driver.alerts == []
    driver.pass_until(at(605))
    assert len(driver.alerts) == 1


def test_an_alert_of_a_clock_that_is_known_to_be_behind_tells_everybodys_time() -> None:
    driver = Driver(put_rule(FOR_5))
    for n in range(10):
        driver.events(event(f"calm{n}", at(20 * n), False), at=at(600 + 20 * n))
    driver.events(event("e1", at(200), True), at=at(800))
    driver.pass_until(at(810))
    driver.events(event("e2", at(220), False), at=at(820))
    assert driver.story == [("raised", 805), ("cleared", 820)]


def test_a_device_whose_clock_is_ahead_is_not_raised_late() -> None:
    driver = Driver(put_rule(FOR_5))
    driver.events(event("e1", at(1800), True), at=at(0))
    driver.pass_until(at(4))
    assert driver.alerts == []
    driver.pass_until(at(5))
    assert driver.story == [("raised", 5)]


def test_what_came_in_one_piece_is_measured_in_event_time() -> None:
    driver = Driver(put_rule(FOR_5))
    driver.events(event("e1", at(0), True), event("e2", at(7), False), at=at(600))
    assert driver.story == [("raised", 5), ("cleared", 7)]


def test_time_passes_for_a_device_that_is_far_behind_the_others_of_its_zone() -> None:
    for lateness in (0, 60):
        driver = Driver(
            put_device("d1", zone="z"),
            put_device("d2", zone="z"),
            put_rule(FOR_5 | {"key": "zone", "lateness_s": lateness}),
        )
        driver.events(event("e1", at(0), True, device="d1"), at=at(600))
        driver.events(event("e2", at(601), False, device="d2"), at=at(601))
        driver.pass_until(at(606))
        assert [alert.device for alert in driver.alerts] == ["d1"]


def test_two_timers_at_the_same_time_fire_in_the_order_of_their_keys() -> None:
    driver = Driver(put_rule(FOR_5 | {"uid": "b"}), put_rule(FOR_5 | {"uid": "a"}))
    driver.events(event("e1", at(0), True, device="d2"), event("e2", at(0), True, device="d1"))
    driver.listen(at(5))
    assert [(alert.rule_uid, alert.key) for alert in driver.alerts] == [
        ("a", "d1"),
        ("a", "d2"),
        ("b", "d1"),
        ("b", "d2"),
    ]


def ends(driver: Driver) -> set[tuple[int, int | None]]:
    """(raised, cleared) of each alert as it stands at the end, in seconds after the start, but what never was."""
    newest = {alert.alert_id: alert for alert in driver.alerts}
    return {
        ((each.raised_at - START_US) // SECOND_US, each.cleared_at and (each.cleared_at - START_US) // SECOND_US)
        for each in newest.values()
        if each.correction != "withdrawn"
    }


@settings(max_examples=40)
@example(
    steps=[(1, "d1", True), (1, "d2", True), (5, "d1", False), (1, "d1", True), (5, "d1", True), (1, "d2", False)],
    at_once=False,
)
@given(
    steps=st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["d1", "d2", "d3"]), st.booleans()), max_size=12),
    at_once=st.booleans(),
)
def test_what_several_devices_of_one_key_saved_up_says_what_it_had_said_as_it_happened(
    steps: list[tuple[int, str, bool]], *, at_once: bool
) -> None:
    shared = put_rule(FOR_5 | {"key": "site", "lateness_s": 600})
    now, found = 0, []
    for n, (gap, device, value) in enumerate(steps):
        now += gap
        found.append(event(f"e{n}", at(now), value, device=device))
    live, saved_up = Driver(shared), Driver(shared)
    for each in found:
        live.pass_until(each.event_time)
        live.events(each)
    for n, frame in enumerate([found] if at_once else [[each] for each in found]):
        saved_up.events(*frame, at=at(200) + n)
    live.pass_until(at(220))
    saved_up.pass_until(at(220))
    assert ends(saved_up) == ends(live)
