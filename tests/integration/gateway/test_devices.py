"""Who is let in, what is read of foreign devices, what goes down to them, and what is kept of being on line."""

from __future__ import annotations

import asyncio
import base64
import json

import aiomqtt

from herun import subjects
from herun.registry import DeviceEntry, DeviceFormat
from tests.integration.gateway.device import Device, connected, now_text
from tests.integration.gateway.running import SECRET, Estate, GatewayProcess, event_payload, until

SERIAL = "0a1b2c3d-4e5f6071"
JPEG = b"\xff\xd8\xff\xe0" + b"made up" * 1000
CAMERA = DeviceEntry("estate", "gate-1", 1, format=DeviceFormat.VZENITH, external_id=SERIAL, direction="in")


async def test_only_registered_devices_with_their_secret_are_let_in(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0), DeviceEntry("estate", "sensor-off", 0, enabled=False))
    await gateway.start()
    assert await Device(estate, "estate.sensor-1").is_let_in()
    assert not await Device(estate, "estate.sensor-1", password="wrong").is_let_in()
    assert not await Device(estate, "estate.sensor-1", client_id="herun-gateway-0").is_let_in()
    assert not await Device(estate, "estate.sensor-off").is_let_in()
    assert not await Device(estate, "estate.nobody").is_let_in()
    assert await gateway.metric('herun_gateway_auth_total{result="allowed"}') == 1
    assert await gateway.metric('herun_gateway_auth_total{result="refused"}') == 4


async def test_a_client_id_with_site_and_device_is_that_devices_own(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0), DeviceEntry("estate", "sensor-2", 0))
    await gateway.start()
    assert await Device(estate, "estate.sensor-1", client_id="estate:sensor-1").is_let_in()
    assert not await Device(estate, "estate.sensor-2", client_id="estate:sensor-1").is_let_in()
    for ordinary in ("estate:sensor-3", "estate-sensor-1", "sensor-1", "a:b:c", ":"):
        assert await Device(estate, "estate.sensor-2", client_id=ordinary).is_let_in(), ordinary


async def test_a_picture_is_in_the_folder_before_its_event_is_in_the_stream(
    estate: Estate, gateway: GatewayProcess
) -> None:
    await estate.register(DeviceEntry("estate", "camera-1", 0))
    await gateway.start()
    data = {"count": 1, "picture": base64.b64encode(JPEG).decode()}
    payload = event_payload("with-picture", now_text(), type="person.captured", data=data)
    async with connected(estate, "estate.camera-1") as camera:
        await camera.publish(("herun/v1/estate/camera-1/event", payload))
    await estate.has_events("with-picture")
    (event,) = await estate.events()
    path = json.loads(event.data)["picture"]
    assert (estate.folder / "objects" / path).read_bytes() == JPEG
    assert await gateway.metric("herun_gateway_pictures_total") == 1


async def test_foreign_devices_are_read_on_their_own_topics(estate: Estate, gateway: GatewayProcess) -> None:
    bridge = DeviceEntry("estate", "bridge-1", 2, format=DeviceFormat.ZIGBEE2MQTT, base_topic="zigbee2mqtt")
    child = DeviceEntry("estate", "smoke-1", 2, format=DeviceFormat.ZIGBEE2MQTT, bridge="bridge-1", external_id="hall")
    await estate.register(CAMERA, bridge, child)
    await gateway.start()
    plate = base64.b64encode("测A12345".encode()).decode()
    passage = {
        "payload": {"AlarmInfoPlate": {"result": {"PlateResult": {"license": plate, "plateid": 1}}}},
        "timestamp": 5,
    }
    async with connected(estate, "estate.gate-1") as camera, connected(estate, "estate.bridge-1") as zigbee:
        await camera.publish((f"{SERIAL}/device/message/up/ivs_result", json.dumps(passage).encode()))
        await zigbee.publish(("zigbee2mqtt/hall", b'{"smoke":true}'), ("zigbee2mqtt/bridge/state", b"online"))

    async def all_there() -> bool:
        return len(await estate.events()) == 3

    await until("three events", all_there)
    assert {(event.device, event.event_type) for event in await estate.events()} == {
        ("gate-1", "vehicle.passed"),
        ("smoke-1", "state.reported"),
        ("bridge-1", "device.connected"),
    }


async def test_a_retained_state_is_kept_and_never_becomes_an_event(estate: Estate, gateway: GatewayProcess) -> None:
    """The session is lost and made anew: its subscription brings what the broker retained."""
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    await gateway.start()
    async with aiomqtt.Client(
        "127.0.0.1", estate.broker.ports.mqtt, username="estate.sensor-1", password=SECRET, identifier="s"
    ) as client:
        await client.publish("herun/v1/estate/sensor-1/state", b"online", qos=1, retain=True)

        async def is_stored() -> bool:
            return len(await estate.events()) == 1

        await until("the live state is an event", is_stored)
        gateway.end()
        bucket = await estate.js.key_value(subjects.BUCKET_DEVICE_STATE)
        await bucket.delete("estate.sensor-1")
        await gateway.start()

    async def is_kept() -> bool:
        keys = await bucket.keys() if (await bucket.status()).values else []
        return "estate.sensor-1" in keys and (await bucket.get("estate.sensor-1")).value is not None

    await until("the retained state is in the bucket", is_kept)
    kept = json.loads((await bucket.get("estate.sensor-1")).value or b"{}")
    assert kept["state"] == "online"
    assert len(await estate.events()) == 1


async def test_a_command_reaches_the_device_in_its_own_words(estate: Estate, gateway: GatewayProcess) -> None:
    await estate.register(DeviceEntry("estate", "sensor-1", 0), CAMERA)
    await gateway.start()
    for site_device, topic in (
        ("estate.sensor-1", "herun/v1/estate/sensor-1/command"),
        ("estate.gate-1", f"device/{SERIAL}/message/down/gpio_out"),
    ):
        async with aiomqtt.Client(
            "127.0.0.1", estate.broker.ports.mqtt, username=site_device, password=SECRET, identifier="d"
        ) as client:
            await client.subscribe(topic, qos=1)
            request = json.dumps({"name": "raise_barrier", "id": "c-1"}).encode()
            answer = await estate.client.request(f"COMMANDS.{site_device}", request, timeout=5)
            assert json.loads(answer.data) == {"published": True, "mqtt_topic": topic}
            message = await anext(aiter(client.messages))
            assert isinstance(message.payload, bytes)
            assert json.loads(message.payload)["id"] == "c-1"
            if topic.endswith("gpio_out"):
                pulse = {"type": "gpio_out", "body": {"io": 0, "value": 2, "delay": 500}}
                assert json.loads(message.payload)["payload"] == pulse
    answer = await estate.client.request("COMMANDS.estate.nobody", b'{"name":"x"}', timeout=5)
    assert json.loads(answer.data)["published"] is False
    assert await estate.letters() == []


async def test_a_device_that_is_quicker_than_its_registration_is_let_in(
    estate: Estate, gateway: GatewayProcess
) -> None:
    await gateway.start()
    knocking = asyncio.create_task(Device(estate, "estate.sensor-1").is_let_in())
    done, _ = await asyncio.wait({knocking}, timeout=0.5)
    assert not done, "it was refused at once"
    await estate.register(DeviceEntry("estate", "sensor-1", 0))
    assert await knocking
