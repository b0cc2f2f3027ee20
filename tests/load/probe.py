"""Latency as a user sees it: one device more among the load, its rows and its alerts watched from outside."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import nats
import paho.mqtt.client as mqtt
from nats.aio.msg import Msg
from paho.mqtt.enums import CallbackAPIVersion

from herun.alerts import AlertState, decode_alert
from herun.subjects import alerts_subject, native_topic
from tests.support.box import Box

DEVICE: Final = "probe"
METRIC: Final = "probe"
RATE: Final = 20.0  # events a second: enough for a 99th percentile, nothing beside the load
ROW_LOOK_S: Final = 0.003  # between two looks for new rows: the resolution of publish-to-row
LOOK_BACK_S: Final = 3.0  # a row that takes longer is missing from the figures, and the lag check fails

_ROWS: Final = """
SELECT event_id FROM events WHERE site = %s AND device = %s AND event_time > %s
"""


def rule() -> dict[str, Any]:
    """Every second event of the probe raises this alert, every other one clears it."""
    return {
        "kind": "threshold",
        "uid": "probe-high",
        "title": {"zh": "探测", "en": "Probe"},
        "text": {"zh": "{value}", "en": "{value}"},
        "category": "probe",
        "opens_order": False,
        "match": {"event_types": ["reading.reported"], "where": {"metric": METRIC}, "devices": [DEVICE]},
        "raise_above": 100,
        "clear_below": 50,
    }


class Probe:
    """Publishes while it is open; `to_row_ms` and `to_alert_ms` hold the latencies in milliseconds."""

    def __init__(self, box: Box, site: str, secret: str, run: str) -> None:
        self._box, self._site, self._run = box, site, run
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"probe-{run}")
        self._client.username_pw_set(f"{site}.{DEVICE}", secret)
        self._sent: dict[str, float] = {}
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=each) for each in (self._publish, self._watch_rows, self._watch_alerts)
        ]
        self.to_row_ms: list[float] = []
        self.to_alert_ms: list[float] = []
        self.published = 0

    def start(self) -> None:
        """Connects and begins."""
        self._client.connect("127.0.0.1", self._box.mqtt_port)
        self._client.loop_start()
        for thread in reversed(self._threads):
            thread.start()

    def stop(self) -> None:
        """Ends all of it; what is still under way is not counted."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.loop_stop()
        self._client.disconnect()

    def _publish(self) -> None:
        topic = native_topic(self._site, DEVICE, "reading")
        while not self._stop.wait(1 / RATE):
            event_id = f"{self._run}-{self.published}"
            value = 0 if self.published % 2 else 200
            moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            body = {"id": event_id, "time": moment, "data": {"metric": METRIC, "value": value}}
            self._sent[event_id] = time.monotonic()
            self._client.publish(topic, json.dumps(body), qos=1)
            self.published += 1

    def _watch_rows(self) -> None:
        seen: set[str] = set()
        with self._box.database() as database:
            while not self._stop.wait(ROW_LOOK_S):
                since = datetime.now(UTC) - timedelta(seconds=LOOK_BACK_S)
                rows = database.execute(_ROWS, (self._site, DEVICE, since)).fetchall()
                found = time.monotonic()
                for (event_id,) in rows:
                    if event_id in self._sent and event_id not in seen:
                        seen.add(event_id)
                        self.to_row_ms.append((found - self._sent[event_id]) * 1000)

    def _watch_alerts(self) -> None:
        asyncio.run(self._alerts())

    async def _alerts(self) -> None:
        async def arrived(message: Msg) -> None:
            at = time.monotonic()
            alert = decode_alert(message.data)
            sent = self._sent.get(str(alert.cause.get("event_id")))
            if sent is not None and alert.state is AlertState.RAISED:
                self.to_alert_ms.append((at - sent) * 1000)

        connection = await nats.connect(self._box.variable("nats_url"))
        await connection.subscribe(alerts_subject(self._site), cb=arrived)
        while not self._stop.is_set():
            await asyncio.sleep(0.05)
        await connection.close()


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` of the values lie; None if there are none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None


def spread(values: list[float]) -> dict[str, float | None]:
    """p50, p99 and the largest."""
    return {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": percentile(values, 1.0)}
