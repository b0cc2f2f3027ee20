"""Laws of the one-box broker: who gets in, who sees what."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import nats
import pytest
from aiomqtt import Client, MqttError
from nats.aio.msg import Msg
from nats.js.api import DiscardPolicy

from herun import broker_auth, streams, subjects
from herun.clock import SECOND_US, SystemClock
from herun.registry import DeviceEntry
from herun.stack import waiting
from herun.stack.supervisor import Stack
from tests.integration.stack.conftest import MakeSettings

SECRET: Final = "device-secret"
CAMERA: Final = DeviceEntry(
    site="s1", device="camera", partition=0, secret_sha256=hashlib.sha256(SECRET.encode()).hexdigest()
)
REFUSED: Final = 0x80  # the SUBACK's word for it
OWN: Final = "herun/v1/s1/camera"


class Broker:
    """A real broker with a gateway's session, and somebody who answers its questions about devices."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.seen: list[tuple[str, bytes]] = []
        self.asked: list[broker_auth.AuthRequest] = []

    def client(self, user: str, password: str, name: str, *, clean: bool = True) -> Client:
        port = int(self.environment["HERUN_MQTT_PORT"])
        return Client("127.0.0.1", port, username=user, password=password, identifier=name, clean_session=clean)

    def own_user(self, variable: str, name: str) -> Client:
        user, _, password = self.environment[variable].removeprefix("mqtt://").partition("@")[0].partition(":")
        return self.client(user, password, name, clean=False)

    def camera(self, password: str = SECRET, name: str = "camera-1") -> Client:
        return self.client("s1.camera", password, name)

    async def until(self, condition: Callable[[], bool]) -> None:
        async def holds() -> bool:
            return condition()

        assert await waiting.until(holds, 10), self.seen

    def has_seen(self, payload: bytes) -> bool:
        return payload in [seen for _, seen in self.seen]


async def read(broker: Broker, gateway: Client) -> None:
    async for message in gateway.messages:
        assert isinstance(message.payload, bytes)
        broker.seen.append((str(message.topic), message.payload))


async def answer(broker: Broker, message: Msg) -> None:
    signer = broker_auth.Signer(broker.environment["HERUN_AUTH_CALLOUT_SEED"])
    request = broker_auth.read_request(message.data)
    broker.asked.append(request)
    wall_s = SystemClock().now_us() // SECOND_US
    right = request.user == CAMERA.key and broker_auth.secret_matches(request.password, CAMERA.secret_sha256)
    if right and not request.client_id_is_reserved:
        told = signer.allow(request, broker_auth.permissions_of(CAMERA), wall_s=wall_s)
    else:
        told = signer.refuse(request, "not a device of ours", wall_s=wall_s)
    await message.respond(told)


@asynccontextmanager
async def gateway_at(broker: Broker) -> AsyncIterator[Client]:
    async with broker.own_user("HERUN_MQTT_URL", "herun-gateway-0") as gateway:
        await gateway.subscribe("#", qos=1)
        reading = asyncio.create_task(read(broker, gateway))
        callout = await nats.connect(broker.environment["HERUN_AUTH_CALLOUT_NATS_URL"])

        async def on_question(message: Msg) -> None:
            await answer(broker, message)

        await callout.subscribe(broker_auth.AUTH_CALLOUT_SUBJECT, cb=on_question)
        await callout.flush()
        yield gateway
        await callout.close()
        reading.cancel()
        await asyncio.wait({reading})


@pytest.fixture
async def broker(make_settings: MakeSettings) -> AsyncIterator[Broker]:
    """The broker, with the callout answered."""
    async with Stack(make_settings(), services=()) as stack:
        found = Broker(stack.environment)
        async with gateway_at(found):
            yield found


async def test_a_devices_event_reaches_the_gateway_and_what_it_may_not_say_reaches_nobody(broker: Broker) -> None:
    async with broker.camera() as camera:
        await camera.publish("herun/v1/s1/other/event", b"as another", qos=1)
        await camera.publish("elsewhere", b"elsewhere", qos=1)
        await camera.publish(f"{OWN}/event", b"own", qos=1)
        await broker.until(lambda: broker.has_seen(b"own"))
    assert broker.seen == [(f"{OWN}/event", b"own")]
    assert broker.asked[0].client_id == "camera-1"


@pytest.mark.parametrize(
    ("user", "password", "name"),
    [
        ("s1.camera", "wrong", "x"),
        ("s1.other", SECRET, "x"),
        ("gateway", "wrong", "x"),
        ("s1.camera", SECRET, "herun-gateway-0"),
    ],
)
async def test_nobody_gets_in_with_a_wrong_password_or_anothers_name(
    broker: Broker, user: str, password: str, name: str
) -> None:
    with pytest.raises(MqttError, match="Not authorized"):
        async with broker.client(user, password, name):
            pass


async def test_a_devices_password_opens_the_mqtt_listener_only(broker: Broker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(broker.environment["HERUN_NATS_PORT"]))
    await reader.readline()
    options = json.dumps({"user": CAMERA.key, "pass": SECRET, "verbose": True})
    writer.write(f"CONNECT {options}\r\n".encode())
    assert await asyncio.wait_for(reader.readline(), 10) == b"-ERR 'Authorization Violation'\r\n"
    writer.close()
    assert [request.is_mqtt for request in broker.asked] == [False]


async def test_a_device_reads_its_own_commands_and_no_more(broker: Broker) -> None:
    async with broker.camera() as camera:
        await camera.subscribe(f"{OWN}/command", qos=1)
        refused = await camera.subscribe("herun/v1/s1/other/command", qos=1)
        assert refused == (REFUSED,) or [getattr(code, "value", None) for code in refused] == [REFUSED]
        async with broker.own_user("HERUN_MQTT_REPLAY_URL", "test") as sender:
            await sender.publish(f"{OWN}/command", b"open", qos=1)
        message = await asyncio.wait_for(anext(camera.messages), 10)
    assert message.payload == b"open"


async def test_the_gateway_sees_events_only_and_holds_no_place_for_what_is_not_for_it(broker: Broker) -> None:
    devices = await nats.connect(broker.environment["HERUN_DEVICES_NATS_URL"])
    stream = devices.jetstream()
    async with broker.own_user("HERUN_MQTT_REPLAY_URL", "test") as sender:
        await sender.publish(f"{OWN}/command", b"command", qos=1)
        await sender.publish(f"{OWN}/event", b"replayed", qos=1)
    await broker.until(lambda: broker.has_seen(b"replayed"))
    consumers = await stream.consumers_info(subjects.MQTT_MESSAGES_STREAM)
    assert [consumer.num_pending for consumer in consumers] == [0]
    assert broker.seen == [(f"{OWN}/event", b"replayed")]
    await devices.close()


async def test_the_brokers_own_buffer_takes_its_bounds_and_keeps_them(broker: Broker) -> None:
    devices = await nats.connect(broker.environment["HERUN_DEVICES_NATS_URL"])
    stream = devices.jetstream()
    assert await streams.ensure_mqtt_bounds(stream)
    found = (await stream.stream_info(subjects.MQTT_MESSAGES_STREAM)).config
    assert (found.max_bytes, found.discard) == (streams.MQTT_MESSAGES_MAX_BYTES, DiscardPolicy.NEW)
    await devices.close()


async def test_all_streams_fit_into_the_stores_bound(broker: Broker) -> None:
    services = await nats.connect(broker.environment["HERUN_NATS_URL"])
    await streams.ensure_streams(services.jetstream())
    names = {info.config.name for info in await services.jetstream().streams_info()}
    assert {stream.name for stream in streams.STREAMS} <= names
    await services.close()


async def test_the_services_user_sees_nothing_of_the_devices_account(broker: Broker) -> None:
    services = await nats.connect(broker.environment["HERUN_NATS_URL"])
    heard = await services.subscribe(">")
    async with broker.camera() as camera:
        await camera.publish(f"{OWN}/event", b"private", qos=1)
        await broker.until(lambda: broker.has_seen(b"private"))
    await services.flush()
    assert heard.pending_msgs == 0
    await services.close()
