"""How far a device's clock is off, and what that changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processor.engine.clocks import BLOCK_US, OFF_US, DeviceClock, seen
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule


def after(delays: list[tuple[float, float]]) -> DeviceClock:
    """The clock after events at (seconds of arrival, seconds of delay)."""
    clock: DeviceClock | None = None
    for at, delay in delays:
        now = START_US + round(at * SECOND_US)
        clock = seen(clock, now, now - round(delay * SECOND_US))
    assert clock is not None
    return clock


def test_a_clock_that_is_steadily_behind_is_known_after_minutes() -> None:
    assert after([(20 * n, 600) for n in range(3)]).offset_us == 0
    assert after([(20 * n, 600 + n % 2) for n in range(9)]).offset_us == 600 * SECOND_US


def test_a_clock_that_is_ahead_is_known_at_once() -> None:
    assert after([(0, -1800)]).offset_us == -1800 * SECOND_US
    assert after([(0, -1800)]).behind_us == 0


def test_a_burst_of_what_a_lost_connection_kept_back_is_no_wrong_clock() -> None:
    lost = [(3600 + n * 0.01, 3000 - 30 * n) for n in range(100)]
    assert after([(0, 0.1), (10, 0.1), *lost, (3610, 0.1)]).offset_us == 0


def test_a_clock_that_was_set_right_is_believed_again() -> None:
    wrong = [(20.0 * n, -1800.0) for n in range(9)]
    right = [(200 + 20.0 * n, 0.1) for n in range(9)]
    assert after([*wrong, *right]).offset_us == 0


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, OFF_US / SECOND_US - 0.1)), min_size=1, max_size=50))
def test_the_delays_of_a_network_are_no_wrong_clock(steps: list[tuple[float, float]]) -> None:
    at, delays = 0.0, []
    for step, delay in steps:
        at += step
        delays.append((at, delay))
    assert after(delays).offset_us == 0


@given(st.lists(st.tuples(st.floats(0, 2 * BLOCK_US / SECOND_US), st.floats(-1e5, 1e5)), min_size=1, max_size=30))
def test_no_clock_is_believed_to_be_off_by_more_than_was_seen(steps: list[tuple[float, float]]) -> None:
    at, delays = 0.0, []
    for step, delay in steps:
        at += step
        delays.append((at, delay))
    clock = after(delays)
    lowest, highest = min(0.0, *(d for _, d in delays)), max(0.0, *(d for _, d in delays))
    assert lowest - 1 <= clock.offset_us / SECOND_US <= highest + 1


def test_devices_whose_clocks_differ_are_judged_in_one_time() -> None:
    """Camera d2 is ten minutes behind; the sequence over both is told, once that is known."""
    steps = [{"event_types": ["door.opened"]}, {"event_types": ["person.captured"]}]
    types = ("door.opened", "person.captured")
    body = rule("forced", "sequence", types=types, key="zone", steps=steps, within_s=30)
    driver = Driver(put_device("d1", zone="z"), put_device("d2", zone="z"), put_rule(body))
    for n in range(10):
        now = START_US + 20 * n * SECOND_US
        driver.events(
            event(f"calm{n}", now - 600 * SECOND_US, device="d2", event_type="button.pressed", data={}), at=now
        )
    opened = START_US + 300 * SECOND_US
    driver.events(event("o", opened, device="d1", event_type="door.opened", data={}), at=opened)
    came = opened + 5 * SECOND_US
    late = event("p", came - 600 * SECOND_US, device="d2", event_type="person.captured", data={})
    driver.events(late, at=came)
    assert [alert.raised_at for alert in driver.alerts] == [came]
    assert driver.engine.state.clocks[SITE, "d2"].offset_us == 600 * SECOND_US
