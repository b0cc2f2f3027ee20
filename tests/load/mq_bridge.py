"""mq-bridge 1.2 (Rust, from PyPI) on the same machine, broker, load and database: rows a second without rules.

`.venv/bin/python -m tests.load.mq_bridge` installs it into build/mq-bridge, which is not part of the project, and
prints its figures for docs/performance.md. It stores id, type and time by batched COPY and acknowledges to the broker
after the commit; there is no stream between broker and table, nothing is checked, and no duplicates are looked for.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import psycopg

from herun.stack.environment import StackSettings
from herun.stack.supervisor import Stack
from herun.subjects import MQTT_MESSAGES_STREAM
from tests.load import bare_broker
from tests.load.bench import DEVICES_PER_SITE, SITES
from tests.load.load_process import LoadProcess
from tests.load.report import say
from tests.load.usage import cpu_seconds
from tests.support.box import until
from tests.support.streams import stream_consumers

VERSION: Final = "1.2.0"
FOLDER: Final = Path("build/mq-bridge")
SECONDS: Final = 10.0
LOOK_S: Final = 0.01

_TABLE: Final = "CREATE TABLE rows (n bigserial PRIMARY KEY, id text, event_type text, event_time timestamptz)"
_INSERT: Final = (
    "INSERT INTO rows (id, event_type, event_time) VALUES (${payload:id}, ${payload:type}, ${payload:time})"
)

_PROGRAM: Final = """
import json, logging, sys, mq_bridge
logging.basicConfig(level="INFO")
mq_bridge.init_logging("warn")
route = mq_bridge.Route.from_config(json.loads(sys.argv[1]))
route.run()
"""


def install() -> str:
    """The Python that has mq-bridge."""
    python = FOLDER / "venv/bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER / "venv")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", f"mq-bridge=={VERSION}"], check=True)
    return str(python)


def route(mqtt_port: int, database_url: str) -> dict[str, object]:
    """Its route, with the batch size and the window that ours has."""
    source = {
        "url": f"tcp://127.0.0.1:{mqtt_port}",
        "topic": "#",
        "username": bare_broker.USER,
        "password": bare_broker.PASSWORD,
        "client_id": "mq-bridge",
        "protocol": "v3",
        "qos": 1,
        "queue_capacity": 4096,
        "max_inflight": 4096,
    }
    sink = {"url": database_url, "table": "rows", "insert_query": _INSERT, "bulk_copy": True}
    return {"batch_size": 2000, "input": {"mqtt": source}, "output": {"sqlx": sink}}


def main() -> None:
    """Loads it and says how many rows a second it stored, and at what cost."""
    python = install()
    shutil.rmtree(FOLDER / "box", ignore_errors=True)
    asyncio.run(_run(python, StackSettings(data_dir=FOLDER / "box")))
    shutil.rmtree(FOLDER / "box", ignore_errors=True)


async def _run(python: str, settings: StackSettings) -> None:
    async with Stack(settings, services=()) as stack:
        await asyncio.to_thread(_measure, python, stack.environment["HERUN_DATABASE_URL"], stack.child("postgres").pid)


def _measure(python: str, url: str, postgres: int | None) -> None:
    topics = [f"herun/v1/{site}/d{n}/event" for site in SITES for n in range(DEVICES_PER_SITE)]
    with psycopg.connect(url, autocommit=True) as database, bare_broker.running(FOLDER / "broker") as broker:
        database.execute(_TABLE)
        bridge = subprocess.Popen([python, "-c", _PROGRAM, json.dumps(route(broker.mqtt_port, url))])
        try:
            until(lambda: _has_subscribed(broker.nats_port), 20, "mq-bridge has subscribed")
            load = LoadProcess(bare_broker.plan(broker, topics, SECONDS))
            pids = {"mq-bridge": bridge.pid, "postgres": postgres or 0, "nats": broker.pid}
            before = cpu_seconds(pids)
            stop = threading.Event()
            follower = threading.Thread(target=_follow, args=(url, load, stop))
            follower.start()
            result = load.start().finish()
            after = cpu_seconds(pids)
            until(lambda: _rows(database) >= result.acknowledged, 30, "every event is a row")
            stop.set()
            follower.join()
        finally:
            bridge.kill()
            bridge.wait()
    cost = {name: round((after[name] - before[name]) / result.acknowledged * 1e6, 1) for name in pids}
    say(f"mq-bridge {VERSION}: {result.acknowledged / SECONDS:.0f} rows a second; CPU us a row: {cost}")


def _follow(url: str, load: LoadProcess, stop: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        while not stop.wait(LOOK_S):
            load.stored(_rows(database))


def _has_subscribed(nats_port: int) -> bool:
    url = f"nats://{bare_broker.USER}:{bare_broker.PASSWORD}@127.0.0.1:{nats_port}"
    return stream_consumers(url, MQTT_MESSAGES_STREAM) > 0


def _rows(database: psycopg.Connection[tuple[int]]) -> int:
    row = database.execute("SELECT coalesce(max(n), 0) FROM rows").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    main()
