"""One owner a partition, one stream an epoch."""

from __future__ import annotations

import asyncio
import os
import signal

from nats.js.api import StreamConfig

from herun import streams, subjects
from tests.integration.processor.running import World, until
from tests.unit.processor.samples import START_US, event


async def owner(world: World) -> str:
    rows = world.rows("SELECT owner FROM partitions WHERE partition = 0")
    return str(rows[0]["owner"]) if rows else ""


async def test_the_older_of_two_owners_is_fenced(world: World) -> None:
    first = world.processor("first")
    await world.until_offset(await world.publish([event("e0", START_US)]))
    os.kill(first.process.pid, signal.SIGSTOP)
    second = world.processor("second")

    async def second_owns() -> bool:
        return await owner(world) == "second"

    await until("the lease has run out and another has it", second_owns)
    last = await world.publish([event("e1", START_US + 1), event("e0", START_US)])
    await world.until_offset(last)
    os.kill(first.process.pid, signal.SIGCONT)

    async def fenced() -> bool:
        return '"fenced"' in first.output.read_text()

    await until("the first has noticed", fenced)
    last = await world.publish([event("e2", START_US + 2)])
    await world.until_offset(last)
    assert world.value("SELECT count(*) FROM events") == 3
    await second.until_ready()
    assert second.get("/counts").json() == {"herun": {"d1": 3}}
    assert first.get("/counts").json() == {}


async def test_an_owner_that_stops_lets_go_at_once(world: World) -> None:
    first = world.processor("first")
    await world.until_offset(await world.publish([event("e0", START_US)]))
    assert first.stop() == 0
    world.processor("second")
    await world.until_offset(await world.publish([event("e1", START_US + 1)]))
    assert await owner(world) == "second"


async def test_another_stream_is_a_new_epoch_and_never_a_skip(world: World) -> None:
    processor = world.processor()
    await world.until_offset(await world.publish([event(f"e{n}", START_US + n) for n in range(5)]))
    assert processor.stop() == 0
    js = world.client.jetstream()
    await js.delete_stream(subjects.STREAM_EVENTS)
    await js.add_stream(_events_stream())
    world.writers.clear()
    await world.publish([event("e4", START_US + 4), event("e5", START_US + 5)])
    processor.restart()

    async def stored() -> bool:
        return bool(world.value("SELECT count(*) FROM events") == 6)

    await until("the frame of the new stream is stored", stored)
    await asyncio.sleep(0)
    assert world.value("SELECT stream_epoch FROM partitions") == 1
    assert world.value("SELECT max(position) >> 42 FROM events") == 1
    assert '"stream_is_another"' in processor.output.read_text()
    await processor.until_ready()
    assert processor.get("/counts").json() == {"herun": {"d1": 6}}
    assert "herun_processor_stream_epochs_total 1.0" in processor.get("/metrics").text


def _events_stream() -> StreamConfig:
    return next(each for each in streams.STREAMS if each.name == subjects.STREAM_EVENTS)
