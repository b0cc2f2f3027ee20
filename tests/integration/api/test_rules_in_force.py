"""A rule that is put again reaches the running engine, which forgets no more than it has to. All processes are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest_asyncio

from api.outbox import service
from herun.clock import SECOND_US, SystemClock, to_us
from herun.events import Event
from herun.frames import FRAME_VERSION, Frame, FrameKind, new_frame_id
from herun.stream import FrameWriter
from tests.integration.api.running import SITE, World, until
from tests.integration.processor.running import Processor, again_and_again
from tests.support.ports import free_port

HELD_US: Final = 4 * SECOND_US
HIGH: Final[dict[str, Any]] = {
    "kind": "true_for", "uid": "high", "title": {"en": "High"}, "text": {"en": "{device}"}, "category": "flooding",
    "match": {"event_types": ["reading.reported"]}, "condition": "data.value > 5.0", "duration_s": HELD_US / SECOND_US,
}  # fmt: skip
OTHER: Final = HIGH | {"uid": "other", "match": {"event_types": ["reading.reported"], "where": {"metric": "other"}}}
REWORDED: Final = HIGH | {"text": {"en": "again: {device}"}, "severity": "critical", "cooldown_s": 1}


@dataclass
class Scene:
    """A world with a processor at work."""

    world: World
    writer: FrameWriter
    controls: int = 0

    async def put(self, rule: dict[str, Any]) -> None:
        """Puts a rule and waits until the engine has it."""
        await self.world.admin.put(f"rules/{rule['uid']}", rule)
        self.controls += 1
        await self._until_count("control_frames", self.controls)

    async def say(self, device: str, value: float, nth: int) -> int:
        """A reading of now, the n-th of all; returns its time when the engine has seen it."""
        at = SystemClock().now_us()
        event = Event(SITE, device, f"e{nth}", "reading.reported", 1, at, f'{{"metric": "level", "value": {value}}}')
        await self.publish([event])
        await self._until_count("events", nth)
        return at

    async def publish(self, events: list[Event]) -> None:
        """One frame."""
        await self.writer.publish(Frame(FRAME_VERSION, 0, "test", new_frame_id(), FrameKind.EVENTS, events))

    async def alert(self, device: str) -> dict[str, Any]:
        """The device's alert, when there is one."""
        await self._until_count(f"alerts WHERE device = '{device}'", 1)
        (row,) = self.world.rows("SELECT * FROM alerts WHERE device = %(device)s", device=device)
        return {**row, "raised_at": to_us(row["raised_at"])}

    async def passed(self, moment: int) -> None:
        """Waits until the engine's time is later."""

        async def later() -> bool:
            (row,) = self.world.rows("SELECT engine_time FROM partitions WHERE partition = 0")
            return to_us(row["engine_time"]) > moment

        await until("time has passed", later)

    async def _until_count(self, what: str, count: int) -> None:
        async def reached() -> bool:
            return bool(self.world.rows(f"SELECT count(*) AS n FROM {what}")[0]["n"] == count)

        await until(f"{count} of {what}", reached)


@asynccontextmanager
async def relaying(world: World) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(service.relay(world.resources, stop))
    try:
        yield
    finally:
        stop.set()
        world.resources.outbox_filled.set()
        await task


@pytest_asyncio.fixture
async def scene(world: World, tmp_path: Path) -> AsyncIterator[Scene]:
    environment = {
        "HERUN_DATA_DIR": str(tmp_path / "processor"),
        "HERUN_DATABASE_URL": world.database_url,
        "HERUN_NATS_URL": world.servers.nats.url,
        "HERUN_PARTITIONS": "4",
        "HERUN_PROCESSOR_HTTP_PORT": str(free_port()),
    }
    processor = Processor(environment, tmp_path / "processor.log")
    try:
        await processor.until_ready()
        async with relaying(world):
            writer = FrameWriter(world.resources.js, 0, FrameKind.EVENTS)
            scene = Scene(world, writer, world.rows("SELECT count(*) AS n FROM control_frames")[0]["n"])
            async with again_and_again(lambda: scene.publish([])):  # a gateway listens
                yield scene
    finally:
        processor.kill()


async def test_new_words_and_other_rules_leave_what_is_pending_as_it_is(scene: Scene) -> None:
    await scene.put(HIGH)
    began = await scene.say("d1", 9, 1)
    await scene.put(REWORDED)
    await scene.put(OTHER)
    await scene.put(OTHER | {"condition": "data.value > 7.0"})
    alert = await scene.alert("d1")
    assert alert["raised_at"] == began + HELD_US
    assert (alert["rule_version"], alert["severity"], alert["text"]) == (2, "critical", {"en": "again: d1"})


async def test_another_condition_begins_anew(scene: Scene) -> None:
    await scene.put(HIGH)
    lost = await scene.say("d1", 9, 1)
    await scene.put(HIGH | {"condition": "data.value > 6.0"})
    await scene.passed(lost + HELD_US + SECOND_US)
    assert scene.world.rows("SELECT 1 FROM alerts") == []
    began = await scene.say("d1", 9, 2)
    assert (await scene.alert("d1"))["raised_at"] == began + HELD_US
