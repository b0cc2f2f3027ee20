"""The promise of the gateway, with real processes: nothing that the broker took is lost, whoever dies."""

from __future__ import annotations

import signal

from herun import subjects
from herun.registry import DeviceEntry
from herun.streams import stream_fill
from tests.integration.gateway.device import connected
from tests.integration.gateway.running import Estate, GatewayProcess, until

DEVICE = "estate.sensor-1"


def ids(first: int, last: int) -> list[str]:
    return [f"e-{number}" for number in range(first, last)]


async def test_events_reach_the_stream_in_frames_of_their_partition(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 2))
    await gateway.start()
    async with connected(estate, DEVICE) as device:
        await device.read(*ids(0, 300))
    await estate.has_events(*ids(0, 300))
    assert sorted(event.event_id for event in await estate.events()) == sorted(ids(0, 300))
    frame = await estate.js.get_last_msg("EVENTS", "EVENTS.2.events")
    assert frame.seq is not None
    assert (await estate.js.stream_info("EVENTS")).state.messages < 300
    await until("all is acknowledged", lambda: _is_idle(gateway))


async def _is_idle(gateway: GatewayProcess) -> bool:
    return await gateway.metric("herun_gateway_in_flight") == 0


async def test_what_is_published_while_the_gateway_is_down_is_stored_when_it_is_back(
    estate: Estate, gateway: GatewayProcess
) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    async with connected(estate, DEVICE) as device:
        await device.read(*ids(0, 50))
        gateway.end(signal.SIGKILL)
        await device.read(*ids(50, 200))
    await gateway.start()
    await estate.has_events(*ids(0, 200))


async def test_a_message_is_acknowledged_only_after_the_stream_has_it(estate: Estate, gateway: GatewayProcess) -> None:
    """Killed between storing and acknowledging: the broker delivers again, marked as a repeat; nothing is lost."""
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    armed = GatewayProcess(estate.broker, estate.folder, HERUN_FAULT="gateway.stored_not_acknowledged")
    await armed.start()
    async with connected(estate, DEVICE) as device:
        await device.read(*ids(0, 20))
        await until("the gateway is dead", lambda: _is_dead(armed))
        await gateway.start()
        await device.read(*ids(20, 40))
    await estate.has_events(*ids(0, 40))

    async def redelivered() -> bool:
        return any(event.flags & 1 for event in await estate.events())

    await until("what was not acknowledged comes again", redelivered)


async def _is_dead(gateway: GatewayProcess) -> bool:
    return gateway.process is None or gateway.process.poll() is not None


async def test_nothing_is_lost_while_the_broker_and_stream_are_killed(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    for round_ in range(3):
        async with connected(estate, DEVICE) as device:
            await device.read(*ids(round_ * 100, round_ * 100 + 100))
        estate.broker.kill()
        await estate.broker.start()
    async with connected(estate, DEVICE) as device:
        await device.read("last")
    await estate.has_events(*ids(0, 300), "last")


async def test_a_device_registered_after_a_broker_restart_is_known(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    estate.broker.kill()
    await estate.broker.start()
    await until("the gateway is ready again", gateway.is_ready)
    await estate.register(DeviceEntry("estate", "sensor-2", 1))

    async def is_known() -> bool:
        return await gateway.metric("herun_gateway_devices") == 2

    await until("the new device is known", is_known)
    async with connected(estate, "estate.sensor-2") as device:
        await device.read("e-1")
    await estate.has_events("e-1")


async def test_a_graceful_stop_leaves_nothing_unacknowledged(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    async with connected(estate, DEVICE) as device:
        await device.read(*ids(0, 100))
    await estate.has_events(*ids(0, 100))
    assert gateway.end(signal.SIGTERM) == 0
    await gateway.start()
    async with connected(estate, DEVICE) as device:
        await device.read("last")
    await estate.has_events("last")
    assert len(await estate.events()) == 101


async def test_the_brokers_buffer_is_bounded_before_devices_connect(estate: Estate, gateway: GatewayProcess) -> None:
    import nats

    await gateway.start()
    client = await nats.connect(estate.broker.settings["HERUN_DEVICES_NATS_URL"])
    try:
        fill = await stream_fill(client.jetstream(), subjects.MQTT_MESSAGES_STREAM)
    finally:
        await client.close()
    assert fill.max_bytes is not None
    assert fill.discards_new


async def test_a_second_gateway_of_the_same_shard_ends_one_of_the_two(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    other = GatewayProcess(estate.broker, estate.folder)
    other.launch()
    try:

        async def one_is_left() -> bool:
            return await _is_dead(gateway) != await _is_dead(other)

        await until("one of the two gives way", one_is_left, within_s=60)
        left = other if await _is_dead(gateway) else gateway
        await until("the other one works", left.is_ready)
        async with connected(estate, DEVICE) as device:
            await device.read("e-1")
        await estate.has_events("e-1")
    finally:
        other.end()
