"""A replay of what is stored decides what the live engine decided, though it sees no frame without events."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from herun.alerts import Alert
from herun.events import FLAG_DERIVED, Event
from herun.frames import Control, FrameKind
from processor.backtest.plan import put_at, with_rule
from processor.engine.engine import Engine
from processor.engine.state import State
from processor.replay import END, Boundary, Outage, Replay, StoredControls, StoredFrame
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import (
    SECOND_US,
    SITE,
    START_US,
    close_alert,
    event,
    put_device,
    put_list,
    put_rule,
    rule,
)

RULES = (
    put_list("wanted", "h1"),
    put_rule(rule("high", "threshold", raise_above=7, clear_below=3, cooldown_s=5, key="zone")),
    put_rule(rule("held", "true_for", condition={"field": "value", "op": ">", "value": 5}, duration_s=3)),
    put_rule(rule("often", "count", count=3, window_s=4, key="site", cooldown_s=3)),
    # Without a cool-down: where one ends between a tick and the gateway's next frame, only the live run knows the tick.
    put_rule(rule("silent", "absence", duration_s=4)),
    put_rule(rule("listed", "plate_list", types=("vehicle.passed",), plate_list="wanted", cooldown_s=3)),
)


@dataclass
class Stored:
    """What the live run leaves in the database."""

    frames: list[StoredFrame] = field(default_factory=list)
    controls: list[StoredControls] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)


class Live(Driver):
    """A live engine, and the rows that the processor would have written."""

    def __init__(self) -> None:
        super().__init__()
        self.stored = Stored()

    def _apply(self, kind: FrameKind, events: list[Event], controls: list[Control], left_out: Any) -> Any:
        decisions = super()._apply(kind, events, controls, left_out)
        at, stored = decisions.recorded_us, self.stored
        rows = [_with(row, flags) for row, _, flags in decisions.rows]
        kept = [row for row in rows if not row.flags & FLAG_DERIVED]
        if kept:
            stored.frames.append(StoredFrame(decisions.position, at, kept))
        if decisions.controls:
            applied = [control for _, control in decisions.controls]
            stored.controls.append(StoredControls(decisions.position, at, decisions.listened_us, applied))
        if decisions.outage_began is not None:
            stored.outages.append(Outage(decisions.position, decisions.outage_began, at))
        return decisions


def _with(row: Event, flags: int) -> Event:
    return Event(
        row.site, row.device, row.event_id, row.event_type, row.schema_version, row.event_time, row.data, None,
        row.sequence, flags,
    )  # fmt: skip


def replayed(stored: Stored, end_us: int, *, listened_us: int = END) -> list[Alert]:
    """The alert versions of a replay up to (not at) an end."""
    outages = [*stored.outages, Outage(END, listened_us, END)]
    replay = Replay(Engine(State(), is_replay=True), stored.controls, outages)
    end = Boundary(end_us, END - 2, END - 1)
    decided = [*replay.through(stored.frames), *replay.finish(end)]
    return [alert for decisions in decided for alert in decisions.alerts]


def in_order(alerts: list[Alert]) -> list[Alert]:
    """By alert: between two frames of rows the order of timers of several rules is told by nobody."""
    return sorted(alerts, key=lambda alert: (alert.alert_id, alert.version))


def live_run(seed: int, steps: int) -> Live:
    """Events with repeats and late ones, silences, outages of the gateway, ticks, and controls in between."""
    chance, live, sent = random.Random(seed), Live(), 0
    live.control(*(put_device(f"d{n}", zone="z") for n in range(3)), *RULES)
    for _ in range(steps):
        step = chance.choice([10_000, SECOND_US // 3, SECOND_US, 2 * SECOND_US, 4 * SECOND_US])
        match chance.randrange(10):
            case 0:
                live.tick_until(live.now + chance.choice([2, 9]) * SECOND_US)
            case 1 | 2 | 3:
                live.pass_until(live.now + chance.randrange(1, 9) * SECOND_US, SECOND_US * 4 // 5)
            case 4:
                at = live.now + step
                live.control(chance.choice(_changes(live)), at=at)
            case _:
                live.now += step
                sent = _send(live, chance, sent)
    return live


def _changes(live: Live) -> list[Control]:
    low = rule("high", "threshold", raise_above=5, clear_below=3, key="zone", version=2)
    return [
        put_device("d1", "again", zone="y"),
        put_device("d2", "off", zone="z", enabled=False),
        put_device("d2", "on", zone="z"),
        put_device("d3", "new"),
        put_rule(low, "lower"),
        Control(SITE, "away", "rule.removed", {"uid": "silent"}),
        RULES[4],
        *(close_alert(alert.alert_id) for alert in live.alerts[-1:]),
    ]


def _send(live: Live, chance: random.Random, sent: int) -> int:
    events = []
    for _ in range(chance.randrange(1, 4)):
        sent += chance.random() < 0.8
        when = live.now - chance.choice([0, 0, 0, SECOND_US // 2, 3 * SECOND_US])
        fields: dict[str, Any] = {"device": f"d{chance.randrange(4)}"}
        if chance.random() < 0.2:
            fields |= {"event_type": "vehicle.passed", "data": {"plate_hash": chance.choice(["h1", "h2"])}}
        events.append(event(f"e{sent}", when, chance.randrange(10), **fields))
    live.events(*events, at=live.now)
    return sent


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 60))
def test_a_replay_of_the_rows_gives_every_version_that_the_live_run_gave(seed: int, steps: int) -> None:
    live = live_run(seed, steps)
    listened = live.engine.state.listened
    assert in_order(replayed(live.stored, live.now + 1, listened_us=listened)) == in_order(live.alerts)


def test_without_the_outages_a_replay_would_blame_the_devices() -> None:
    live = Live()
    live.control(put_device("d1"), put_rule(rule("silent", "absence", duration_s=60)))
    live.events(event("e1", live.now))
    live.tick_until(live.now + 100 * SECOND_US)
    live.events(event("e2", live.now, device="d2"))
    live.pass_until(live.now + 30 * SECOND_US)
    assert live.alerts == []
    assert replayed(live.stored, live.now) == []
    assert replayed(Stored(live.stored.frames, live.stored.controls), live.now) != []


def test_a_timer_that_is_due_between_two_rows_fires_at_its_own_time() -> None:
    live = Live()
    live.control(put_device("d1"), RULES[2])
    live.events(event("e1", START_US, 9))
    live.pass_until(START_US + 10 * SECOND_US)
    (raised,) = replayed(live.stored, live.now)
    assert raised.raised_at == START_US + 3 * SECOND_US
    assert replayed(live.stored, START_US + 3 * SECOND_US) == []
    assert replayed(live.stored, START_US + 3 * SECOND_US + 1) == [raised]


def candidate_alerts(stored: Stored, body: dict[str, Any], begin: Boundary, end_us: int) -> list[Alert]:
    controls = sorted(
        [*stored.controls, put_at(SITE, begin, begin.at_us, body)], key=lambda controls: controls.position
    )
    replay = Replay(Engine(State(), is_replay=True), controls, stored.outages, with_rule(body["uid"], body))
    decided = [*replay.through(stored.frames), *replay.finish(Boundary(end_us, END - 2, END - 1))]
    return [alert for decisions in decided for alert in decisions.alerts]


def test_a_candidate_stands_in_for_the_rule_of_its_uid_and_is_alone() -> None:
    live = Live()
    live.control(put_device("d1", zone="z"), *RULES)
    live.events(*(event(f"e{n}", START_US + n * SECOND_US, 6) for n in range(5)))
    assert {alert.rule_uid for alert in live.alerts} >= {"held", "often"}
    lower = rule("high", "threshold", raise_above=5, clear_below=3, version=9)
    (raised,) = candidate_alerts(live.stored, lower, Boundary(START_US, 0, 1), live.now + 1)
    assert (raised.rule_uid, raised.rule_version, raised.raised_at) == ("high", 9, START_US)


def test_a_candidate_that_was_never_put_is_in_force_from_the_warm_up_on() -> None:
    live = Live()
    live.control(put_device("d1"))
    for n in range(4):
        live.events(event(f"e{n}", START_US + n * SECOND_US, 9))
    body = rule("new", "count", count=1, window_s=1, cooldown_s=0)
    begin = Boundary(START_US + 2 * SECOND_US, 3, 4)
    stored = Stored(live.stored.frames[2:], live.stored.controls)
    raised = [alert for alert in candidate_alerts(stored, body, begin, live.now + 1) if alert.version == 1]
    assert [alert.cause["event_id"] for alert in raised] == ["e2", "e3"]
