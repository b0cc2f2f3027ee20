"""The load generator, a process of its own: many devices that publish readings at QoS 1.

Standard input: one JSON line (see `Plan`), then a line with a number whenever more may be out: the total number of
events that may have been published so far. Standard output: a JSON line with totals twice a second and one at the end.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, cast

import uvloop

from tests.support import mqtt_bytes

MAX_UNACKNOWLEDGED: Final = 1_000  # publishes of one connection; well below the 65,535 packet ids
STEP_S: Final = 0.002  # between looks at how much may go out
REPORT_S: Final = 0.5
DRAIN_S: Final = 60.0  # for the last acknowledgements


@dataclass(frozen=True)
class Plan:
    """What to do: who publishes where, for how many seconds, at which total rate (0: as much as is allowed)."""

    host: str
    port: int
    run: str
    seconds: float
    rate: float
    devices: list[dict[str, str]]  # client_id, user, password, topic


class Device(asyncio.Protocol):
    """One connection: publishes what it is told to, counts acknowledgements."""

    def __init__(self, plan: Plan, spec: dict[str, str]) -> None:
        self._spec = spec
        self._topic = mqtt_bytes.text(spec["topic"])
        self._prefix = f'{{"specversion":"1.0","id":"{plan.run}-'.encode()
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.ready = asyncio.get_running_loop().create_future()
        self.published = 0
        self.acknowledged = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        spec = self._spec
        self._transport.write(mqtt_bytes.connect(spec["client_id"], spec["user"], spec["password"], clean=True))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        packets, used = mqtt_bytes.split(self._buffer)
        for first, start, _ in packets:
            if first == mqtt_bytes.PUBACK:
                self.acknowledged += 1
            elif first == mqtt_bytes.CONNACK and not self.ready.done():
                code = self._buffer[start + 1]
                if code:
                    self.ready.set_exception(ConnectionError(f"{self._spec['user']}: CONNACK {code}"))
                else:
                    self.ready.set_result(None)
        self._buffer = self._buffer[used:]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionError("closed before CONNACK"))

    def publish(self, count: int, tail: bytes) -> int:
        """Publishes up to `count` events whose payload ends with `tail`; returns how many fitted."""
        count = min(count, MAX_UNACKNOWLEDGED - (self.published - self.acknowledged))
        if count <= 0 or self._transport is None:
            return 0
        first = self.published
        self._transport.write(
            b"".join(
                mqtt_bytes.publish(self._topic, n % 65_535 + 1, b"%b%d%b" % (self._prefix, n, tail))
                for n in range(first, first + count)
            )
        )
        self.published += count
        return count


class Load:
    """All devices, and how much they may publish."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._devices: list[Device] = []
        self._allowed = 0
        self._published = 0
        self._started = 0.0

    async def run(self) -> None:
        """Connects, publishes for the planned time, waits for the last acknowledgements, reports."""
        loop = asyncio.get_running_loop()
        for spec in self._plan.devices:
            device = Device(self._plan, spec)
            await loop.create_connection(partial(_same, device), self._plan.host, self._plan.port)
            await device.ready
            self._devices.append(device)
        self._report("ready")
        await self._publish_all()
        deadline = time.monotonic() + DRAIN_S
        while self._acknowledged() < self._published and time.monotonic() < deadline:
            await asyncio.sleep(STEP_S)
        self._report("done")

    def allow(self, total: int) -> None:
        """From now on `total` events may have been published."""
        self._allowed = max(self._allowed, total)

    async def _publish_all(self) -> None:
        self._started = time.monotonic()
        reported = self._started
        while (now := time.monotonic()) - self._started < self._plan.seconds:
            self._publish_step(now)
            if now - reported >= REPORT_S:
                reported = now
                self._report("running")
            await asyncio.sleep(STEP_S)

    def _publish_step(self, now: float) -> None:
        if self._plan.rate:
            due = int((now - self._started) * self._plan.rate) - self._published
        else:
            due = self._allowed - self._published
        if due <= 0:
            return
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        tail = (
            f'","time":"{stamp}","type":"reading.reported",'
            f'"data":{{"metric":"temperature","value":{20 + now % 10:.3f},"unit":"C"}}}}'
        ).encode()
        share = max(1, -(-due // len(self._devices)))
        for device in self._devices:
            self._published += device.publish(min(share, due), tail)
            due = min(due, self._allowed - self._published) if not self._plan.rate else due - share
            if due <= 0:
                break

    def _acknowledged(self) -> int:
        return sum(device.acknowledged for device in self._devices)

    def _report(self, state: str) -> None:
        report: dict[str, Any] = {
            "state": state,
            "seconds": time.monotonic() - self._started if self._started else 0.0,
            "published": self._published,
            "acknowledged": self._acknowledged(),
            "cpu_seconds": time.process_time(),
            "by_device": [device.acknowledged for device in self._devices],
        }
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


def _same(device: Device) -> Device:
    return device


async def main() -> None:
    """Reads the plan, then allowances, until the load has run."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    load = Load(Plan(**json.loads(await reader.readline())))

    async def read_allowances() -> None:
        while line := await reader.readline():
            load.allow(int(line))

    allowances = asyncio.create_task(read_allowances())
    await load.run()
    allowances.cancel()


if __name__ == "__main__":
    uvloop.run(main())
