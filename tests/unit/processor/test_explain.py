"""A trace gives the reason that a person would find by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import pytest

from herun.clock import to_us
from herun.events import Event
from herun.frames import Control
from herun.rule_files import rule_of
from herun.rules import STORM_UID
from processor.backtest.explain import Asked, Looks, explain, not_asked
from processor.engine.kinds.threshold import Threshold
from processor.engine.storms import MAX_OF_RULE
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_list, put_rule, rule

HIGH = rule("r", "threshold", raise_above=7, clear_below=3, cooldown_s=10)
HELD = rule("r", "true_for", condition={"field": "value", "op": ">", "value": 5}, duration_s=30)
OFTEN = rule("r", "count", count=3, window_s=10, condition={"field": "value", "op": ">", "value": 5})
DIFFERENT = rule("r", "distinct", field="value", count=3, window_s=10)
DOORS = ("door.opened", "door.closed")
OPEN = rule(
    "r", "negation", types=DOORS, within_s=60, first={"event_types": DOORS[:1]}, then={"event_types": DOORS[1:]}
)
IN_ORDER = rule("r", "sequence", types=DOORS, within_s=60, steps=[{"event_types": [name]} for name in DOORS])
SILENT = rule("r", "absence", duration_s=60)
UNSEEN = rule("r", "absence", types=("vehicle.passed",), key="plate", duration_s=60)
LISTED = rule("r", "plate_list", types=("vehicle.passed",), plate_list="wanted", cooldown_s=10)
TOTAL = rule("r", "aggregate", window="sliding", size_s=60, function="sum", raise_above=10)
HOURLY = TOTAL | {"window": "tumbling", "size_s": 3600}
CALLED = TOTAL | {"window": "session", "function": "count", "raise_above": 5}
RISING = rule("r", "change", over_s=60, raise_above=5)
PROMPT = HIGH | {"lateness_s": 10}


def at(second: float, value: Any = 1, n: int = 0, **more: Any) -> Event:
    return event(f"e{second}-{n}", START_US + round(second * SECOND_US), value, **more)


def passage(second: float, plate: str) -> Event:
    return at(second, event_type="vehicle.passed", data={"plate_hash": plate})


HOUR = 3600
LASTING = rule("r", "anomaly", detector="level", warm_up_s=HOUR, false_alarms_per_week=100)
CALM = [at(n * HOUR, 5 + n % 3) for n in range(80)]


def why(
    body: dict[str, Any], *events: Event, given: Sequence[Control] = (), heard_us: int | None = None
) -> dict[str, Any]:
    """The reason that a trace gives for the last of the events, heard when it happened or as is said."""
    rule_itself = rule_of(body)
    driver = Driver(put_device("d1", zone="z"), put_device("d2"), put_list("wanted", "h1"), put_rule(body), *given)
    driver.may_fail = True
    for each in events[:-1]:
        driver.events(each)
    last, looks = events[-1], Looks(events[-1].device, events[-1].event_id)
    driver.engine.recorder = looks
    row = driver.events(last, at=heard_us or max(driver.now, last.event_time)).rows[0][0]
    place = driver.engine.registration(SITE, row.device)
    asked = Asked(row, msgspec.json.decode(row.data), place, driver.engine.state)
    compiled = driver.engine.compiled(SITE, "r")
    assert compiled is not None
    return explain(asked, compiled, rule_itself, looks)


@pytest.mark.parametrize(
    ("body", "events", "outcome", "words"),
    [
        (HIGH, [at(0, event_type="door.opened")], "other_type", "a door.opened"),
        (rule("r", "threshold", raise_above=7, match={"devices": ["d9"]}), [at(0)], "out_of_scope", "device is d1"),
        (rule("r", "threshold", raise_above=7, match={"zones": ["y"]}), [at(0)], "out_of_scope", "zone is z"),
        (rule("r", "threshold", raise_above=7, key="zone"), [at(0, device="d2")], "no_key", "zone"),
        (rule("r", "threshold", raise_above=7, match={"where": {"metric": "ph"}}), [at(0)], "where", "level, not ph"),
        (HIGH, [at(0, 7)], "limit", "value is 7, wanted > 7"),
        (HIGH, [at(0, 8)], "fired", "raised alert"),
        (HIGH, [at(0, 8), at(1, 9)], "raised_already", "still holds"),
        (HIGH, [at(0, 8), at(1, 2)], "cleared", "cleared"),
        (HIGH, [at(0, 8), at(1, 2), at(2, 9)], "counted", "occurrence 2"),
        (HIGH, [at(5, 1), at(1, 9)], "fired", "raised alert"),
        (HIGH, [at(5, 8), at(1, 9)], "amended", "came late and amended alert"),
        (HIGH, [at(5, 8), at(9, 1), at(7, 9)], "nothing", "nothing changed"),
        (HIGH, [at(0, 8), at(9, 2), at(9.5, 9), at(8, 9)], "raised_already", "still holds"),
        (HELD, [at(0, 6), at(40, 6), at(20, 1)], "withdrawn", "never was due"),
        (HELD, [at(0, 6), at(50, 1), at(51, 1), at(40, 1)], "amended", "now from"),
        (PROMPT, [at(0, 1), at(100, 1), at(50, 9)], "too_late", "50 s older than the newest"),
        (HIGH, [at(n, 1) for n in range(40)] + [at(1.5, 9)], "forgotten", "37.5 s older than the newest"),
        (HIGH, [at(0, data={})], "no_number", "value is -, which is no number"),
        (TOTAL, [at(0, 2), at(1, 3)], "limit", "sum(value) is 5, wanted > 10"),
        (TOTAL, [at(0, 2), at(90, 3)], "limit", "sum(value) is 3, wanted > 10"),
        (TOTAL, [at(0, 2), at(9, 4), at(5, 3)], "limit", "sum(value) is 5, wanted > 10"),
        (TOTAL, [at(0, data={})], "no_number", "value is -"),
        (HOURLY, [at(0, 2), at(1, 3)], "collects", "sum(value) is 5 so far and judged at 2026-"),
        (CALLED, [at(0, data={}), at(1, data={})], "limit", "count is 2, wanted > 5"),
        (RISING, [at(0, 2), at(30, 4.5)], "limit", "change(value) is 2.5, wanted > 5"),
        (RISING, [at(0, 2), at(50, 6), at(30, 4.5)], "limit", "change(value) is 2.5, wanted > 5"),
        (RISING, [at(0, 2), at(90, 9)], "limit", "change(value) is 0, wanted > 5"),
        (RISING | {"condition": "data.value < 5"}, [at(0, 2), at(30, 9)], "condition", "data.value < 5"),
        (HELD, [at(0, 5)], "condition", 'data.value > 5; the data: {"metric":"level","value":5}'),
        (HELD, [at(0, 6), at(10, 7)], "held", "due to raise"),
        (OFTEN, [at(0, 6), at(1, 7)], "window", "counted 2 of 3"),
        (OFTEN, [at(0, 6), at(20, 7)], "window", "counted 1 of 3"),
        (OFTEN, [at(0, 6), at(1, 5)], "condition", '"value":5'),
        (DIFFERENT, [at(0, 6), at(1, 6), at(2, 7)], "window", "counted 2 of 3"),
        (OPEN, [at(0, event_type="door.opened")], "waiting", "raises if nothing comes by"),
        (IN_ORDER, [at(0, event_type="door.opened")], "steps", "step 1 of 2"),
        (IN_ORDER, [at(0, event_type="door.closed")], "not_begun", "the first of its 2 steps has not happened"),
        (HIGH | {"mode": "monitor"}, [at(0, 8)], "would_have_fired", "would have raised alert"),
        (HIGH | {"mode": "monitor"}, [at(0, 8), at(1, 2)], "would_have_cleared", "would have cleared"),
        (HIGH | {"mode": "monitor"}, [at(0, 8), at(1, 2), at(2, 9)], "would_have_counted", "occurrence 2"),
        (LASTING, [*CALM, at(81 * HOUR, 90), at(140 * HOUR, 99)], "counted", "as it has not been usual again"),
        (LASTING, [*CALM, at(81 * HOUR, 90), at(82 * HOUR, 90.1)], "raised_already", "still holds"),
        (HIGH | {"condition": "1 / data.value > 0"}, [at(0, 0)], "failed", "cannot be evaluated: 1 / data.value > 0"),
        (HIGH | {"condition": "data.unit == 'm'"}, [at(0, 9)], "condition", "data.unit"),
        (OFTEN, [at(0, 6), at(1, 6), at(2, 6)], "fired", "raised alert"),
        (SILENT, [at(0)], "heard", "anew"),
        (SILENT | {"key": "zone"}, [at(0)], "heard", "anew"),
        (SILENT | {"key": "zone"}, [at(0, device="d2")], "no_key", "by zone"),
        (UNSEEN, [at(0, event_type="vehicle.passed", data={})], "no_key", "by plate"),
        (UNSEEN, [passage(0, "h1")], "heard", "anew"),
        (UNSEEN, [passage(0, "h1"), passage(70, "h1")], "cleared", "cleared"),
        (LISTED, [passage(0, "h2")], "not_listed", "wanted"),
        (LISTED, [passage(0, "h1")], "fired", "raised alert"),
        (LISTED, [passage(0, "h1"), passage(1, "h1")], "counted", "occurrence 2"),
        (LISTED, [at(0, event_type="vehicle.passed", data={})], "no_key", "plate"),
    ],
)  # fmt: skip
def test_the_reason_is_the_one_a_person_finds(
    body: dict[str, Any], events: list[Event], outcome: str, words: str
) -> None:
    answer = why(body, *events)
    assert (answer["outcome"], answer["rule_uid"], answer["rule_version"]) == (outcome, "r", 1)
    assert words in answer["why"]["en"]
    assert answer["why"]["zh"]


@pytest.mark.parametrize(("body", "outcome"), [(HELD, "fired"), (HELD | {"mode": "monitor"}, "would_have_fired")])
def test_what_falls_due_with_an_event_and_is_over_with_it_is_told_as_both(body: dict[str, Any], outcome: str) -> None:
    ahead, heard_us = at(32, 1), START_US + 28 * SECOND_US  # no timer has told before that it held so long
    answer = why(body, at(0, 6), ahead, heard_us=heard_us)
    assert (answer["outcome"], when(answer["cleared_at"])) == (outcome, ahead.event_time)
    assert f"; and cleared it as of {answer['cleared_at']}" in answer["why"]["en"]
    assert f"；并于 {answer['cleared_at']} 解除" in answer["why"]["zh"]
    assert "cleared_at" not in why(body, at(0, 6), at(32, 6), heard_us=heard_us)


def test_what_a_rule_wrote_is_told_once_a_place_as_it_is_now() -> None:
    changes = why(HELD, at(0, 6))["changes"]
    assert len(changes) == len({str(change["key"]) for change in changes})
    assert {"d1", str(("rule", SITE, "r", "d1", "d1"))} <= {_in_words(change["key"]) for change in changes}


def _in_words(key: Any) -> str:
    return key if isinstance(key, str) else str(tuple(key))


def test_a_rule_that_threw_did_nothing_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def throws(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Threshold, "step", throws)
    assert why(HIGH, at(0, 9))["outcome"] != "fired"


def test_without_a_recorder_the_engine_decides_the_same() -> None:
    decided = []
    for recorder in (None, Looks("d1", "e1-0")):
        driver = Driver(put_device("d1"), put_rule(HIGH), Control(SITE, "x", "rule.put", OFTEN | {"uid": "s"}))
        driver.engine.recorder = recorder
        for second, value in enumerate((1, 9, 9, 2, 9)):
            driver.events(at(second, value))
        decided.append(driver.alerts)
    assert decided[0] == decided[1] != []


NEVER: Final = {"schedule": {"windows": [{"days": ["holiday"], "from": "00:00", "to": "00:01"}]}}
ARMED: Final = {"armed_modes": ["armed"]}
PRESSED: Final = rule("r", "event", types=("button.pressed",))
PRESS: Final = at(0, event_type="button.pressed", data={"action": "single"})
DRILL: Final = {"window": "w", "who": "susan", "begin_us": START_US - SECOND_US, "end_us": START_US + 600 * SECOND_US}
BYPASS: Final = {"device": "d1", "until_us": START_US + 600 * SECOND_US, "who": "susan", "why": "broken"}


@pytest.mark.parametrize("body", [HIGH, PRESSED, LISTED, IN_ORDER], ids=lambda body: str(body["kind"]))
@pytest.mark.parametrize(("gate", "given", "by"), [
    (NEVER, (), "schedule"),
    (ARMED, (), "arming"),
    ({}, (Control(SITE, "b", "arming.bypass", BYPASS),), "bypass"),
    ({}, (Control(SITE, "w", "service.window.put", DRILL | {"kind": "drill"}),), "drill"),
    ({}, (Control(SITE, "w", "service.window.put", DRILL | {"kind": "maintenance"}),), "maintenance"),
])  # fmt: skip
def test_what_holds_a_rule_back_is_named(
    body: dict[str, Any], gate: dict[str, Any], given: Sequence[Control], by: str
) -> None:
    events = {
        "threshold": [at(0, 9)],
        "event": [PRESS],
        "plate_list": [passage(0, "h1")],
        "sequence": [at(0, event_type="door.opened"), at(1, event_type="door.closed")],
    }
    answer = why(body | gate, *events[str(body["kind"])], given=given)
    assert (answer["outcome"], answer["by"]) == ("held_back", by)
    assert answer["why"]["zh"]
    assert {"schedule": "its schedule", "arming": "in mode disarmed", "bypass": "bypassed"}.get(by, by) in answer[
        "why"
    ]["en"]


def test_what_goes_on_while_it_is_held_back_is_told_so_too() -> None:
    answer = why(HIGH | NEVER, at(0, 9), at(1, 9))
    assert (answer["outcome"], answer["by"]) == ("held_back", "schedule")


def test_an_alert_that_another_one_hides_is_told_with_it() -> None:
    driver = Driver(put_rule(HIGH), *(put_device(f"s{n}") for n in range(MAX_OF_RULE)))
    driver.events(*(event(f"s{n}", START_US, 9, device=f"s{n}") for n in range(MAX_OF_RULE)))
    last = at(1, 9)
    looks = Looks(last.device, last.event_id)
    driver.engine.recorder = looks
    driver.events(last)
    compiled = driver.engine.compiled(SITE, "r")
    assert compiled is not None
    asked = Asked(last, {"value": 9}, driver.engine.registration(SITE, "d1"), driver.engine.state)
    answer = explain(asked, compiled, rule_of(HIGH), looks)
    storm = next(alert for alert in driver.alerts if alert.rule_uid == STORM_UID)
    assert (answer["outcome"], answer["merged_into"]) == ("hidden", storm.alert_id)


def test_why_a_rule_or_a_device_is_not_asked_is_told() -> None:
    off = rule_of(HIGH | {"mode": "off"})
    assert [not_asked(off, failed=failed)["outcome"] for failed in (True, False)] == ["switched_off", "off"]
    taken_out = put_device("d1", "out", zone="z", enabled=False)
    assert why(HIGH, at(0, 9), given=(taken_out,))["outcome"] == "device_off"


def when(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


def begins(second: int, **more: Any) -> dict[str, Any]:
    """A weekly plan with one window a day, from so many seconds after the start: it is 22:13:20 there."""
    clock = f"22:{13 + (20 + second) // 60:02}"
    return {"windows": [{"days": ["workday", "day_off"], "from": clock, "to": "23:59", **more}]}


ARMED_AT_400: Final = {"zone": "z", "change": 1, "who": "susan", "plan": begins(400, mode="armed")}
MAINTAINED: Final = {
    "zone": "z",
    "change": 2,
    "mode": "maintenance",
    "who": "susan",
    "until_us": START_US + 60 * SECOND_US,
}


@pytest.mark.parametrize(("gate", "given", "until", "mode"), [
    ({"schedule": begins(400)}, (), 400, None),
    (ARMED, (Control(SITE, "p", "arming.plan.put", ARMED_AT_400),), 400, "disarmed"),
    (ARMED, (), None, "disarmed"),
    ({}, (Control(SITE, "b", "arming.bypass", BYPASS),), 600, None),
    ({}, (Control(SITE, "w", "service.window.put", DRILL | {"kind": "drill"}),), 600, None),
    ({}, (Control(SITE, "m", "arming.mode.set", MAINTAINED),), 60, None),
])  # fmt: skip
def test_until_when_a_rule_is_held_back_is_told_where_it_is_known(
    gate: dict[str, Any], given: Sequence[Control], until: float | None, mode: str | None
) -> None:
    answer = why(HIGH | gate, at(0, 9), given=given)
    assert answer["outcome"] == "held_back"
    assert answer.get("mode") == mode
    told = answer.get("until")
    assert (told is None) == (until is None)
    if until is not None and told is not None:
        assert START_US + (until - 60) * SECOND_US < when(told) <= START_US + until * SECOND_US
        assert all(told in text for text in answer["why"].values())


LOST: Final = rule("r", "true_for", types=("device.disconnected", "device.connected"), duration_s=0.001,
                   condition={"field": "reason", "op": "==", "value": "lost"}, cooldown_s=600)  # fmt: skip
BEHIND: Final = (put_device("switch"), put_device("d1", "hangs", zone="z", uplink="switch"))


def lost(second: float, device: str = "d1", reason: str = "lost") -> Event:
    kind = "device.disconnected" if reason == "lost" else "device.connected"
    return at(second, device=device, event_type=kind, data={"reason": reason}, n=ord(device[0]))


def test_an_alert_that_waits_for_the_one_of_a_device_above_is_told_so() -> None:
    quiet = lost(0, "switch", "back")
    answer = why(LOST, quiet, lost(90), at(91, event_type="device.disconnected", data={"reason": "lost"}), given=BEHIND)
    assert answer["outcome"] == "waits_for_above"
    assert START_US + 150 * SECOND_US <= when(answer["until"]) <= START_US + 152 * SECOND_US


def test_whatever_is_said_of_an_alert_that_another_one_hides_names_that_one() -> None:
    dead = [lost(0, "switch"), at(1, device="switch", n=9, event_type="device.disconnected", data={"reason": "lost"})]
    gone = [lost(2), at(3, event_type="device.disconnected", data={"reason": "lost"})]
    again = [lost(4, reason="back"), lost(5), at(6, event_type="device.disconnected", data={"reason": "lost"})]
    for events, outcome in (([*dead, *gone], "raised_already"), ([*dead, *gone, *again], "raised_already")):
        answer = why(LOST, *events, given=BEHIND)
        assert answer["outcome"] == outcome
        assert answer["merged_into"] in answer["why"]["zh"]
        assert f"alert {answer['merged_into']} hides it" in answer["why"]["en"]


def test_what_is_derived_from_the_event_and_held_back_is_told_as_such() -> None:
    intruded = rule("r", "event", types=("intrusion.confirmed",), schedule=NEVER["schedule"])
    armed = {"zone": "z", "change": 1, "mode": "armed", "who": "susan"}
    answer = why(
        intruded, at(1, event_type="door.opened", data={}), given=(Control(SITE, "a", "arming.mode.set", armed),)
    )
    assert (answer["by_derived_events"], answer["outcome"]) == (["intrusion.confirmed"], "held_back")


ODD: Final = rule("r", "anomaly", detector="level", warm_up_s=14_400)


@pytest.mark.parametrize(("fields", "odd", "outcome", "words"), [
    ({}, [20], "usual", "nothing about it is unusual"),
    ({}, [25], "too_weak", "saw 25 (usual range 16.24 to 23.57); it scores 0.195, an alarm from 0.2 on (21% of"),
    ({}, [100], "fired", "raised alert"),
    ({}, [100, 99], "raised_already", "still holds"),
    ({"direction": "down"}, [100], "direction", "only at what goes down"),
    ({"warm_up_s": 86_400}, [100], "warming_up", "; it still learns what is usual until 2026"),
    ({}, [None], "no_number", "its value is -"),
])  # fmt: skip
def test_an_anomaly_is_held_against_what_would_be_one(
    fields: dict[str, Any], odd: list[float | None], outcome: str, words: str
) -> None:
    rng = random.Random(1)
    known = [at(60 * n, round(20 + rng.gauss(0, 1), 2)) for n in range(600)]
    answer = why(ODD | fields, *known, *(at(36_000 + 60 * n, value) for n, value in enumerate(odd)))
    assert answer["outcome"] == outcome
    assert words in answer["why"]["en"]


def test_what_comes_too_late_for_a_detector_is_told_so() -> None:
    answer = why(ODD, at(0), at(600), at(60, 90))
    assert (answer["outcome"], answer["late_s"], answer["limit_s"]) == ("too_late", "540", "120")
