"""Keys of several devices of which some may not raise: they silence nobody else. Each kind against its reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.alerts import Alert, Correction
from herun.events import Event
from herun.frames import Control
from tests.unit.processor.driving import Driver
from tests.unit.processor.reference import DOORS, KINDS, READINGS, SECONDS, Answer, Seen, by_device, hysteresis
from tests.unit.processor.samples import SECOND_US, SITE, event, put_device, put_rule, rule
from tests.unit.processor.test_kinds import EXAMPLES, START, Case, at, cases

ARMED, OFF = "d1", "d2"  # in an armed zone, and in one that is not, or not all the time
# A sequence is by the device of its last step. Of a sliding window that rises and falls within one second the reference
# does not say by whom.
LASTING = [name for name in KINDS if name not in {"sequence", "sliding_few"}]
Moments = Callable[[list[Seen], str], list[int]]
LONG = 200  # seconds, after which nothing happens


def _over(events: list[Seen], device: str) -> list[int]:
    """Seconds in which the device is over the threshold."""
    own = [(each.second, float(each.value)) for each in events if each.device == device]
    return _within(hysteresis(own, 6, 3))


def _long_enough(events: list[Seen], device: str) -> list[int]:
    own = next((seen for seen in by_device(events) if seen[0].device == device), [])
    return _within(KINDS["true_for"][0](own))


def _within(answer: Answer) -> list[int]:
    return [second for a, b in answer for second in range(a, max(a + 1, LONG if b is None else b))]


def _spoke(events: list[Seen], device: str) -> list[int]:
    return [each.second for each in events if each.device == device]


def _spoke_of_it(events: list[Seen], device: str) -> list[int]:
    return _spoke([each for each in events if each.value > 2], device)


def _newest(events: list[Seen], device: str) -> list[int]:
    """Seconds in which what leaves the window raises, or something comes, and the newest is the device's then."""

    def is_newest(until: float) -> bool:
        return [each.device for each in events if each.second <= until][-1:] == [device]

    seconds, left = {each.second for each in events}, []
    for second in seconds:
        inside = [each.value for each in events if second < each.second < second + 5]
        if inside and sum(inside) / len(inside) > 6 and is_newest(second + 4.5):
            left.append(second + 5)
    return left + [second for second in seconds if is_newest(second)]


def _newest_of_windows(events: list[Seen], device: str) -> list[int]:
    ends = range(10, 220, 10)
    return [end for end in ends if [each.device for each in events if each.second < end][-1:] == [device]]


def _not_closed(events: list[Seen], device: str) -> list[int]:
    found: list[int] = []
    opened: int | None = None
    for each in [*events, Seen(500, "", "the end", 0)]:
        if opened is not None and each.second >= opened + 8:
            found += range(opened + 8, max(opened + 9, each.second))
        if each.event_type == "door.closed":
            opened = None
        elif each.event_type == "door.opened" and each.device == device and opened is None:
            opened = each.second
    return found


# Seconds in which a device has a part in what is raised.
PARTS: dict[str, Moments] = {
    "threshold": _over,
    "true_for": _long_enough,
    "count": _spoke_of_it,
    "distinct": _spoke,
    "change": _spoke,
    "tumbling": _newest_of_windows,
    "tumbling_count": _newest_of_windows,
    "tumbling_avg": _newest_of_windows,
    "sliding": _newest,
    "session": _spoke,
    "negation": _not_closed,
}
BY_DEVICE = {"threshold", "true_for", "negation"}  # of which is said by which devices it holds
BY_TIME = {"true_for", "negation"}  # what time raises is raised before what happens in the same moment, and may end it


def _last(name: str, a: int, b: int | None) -> int:
    """The last second in which something may have a part in a stretch."""
    return SECONDS if b is None else max(a, b if name in BY_TIME else b - 1)


def expected(name: str, events: list[Seen]) -> Answer:
    """Each stretch from the moment in which the armed device has a part in it; without such a moment nothing."""
    parts = PARTS[name](events, ARMED)
    found: Answer = []
    for a, b in KINDS[name][0](events):
        last = _last(name, a, b)
        first = min((second for second in parts if a <= second <= last), default=None)
        if first is not None:
            found.append((first, b))
    return found


@dataclass(frozen=True)
class Chance:
    """A stretch: by the events the first moment in which it may be raised, and the first one by an opening."""

    said: int | None
    opened: int | None
    ends: int | None

    @property
    def first(self) -> int | None:
        return min((each for each in (self.said, self.opened) if each is not None), default=None)


def chances(name: str, events: list[Seen], changes: list[int]) -> list[Chance]:
    """The other zone is armed by the first, third, ... of the changes, each half a second later than it says."""
    found: list[Chance] = []
    mine, others = PARTS[name](events, ARMED), PARTS[name](events, OFF)
    for a, b in KINDS[name][0](events):
        last = _last(name, a, b)
        inside = [second for second in others if a <= second <= last]
        begun = [second for second in inside if name not in BY_DEVICE or second - 1 not in inside]
        told = [second for second in begun if sum(change < second for change in changes) % 2]
        said = min((second for second in (*mine, *told) if a <= second <= last), default=None)
        had = set(inside) if name in BY_DEVICE else set(range(min(inside, default=last + 1), last + 1))
        opened = min((change for change in changes[::2] if change in had and (b is None or change < b)), default=None)
        found.append(Chance(said, opened, b))
    return found


def armed(zone: str, change: int = 1, mode: str = "armed") -> Control:
    body = {"zone": zone, "change": change, "who": "olga", "mode": mode}
    return Control(SITE, f"arm-{zone}-{change}", "arming.mode.set", body)


def play(name: str, case: Case, *, shuffled: bool, restarts: bool, changes: Sequence[int] = ()) -> Driver:
    body = rule(name, types=tuple(_types(name)), key="site", armed_modes=["armed"], **KINDS[name][1])
    control = put_rule(json.loads(_no_doors(json.dumps(body))))
    driver = Driver(put_device(ARMED, zone="z"), put_device(OFF, zone="y"), control)
    driver.control(armed("z"), at=START - 60 * SECOND_US)
    sent: list[tuple[int, int, Event | Control]] = []
    for n, (seen, delay) in enumerate(zip(case.events, case.delays, strict=True)):
        event_type, data = _no_doors(seen.event_type), {"value": seen.value}
        made = event(f"e{n}", at(seen.second), device=seen.device, event_type=event_type, data=data)
        sent.append((at(seen.second + (delay if shuffled else 0)), n, made))
    for n, change in enumerate(changes):
        sent.append((at(change + 0.5), n, armed("y", n + 1, "disarmed" if n % 2 else "armed")))
    for when, _, item in sorted(sent, key=lambda each: each[:2]):
        driver.listen(when - 1)
        if isinstance(item, Control):
            driver.control(item, at=when)
        else:
            driver.events(item, at=when)
        if restarts:
            driver.restart()
    driver.listen(at(SECONDS))
    return driver


def _no_doors(text: str) -> str:
    """A zone cannot be armed while its door is open."""
    return text.replace("door.opened", "button.pressed").replace("door.closed", "state.reported")


def told(name: str, driver: Driver, devices: set[str]) -> Answer:
    newest: dict[str, Alert] = {}
    for alert in driver.alerts:
        if alert.rule_uid == name:
            before = newest.get(alert.alert_id)
            assert alert.version == (before.version + 1 if before else 1)
            newest[alert.alert_id] = alert
    kept = [alert for alert in newest.values() if alert.correction is not Correction.WITHDRAWN]
    assert {alert.device for alert in kept} <= devices
    return sorted(
        (
            (alert.raised_at - START) // SECOND_US,
            None if alert.cleared_at is None else (alert.cleared_at - START) // SECOND_US,
        )
        for alert in kept
    )


def _types(name: str) -> list[str]:
    return DOORS if name == "negation" else READINGS


@pytest.mark.parametrize("name", LASTING)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.data())
def test_a_device_that_may_not_raise_silences_no_other_of_its_key(name: str, data: st.DataObject) -> None:
    case, restarts = data.draw(cases(_types(name), [ARMED, OFF])), data.draw(st.booleans())
    assert told(name, play(name, case, shuffled=False, restarts=restarts), {ARMED}) == expected(name, case.events)


@pytest.mark.parametrize("name", LASTING)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.data())
def test_nor_does_one_whose_events_come_late(name: str, data: st.DataObject) -> None:
    case, restarts = data.draw(cases(_types(name), [ARMED, OFF])), data.draw(st.booleans())
    assert told(name, play(name, case, shuffled=True, restarts=restarts), {ARMED}) == expected(name, case.events)


CHANGES = st.lists(st.integers(0, 100), max_size=5, unique=True).map(sorted)


@pytest.mark.parametrize("name", LASTING)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.data())
def test_what_a_device_could_not_raise_is_raised_when_its_zone_is_armed(name: str, data: st.DataObject) -> None:
    case, restarts = data.draw(cases(_types(name), [ARMED, OFF])), data.draw(st.booleans())
    changes = data.draw(CHANGES)
    due = [(each.first, each.ends) for each in chances(name, case.events, changes) if each.first is not None]
    driver = play(name, case, shuffled=False, restarts=restarts, changes=changes)
    assert told(name, driver, {ARMED, OFF}) == due


@pytest.mark.parametrize("name", LASTING)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.data())
def test_nothing_is_raised_before_it_may_be_or_left_out_when_zones_are_armed_between_late_events(
    name: str, data: st.DataObject
) -> None:
    """What is known to have held over an arming only later is raised then: the one thing in which order matters."""
    case, restarts = data.draw(cases(_types(name), [ARMED, OFF])), data.draw(st.booleans())
    changes = data.draw(CHANGES)
    driver = play(name, case, shuffled=True, restarts=restarts, changes=changes)
    left = told(name, driver, {ARMED, OFF})
    for each in chances(name, case.events, changes):
        lasts = SECONDS if each.ends is None else each.ends
        own = [] if each.first is None else [a for a, b in left if b == each.ends and each.first <= a <= lasts]
        left = [(a, b) for a, b in left if not (b == each.ends and a in own)]
        assert len(own) <= 1
        assert each.said is None or own[0] <= each.said
    assert left == []
