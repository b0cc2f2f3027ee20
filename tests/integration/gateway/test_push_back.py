"""A full stream and a full broker push back, up to the device, and lose nothing."""

from __future__ import annotations

import asyncio

import nats
from nats.aio.client import Client

from herun import subjects
from herun.registry import DeviceEntry
from herun.streams import stream_fill
from tests.integration.gateway.device import connected
from tests.integration.gateway.running import Estate, GatewayProcess, until

DEVICE = "estate.sensor-1"
EVENTS = 6_000
SMALL_BYTES = 100_000  # of the stream and of the broker's buffer: a tenth of what is published


async def set_bound(client: Client, stream: str, max_bytes: int) -> None:
    js = client.jetstream()
    config = (await js.stream_info(stream)).config
    await js.update_stream(config.evolve(max_bytes=max_bytes))


async def test_a_full_stream_and_a_full_broker_push_back_and_lose_nothing(
    estate: Estate, gateway: GatewayProcess
) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    devices = await nats.connect(estate.broker.settings["HERUN_DEVICES_NATS_URL"])
    try:
        await set_bound(estate.client, "EVENTS", SMALL_BYTES)
        await set_bound(devices, subjects.MQTT_MESSAGES_STREAM, SMALL_BYTES)
        ids = [f"e-{number}" for number in range(EVENTS)]
        async with connected(estate, DEVICE) as device:
            publishing = asyncio.create_task(device.read(*ids))

            async def is_full() -> bool:
                buffer = await stream_fill(devices.jetstream(), subjects.MQTT_MESSAGES_STREAM)
                return buffer.used_bytes > SMALL_BYTES * 0.9

            await until("the stream refuses, and the broker is full", is_full)

            async def is_refused() -> bool:
                return await gateway.metric('herun_broker_refused_total{reason="buffer_full"}') >= 1

            await until("the broker refuses the device, and that is counted", is_refused)
            assert not publishing.done()
            await set_bound(estate.client, "EVENTS", 100 * SMALL_BYTES)
            await set_bound(devices, subjects.MQTT_MESSAGES_STREAM, 100 * SMALL_BYTES)
            await asyncio.wait_for(publishing, 60)
        await estate.has_events(*ids)
    finally:
        await devices.close()
