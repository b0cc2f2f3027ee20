"""From the API through the stream to a real processor, and back through its events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from herun.clock import SystemClock
from herun.events import Event
from herun.frames import FRAME_VERSION, Frame, FrameKind, new_frame_id
from herun.stream import FrameWriter
from tests.integration.api.running import SITE, World, until
from tests.integration.api.test_outbox import relaying
from tests.integration.processor.running import Processor
from tests.support.ports import free_port


@asynccontextmanager
async def processing(world: World, folder: Path) -> AsyncIterator[None]:
    environment = {
        "HERUN_DATA_DIR": str(folder),
        "HERUN_DATABASE_URL": world.database_url,
        "HERUN_NATS_URL": world.servers.nats.url,
        "HERUN_PARTITIONS": "1",
        "HERUN_PROCESSOR_HTTP_PORT": str(free_port()),
    }
    processor = Processor(environment, folder / "processor.log")
    try:
        await processor.until_ready()
        yield
    finally:
        processor.kill()


async def says(world: World, device: str, event_type: str) -> None:
    writer = FrameWriter(world.resources.js, 0, FrameKind.EVENTS)
    event = Event(SITE, device, new_frame_id(), event_type, 1, SystemClock().now_us(), "{}")
    await writer.publish(Frame(FRAME_VERSION, 0, "test", new_frame_id(), FrameKind.EVENTS, [event]))


async def test_a_zone_is_refused_forced_entered_and_disarmed_in_time(world: World, tmp_path: Path) -> None:
    oscar, zone = world.by("oscar"), "arming/zones/z1"

    async def shows(what: str, **wanted: Any) -> None:
        async def equal() -> bool:
            actual = (await oscar.get(zone))["actual"]
            return actual is not None and all(actual[name] == value for name, value in wanted.items())

        await until(what, equal)

    world.clock.at_us = SystemClock().now_us()
    async with processing(world, tmp_path), relaying(world):
        await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}]})
        await world.admin.put(f"{zone}/plan", {"entry_delay_s": 60, "entry_doors": ["d1"]})
        await says(world, "d1", "door.opened")
        await until_stored(world, "door.opened")
        await oscar.post(f"{zone}/mode", {"mode": "armed"})

        async def refused() -> bool:
            actual = (await oscar.get(zone))["actual"]
            return bool(actual and actual["refused"] and actual["refused"]["doors"] == "d1")

        await until("it is refused, because d1 stands open", refused)
        await oscar.post(f"{zone}/mode", {"mode": "armed", "force": True, "why": "the door is stuck"})
        await shows("it is armed", mode="armed", who="oscar", why="the door is stuck", refused=None)
        await says(world, "d1", "door.closed")
        await says(world, "d1", "door.opened")
        await until_stored(world, "entry.begun")
        assert (await oscar.get(zone))["actual"]["entered_at"] is not None
        await oscar.post(f"{zone}/mode", {"mode": "disarmed"})
        await shows("it is disarmed", mode="disarmed", entered_at=None)
    assert world.rows("SELECT 1 FROM events WHERE event_type = 'intrusion.confirmed'") == []


async def until_stored(world: World, event_type: str) -> None:
    async def is_stored() -> bool:
        return bool(world.rows("SELECT 1 FROM events WHERE event_type = %(event_type)s", event_type=event_type))

    await until(f"{event_type} is stored", is_stored)
