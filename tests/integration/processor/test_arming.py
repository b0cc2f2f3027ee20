"""Killed while a delay runs, the processor arms and confirms once, and on time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from herun.clock import SystemClock, to_us
from herun.frames import Control
from tests.integration.processor.running import World
from tests.unit.processor.samples import SECOND_US, SITE, event, put_device

DEVICES = (put_device("front", zone="z1"), put_device("cam", zone="z1"))
PLAN: dict[str, Any] = {"exit_delay_s": 3, "entry_delay_s": 3, "entry_doors": ["front"]}
BY = {"zone": "z1", "who": "oscar", "why": "test"}
TOLD = "SELECT event_type, device, event_time, flags, data FROM events WHERE flags & 8 = 8 ORDER BY position, n"


def control(kind: str, body: dict[str, Any]) -> Control:
    return Control(SITE, f"{kind}-{body.get('change', '')}", kind, body)


async def killed_again_and_again(world: World, processor: Any, statement: str) -> None:
    """Killed at once, a little later, and when it has happened; then nothing more happens."""
    processor.restart()
    await asyncio.sleep(0.7)  # so that it is killed once with and once without a snapshot
    processor.restart()
    await world.until_count(statement, 1)
    processor.restart()
    await processor.until_ready()
    await asyncio.sleep(1.5)  # time enough for another
    assert world.value(statement) == 1


def told(world: World) -> list[dict[str, Any]]:
    return world.rows(TOLD)


@pytest.mark.parametrize("interval", ["0.2", "1000"])
async def test_killed_during_exit_and_entry_delay_both_end_once_and_on_time(world: World, interval: str) -> None:
    processor = world.processor(snapshot_interval_s=interval)
    await world.control(*DEVICES, control("arming.plan.put", BY | {"change": 1, "plan": PLAN}))
    await world.control(control("arming.mode.set", BY | {"change": 2, "mode": "armed"}))
    await world.until_count("SELECT count(*) FROM events WHERE event_type = 'zone.arming'", 1)
    await killed_again_and_again(world, processor, "SELECT count(*) FROM events WHERE event_type = 'zone.armed'")
    now = SystemClock().now_us()
    await world.until_offset(await world.publish([event("e1", now, device="front", event_type="door.opened", data={})]))
    await killed_again_and_again(
        world, processor, "SELECT count(*) FROM events WHERE event_type = 'intrusion.confirmed'"
    )
    rows = told(world)
    assert [(row["event_type"], row["device"]) for row in rows] == [
        ("zone.arming", "z1"),
        ("zone.armed", "z1"),
        ("entry.begun", "front"),
        ("intrusion.confirmed", "front"),
    ]
    arming, armed, entry, intrusion = (to_us(row["event_time"]) for row in rows)
    assert (armed - arming, intrusion - entry) == (3 * SECOND_US, 3 * SECOND_US)


async def test_rebuilt_from_stored_rows_a_drill_and_an_armed_zone_are_as_they_were(world: World) -> None:
    processor = world.processor(snapshot_interval_s="1000")
    now = SystemClock().now_us()
    drill: dict[str, Any] = {"window": "w1", "kind": "drill", "devices": ["cam"], "who": "susan"}
    drill |= {"begin_us": now - SECOND_US, "end_us": now + 3_600 * SECOND_US}
    await world.control(
        *DEVICES,
        control("arming.mode.set", BY | {"change": 1, "mode": "armed"}),
        control("service.window.put", drill),
    )
    seen = [event("e1", now, device="cam", event_type="person.captured", data={})]
    await world.until_offset(await world.publish(seen))
    assert processor.stop() == 0
    js = world.client.jetstream()
    info = await js.stream_info("EVENTS")
    await js.purge_stream("EVENTS", seq=info.state.last_seq)
    world.writers.clear()
    processor.restart()
    await processor.until_ready()
    assert '"state_rebuilt_from_rows"' in processor.output.read_text()
    now = SystemClock().now_us()
    more = [
        event("e2", now, device="cam", event_type="person.captured", data={}),
        event("e3", now, device="front", event_type="door.opened", data={}),
    ]
    await world.until_offset(await world.publish(more))
    flags = {row["event_id"]: row["flags"] for row in world.rows("SELECT event_id, flags FROM events WHERE flags < 32")}
    assert (flags["e1"], flags["e2"], flags["e3"]) == (16, 16, 0)
    assert [row["event_type"] for row in told(world)] == ["zone.armed", "service.begun", "intrusion.confirmed"]
