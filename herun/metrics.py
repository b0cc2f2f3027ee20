"""Every metric of every service as one typed list; docs/metrics.md is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram


class MetricType(StrEnum):
    """Prometheus types."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, type, what it tells, and its labels (each with few values)."""

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...] = ()


_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

METRICS: Final = (
    Metric("herun_gateway_messages_total", MetricType.COUNTER, "MQTT messages received by the gateway"),
    Metric("herun_gateway_redelivered_total", MetricType.COUNTER, "MQTT messages received with DUP"),
    Metric("herun_gateway_events_total", MetricType.COUNTER, "Events stored in the stream", ("format",)),
    Metric("herun_gateway_frames_total", MetricType.COUNTER, "Frames stored in the stream"),
    Metric("herun_gateway_dead_letters_total", MetricType.COUNTER, "Messages kept as dead letters", ("reason",)),
    Metric("herun_gateway_in_flight", MetricType.GAUGE, "Messages received and not yet acknowledged"),
    Metric("herun_gateway_connections_total", MetricType.COUNTER, "Connections made to the broker", ("session",)),
    Metric("herun_gateway_pictures_total", MetricType.COUNTER, "Pictures moved from events to the object folder"),
    Metric("herun_gateway_devices", MetricType.GAUGE, "Devices in the registry"),
    Metric("herun_gateway_auth_total", MetricType.COUNTER, "Answers to devices that connect", ("result",)),
    Metric(
        "herun_gateway_connections_ended_total", MetricType.COUNTER, "Connections ended of devices whose rights changed"
    ),
    Metric("herun_broker_refused_total", MetricType.COUNTER, "What the broker itself refused, by its log", ("reason",)),
    Metric("herun_processor_frames_total", MetricType.COUNTER, "Frames processed and committed"),
    Metric("herun_processor_events_total", MetricType.COUNTER, "Events stored as rows"),
    Metric("herun_processor_duplicates_total", MetricType.COUNTER, "Events dropped as already stored", ("net",)),
    Metric("herun_processor_alerts_total", MetricType.COUNTER, "Alert versions written", ("state", "mode")),
    Metric("herun_processor_rule_errors_total", MetricType.COUNTER, "Evaluations that threw", ("rule",)),
    Metric("herun_processor_part_errors_total", MetricType.COUNTER, "Times a part of the engine threw", ("part",)),
    Metric("herun_processor_lag_seconds", MetricType.GAUGE, "Age of the newest committed frame", ("partition",)),
    Metric("herun_processor_commit_seconds", MetricType.HISTOGRAM, "Duration of one transaction"),
    Metric("herun_processor_batch_events", MetricType.HISTOGRAM, "Events of one transaction"),
    Metric("herun_processor_partitions", MetricType.GAUGE, "Partitions owned"),
    Metric("herun_processor_outbox_relayed_total", MetricType.COUNTER, "Outbox rows relayed to the stream"),
    Metric("herun_processor_engine_failures_total", MetricType.COUNTER, "Frames bisected because an event failed"),
    Metric("herun_processor_undecodable_total", MetricType.COUNTER, "Events stored whose data no rule could read"),
    Metric("herun_processor_too_late_total", MetricType.COUNTER, "Times a rule got an event too late to correct by it"),
    Metric("herun_processor_keys_refused_total", MetricType.COUNTER, "Times a rule had no room for one more key"),
    Metric("herun_processor_stream_epochs_total", MetricType.COUNTER, "Times the stream turned out to be another one"),
    Metric("herun_processor_snapshots_total", MetricType.COUNTER, "Snapshots of the engine's state stored"),
    Metric("herun_processor_backtests_total", MetricType.COUNTER, "Jobs of backtests and traces ended", ("state",)),
    Metric("herun_stream_fill_ratio", MetricType.GAUGE, "Share of a stream's bytes in use; alarm at 0.7", ("stream",)),
    Metric("herun_api_requests_total", MetricType.COUNTER, "HTTP requests answered", ("method", "route", "status")),
    Metric("herun_api_request_seconds", MetricType.HISTOGRAM, "Duration of HTTP requests", ("route",)),
    Metric("herun_api_orders_opened_total", MetricType.COUNTER, "Work orders opened", ("origin",)),
    Metric("herun_api_order_transitions_total", MetricType.COUNTER, "Transitions of work orders", ("action",)),
    Metric("herun_api_deadlines_fired_total", MetricType.COUNTER, "Deadlines of orders fired", ("kind",)),
    Metric("herun_api_deadlines_set_aside_total", MetricType.COUNTER, "Deadlines whose effect failed; logged"),
    Metric("herun_api_deadline_lateness_seconds", MetricType.GAUGE, "How late the deadline fired last was fired"),
    Metric("herun_api_open311_failures_total", MetricType.COUNTER, "Times a token's order was not opened; logged"),
    Metric("herun_api_site_failures_total", MetricType.COUNTER, "What a task failed in for a site; logged", ("task",)),
    Metric("herun_api_live_feeds", MetricType.GAUGE, "Live feeds open now"),
    Metric("herun_api_notices_total", MetricType.COUNTER, "Notices by what came of a try", ("channel", "result")),
    Metric("herun_api_outbox_relayed_total", MetricType.COUNTER, "Control and registry changes relayed"),
    Metric("herun_api_outbox_set_aside_total", MetricType.COUNTER, "Changes that the stream can never take; logged"),
)

_BY_NAME: Final = {metric.name: metric for metric in METRICS}
_EVENT_COUNTS: Final = (1, 10, 50, 100, 200, 500, 1000, 2000)


@cache
def counter(name: str) -> Counter:
    """The counter of a listed metric. Raises KeyError for one that is not listed."""
    metric = _BY_NAME[name]
    return Counter(metric.name, metric.help, metric.labels)


@cache
def gauge(name: str) -> Gauge:
    """The gauge of a listed metric. Raises KeyError for one that is not listed."""
    metric = _BY_NAME[name]
    return Gauge(metric.name, metric.help, metric.labels)


@cache
def histogram(name: str) -> Histogram:
    """The histogram of a listed metric. Raises KeyError for one that is not listed."""
    metric = _BY_NAME[name]
    return Histogram(
        metric.name, metric.help, metric.labels, buckets=_SECONDS if name.endswith("_seconds") else _EVENT_COUNTS
    )
