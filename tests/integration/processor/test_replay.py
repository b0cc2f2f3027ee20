"""The same frames give the same rows, whatever was lost besides them."""

from __future__ import annotations

import asyncio
import random

import psycopg

from herun.frames import FrameKind
from tests.integration.processor.running import Processor, World
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_list, put_rule, rule

ALERTS = "SELECT a::text AS row FROM alerts a ORDER BY site, alert_id"
VERSIONS = "SELECT v::text AS row FROM alert_versions v ORDER BY site, alert_id, version"
OUTAGE_S = 5.6  # longer than what still counts as listening
SILENT_S = 3
RULES = (
    put_device("d1", zone="z"),
    put_device("d2", zone="z"),
    put_list("wanted", "h1"),
    put_rule(rule("high", "threshold", raise_above=7, clear_below=3, cooldown_s=5, key="zone")),
    put_rule(rule("held", "true_for", condition={"field": "value", "op": ">", "value": 5}, duration_s=0.5)),
    put_rule(rule("often", "count", count=3, window_s=2, key="site")),
    put_rule(rule("silent", "absence", duration_s=2, match={"devices": ["d3"]})),
    put_rule(rule("listed", "plate_list", types=("vehicle.passed",), plate_list="wanted", cooldown_s=3)),
    put_device("d3"),
)


async def fill(world: World, frames: int, seed: int = 3) -> int:
    """Publishes frames with repeats and late events; the sequence of the last."""
    chance = random.Random(seed)
    last = await world.control(*RULES)
    for n in range(frames):
        events = [
            event(f"e{n}-{k}", START_US + n * SECOND_US - chance.choice([0, 0, 2]) * SECOND_US, chance.randrange(10))
            for k in range(4)
        ]
        events.append(
            event(f"p{n}", START_US + n * SECOND_US, event_type="vehicle.passed", data={"plate_hash": f"h{n % 3}"},
                  device="d2", personal={"plate": "made up"})
        )  # fmt: skip
        last = await world.publish([*events, *events[:2]])
    return last


async def settled(world: World, processor: Processor) -> None:
    """Waits until time has done all that it will do (a silence raised, a count cleared), then stops."""
    async with world.listening():
        await world.until_count(
            "SELECT count(*) FILTER (WHERE rule_uid = 'silent') - count(*) FILTER (WHERE rule_uid = 'often' AND"
            " state = 'raised') FROM alerts",
            1,
        )
    assert processor.stop() == 0


async def test_a_replay_into_an_empty_database_gives_the_same_alert_rows_whole(world: World) -> None:
    first = world.processor("first", snapshot_interval_s="0.2")
    last = await fill(world, 15)
    await world.until_offset(last)
    first.restart()
    await settled(world, first)
    until = world.value("SELECT sequence FROM partitions")
    other = world.postgres.new_database()
    world.processor("second", database_url=other)
    await world.until_offset(until, other)
    for statement in (ALERTS, VERSIONS):
        rows = world.rows(statement)
        assert len(rows) > 5
        assert world.rows(statement, other) == rows
    everything = "SELECT e::text AS row FROM events e ORDER BY position, n"
    assert world.rows(everything, other) == world.rows(everything)


async def test_without_a_snapshot_the_state_comes_from_the_stream(world: World) -> None:
    processor = world.processor(snapshot_interval_s="0.2")
    await world.until_offset(await fill(world, 10))
    await settled(world, processor)
    with psycopg.connect(world.database_url) as connection:
        connection.execute("SET ROLE herun_processor")
        connection.execute("UPDATE snapshots SET state = 'broken'")
    before = world.rows(VERSIONS)
    processor.restart()
    await processor.until_ready()
    assert '"snapshot_unreadable"' in processor.output.read_text()
    assert processor.get("/counts").json() == {"herun": {"d1": 40, "d2": 10}}
    await world.until_offset(await world.publish([event("e3-0", START_US + 3 * SECOND_US)]))
    assert processor.get("/counts").json() == {"herun": {"d1": 40, "d2": 10}}
    assert world.rows(VERSIONS) == before


async def test_without_snapshot_and_stream_the_state_comes_from_the_stored_rows(world: World) -> None:
    processor = world.processor(snapshot_interval_s="1000")
    await world.until_offset(await fill(world, 10))
    await settled(world, processor)
    js = world.client.jetstream()
    info = await js.stream_info("EVENTS")
    await js.purge_stream("EVENTS", seq=info.state.last_seq)
    before = world.rows("SELECT alert_id FROM alerts ORDER BY alert_id")
    processor.restart()
    await processor.until_ready()
    assert '"state_rebuilt_from_rows"' in processor.output.read_text()
    assert processor.get("/counts").json() == {"herun": {"d1": 40, "d2": 10}}
    world.writers.pop(FrameKind.EVENTS)
    await world.until_offset(await world.publish([event("e3-0", START_US + 3 * SECOND_US)]))
    assert world.value("SELECT count(*) FROM events WHERE flags & 8 = 0") == 50  # besides what was derived
    assert world.rows("SELECT alert_id FROM alerts ORDER BY alert_id") == before


async def test_a_state_from_the_rows_knows_when_nobody_listened(world: World) -> None:
    processor = world.processor(snapshot_interval_s="1000")
    await processor.until_ready()
    await world.publish([])
    silent = rule("silent", "absence", duration_s=SILENT_S, match={"devices": ["d3"]})
    await world.until_offset(await world.control(put_device("d3"), put_rule(silent)))
    await asyncio.sleep(OUTAGE_S)
    await world.until_offset(await world.publish([event("e1", START_US)]))
    js = world.client.jetstream()
    info = await js.stream_info("EVENTS")
    processor.kill()
    await js.purge_stream("EVENTS", seq=info.state.last_seq)
    processor.restart()
    await processor.until_ready()
    assert '"state_rebuilt_from_rows"' in processor.output.read_text()
    world.writers.pop(FrameKind.EVENTS)
    async with world.listening():
        await world.until_count("SELECT count(*) FROM alerts", 1)
    (due,) = world.rows(
        f"SELECT min(listened) + interval '{SILENT_S} s' + (SELECT sum(ended - began) FROM outages) AS due"
        " FROM control_frames"
    )
    assert world.value("SELECT raised_at FROM alerts") == due["due"]
