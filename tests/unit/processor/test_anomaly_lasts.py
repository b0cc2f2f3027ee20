"""One anomaly is one alert: raised until the series has been usual again, and then cleared."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.alerts import Alert
from herun.calendar import Calendar
from herun.frames import Control
from herun.schedule import DEFAULT_TIME_ZONE, zone_named
from processor.engine.detectors import watch as watches
from processor.engine.detectors.drift import Leaning
from processor.engine.detectors.hours import HOUR_US, WeekHours
from processor.engine.detectors.rest import NEVER, REST_US
from processor.engine.detectors.watch import DETECTORS, Settings, Watch
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SITE, START_US, close_alert, event, put_device, put_rule, rule

MINUTE_US: Final = 60_000_000
QUARTER_US: Final = 15 * MINUTE_US
A_DAY: Final = 96  # quarters
BAD: Final = 8 * A_DAY  # the quarter in which an anomaly begins
TEXT: Final = {"zh": "{device}：{finding}", "en": "{device}: {finding}"}
# By detector, what a sensor says from the eighth day on (None: nothing), for how many days, and the hours to its end.
ANOMALIES: Final[dict[str, tuple[Any, float, tuple[int, int]]]] = {
    "stuck": (lambda days, usual: 5.1, 7, (1, 2)),
    "drift": (lambda days, usual: usual + 6 * days, 7, (3, 36)),
    "rhythm": (lambda days, usual: None, 3, (1, 2)),
    "level": (lambda days, usual: usual + 12, 0.1, (12, 14)),
    "default": (lambda days, usual: usual + 12, 0.1, (9, 14)),
    "seasonal": (lambda days, usual: usual + 12 * (days % 1 < 0.5), 2, (12, 20)),
    "count": (lambda days, usual: None, 3, (24, 26)),
}


def anomaly(**fields: Any) -> dict[str, Any]:
    wanted = {"detector": "level", "text": TEXT, "warm_up_s": 5 * 86_400, "false_alarms_per_week": 0.2}
    return rule("odd", "anomaly", **{**wanted, **fields})


def said(detector: str, quarters: int) -> list[float | None]:
    """What a sensor says every quarter of an hour; None: nothing."""
    rng = random.Random(7)
    strange, lasts, _ = ANOMALIES[detector]
    values = []
    for n in range(quarters):
        days, usual = (n - BAD) / A_DAY, 50 + rng.gauss(0, 1)
        values.append(strange(days, usual) if 0 <= days < lasts else usual)
    return values


def times_of(detector: str) -> int:
    """How often it is said each time: an hour without anything must be unusual."""
    return 6 if detector == "count" else 1


def tell(driver: Driver, values: Sequence[float | None], first: int = 0, times: int = 1) -> None:
    for n, value in enumerate(values, first):
        at = START_US + n * QUARTER_US
        if value is None:
            driver.listen(at)
        else:
            driver.events(*(event(f"e{n}-{k}", at + k * 1_000_000, value) for k in range(times)))


def story(alerts: list[Alert]) -> list[tuple[str, str, int]]:
    return [(alert.alert_id, alert.state.value, alert.count) for alert in alerts]


def hours_after(alert: Alert, quarter: float) -> float:
    return (alert.updated_at - START_US - quarter * QUARTER_US) / HOUR_US


@pytest.mark.parametrize("detector", ANOMALIES)
def test_an_anomaly_is_one_alert_however_long_it_lasts_and_is_cleared_when_it_is_over(detector: str) -> None:
    _, lasts, (soonest, latest) = ANOMALIES[detector]
    driver = Driver(put_rule(anomaly(detector=detector)), put_device("d1"))
    tell(driver, said(detector, 19 * A_DAY), times=times_of(detector))
    of_it = [alert for alert in driver.alerts if hours_after(alert, BAD) >= 0]
    first, last = of_it[0], of_it[-1]
    assert {alert.alert_id for alert in of_it} == {first.alert_id}
    assert [alert.state.value for alert in of_it] == ["raised"] * (len(of_it) - 1) + ["cleared"]
    assert hours_after(first, BAD) <= 24
    assert soonest <= hours_after(last, BAD + lasts * A_DAY) <= latest
    assert last.cleared_at == last.updated_at
    assert last.raised_at == first.raised_at
    assert last.count > 2 or not DETECTORS[detector].grows
    assert not driver.engine.state.current
    assert not driver.engine.state.watches[SITE, "odd"]["d1"].lasts


def test_there_is_an_anomaly_for_every_detector() -> None:
    assert set(ANOMALIES) == set(DETECTORS)


SOME = st.lists(
    st.tuples(st.sampled_from([50.0, 50.5, 62.0, 75.0, 900.0, -40.0]), st.integers(1, 60)), min_size=1, max_size=6
)


@settings(max_examples=25, deadline=None)
@given(SOME, st.sampled_from(["level", "seasonal", "default", "stuck", "drift"]), st.sampled_from(["both", "up"]))
def test_the_engine_tells_what_a_slow_reference_would(
    stretches: list[tuple[float, int]], detector: str, direction: Any
) -> None:
    rng, values = random.Random(3), [50 + random.Random(1).gauss(0, 1) for _ in range(3 * A_DAY)]
    for level, quarters in stretches:
        values += [level + rng.gauss(0, 1) * (level != 62.0) for _ in range(quarters)]
    driver = Driver(put_rule(anomaly(detector=detector, direction=direction, warm_up_s=86_400)))
    tell(driver, values)
    expected = _slow(detector, Settings(0.2, A_DAY * QUARTER_US, direction), values)
    found = [((alert.updated_at - START_US) // QUARTER_US, alert.state.value, alert.count) for alert in driver.alerts]
    assert found == expected


def _slow(detector: str, wanted: Settings, values: list[float]) -> list[tuple[int, str, int]]:
    """Looks at alarms and scores alone: (quarter, state, count) of each version."""
    one, hours = DETECTORS[detector], WeekHours(zone_named(DEFAULT_TIME_ZONE), Calendar())
    watch, state, versions = watches.begun(one, START_US), one.start(), []
    count, since, limit = 0, None, 0.0
    for n, value in enumerate(values):
        at = START_US + n * QUARTER_US
        state, score = one.observe(state, at, value, hours.at(at))
        watch, alarm = watches.observed(one, wanted, watch, at, value=value, hour=hours.at(at))
        excess = score.excess if wanted.direction == "both" or score.is_up else 0.0
        is_usual = one.is_usual(state, msgspec.structs.replace(score, excess=excess), limit)
        if count:
            since = (at if since is None else since) if is_usual else None
            if since is not None and at - since >= one.calm_us:
                versions.append((n, "cleared", count))
                count, since = 0, None
            elif alarm is not None:
                count += 1
                versions.append((n, "raised", count))
        elif alarm is not None and not one.is_usual(state, score, watch.limit):
            count, limit = 1, watch.limit
            versions.append((n, "raised", count))
    return versions


@pytest.mark.parametrize("detector", ANOMALIES)
@pytest.mark.parametrize("seed", range(3))
def test_restarts_and_what_comes_late_or_twice_change_nothing(detector: str, seed: int) -> None:
    rng, values = random.Random(seed), said(detector, 16 * A_DAY)
    plain, other = Driver(put_rule(anomaly(detector=detector))), Driver(put_rule(anomaly(detector=detector)))
    tell(plain, values, times=times_of(detector))
    for n, value in enumerate(values):
        tell(other, [value], n, times=times_of(detector))
        if n > 20 and value is not None and rng.random() < 0.05:
            before = next(k for k in range(n - rng.randint(2, 9), 0, -1) if values[k] is not None)
            late = event(f"late{n}", START_US + (before * 2 - 1) * QUARTER_US // 2, 9e9)
            other.events(late, event(f"e{before}-0", START_US + before * QUARTER_US, values[before]), at=other.now)
            other.restart()
    assert plain.alerts
    assert story(other.alerts) == story(plain.alerts)
    assert [alert.updated_at for alert in other.alerts] == [alert.updated_at for alert in plain.alerts]
    assert other.engine.state.watches == plain.engine.state.watches


def shifted(driver: Driver, *stretches: tuple[float, int]) -> int:
    """After eight usual days, so many quarters at each level; the next quarter."""
    rng = random.Random(4)
    tell(driver, [50 + rng.gauss(0, 1) for _ in range(BAD)])
    n = BAD
    for level, quarters in stretches:
        tell(driver, [level + rng.gauss(0, 1) for _ in range(quarters)], n)
        n += quarters
    return n


def test_what_goes_up_and_down_is_not_raised_and_cleared_each_time() -> None:
    driver = Driver(put_rule(anomaly()))
    shifted(driver, *[(80.0, 4), (50.0, 20)] * 12, (50.0, 60))
    assert len({alert.alert_id for alert in driver.alerts}) == 1
    assert [alert.state.value for alert in driver.alerts].count("cleared") == 1


def test_what_comes_back_within_the_cool_down_reopens_the_alert_and_after_it_is_another() -> None:
    for cooldown_s, alerts in ((86_400.0, 1), (0.0, 2)):
        driver = Driver(put_rule(anomaly(cooldown_s=cooldown_s, false_alarms_per_week=2)))
        shifted(driver, (80.0, 4), (50.0, 100), (80.0, 4), (50.0, 60))
        assert [alert.state.value for alert in driver.alerts] == ["raised", "cleared"] * 2
        assert len({alert.alert_id for alert in driver.alerts}) == alerts


def judged(alert: Alert, verdict: str = "true") -> Control:
    told = {"rule_uid": "odd", "device": "d1", "key": "d1"}
    control = close_alert(alert.alert_id, verdict)
    return msgspec.structs.replace(control, body={**control.body, **told})


def test_what_people_have_closed_is_not_told_again_unless_it_is_much_stronger() -> None:
    for detector, first, later, alerts in (("stuck", 5.1, 5.1, 1), ("level", 58.0, 9e6, 2)):
        driver = Driver(put_rule(anomaly(detector=detector)))
        n = shifted(driver)
        tell(driver, [first] * 8, n)
        driver.control(judged(driver.alerts[0]))
        tell(driver, [later] * 3 * A_DAY, n + 8)
        assert len({alert.alert_id for alert in driver.alerts}) == alerts
        assert driver.alerts[0].alert_id not in {alert.alert_id for alert in driver.alerts[1:]}


def test_once_it_has_been_usual_again_what_people_have_closed_is_told_anew() -> None:
    driver = Driver(put_rule(anomaly(false_alarms_per_week=2)))
    n = shifted(driver, (80.0, 4))
    driver.control(judged(driver.alerts[0]))
    tell(driver, [50.0] * 100, n)
    tell(driver, [80.0] * 4, n + 100)
    assert len({alert.alert_id for alert in driver.alerts if alert.state.value == "raised"}) == 2


def test_nothing_that_was_not_said_makes_a_counter_usual_again() -> None:
    """An office on a weekend: a dead counter is as quiet as a working one would be."""
    driver = Driver(put_rule(anomaly(detector="count", types=("door.opened",), warm_up_s=8 * 86_400)))
    for hour in range(14 * 24):
        at = START_US + hour * HOUR_US
        is_work = hour // 24 % 7 < 5 and 8 <= hour % 24 < 18
        events = [event(f"{hour}-{k}", at + k * MINUTE_US, event_type="door.opened", data={}) for k in range(40)]
        if is_work:
            driver.events(*events, at=at + 40 * MINUTE_US)
    driver.pass_until(driver.now + 9 * A_DAY * QUARTER_US, QUARTER_US)
    assert len({alert.alert_id for alert in driver.alerts}) == 1
    assert {alert.state.value for alert in driver.alerts} == {"raised"}


def test_our_own_outage_is_no_time_in_which_it_was_usual() -> None:
    for gap, left in ((0, 3), (40, 3 + 40)):
        driver = Driver(put_rule(anomaly()), gap_us=2 * QUARTER_US)
        n = shifted(driver, (80.0, 4), (50.0, 44)) + gap
        tell(driver, [50.0] * 8, n)
        cleared = [alert for alert in driver.alerts if alert.state.value == "cleared"]
        assert [hours_after(alert, BAD + 4) * 4 for alert in cleared] == [pytest.approx(45 + left, abs=2)]


@pytest.mark.parametrize("key", ["device", "zone"])
def test_a_device_that_goes_ends_what_lasts(key: str) -> None:
    gone = Control(SITE, "gone", "device.removed", {"device": "d1"})
    driver = Driver(put_device("d1", zone="z"), put_rule(anomaly(key=key)))
    shifted(driver, (80.0, 4))
    driver.control(gone)
    assert [alert.state.value for alert in driver.alerts] == ["raised", "cleared"]
    assert not driver.engine.state.watches[SITE, "odd"]
    assert driver.engine.state.due_without_outage == {}


def test_of_a_zone_what_lasts_is_not_over_while_a_device_is_left() -> None:
    gone = Control(SITE, "gone", "device.removed", {"device": "d1"})
    driver = Driver(put_device("d1", zone="z"), put_device("d2", zone="z"), put_rule(anomaly(key="zone")))
    shifted(driver, (80.0, 4))
    driver.control(gone)
    assert [alert.state.value for alert in driver.alerts] == ["raised"]


def test_a_rule_that_goes_or_is_off_ends_what_lasts() -> None:
    for control in (Control(SITE, "gone", "rule.removed", {"uid": "odd"}), put_rule(anomaly(mode="off"), "off")):
        driver = Driver(put_rule(anomaly()))
        shifted(driver, (80.0, 4))
        driver.control(control)
        assert [alert.state.value for alert in driver.alerts] == ["raised", "cleared"]


def test_what_lasts_outside_of_its_schedule_is_followed_and_cleared() -> None:
    by_night = {"windows": [{"days": ["workday", "day_off", "holiday"], "from": "20:00", "to": "06:00"}]}
    driver = Driver(put_rule(anomaly(detector="stuck", schedule=by_night)))
    tell(driver, said("stuck", 16 * A_DAY))
    assert len({alert.alert_id for alert in driver.alerts}) == 1
    assert driver.alerts[-1].state.value == "cleared"
    assert 1 <= hours_after(driver.alerts[-1], BAD + 7 * A_DAY) <= 2


def test_what_may_not_be_told_is_not_usual_either() -> None:
    by_night = {"windows": [{"days": ["workday", "day_off", "holiday"], "from": "20:00", "to": "06:00"}]}
    driver = Driver(put_rule(anomaly(schedule=by_night)))
    n = shifted(driver)
    tell(driver, [58.0, *[50.0] * 48, 9e3, *[50.0] * 60], n)  # at 22:13, and at 10:28
    assert [(alert.state.value, hours_after(alert, BAD)) for alert in driver.alerts] == [
        ("raised", 0),
        ("cleared", 24.5),
    ]


def test_the_unit_that_readings_say_is_told() -> None:
    driver = Driver(put_rule(anomaly()))
    rng = random.Random(4)
    for n in range(BAD + 1):
        value = 80.0 if n == BAD else 50 + rng.gauss(0, 1)
        data = {"metric": "level", "value": value, "unit": "kPa"}
        driver.events(event(f"e{n}", START_US + n * QUARTER_US, data=data))
    assert "saw 80 kPa (usual range" in driver.alerts[0].text["en"]
    assert "实为 80 kPa（通常在" in driver.alerts[0].text["zh"]


def test_what_was_kept_before_anything_lasted_is_still_read() -> None:
    driver = Driver(put_rule(anomaly(detector="drift")))
    tell(driver, said("drift", 9 * A_DAY))
    watch = driver.engine.state.watches[SITE, "odd"]["d1"]
    assert watch.lasts
    assert isinstance(watch.known, Leaning)
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(watch))
    old = msgspec.convert([packed[0][:-2], *packed[1:-2]], Watch)
    assert (old.usual_us, old.limit, old.lasts) == (NEVER, 0.0, False)
    assert old.known == msgspec.structs.replace(watch.known, lately=0.0, turn=0.0)
    assert old.rest == watch.rest


@pytest.mark.parametrize("detector", sorted(DETECTORS))
def test_what_is_calm_for_long_says_so_by_its_detector(detector: str) -> None:
    """What could come back within a rest of the alarm, and would not be told, is still within it: or it grows."""
    one = DETECTORS[detector]
    assert one.grows or one.calm_us >= REST_US
