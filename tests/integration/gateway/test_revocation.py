"""A device's rights end its connections when they end, not when it hangs up."""

from __future__ import annotations

import contextlib
import hashlib

import aiomqtt
import msgspec
import pytest

from herun import subjects
from herun.registry import DeviceEntry, encode_entry
from tests.integration.gateway.device import Device, now_text
from tests.integration.gateway.running import SECRET, Estate, GatewayProcess, event_payload, until

SENSOR = DeviceEntry("estate", "sensor-1", 0)
OTHER = DeviceEntry("estate", "sensor-2", 0)
TOPIC = "herun/v1/estate/{}/event"
NEW_SECRET = "another-made-up-secret"


def connection(estate: Estate, device: str) -> aiomqtt.Client:
    port = estate.broker.ports.mqtt
    return aiomqtt.Client("127.0.0.1", port, username=f"estate.{device}", password=SECRET, identifier=f"id-{device}")


async def is_closed(client: aiomqtt.Client, device: str) -> bool:
    try:
        await client.publish(TOPIC.format(device), event_payload("late", now_text()), qos=1, timeout=1)
    except aiomqtt.MqttError:
        return True
    return False


async def change(estate: Estate, how: str) -> None:
    bucket = await estate.js.key_value(subjects.BUCKET_REGISTRY)
    old = msgspec.structs.replace(SENSOR, secret_sha256=hashlib.sha256(SECRET.encode()).hexdigest())
    if how == "rotated":
        secret = hashlib.sha256(NEW_SECRET.encode()).hexdigest()
        await bucket.put(SENSOR.key, encode_entry(msgspec.structs.replace(old, secret_sha256=secret)))
    elif how == "disabled":
        await bucket.put(SENSOR.key, encode_entry(msgspec.structs.replace(old, enabled=False)))
    elif how == "removed":
        await bucket.delete(SENSOR.key)
    else:
        await bucket.put(SENSOR.key, encode_entry(msgspec.structs.replace(old, zone="z02")))


@pytest.mark.parametrize("how", ["rotated", "disabled", "removed"])
async def test_a_device_that_is_revoked_is_thrown_out_and_stays_out(
    estate: Estate, gateway: GatewayProcess, how: str
) -> None:
    await estate.register(SENSOR, OTHER)
    await gateway.start()
    async with connection(estate, "sensor-2") as other:
        with contextlib.suppress(aiomqtt.MqttError):  # that it cannot say goodbye
            async with connection(estate, "sensor-1") as revoked:
                await revoked.publish(TOPIC.format("sensor-1"), event_payload("before", now_text()), qos=1)
                await change(estate, how)
                await until("the connection is closed", lambda: is_closed(revoked, "sensor-1"), 5)
        assert not await Device(estate, SENSOR.key).is_let_in()
        assert await Device(estate, SENSOR.key, password=NEW_SECRET).is_let_in() is (how == "rotated")
        assert not await is_closed(other, "sensor-2")


async def test_what_was_revoked_while_no_gateway_ran_is_thrown_out_at_its_start(
    estate: Estate, gateway: GatewayProcess
) -> None:
    await estate.register(SENSOR, OTHER)
    await gateway.start()
    async with connection(estate, "sensor-2") as other:
        with contextlib.suppress(aiomqtt.MqttError):  # that it cannot say goodbye
            async with connection(estate, "sensor-1") as revoked:
                assert not await is_closed(revoked, "sensor-1")
                gateway.end()
                await change(estate, "rotated")
                await gateway.start()
                await until("the connection is closed", lambda: is_closed(revoked, "sensor-1"), 5)
        assert not await is_closed(other, "sensor-2")
    assert await gateway.metric("herun_gateway_connections_ended_total") == 1


async def test_a_change_that_takes_no_rights_away_ends_no_connection(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(SENSOR)
    await gateway.start()
    async with connection(estate, "sensor-1") as client:
        await change(estate, "moved")
        await estate.register(OTHER)  # follows in the same order: once it is in, the change has been seen

        async def is_known() -> bool:
            return await Device(estate, OTHER.key).is_let_in()

        await until("the other device is known", is_known)
        assert not await is_closed(client, "sensor-1")
    assert await gateway.metric("herun_gateway_connections_ended_total") == 0
