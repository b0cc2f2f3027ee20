"""A replay of what is stored decides what the live engine decided, though it sees no frame without events."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from herun.alerts import Alert
from herun.events import FLAG_DERIVED, Event
from herun.frames import Control, FrameKind
from processor.backtest.plan import put_at, with_rule
from processor.engine.engine import OUTAGE_GAP_US, Engine
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
    put_rule(rule("many", "distinct", field="device", count=3, window_s=5, key="zone")),
    put_rule(rule("jump", "change", raise_above=6, over_s=4)),
    put_rule(rule("mean", "aggregate", window="sliding", size_s=6, function="avg", raise_above=6, key="zone")),
    put_rule(rule("whole", "aggregate", window="tumbling", size_s=5, function="count", raise_above=2)),
    put_rule(rule("stay", "aggregate", window="session", size_s=3, function="duration", raise_above=2)),
    put_rule(rule("each", "event", condition="data.value > 8", mode="monitor")),
    put_rule(
        rule(
            "then",
            "sequence",
            types=("reading.reported", "vehicle.passed"),
            steps=[{"event_types": ["reading.reported"]}, {"event_types": ["vehicle.passed"]}],
            within_s=4,
        )
    ),
    put_rule(
        rule(
            "unless",
            "negation",
            types=("reading.reported", "vehicle.passed"),
            first={"event_types": ["vehicle.passed"]},
            then={"event_types": ["reading.reported"]},
            within_s=2,
            key="zone",
        )
    ),
    put_rule(rule("quiet", "absence", duration_s=3, key="zone")),
    put_rule(rule("still", "absence", duration_s=5, key="site")),
    put_rule(rule("unseen", "absence", types=("vehicle.passed",), duration_s=6, key="plate")),
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
        super().__init__(gap_us=OUTAGE_GAP_US)
        self.stored = Stored()
        self.told: list[tuple[Alert, int]] = []

    def _apply(self, kind: FrameKind, events: list[Event], controls: list[Control], left_out: Any) -> Any:
        decisions = super()._apply(kind, events, controls, left_out)
        at, stored = decisions.recorded_us, self.stored
        self.told += zip(decisions.alerts, decisions.told_us, strict=True)
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


def replayed(stored: Stored, end_us: int, *, listened_us: int = END) -> list[tuple[Alert, int]]:
    """The alert versions of a replay up to (not at) an end, and when each was told."""
    outages = [*stored.outages, Outage(END, listened_us, END)]
    replay = Replay(Engine(State(), is_replay=True), stored.controls, outages)
    end = Boundary(end_us, END - 2, END - 1)
    decided = [*replay.through(stored.frames), *replay.finish(end)]
    return [told for decisions in decided for told in zip(decisions.alerts, decisions.told_us, strict=True)]


def in_order(told: list[tuple[Alert, int]]) -> list[tuple[Alert, int]]:
    """By alert: between two frames of rows the order of timers of several rules is told by nobody."""
    return sorted(told, key=lambda each: (each[0].alert_id, each[0].version))


def live_run(seed: int, steps: int) -> Live:
    """Events with repeats and late ones, silences, outages of the gateway, and controls in between.

    No frame comes soon after a gateway's but one of its own: in the moments in which a tick has passed the time on and
    no gateway has confirmed it, other timers overtake an absence that is due, and no row tells of that tick.
    """
    chance, live, sent = random.Random(seed), Live(), 0
    behind = {"d1": "d0", "d2": "d1"}  # what hangs on a silent device is hidden by its alert
    begun = live.control(*(put_device(f"d{n}", zone="z", uplink=behind.get(f"d{n}")) for n in range(3)), *RULES)
    assert begun.refused_controls == []
    for _ in range(steps):
        step = chance.choice([10_000, SECOND_US // 3, SECOND_US, 2 * SECOND_US, 4 * SECOND_US])
        match chance.randrange(10):
            case 0:
                live.tick_until(live.now + 9 * SECOND_US)
            case 1 | 2 | 3:
                live.pass_until(live.now + chance.randrange(1, 9) * SECOND_US, SECOND_US * 4 // 5)
            case 4:
                at = live.now + step
                live.listen(at)
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
@example(99021545, 36)  # what came late was due already: it was raised with the next frame only
@given(st.integers(0, 10**9), st.integers(1, 60))
def test_a_replay_of_the_rows_gives_every_version_that_the_live_run_gave(seed: int, steps: int) -> None:
    live = live_run(seed, steps)
    listened = live.engine.state.listened
    assert in_order(replayed(live.stored, live.now + 1, listened_us=listened)) == in_order(live.told)


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


def test_a_device_is_expected_from_where_a_gateway_had_listened() -> None:
    live = Live()
    live.control(put_rule(rule("silent", "absence", duration_s=4)))
    live.listen(START_US + SECOND_US)
    live.control(put_device("d1"), at=START_US + 3 * SECOND_US // 2)
    live.pass_until(START_US + 9 * SECOND_US)
    ((raised, _),) = replayed(live.stored, live.now)
    assert [raised] == live.alerts
    assert raised.raised_at == START_US + 5 * SECOND_US


def test_a_timer_that_is_due_between_two_rows_fires_at_its_own_time() -> None:
    live = Live()
    live.control(put_device("d1"), RULES[2])
    live.events(event("e1", START_US, 9))
    live.pass_until(START_US + 10 * SECOND_US)
    ((raised, told_us),) = replayed(live.stored, live.now)
    assert raised.raised_at == told_us == START_US + 3 * SECOND_US
    assert replayed(live.stored, START_US + 3 * SECOND_US) == []
    assert replayed(live.stored, START_US + 3 * SECOND_US + 1) == [(raised, told_us)]


def candidate_alerts(stored: Stored, body: dict[str, Any], begin: Boundary, end_us: int) -> list[Alert]:
    controls = sorted(
        [*stored.controls, put_at(SITE, begin, begin.at_us, body)], key=lambda controls: controls.position
    )
    replay = Replay(Engine(State(), is_replay=True), controls, stored.outages, with_rule(body["uid"], body))
    decided = [*replay.through(stored.frames), *replay.finish(Boundary(end_us, END - 2, END - 1))]
    return [alert for decisions in decided for alert in decisions.alerts]


def test_a_candidate_stands_in_for_the_rule_of_its_uid() -> None:
    live = Live()
    live.control(put_device("d1", zone="z"), *RULES)
    live.events(*(event(f"e{n}", START_US + n * SECOND_US, 6) for n in range(5)))
    assert {alert.rule_uid for alert in live.alerts} >= {"held", "often"}
    lower = rule("high", "threshold", raise_above=5, clear_below=3, version=9)
    told = candidate_alerts(live.stored, lower, Boundary(START_US, 0, 1), live.now + 1)
    (raised,) = (alert for alert in told if alert.rule_uid == "high")
    assert {alert.rule_uid for alert in told} == {"high", *(alert.rule_uid for alert in live.alerts)}
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
