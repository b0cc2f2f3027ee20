"""The engine as a whole: duplicates, lateness, isolation, undoing and starting again."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.errors import InvalidInputError
from herun.events import FLAG_CONTENT_ID, FLAG_LATE, FLAG_REDELIVERED, Event
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from herun.rules import SWITCHED_OFF_UID
from processor.engine import snapshot
from processor.engine.alerting import Evaluation
from processor.engine.decisions import RuleError
from processor.engine.engine import Engine
from processor.engine.isolation import MAX_RULE_ERRORS
from processor.engine.kinds.threshold import Threshold
from processor.engine.passages.part import Passages
from processor.engine.state import State
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_list, put_rule, rule

RULES = (
    put_device("d1", zone="z"),
    put_device("d2", zone="z", uplink="d1"),
    put_list("wanted", "h1"),
    put_rule(rule("high", "threshold", raise_above=7, clear_below=3, cooldown_s=5, key="zone")),
    put_rule(rule("held", "true_for", condition={"field": "value", "op": ">", "value": 5}, duration_s=3)),
    put_rule(rule("often", "count", count=3, window_s=4, key="site")),
    put_rule(rule("silent", "absence", duration_s=4)),
    put_rule(rule("quiet", "absence", duration_s=4, key="zone")),
    put_rule(rule("unseen", "absence", types=("vehicle.passed",), duration_s=4, key="plate")),
    put_rule(rule("listed", "plate_list", types=("vehicle.passed",), plate_list="wanted", cooldown_s=3)),
)


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def frames(seed: int, count: int) -> list[tuple[Frame, int]]:
    """Frames with repeats, late events and silences, and the time of each."""
    chance = random.Random(seed)
    now, sent, made = START_US, 0, [(Frame(FRAME_VERSION, 0, "t", "f", FrameKind.CONTROL, [], list(RULES)), START_US)]
    for _ in range(count):
        now += chance.choice([10_000, SECOND_US, 2 * SECOND_US, 7 * SECOND_US])
        events = []
        for _ in range(chance.randrange(5)):
            sent += chance.random() < 0.8
            when = now - chance.choice([0, 0, 0, 3 * SECOND_US])
            fields: dict[str, Any] = {"device": chance.choice(["d1", "d2"])}
            if chance.random() < 0.2:
                fields |= {"event_type": "vehicle.passed", "data": {"plate_hash": chance.choice(["h1", "h2"])}}
            events.append(event(f"e{sent}", when, chance.randrange(10), **fields))
        made.append((Frame(FRAME_VERSION, 0, "t", "f", FrameKind.EVENTS, events), now))
    return made


def test_an_event_is_stored_once() -> None:
    driver = Driver()
    first = driver.events(event("e1", at(0)), event("e1", at(0)))
    again = driver.events(event("e1", at(0)), event("e1", at(0), device="d2"))
    assert ([n for _, n, _ in first.rows], first.duplicates) == ([0], 1)
    assert ([n for _, n, _ in again.rows], again.duplicates) == ([1], 1)
    assert driver.engine.state.devices[SITE, "d1"].count == 1


def test_a_content_id_is_a_repeat_only_if_it_was_delivered_again() -> None:
    driver = Driver()
    assert len(driver.events(event("abc@1", at(0), flags=FLAG_CONTENT_ID)).rows) == 1
    assert len(driver.events(event("abc@2", at(1), flags=FLAG_CONTENT_ID)).rows) == 1
    assert driver.events(event("abc@3", at(2), flags=FLAG_CONTENT_ID | FLAG_REDELIVERED)).rows == []
    assert len(driver.events(event("def@4", at(3), flags=FLAG_CONTENT_ID | FLAG_REDELIVERED)).rows) == 1


def test_what_the_ring_has_forgotten_is_doubtful_and_what_is_new_is_not() -> None:
    driver = Driver(generation=10)
    for n in range(40):
        driver.events(event(f"e{n}", at(n)))
    known, forgotten, new = event("e39", at(39)), event("e0", at(0)), event("e40", at(40))
    other = event("e0", at(0), device="d2")
    frame = Frame(FRAME_VERSION, 0, "t", "f", FrameKind.EVENTS, [known, forgotten, new, other])
    assert driver.engine.doubtful(frame) == [1]


def test_no_less_than_one_generation_is_remembered() -> None:
    driver = Driver(generation=10)
    for n in range(200):
        driver.events(event(f"e{n}", at(n)))
        for back in range(max(0, n - 9), n):
            assert driver.events(event(f"e{back}", at(back))).rows == []


@pytest.mark.parametrize(
    ("seen", "came", "is_late"),
    [
        ((10, None), (9, None), True),
        ((10, None), (10, None), False),
        ((10, 5), (9, 6), False),
        ((10, 5), (10, 4), True),
        ((10, 5), (11, 1), False),
        ((10, 5), (9, None), True),
    ],
)
def test_late_is_judged_by_sequence_else_by_time(
    seen: tuple[int, int | None], came: tuple[int, int | None], is_late: bool
) -> None:
    driver = Driver()
    driver.events(event("e1", at(seen[0]), sequence=seen[1]))
    (row,) = driver.events(event("e2", at(came[0]), sequence=came[1])).rows
    assert bool(row[2] & FLAG_LATE) == is_late


def test_one_time_from_the_future_does_not_make_what_follows_late() -> None:
    driver = Driver()
    driver.events(event("wrong", at(3000)), at=at(0))
    (row,) = driver.events(event("right", at(10)), at=at(10)).rows
    assert not row[2] & FLAG_LATE


def test_what_is_left_out_does_not_exist() -> None:
    driver = Driver(put_rule(rule("high", "threshold", raise_above=7)))
    decisions = driver.events(event("e1", at(0), 9), event("e2", at(0), 1), left_out=[0])
    assert [n for _, n, _ in decisions.rows] == [1]
    assert driver.alerts == []


def test_data_that_cannot_be_read_is_stored_and_seen_by_no_rule() -> None:
    driver = Driver(put_rule(rule("high", "threshold", raise_above=7)))
    bad = msgspec.structs.replace(event("e1", at(0)), data='{"value": 1e999}')
    decisions = driver.events(bad, event("e2", at(1), 9))
    assert (len(decisions.rows), decisions.undecodable, len(driver.alerts)) == (2, 1, 1)


def test_a_control_that_is_wrong_is_refused_and_the_others_hold() -> None:
    wrong = [
        Control(SITE, "c1", "rule.put", {"uid": "x"}),
        Control(SITE, "c2", "device.put", {"device": 5}),
        Control(SITE, "c3", "weather.changed", {}),
        Control(SITE, "c4", "list.put", {"name": "wanted", "hashes": "h1"}),
        Control(SITE, "c5", "alert.closed", {}),
    ]
    driver = Driver()
    decisions = driver.control(*wrong, put_rule(rule("high", "threshold", raise_above=7)))
    assert [n for n, _, _ in decisions.refused_controls] == [0, 1, 2, 3, 4]
    assert [n for n, _ in decisions.controls] == [5]
    driver.events(event("e1", at(0), 9))
    assert len(driver.alerts) == 1


def test_a_rule_that_throws_is_switched_off_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(
        put_rule(rule("bad", "threshold", raise_above=7)), put_rule(rule("good", "count", count=1, window_s=1))
    )
    driver.may_fail = True

    def throw(self: Threshold, *_: object, **__: object) -> None:
        self_state = driver.engine.state
        driver.engine._journal.put(self_state.holders, (SITE, "bad", "x"), ("x",))
        raise ZeroDivisionError("bad")

    monkeypatch.setattr(Threshold, "step", throw)
    for n in range(MAX_RULE_ERRORS + 3):
        assert len(driver.events(event(f"e{n}", at(10 * n))).rows) == 1
    assert len(driver.rule_errors) == MAX_RULE_ERRORS
    assert driver.rule_errors[0] == RuleError("bad", "ZeroDivisionError('bad')", n=0)
    assert driver.engine.state.holders == {}
    state = driver.engine.state
    assert not any(key[:2] == (SITE, "bad") for key in state.current)
    assert not any(key[1:3] == (SITE, "bad") for key in state.due)
    switched_off = [alert for alert in driver.alerts if alert.rule_uid == SWITCHED_OFF_UID]
    assert [(alert.key, alert.severity) for alert in switched_off] == [("bad", "critical")]
    assert sum(alert.rule_uid == "good" and alert.version == 1 for alert in driver.alerts) == MAX_RULE_ERRORS + 3
    monkeypatch.undo()
    driver.control(put_rule(rule("bad", "threshold", raise_above=7, version=2)))
    driver.events(event("again", at(1000), 9))
    assert driver.alerts[-2].rule_uid == "bad"


def test_a_condition_that_would_take_minutes_stops_nobody_and_is_switched_off() -> None:
    forty = f"[{','.join('0' * 40)}]"
    dear = f"{forty}.all(a, {forty}.all(b, {forty}.all(c, {forty}.all(d, a + b + c + d == 0))))"
    driver = Driver(
        put_rule(rule("dear", "event", condition=dear)), put_rule(rule("good", "count", count=1, window_s=1))
    )
    driver.restart()  # it was put before: it still loads
    driver.may_fail = True
    for n in range(MAX_RULE_ERRORS + 1):
        assert len(driver.events(event(f"e{n}", at(10 * n))).rows) == 1
    assert [each.rule_uid for each in driver.rule_errors] == ["dear"] * MAX_RULE_ERRORS
    assert "too dear" in driver.rule_errors[0].error
    assert [alert.key for alert in driver.alerts if alert.rule_uid == SWITCHED_OFF_UID] == ["dear"]
    assert sum(alert.rule_uid == "good" and alert.version == 1 for alert in driver.alerts) == MAX_RULE_ERRORS + 1


def test_the_alert_of_a_rule_that_is_switched_off_is_cleared_when_it_is_put_again_or_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = Driver()
    driver.may_fail = True

    def throw(self: Threshold, *_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Threshold, "step", throw)
    for version in (1, 2):
        driver.control(put_rule(rule("bad", "threshold", raise_above=7, version=version)))
        for n in range(MAX_RULE_ERRORS):
            driver.events(event(f"e{version}-{n}", at(100 * version + n), 9))
    driver.control(Control(SITE, "gone", "rule.removed", {"uid": "bad"}))
    told = [(alert.version, alert.state) for alert in driver.alerts if alert.rule_uid == SWITCHED_OFF_UID]
    assert told == [(1, "raised"), (2, "cleared")] * 2
    state = driver.engine.state
    assert (state.current, state.storms) == ({}, {})


def test_a_part_that_throws_is_taken_back_and_everything_else_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(put_rule(rule("good", "count", types=("vehicle.passed",), count=1, window_s=1)))

    def throw(self: Passages, ev: Evaluation, event: Event, *_: object, **__: object) -> None:
        ev.journal.put(ev.state.sites, "half done", True)
        ev.timers.arm(("passages", SITE, "half done"), event.event_time)
        ev.derive("passage.flagged", (SITE, "d1"), event.event_time, {"finding": "half done"}, "x")
        raise LookupError("half done")

    monkeypatch.setattr(Passages, "on_event", throw)
    decided = driver.events(
        event("e1", at(0), event_type="vehicle.passed"), event("e2", at(5), event_type="button.pressed")
    )
    assert [row.event_id for row, _, _ in decided.rows] == ["e1", "e2"]
    assert [(error.part, error.n) for error in decided.part_errors] == [("Passages", 0)]
    assert decided.part_errors[0].error.startswith("LookupError('half done') at test_engine.py:")
    assert "half done" not in repr(driver.engine.state)
    assert [alert.rule_uid for alert in driver.alerts if alert.version == 1] == ["good"]


def test_a_part_that_throws_on_its_timer_is_taken_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()

    def throw(self: Passages, ev: Evaluation, *_: object) -> None:
        ev.journal.put(ev.state.sites, "half done", True)
        raise LookupError("half done")

    monkeypatch.setattr(Passages, "on_timer", throw)
    driver.events(event("e1", at(0), event_type="vehicle.passed", data={"plate_hash": "h", "direction": "in"}))
    assert driver.engine.state.due
    decided = [driver.tick(at(3600 * hour)) for hour in range(1, 48)]
    errors = [error for each in decided for error in each.part_errors]
    assert errors
    assert {(error.part, error.n) for error in errors} == {("Passages", None)}
    assert "half done" not in driver.engine.state.sites


@pytest.mark.parametrize(("owner", "name"), [(Passages, "on_event"), (Threshold, "step")])
def test_what_is_the_machines_fault_is_counted_against_nobody(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    driver = Driver(put_rule(rule("high", "threshold", types=("vehicle.passed",), raise_above=7)))

    def throw(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(owner, name, throw)
    with pytest.raises(MemoryError):
        driver.events(event("e1", at(0), 9, event_type="vehicle.passed"))
    driver.engine.rollback()
    monkeypatch.undo()
    assert driver.events(event("e1", at(0), 9, event_type="vehicle.passed")).duplicates == 0
    assert [alert.rule_uid for alert in driver.alerts] == ["high"]


STEP = {"event_types": ["reading.reported"]}
FAILS = "1 / data.value > 0"
DOORS = {"event_types": ["reading.reported"], "condition": FAILS}


@pytest.mark.parametrize(
    "body",
    [
        rule("r", "event", condition=FAILS),
        rule("r", "threshold", condition=FAILS, raise_above=7),
        rule("r", "true_for", condition=FAILS, duration_s=3),
        rule("r", "count", condition=FAILS, count=2, window_s=5),
        rule("r", "distinct", condition=FAILS, field="value", count=2, window_s=5),
        rule("r", "change", condition=FAILS, over_s=5, raise_above=7),
        rule("r", "aggregate", condition=FAILS, window="session", size_s=5, function="count", raise_above=7),
        rule("r", "absence", condition=FAILS, duration_s=5000),
        rule("r", "sequence", steps=[DOORS, DOORS], within_s=5),
        rule("r", "sequence", condition=FAILS, steps=[STEP, STEP], within_s=5),
        rule("r", "negation", first=DOORS, then=DOORS, within_s=5),
        rule("r", "plate_list", condition=FAILS, plate_list="wanted"),
        rule("r", "anomaly", condition=FAILS),
    ],
    ids=lambda body: body["kind"],
)
def test_a_condition_that_cannot_be_evaluated_is_counted_and_switches_the_rule_off(body: dict[str, Any]) -> None:
    driver = Driver(put_list("wanted", "h"), put_rule(body))
    driver.may_fail = True

    def says(n: int, **fields: Any) -> Event:
        return event(f"e{n}", at(n), data={"plate_hash": "h", **fields})

    driver.events(says(0, value=2), says(1), says(2, value="x"), says(3, value=True))
    assert driver.rule_errors == []
    for n in range(4, 4 + MAX_RULE_ERRORS + 2):
        driver.events(says(n, value=0))
    assert [error.rule_uid for error in driver.rule_errors] == ["r"] * MAX_RULE_ERRORS
    assert "division by zero" in driver.rule_errors[0].error
    assert [alert.key for alert in driver.alerts if alert.rule_uid == SWITCHED_OFF_UID] == ["r"]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_rolling_back_leaves_no_trace(seed: int) -> None:
    made = frames(seed, 30)
    middle = seed % len(made)
    engine, untouched = Engine(State(), generation=8), Engine(State(), generation=8)
    for position, (frame, when) in enumerate(made[:middle]):
        engine.apply(frame, position, when)
        engine.commit()
        untouched.apply(frame, position, when)
        untouched.commit()
    for position, (frame, when) in enumerate(made[middle:], middle):
        engine.apply(frame, position, when)
    engine.rollback()
    assert engine.state == untouched.state
    for position, (frame, when) in enumerate(made[middle:], middle):
        assert engine.apply(frame, position, when) == untouched.apply(frame, position, when)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 7), st.integers(1, 5))
def test_neither_batches_nor_restarts_change_a_decision(seed: int, batch: int, restart: int) -> None:
    made = frames(seed, 40)
    plain, chopped = Engine(State()), Engine(State())
    for position, (frame, when) in enumerate(made):
        expected = plain.apply(frame, position, when)
        plain.commit()
        assert chopped.apply(frame, position, when) == expected
        if position % batch == 0:
            chopped.commit()
        if position % (batch * restart) == 0:
            stored = snapshot.compress(snapshot.pack(chopped.state))
            chopped = Engine(snapshot.restore(stored, snapshot.FORMAT_VERSION))


def test_the_sample_frames_raise_and_clear_alerts_of_every_rule() -> None:
    engine, versions = Engine(State()), set()
    for position, (frame, when) in enumerate(frames(1, 300)):
        versions |= {(alert.rule_uid, alert.state.value) for alert in engine.apply(frame, position, when).alerts}
    lasting = {
        (uid, state)
        for uid in ("high", "held", "often", "silent", "quiet", "unseen")
        for state in ("raised", "cleared")
    }
    # What comes late shows that two alerts of a listed plate were one: the other one is withdrawn, and so cleared.
    assert versions == lasting | {("listed", "raised"), ("listed", "cleared")}


def test_a_snapshot_that_is_not_whole_is_refused() -> None:
    stored = snapshot.compress(snapshot.pack(Driver(*RULES).engine.state))
    for raw, version in ((stored[: len(stored) // 2], 1), (b"", 1), (stored, 99)):
        with pytest.raises(InvalidInputError):
            snapshot.restore(raw, version)


def test_counts_are_of_stored_events() -> None:
    driver = Driver()
    sent: list[Event] = [event(f"e{n % 7}", at(n % 7)) for n in range(20)]
    driver.events(*sent)
    assert driver.engine.state.devices[SITE, "d1"].count == 7
