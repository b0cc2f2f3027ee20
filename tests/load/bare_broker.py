"""The limit: the same broker, generator, payload and connections, and a subscriber that only acknowledges."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from herun.stack.broker import find_nats_server
from tests.load.generator import Plan
from tests.load.load_process import LoadProcess, LoadResult
from tests.load.usage import cpu_seconds
from tests.support.box import until
from tests.support.ports import free_port

USER: Final = "load"
PASSWORD: Final = "load"
SATURATED: Final = 0.9  # of a core: a single-threaded process above this is what bounds the rate

_CONFIGURATION: Final = """
server_name: bare
listen: "127.0.0.1:{nats_port}"
max_payload: 8MB
jetstream {{ store_dir: "{store}", max_file: 16GB }}
mqtt {{ listen: "127.0.0.1:{mqtt_port}", ack_wait: "1s", max_ack_pending: 4096 }}
authorization {{ user: {user}, password: {password} }}
"""


@dataclass(frozen=True)
class BareResult:
    """The broker's own rate, and the cores that each process kept busy."""

    load: LoadResult
    received: int
    cores: dict[str, float]

    @property
    def events_per_second(self) -> float:
        return self.load.acknowledged / self.load.seconds

    @property
    def counts(self) -> bool:
        """It is a limit only if the null subscriber and the generator were not."""
        return max(self.cores["null_subscriber"], self.cores["generator"]) < SATURATED


@dataclass(frozen=True)
class Broker:
    """A nats-server with nothing but its MQTT listener."""

    pid: int
    mqtt_port: int
    nats_port: int


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Broker]:
    """Starts the bare broker on an empty folder, and takes both away again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mqtt_port, nats_port = free_port(), free_port()
    configuration = folder / "nats.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            nats_port=nats_port, mqtt_port=mqtt_port, store=folder.resolve() / "js", user=USER, password=PASSWORD
        )
    )
    with (folder / "nats.log").open("wb") as output:
        broker = subprocess.Popen([find_nats_server(), "-c", str(configuration)], stdout=output, stderr=output)
    try:
        until(lambda: "Server is ready" in (folder / "nats.log").read_text(), 20, "the bare broker is ready")
        yield Broker(broker.pid, mqtt_port, nats_port)
    finally:
        broker.kill()
        broker.wait()
        shutil.rmtree(folder, ignore_errors=True)


def plan(broker: Broker, topics: list[str], seconds: float) -> Plan:
    """The load of the bench, one connection a topic, as fast as the far end takes it."""
    devices = [
        {"client_id": f"load-{n}", "user": USER, "password": PASSWORD, "topic": topic} for n, topic in enumerate(topics)
    ]
    return Plan("127.0.0.1", broker.mqtt_port, "bare", seconds, 0.0, devices)


def measure(folder: Path, topics: list[str], seconds: float) -> BareResult:
    """Runs the bare broker for `seconds` and takes it down again."""
    with running(folder) as broker:
        subscriber = subprocess.Popen(
            [sys.executable, "-m", "tests.load.null_subscriber", "127.0.0.1", str(broker.mqtt_port), USER, PASSWORD],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            return _load(plan(broker, topics, seconds), broker.pid, subscriber)
        finally:
            subscriber.kill()
            subscriber.wait()


def _load(load_plan: Plan, broker: int, subscriber: subprocess.Popen[str]) -> BareResult:
    received = 0
    if subscriber.stdout is None or subscriber.stdout.readline().strip() != "0":
        raise RuntimeError("the null subscriber did not start")
    load = LoadProcess(load_plan).start()
    pids = {"nats": broker, "null_subscriber": subscriber.pid, "generator": load.pid}
    before = cpu_seconds(pids)

    def pass_on() -> None:
        nonlocal received
        for line in subscriber.stdout or ():
            received = int(line)
            load.stored(received)

    threading.Thread(target=pass_on, daemon=True).start()
    try:
        result = load.finish()
    finally:
        load.kill()
    after = cpu_seconds({name: pid for name, pid in pids.items() if name != "generator"})
    cores = {name: (after[name] - before[name]) / load_plan.seconds for name in after}
    cores["generator"] = result.cpu_seconds / load_plan.seconds
    until(lambda: received >= result.acknowledged, 20, "the null subscriber has everything")
    return BareResult(result, received, cores)
