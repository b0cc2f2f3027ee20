"""The session at a real broker: lost, resumed, and what is not acknowledged."""

from __future__ import annotations

import asyncio

from herun.mqtt import writer
from herun.registry import DeviceEntry
from tests.integration.gateway.device import connected
from tests.integration.gateway.running import Estate, GatewayProcess, until

DEVICE = "estate.sensor-1"


async def wipe_session(estate: Estate) -> None:
    """Connects with the gateway's own name and client id, and a clean session: the broker forgets what it held."""
    reader, stream = await asyncio.open_connection("127.0.0.1", estate.broker.ports.mqtt)
    stream.write(
        writer.encode_connect(
            writer.Connect(client_id="herun-gateway-0", username="gateway", password="secret", clean=True)
        )
    )
    assert (await reader.read(4))[3] == 0
    stream.write(writer.DISCONNECT)
    stream.close()
    await stream.wait_closed()


async def test_a_lost_session_is_made_anew_and_subscribed(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    async with connected(estate, DEVICE) as device:
        await device.read("before")
        await estate.has_events("before")
        await wipe_session(estate)

        async def is_new() -> bool:
            return await gateway.metric('herun_gateway_connections_total{session="new"}') == 2

        await until("there is a new session", is_new)
        await device.read("after")
        await estate.has_events("after")


async def test_a_session_without_its_subscription_is_subscribed_by_the_next_process(
    estate: Estate, gateway: GatewayProcess
) -> None:
    """A process that died between CONNECT and SUBSCRIBE leaves a session that receives nothing."""
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    reader, stream = await asyncio.open_connection("127.0.0.1", estate.broker.ports.mqtt)
    stream.write(
        writer.encode_connect(writer.Connect(client_id="herun-gateway-0", username="gateway", password="secret"))
    )
    assert (await reader.read(4))[3] == 0
    stream.close()
    await stream.wait_closed()
    await gateway.start()
    async with connected(estate, DEVICE) as device:
        await device.read("e-1")
    await estate.has_events("e-1")


async def test_a_backlog_larger_than_the_brokers_window_is_read_to_its_end(
    estate: Estate, gateway: GatewayProcess
) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    async with connected(estate, DEVICE) as device:
        await device.read("first")
        gateway.end()
        for start in range(0, 6_000, 1_000):
            await device.read(*(f"e-{number}" for number in range(start, start + 1_000)))
    await gateway.start()

    said = {"first", *(f"e-{number}" for number in range(6_000))}

    async def all_there() -> bool:
        return len(await estate.events()) >= len(said)

    await until("the backlog is stored", all_there)
    found = [event.event_id for event in await estate.events()]
    assert set(found) == said
    assert len(found) == len(set(found))


async def test_a_gateway_that_listens_says_so_to_every_partition(estate: Estate, gateway: GatewayProcess) -> None:
    await gateway.start()

    async def said() -> bool:
        info = await estate.js.stream_info("EVENTS", subjects_filter="EVENTS.*.events")
        return all((info.state.subjects or {}).get(f"EVENTS.{partition}.events", 0) >= 2 for partition in range(4))

    await until("each partition has two empty frames", said)
    assert await estate.events() == []
