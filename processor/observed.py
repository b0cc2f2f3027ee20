"""What the processor says of itself: its metrics, and the rules and parts that threw."""

from __future__ import annotations

from functools import partial
from typing import Final

import structlog

from herun import metrics
from herun.clock import SECOND_US, SystemClock
from processor.batch import STORED, Batch
from processor.engine.decisions import PartError

log = structlog.get_logger(__name__)

FRAMES: Final = metrics.counter("herun_processor_frames_total")
EVENTS: Final = metrics.counter("herun_processor_events_total")
DUPLICATES: Final = metrics.counter("herun_processor_duplicates_total")
ALERTS: Final = metrics.counter("herun_processor_alerts_total")
RULE_ERRORS: Final = metrics.counter("herun_processor_rule_errors_total")
PART_ERRORS: Final = metrics.counter("herun_processor_part_errors_total")
UNDECODABLE: Final = metrics.counter("herun_processor_undecodable_total")
TOO_LATE: Final = metrics.counter("herun_processor_too_late_total")
KEYS_REFUSED: Final = metrics.counter("herun_processor_keys_refused_total")
LAG_SECONDS: Final = metrics.gauge("herun_processor_lag_seconds")
COMMIT_SECONDS: Final = metrics.histogram("herun_processor_commit_seconds")
BATCH_EVENTS: Final = metrics.histogram("herun_processor_batch_events")
PARTITIONS: Final = metrics.gauge("herun_processor_partitions")
OUTBOX_RELAYED: Final = metrics.counter("herun_processor_outbox_relayed_total")
ENGINE_FAILURES: Final = metrics.counter("herun_processor_engine_failures_total")
STREAM_EPOCHS: Final = metrics.counter("herun_processor_stream_epochs_total")
BACKTESTS: Final = metrics.counter("herun_processor_backtests_total")
SNAPSHOTS: Final = metrics.counter("herun_processor_snapshots_total")


PART_ERROR_LOGGED_EVERY_US: Final = 60 * SECOND_US  # for each part: what throws may throw on every event
_WALL: Final = SystemClock()  # frames carry the stream's time, which is the machine's
_newest_us: dict[int, int] = {}  # of each owned partition, its newest committed frame's

_part_errors: dict[str, int] = {}  # since the start
_logged_us: dict[str, int] = {}  # when each part's errors were last logged


def batch_committed(partition: int, batch: Batch) -> None:
    """Counts what a committed batch did, and names the rules that threw."""
    FRAMES.inc(len(batch.frames))
    EVENTS.inc(batch.events)
    BATCH_EVENTS.observe(batch.events)
    if partition not in _newest_us:
        # Told when asked: a partition that does not go on must show, and there is no batch then.
        LAG_SECONDS.labels(str(partition)).set_function(partial(_lag_s, partition))
    _newest_us[partition] = batch.last.wall_us
    for taken, decisions in zip(batch.frames, batch.decisions, strict=True):
        left_out = batch.left_out.of(taken.sequence).values()
        DUPLICATES.labels("ring").inc(decisions.duplicates)
        DUPLICATES.labels("database").inc(sum(reason == STORED for reason in left_out))
        UNDECODABLE.inc(decisions.undecodable)
        TOO_LATE.inc(decisions.too_late)
        KEYS_REFUSED.inc(decisions.keys_refused)
        for alert in decisions.alerts:
            ALERTS.labels(alert.state.value, alert.mode).inc()
        for each in decisions.rule_errors:
            RULE_ERRORS.labels(each.rule_uid).inc()
            log.warning("rule_threw", partition=partition, rule=each.rule_uid, error=each.error)
        for error in decisions.part_errors:
            _part_threw(partition, error)


def part_errors() -> dict[str, int]:
    """How often each part has thrown since this process began."""
    return dict(_part_errors)


def _part_threw(partition: int, threw: PartError) -> None:
    PART_ERRORS.labels(threw.part).inc()
    times = _part_errors[threw.part] = _part_errors.get(threw.part, 0) + 1
    now_us = _WALL.now_us()
    if now_us - _logged_us.get(threw.part, 0) >= PART_ERROR_LOGGED_EVERY_US:
        _logged_us[threw.part] = now_us
        log.error("part_threw", partition=partition, part=threw.part, error=threw.error, times=times)


def owned_by_another(partition: int) -> None:
    """How far it has come is told by its owner alone."""
    if _newest_us.pop(partition, None) is not None:
        LAG_SECONDS.remove(str(partition))


def _lag_s(partition: int) -> float:
    return max(0.0, (_WALL.now_us() - _newest_us.get(partition, 0)) / SECOND_US)
