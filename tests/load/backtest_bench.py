"""`make bench-backtest`: how many stored events a second a backtest of 50 rules takes, and whether it says the same.

BENCH_EVENTS (default 10,000,000) events of 32 devices are made, go through a live engine with its duplicates and late
ones, and are stored by the processor's own transaction. Then the program that `herun backtest` starts runs over them.
Exit code 1 unless it tells exactly the alerts that the live engine raised.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from herun.alerts import Alert
from herun.backtests import Backtest, encode_job
from herun.clock import MINUTE_US, ManualClock, parse_time
from herun.database.pool import role_conninfo
from herun.events import Event
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from processor import lease as leases
from processor.backtest.report import MAX_ALERTS
from processor.batch import Batch, TakenFrame
from processor.engine.engine import Engine
from processor.engine.state import State
from processor.lease import position_of
from processor.store import ROLE, write_batch
from tests.integration.processor.running import DatabaseServer
from tests.load.report import say
from tests.load.rules import LOAD_METRIC, fifty

SITE: Final = "s1"
DEVICES: Final = 32
FRAME_EVENTS: Final = 10
BATCH_FRAMES: Final = 2_000
PACE_US: Final = 2_592_000  # between frames: ten million events are 30 days
SPELL_US: Final = 15 * MINUTE_US
SPELL_EVERY: Final = 401
START_US: Final = parse_time("2026-05-01T00:00:00+08:00")


def frames(count: int) -> Iterator[tuple[Frame, int]]:
    """Registrations and rules, then the events: a few hot, late and doubled."""
    controls = [Control(SITE, f"d{n}", "device.put", {"device": f"d{n}", "zone": "z01"}) for n in range(DEVICES)]
    controls += [Control(SITE, body["uid"], "rule.put", body) for body in fifty()]
    yield Frame(FRAME_VERSION, 0, "bench", "controls", FrameKind.CONTROL, [], controls), START_US
    chance = random.Random(7)
    for n in range(count // FRAME_EVENTS):
        at = START_US + (n + 1) * PACE_US
        events = [_event(chance, f"{n}-{k}", at) for k in range(FRAME_EVENTS)]
        if chance.random() < 0.01:
            events.append(events[0])
        yield Frame(FRAME_VERSION, 0, "bench", f"f{n}", FrameKind.EVENTS, events), at


def _event(chance: random.Random, event_id: str, at: int) -> Event:
    """Each quarter of an hour one device in some hundred is hot and speaks much, and one is silent."""
    quarter = at // SPELL_US
    hot, silent = quarter * 31 % SPELL_EVERY, quarter * 37 % SPELL_EVERY
    device = hot if hot < DEVICES and chance.random() < 0.5 else chance.randrange(DEVICES)
    if device == silent:
        device = (device + 1) % DEVICES
    value = 20 + 30 * chance.random() + (50 if device == hot else 0)
    late = 3_000_000 if chance.random() < 0.01 else 0
    data = f'{{"metric":"{LOAD_METRIC}","value":{value:.2f},"unit":"C"}}'
    return Event(SITE, f"d{device}", event_id, "reading.reported", 1, at - 40_000 - late, data)


async def store_live(dsn: str, count: int) -> tuple[dict[str, Alert], int]:
    """Runs the live engine and stores what it decides; the newest version of each alert, and the end."""
    engine, newest, at = Engine(State(), outage_gap_us=2**62), dict[str, Alert](), START_US
    info = role_conninfo(dsn, ROLE, "bench")
    connection = await AsyncConnection.connect(info, autocommit=True, row_factory=dict_row)
    async with connection:
        clock = ManualClock(START_US)
        lease = await leases.claim(connection, clock, 0, "bench", own_at_once=True)
        assert lease is not None
        batch = Batch(0)
        for sequence, (frame, at) in enumerate(frames(count), start=1):
            batch.frames.append(TakenFrame(sequence, at, frame, b""))
            batch.decisions.append(engine.apply(frame, position_of(0, sequence), at))
            engine.commit()
            newest |= {alert.alert_id: alert for alert in batch.decisions[-1].alerts}
            if len(batch.frames) == BATCH_FRAMES:
                batch = await _flush(connection, clock, lease, batch)
        if batch.frames:
            await _flush(connection, clock, lease, batch)
    return newest, at


async def _flush(connection: Any, clock: ManualClock, lease: leases.Lease, batch: Batch) -> Batch:
    await write_batch(connection, clock, lease, batch)
    lease.sequence, lease.frame_id = batch.last.sequence, batch.last.frame.frame_id
    return Batch(0)


def run_backtest(dsn: str, until: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The program's result and its figures."""
    job = Backtest(site=SITE, from_us=START_US - 1, to_us=until + 1, warm_up_us=0)
    command = [sys.executable, "-m", "processor.backtest"]
    environment = {**os.environ, "HERUN_DATABASE_URL": dsn}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        program.stdin.write(encode_job(job) + b"\n")
        program.stdin.flush()  # and held open: the program ends with it
        told, figures = program.stdout.read(), program.stderr.read()
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise SystemExit(f"the backtest failed: {told[:1000].decode()}{figures[-1000:].decode()}")
    return json.loads(told), json.loads(figures.splitlines()[-1]) | {"memory_mb": usage.ru_maxrss // 1024}


def same(result: dict[str, Any], live: dict[str, Alert]) -> bool:
    """Whether both sides tell the same alerts, with the same versions, and the backtest itself finds no difference."""
    told = {alert["alert_id"]: (alert["version"], alert["state"], alert["count"]) for alert in result["alerts"]}
    expected = {alert.alert_id: (alert.version, alert.state.value, alert.count) for alert in live.values()}
    difference = result["difference"]
    return (
        told == expected
        and len(difference["both"]) == len(expected)
        and all(pair["equal"] for pair in difference["both"])
        and not difference["only_live"]
        and not difference["only_candidate"]
    )


def main() -> None:
    """Makes the rows, runs over them, says so."""
    count = int(os.environ.get("BENCH_EVENTS", "10000000"))
    with tempfile.TemporaryDirectory(prefix="herun-backtest-") as folder:
        server = DatabaseServer(Path(folder))
        server.start()
        try:
            dsn = server.new_database()
            say(f"{count} events through the live engine into the database ...")
            live, until = asyncio.run(store_live(dsn, count))
            assert 0 < len(live) <= MAX_ALERTS
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE events")
            say("the backtest ...")
            result, figures = run_backtest(dsn, until)
        finally:
            server.stop()
    is_same = same(result, live)
    say(f"{figures['events']} events, {len(fifty())} rules, {len(live)} alerts: {figures['seconds']} s")
    say(f"{figures['events_per_second']} events a second, {figures['cpu_seconds']} s of CPU, {figures['memory_mb']} MB")
    say("the same as live" if is_same else "NOT the same as live")
    sys.exit(0 if is_same else 1)


if __name__ == "__main__":
    main()
