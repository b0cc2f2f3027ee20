"""What a batch sends out: alerts, and a dead letter for all that could not be judged."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from herun.clock import SECOND_US, ManualClock
from herun.dead_letters import DeadLetterReason, decode_dead_letter
from herun.frames import FRAME_VERSION, Frame, FrameKind
from processor import observed
from processor.batch import Batch, TakenFrame
from processor.engine.decisions import Decisions, PartError, RuleError
from tests.unit.processor.samples import SITE, START_US, event


def batch_of(*errors: RuleError) -> Batch:
    events = [event("e1", START_US), event("e2", START_US)]
    frame = Frame(FRAME_VERSION, 0, "test", "frame-1", FrameKind.EVENTS, events)
    decisions = Decisions(position=1, recorded_us=START_US, rule_errors=list(errors))
    return Batch(0, [TakenFrame(1, START_US, frame, b"")], [decisions])


def test_an_event_that_makes_a_rule_throw_is_a_dead_letter_for_each_such_rule() -> None:
    batch = batch_of(RuleError("r1", "ZeroDivisionError()", n=1), RuleError("r2", "KeyError()", n=1))
    rows = batch.outbox_rows()
    assert batch.has_outgoing
    assert [row.nats_subject for row in rows] == ["DEAD_LETTER.rule_failed"] * 2
    letter = decode_dead_letter(rows[0].payload)
    assert (letter.reason, letter.origin, letter.site) == (DeadLetterReason.RULE_FAILED, "engine", SITE)
    assert letter.detail == "rule r1: ZeroDivisionError()"
    assert b'"e2"' in letter.raw


def test_a_timer_that_makes_a_rule_throw_has_no_event_to_keep() -> None:
    assert batch_of(RuleError("r1", "ZeroDivisionError()")).outbox_rows() == []


def test_a_batch_of_which_nothing_came_sends_nothing() -> None:
    assert not batch_of().has_outgoing
    assert batch_of().outbox_rows() == []


def test_a_partition_that_does_not_go_on_lags_more_and_more_until_another_owns_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lag() -> float | None:
        return REGISTRY.get_sample_value("herun_processor_lag_seconds", {"partition": "63"})

    clock = ManualClock(START_US)
    monkeypatch.setattr(observed, "_WALL", clock)
    observed.batch_committed(63, batch_of())
    assert lag() == 0
    clock.advance(90 * SECOND_US)
    assert lag() == 90
    observed.batch_committed(63, batch_of())
    observed.owned_by_another(63)
    assert lag() is None


def test_a_part_that_throws_is_counted_each_time_and_logged_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(START_US)
    monkeypatch.setattr(observed, "_WALL", clock)
    batch = batch_of()
    batch.decisions[0].part_errors = [PartError("Thrower", "KeyError() at thrower.py:3", n=0)] * 3
    with capture_logs() as logs:
        for _ in range(4):
            observed.batch_committed(62, batch)
            clock.advance(40 * SECOND_US)
    observed.owned_by_another(62)
    counted = REGISTRY.get_sample_value("herun_processor_part_errors_total", {"part": "Thrower"})
    assert (counted, observed.part_errors()["Thrower"]) == (12, 12)
    told = [entry for entry in logs if entry["event"] == "part_threw"]
    assert [(entry["times"], entry["error"]) for entry in told] == [
        (1, "KeyError() at thrower.py:3"),
        (7, "KeyError() at thrower.py:3"),
    ]
