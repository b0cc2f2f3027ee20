"""What the processor says of itself: its metrics, and the rules that threw."""

from __future__ import annotations

from functools import partial
from typing import Final

import structlog

from herun import metrics
from herun.clock import SECOND_US, SystemClock
from processor.batch import STORED, Batch

log = structlog.get_logger(__name__)

FRAMES: Final = metrics.counter("herun_processor_frames_total")
EVENTS: Final = metrics.counter("herun_processor_events_total")
DUPLICATES: Final = metrics.counter("herun_processor_duplicates_total")
ALERTS: Final = metrics.counter("herun_processor_alerts_total")
RULE_ERRORS: Final = metrics.counter("herun_processor_rule_errors_total")
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


_WALL: Final = SystemClock()  # frames carry the stream's time, which is the machine's
_newest_us: dict[int, int] = {}  # of each owned partition, its newest committed frame's


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


def owned_by_another(partition: int) -> None:
    """How far it has come is told by its owner alone."""
    if _newest_us.pop(partition, None) is not None:
        LAG_SECONDS.remove(str(partition))


def _lag_s(partition: int) -> float:
    return max(0.0, (_WALL.now_us() - _newest_us.get(partition, 0)) / SECOND_US)
